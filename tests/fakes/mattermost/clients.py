"""People at their clients: what they type, press and submit is delivered to the bot as by the server."""

import base64
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp

from tests.fakes.mattermost.admin import AdminRoutes
from tests.fakes.mattermost.blocks import Json
from tests.fakes.mattermost.models import Channel, Dialog, Post, User, action_labels, is_labelled, new_id
from tests.fakes.mattermost.rules import check_dialog

AGENT = "Mattermost-Bot/1.1"


@dataclass(frozen=True)
class Delivered:
    """The bot's response. ``json`` is None if the body is not JSON."""

    status: int
    json: Any
    body: bytes
    seconds: float


class MattermostClients(AdminRoutes):
    async def say(self, channel: Channel, text: str, user: User, *, root: str = "", **fields: Any) -> Post:
        """A person's post, with ``fields`` of ``Post``. ``lose=True``: its event gets a number but is not sent."""
        lose = bool(fields.pop("lose", False))
        return await self.store_post(Post(user.id, channel.id, text, root=root, **fields), lose=lose)

    def trigger(self, user: User, channel: Channel) -> str:
        """In the format of ``model.GenerateTriggerId``: client id, user, time and signature in base64."""
        now = int(time.time() * 1000)
        trigger_id = base64.b64encode(f"{new_id()}:{user.id}:{now}:{'MEUCIQ' + 'x' * 90}".encode()).decode()
        self.triggers[trigger_id] = (user, channel, now)
        return trigger_id

    def response_url(self, user: User, channel: Channel) -> str:
        hook = new_id()
        self.hooks[hook] = (user, channel, int(time.time() * 1000), 5)
        return f"{self.url}/hooks/commands/{hook}"

    def command_form(self, text: str, user: User, channel: Channel, **changed: str) -> dict[str, str]:
        """The form of one slash command. Send it twice for a duplicate delivery."""
        named = [self.user_named(word[1:].rstrip(".,")) for word in text.split() if word.startswith("@")]
        found = [item for item in named if item is not None]
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
            form["user_mentions"] = ",".join(item.username for item in found)
            form["user_mentions_ids"] = ",".join(item.id for item in found)
        return form | changed

    async def command(
        self, app_url: str, text: str, *, user: User | None = None, channel: Channel | None = None
    ) -> Delivered:
        """Types a command. ``text`` does not include the command word."""
        return await self.typed(app_url, self.command_form(text, user or self.ana, channel or self.town))

    async def typed(self, app_url: str, form: dict[str, str]) -> Delivered:
        """Sends a command, and shows the bot's response to its sender."""
        user, channel = self.users[form["user_id"]], self.channels[form["channel_id"]]
        delivered = await self.send_command(app_url, form)
        if delivered.status == 200 and isinstance(delivered.json, dict) and delivered.json.get("text"):
            self.show_answer(user, channel, delivered.json)
        return delivered

    async def send_command(self, app_url: str, form: dict[str, str], *, header: bool = True) -> Delivered:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if header:
            headers["Authorization"] = f"Token {form.get('token', '')}"
        return await deliver(f"{app_url}/mattermost/command", urlencode(form).encode(), headers)

    def click_body(self, post: Post, label: str, user: User) -> tuple[str, Json]:
        """The button's URL and the delivery, with the context that the server stored."""
        return self._click_body(post, self._action(post, label), label, user)

    def picker_body(self, post: Post, person: User, user: User) -> tuple[str, Json]:
        """As ``click_body``, for somebody chosen in a list of people."""
        action = next(item for item in post.actions() if item.get("data_source") == "users")
        return self._click_body(post, action, person.id, user)

    def _action(self, post: Post, label: str) -> Json:
        action = next(
            (item for item in post.actions() if any(is_labelled(shown, label) for shown in action_labels(item))),
            None,
        )
        assert action is not None, f"no button {label!r}: {post.labels}"
        return action

    def _click_body(self, post: Post, action: Json, label: str, user: User) -> tuple[str, Json]:
        channel = self.channels[post.channel]
        chosen = {item["text"]: item["value"] for item in action.get("options") or []}
        context = dict(action["integration"].get("context") or {})
        if action.get("data_source"):
            context["selected_option"] = label
        elif action["type"] == "select":
            context["selected_option"] = next(value for text, value in chosen.items() if is_labelled(text, label))
        return action["integration"]["url"], {
            "user_id": user.id,
            "user_name": user.username,
            "channel_id": channel.id,
            "channel_name": channel.name,
            "team_id": channel.team,
            "team_domain": str(self.team["name"]) if channel.team else "",
            "post_id": post.id,
            "trigger_id": self.trigger(user, channel),
            "type": action["type"],
            "data_source": action.get("data_source") or "",
            "context": context,
        }

    async def press(self, post: Post, label: str, user: User) -> Delivered:
        """Clicks a button. Shows ``ephemeral_text`` and applies ``update`` as the server does."""
        url, body = self.click_body(post, label, user)
        return await self.clicked(post, user, url, body)

    async def clicked(self, post: Post, user: User, url: str, body: Json) -> Delivered:
        delivered = await self.send_json(url, body)
        body = delivered.json
        if delivered.status == 200 and isinstance(body, dict):
            if body.get("update"):
                await self.change(post, body["update"].get("message"), body["update"].get("props"))
            if body.get("ephemeral_text"):
                root = "" if post.seen_by else post.root or post.id
                self.post_ephemeral(user, self.channels[post.channel], body["ephemeral_text"], [], root)
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
        """Submits as the client does: unchanged defaults are sent, limits are enforced, errors keep the dialog
        open."""
        sent: Json = {item["name"]: item.get("default") for item in dialog.dialog["elements"]} | values
        sent |= {
            item["name"]: sent[item["name"]] in (True, "true", "yes")
            for item in dialog.dialog["elements"]
            if item["type"] == "bool"
        }
        for name, value in values.items():
            element = dialog.element(name)
            if element.get("data_source") == "users" and value is not None:
                chosen = value if element.get("multiselect") else [value]
                assert all(id in self.users for id in chosen), f"{value!r} is nobody"
            elif element.get("data_source") == "dynamic":
                assert value in [item["value"] for item in dialog.loaded], f"{value!r} was not loaded"
            elif element.get("data_source") == "channels" and value is not None:
                assert dialog.user.id in self.channels[value].members, "the client lists the person's own channels"
            elif element["type"] in ("select", "radio") and value is not None:
                assert value in [option["value"] for option in element["options"]], f"{value!r} is not an option"
            assert len(str(value or "")) <= element.get("max_length", 3000), f"{name} is too long"
        missing = [
            item["name"]
            for item in dialog.dialog["elements"]
            if not item.get("optional") and not sent[item["name"]]
        ]
        assert not missing, f"required by the client: {missing}"
        delivered = await self.send_json(dialog.url, self.submission(dialog, sent))
        body = delivered.json if isinstance(delivered.json, dict) else {}
        if delivered.status == 200 and not body.get("errors") and not body.get("error"):
            dialog.open = False
        return delivered

    async def refresh_dialog(self, dialog: Dialog, field: str, value: Any) -> Delivered:
        """Chooses a value in a field that refreshes the dialog (11.1): the client shows the form in the answer."""
        assert dialog.element(field).get("refresh"), f"{field} does not refresh the dialog"
        sent = {item["name"]: item.get("default") for item in dialog.dialog["elements"]} | {field: value}
        body = self.submission(dialog, {**sent, "selected_field": field}) | {"type": "refresh"}
        delivered = await self.send_json(dialog.dialog["source_url"], body)
        answer = delivered.json if isinstance(delivered.json, dict) else {}
        if delivered.status == 200 and answer.get("type") == "form":
            check_dialog(answer["form"], self.version_numbers)
            dialog.dialog = answer["form"]
        return delivered

    async def load_options(self, dialog: Dialog, field: str, typed: str) -> Delivered:
        """Types in a select that loads its options (11.0)."""
        element = dialog.element(field)
        assert element.get("data_source") == "dynamic", f"{field} loads no options"
        sent = {item["name"]: item.get("default") or "" for item in dialog.dialog["elements"]}
        body = self.submission(dialog, {**sent, "query": typed, "selected_field": field})
        url = element["data_source_url"]
        delivered = await self.send_json(url, body | {"type": "dialog_lookup", "url": url})
        if delivered.status == 200:
            dialog.loaded = delivered.json["items"]
        return delivered

    async def send_json(self, url: str, body: Json) -> Delivered:
        written = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        for public, actual in self.proxies.items():
            url = url.replace(public, actual, 1)
        return await deliver(url, written, {"Content-Type": "application/json"})


async def deliver(url: str, body: bytes, headers: dict[str, str]) -> Delivered:
    started = time.monotonic()
    all_headers = {"User-Agent": AGENT, "Accept": "application/json", "Accept-Encoding": "gzip", **headers}
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session,
        session.post(url, data=body, headers=all_headers) as response,
    ):
        content = await response.read()
        try:
            parsed = await response.json(content_type=None)
        except ValueError:
            parsed = None
        return Delivered(response.status, parsed, content, time.monotonic() - started)
