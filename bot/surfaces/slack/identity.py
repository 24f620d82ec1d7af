"""The bot's account in the workspace, from ``auth.test``. Stored, so that it is known while Slack is down."""

import json
from dataclasses import asdict, dataclass, fields
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Identity:
    """``url`` is the workspace's, such as "https://acme.slack.com/". ``team`` is the id of the organisation if all
    of it installed the app."""

    team: str = ""
    user: str = ""
    bot: str = ""
    handle: str = ""
    url: str = ""
    enterprise: str = ""

    @property
    def is_organization(self) -> bool:
        """Its token is good for several workspaces, so some calls must say which (Slack docs, "team_id")."""
        return bool(self.enterprise) and self.team == self.enterprise

    def dump(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def load(dumped: str) -> "Identity":
        values = json.loads(dumped)
        return Identity(**{field.name: str(values.get(field.name) or "") for field in fields(Identity)})

    @staticmethod
    def from_auth_test(response: dict[str, object]) -> "Identity":
        names = {"team": "team_id", "user": "user_id", "bot": "bot_id", "handle": "user", "url": "url"}
        values = {field: str(response.get(key) or "") for field, key in names.items()}
        enterprise = str(response.get("enterprise_id") or "")
        if response.get("is_enterprise_install") and enterprise:
            values["team"] = enterprise
        return Identity(**values, enterprise=enterprise)

    def permalink(self, channel: str, ts: str, thread: str) -> str:
        """Makes no call, because a message shortcut needs the link before the ack. "" while ``url`` is unknown."""
        if urlsplit(self.url).scheme not in ("http", "https"):
            return ""
        link = f"{self.url.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}"
        return f"{link}?thread_ts={thread}&cid={channel}" if thread and thread != ts else link
