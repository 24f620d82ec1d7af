"""People at their clients: what they type, press and send, delivered to the bot as the server delivers it."""

import base64
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp

from tests.fakes.mattermost.rest import Rest
from tests.fakes.mattermost.world import Channel, Dialog, Json, Post, User, new_id

AGENT = "Mattermost-Bot/1.1"


@dataclass(frozen=True)
class Delivered:
    """What the bot answered. ``json`` is None where it is not JSON."""

    status: int
    json: Any
    body: bytes
    seconds: float


class People(Rest):
    async def say(self, channel: Channel, text: str, user: User, *, root: str = "", **how: Any) -> Post:
        """A post of a person; ``how``: fields of ``Post``. ``lose=True``: its event is numbered and never sent."""
        lose = bool(how.pop("lose", False))
        return await self.keep(Post(user.id, channel.id, text, root=root, **how), lose=lose)

    def trigger(self, user: User, channel: Channel) -> str:
        """As ``model.GenerateTriggerId`` looks: client id, user, time and signature, in base64."""
        now = int(time.time() * 1000)
        made = base64.b64encode(f"{new_id()}:{user.id}:{now}:{'MEUCIQ' + 'x' * 90}".encode()).decode()
        self.triggers[made] = (user, channel, now)
        return made

    def response_url(self, user: User, channel: Channel) -> str:
        hook = new_id()
        self.hooks[hook] = (user, channel, int(time.time() * 1000), 5)
        return f"{self.url}/hooks/commands/{hook}"

    def command_form(self, text: str, user: User, channel: Channel, **changed: str) -> dict[str, str]:
        """The form of one slash command; send it twice for a doubled delivery."""
        named = [self.user_named(word[1:].rstrip(".,")) for word in text.split() if word.startswith("@")]
        found = [one for one in named if one is not None]
        form = {
            "channel_id": channel.id,
            "channel_name": channel.name,
            "command": self.command_word,
            "response_url": self.response_url(user, channel),
            "team_domain": str(self.team["name"]),
            "team_id": str(self.team["id"]),
            "text": text,
            "token": self.command_token,
            "trigger_id": self.trigger(user, channel),
            "user_id": user.id,
            "user_name": user.username,
        }
        if found:
            form["user_mentions"] = ",".join(one.username for one in found)
            form["user_mentions_ids"] = ",".join(one.id for one in found)
        return form | changed

    async def command(
        self, app_url: str, text: str, *, user: User | None = None, channel: Channel | None = None
    ) -> Delivered:
        """``text`` without the command word."""
        return await self.typed(app_url, self.command_form(text, user or self.ana, channel or self.town))

    async def typed(self, app_url: str, form: dict[str, str]) -> Delivered:
        """Sends it, and shows its person what the bot answers."""
        user, channel = self.users[form["user_id"]], self.channels[form["channel_id"]]
        delivered = await self.send_command(app_url, form)
        if delivered.status == 200 and isinstance(delivered.json, dict) and delivered.json.get("text"):
            self.whisper(user, channel, delivered.json["text"], delivered.json.get("attachments") or [])
        return delivered

    async def send_command(self, app_url: str, form: dict[str, str], *, header: bool = True) -> Delivered:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if header:
            headers["Authorization"] = f"Token {form.get('token', '')}"
        return await deliver(f"{app_url}/mattermost/command", urlencode(form).encode(), headers)

    def click_body(self, post: Post, label: str, user: User) -> tuple[str, Json]:
        """Where the button leads, and the delivery, with the context that the server kept."""
        action = next((one for one in post.actions() if one["name"] == label), None)
        assert action is not None, f"no button {label!r}: {post.labels}"
        channel = self.channels[post.channel]
        return action["integration"]["url"], {
            "user_id": user.id,
            "user_name": user.username,
            "channel_id": channel.id,
            "channel_name": channel.name,
            "team_id": channel.team,
            "team_domain": str(self.team["name"]) if channel.team else "",
            "post_id": post.id,
            "trigger_id": self.trigger(user, channel),
            "type": "button",
            "data_source": "",
            "context": action["integration"].get("context") or {},
        }

    async def press(self, post: Post, label: str, user: User) -> Delivered:
        """Clicks; shows ``ephemeral_text`` and applies ``update``, as the server does with a good answer."""
        url, body = self.click_body(post, label, user)
        return await self.clicked(post, user, url, body)

    async def clicked(self, post: Post, user: User, url: str, body: Json) -> Delivered:
        delivered = await self.send_json(url, body)
        said = delivered.json
        if delivered.status == 200 and isinstance(said, dict):
            if said.get("update"):
                await self.change(post, said["update"].get("message"), said["update"].get("props"))
            if said.get("ephemeral_text"):
                root = "" if post.seen_by else post.root or post.id
                self.whisper(user, self.channels[post.channel], said["ephemeral_text"], [], root)
        return delivered

    def submission(self, dialog: Dialog, values: Json, *, cancelled: bool = False) -> Json:
        return {
            "type": "dialog_submission",
            "callback_id": dialog.dialog.get("callback_id", ""),
            "state": dialog.dialog.get("state", ""),
            "user_id": dialog.user.id,
            "channel_id": dialog.channel.id,
            "team_id": dialog.team,
            "submission": values,
            "cancelled": cancelled,
        }

    async def submit_dialog(self, dialog: Dialog, values: Json) -> Delivered:
        """As the client does: defaults stand unless changed, limits are kept, errors leave it open."""
        sent: Json = {one["name"]: one.get("default") for one in dialog.dialog["elements"]} | values
        for name, value in values.items():
            element = dialog.element(name)
            if element["type"] == "select" and value is not None:
                assert value in [option["value"] for option in element["options"]], f"{value!r} is not offered"
            assert len(str(value or "")) <= element.get("max_length", 3000), f"{name} takes less text"
        missing = [
            one["name"] for one in dialog.dialog["elements"] if not one.get("optional") and not sent[one["name"]]
        ]
        assert not missing, f"the client asks for {missing}"
        delivered = await self.send_json(dialog.url, self.submission(dialog, sent))
        said = delivered.json if isinstance(delivered.json, dict) else {}
        if delivered.status == 200 and not said.get("errors") and not said.get("error"):
            dialog.open = False
        return delivered

    async def send_json(self, url: str, body: Json) -> Delivered:
        written = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        return await deliver(url, written, {"Content-Type": "application/json"})


async def deliver(url: str, body: bytes, headers: dict[str, str]) -> Delivered:
    began = time.monotonic()
    given = {"User-Agent": AGENT, "Accept": "application/json", "Accept-Encoding": "gzip", **headers}
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session,
        session.post(url, data=body, headers=given) as reply,
    ):
        content = await reply.read()
        try:
            said = await reply.json(content_type=None)
        except ValueError:
            said = None
        return Delivered(reply.status, said, content, time.monotonic() - began)
