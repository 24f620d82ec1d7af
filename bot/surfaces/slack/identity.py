"""Who we are in the workspace, as ``auth.test`` says. Kept in the notes: a start without Slack knows it too."""

import json
from dataclasses import asdict, dataclass, fields
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Identity:
    """``url`` is the workspace's own: "https://acme.slack.com/"."""

    team: str = ""
    user: str = ""
    bot: str = ""
    handle: str = ""
    url: str = ""
    enterprise: str = ""

    def dump(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def load(dumped: str) -> "Identity":
        facts = json.loads(dumped)
        return Identity(**{field.name: str(facts.get(field.name) or "") for field in fields(Identity)})

    @staticmethod
    def told(answer: dict[str, object]) -> "Identity":
        """From the answer of ``auth.test``."""
        names = {"team": "team_id", "user": "user_id", "bot": "bot_id", "handle": "user", "url": "url"}
        facts = {ours: str(answer.get(theirs) or "") for ours, theirs in names.items()}
        return Identity(**facts, enterprise=str(answer.get("enterprise_id") or ""))

    def permalink(self, channel: str, ts: str, thread: str) -> str:
        """Built, not asked for: a message shortcut needs it before its ack. "" while our URL is unknown."""
        if urlsplit(self.url).scheme not in ("http", "https"):
            return ""
        link = f"{self.url.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}"
        return f"{link}?thread_ts={thread}&cid={channel}" if thread and thread != ts else link
