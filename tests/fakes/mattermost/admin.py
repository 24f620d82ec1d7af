"""What administrators do: slash commands, teams, roles and the server's settings (``api4/command.go``, ...)."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import aiohttp

from adapters.testing.fake_server import Seen
from tests.fakes.mattermost.blocks import Json
from tests.fakes.mattermost.models import User, millis, new_id
from tests.fakes.mattermost.rejection import Rejection
from tests.fakes.mattermost.rest import ID, RestApi
from tests.fakes.mattermost.rules import FORBIDDEN, check_attachments

_MANAGE = "manage_slash_commands"
_MAX_LENGTHS = {"trigger": 128, "url": 1024, "display_name": 64, "description": 128, "auto_complete_hint": 1024}


class AdminRoutes(RestApi):
    """``service_settings`` are those that ``GET /config`` returns to a system administrator. ``unreachable``: the
    server cannot call anybody, as when an internal address is not allowed."""

    def __init__(self, *, command: str = "/run", sub_path: str = "") -> None:
        super().__init__(command=command, sub_path=sub_path)
        self.slash_commands: dict[str, Json] = {}
        self.unreachable = False
        self.version = "5.37.0"
        self.permissions: dict[str, list[str]] = {
            "system_user": ["list_public_teams", "create_team"],
            "system_guest": [],
            "system_post_all": ["create_post"],
            "system_admin": ["manage_system", _MANAGE, "create_post_ephemeral", "add_user_to_team"],
        }
        self.root = self.add_user("root", email="root@example.com", roles="system_user system_admin")

    def may(self, user: User, permission: str) -> bool:
        return any(permission in self.permissions.get(role, []) for role in user.roles.split())

    def _require(self, user: User, permission: str) -> None:
        if not self.may(user, permission):
            raise Rejection(403, FORBIDDEN, "You do not have the appropriate permissions.")

    def _routes(self) -> list[tuple[str, str, Callable[..., Any]]]:
        return [
            ("GET", "/config/client", lambda s, u: self._client_config()),
            ("GET", "/config", self._config),
            ("POST", "/roles/names", lambda s, u: self._roles(s.json)),
            ("GET", "/teams", lambda s, u: [self.team]),
            ("POST", f"/teams/{ID}/members", self._add_member),
            ("GET", "/commands", self._list_commands),
            ("POST", "/commands", self._create_command),
            ("PUT", f"/commands/{ID}", self._update_command),
            ("POST", "/commands/execute", self._execute),
            ("POST", "/posts/ephemeral", self._create_ephemeral),
            *super()._routes(),
        ]

    def _client_config(self) -> Json:
        shown = ("SiteURL", "EnablePostUsernameOverride", "EnablePostIconOverride")
        texts = {name: str(self._setting(name)) for name in shown}
        flags = {"FeatureFlagMmBlocksEnabled": "true"} if self.draws_blocks else {}
        return {"Version": self.version, **flags} | {
            name: text.lower() if text in ("True", "False") else text for name, text in texts.items()
        }

    def _setting(self, name: str) -> Any:
        value = self.service_settings[name]
        return self.url if value is None else value

    def _config(self, seen: Seen, user: User) -> Json:
        self._require(user, "manage_system")
        return {"ServiceSettings": {name: self._setting(name) for name in self.service_settings}}

    def _roles(self, names: list[str]) -> list[Json]:
        known = [name for name in names if name in self.permissions]
        return [{"id": new_id(), "name": name, "permissions": self.permissions[name]} for name in known]

    def _add_member(self, seen: Seen, user: User, team: str) -> Json:
        self._require(user, "add_user_to_team")
        body = seen.json
        if body.get("team_id") != team or body.get("user_id") not in self.users:
            raise Rejection(400, "api.context.invalid_body_param.app_error")
        self.team_members.add(body["user_id"])
        return {"team_id": team, "user_id": body["user_id"], "roles": "team_user", "delete_at": 0}

    def _create_ephemeral(self, seen: Seen, user: User) -> Json:
        self._require(user, "create_post_ephemeral")
        body, post = seen.json, seen.json.get("post")
        if body.get("user_id") not in self.users or not isinstance(post, dict):
            raise Rejection(400, "api.context.invalid_body_param.app_error")
        attachments = (post.get("props") or {}).get("attachments") or []
        check_attachments(attachments)
        reader, channel = self.users[body["user_id"]], self.channels[post["channel_id"]]
        root = str(post.get("root_id") or "")
        return self.post_ephemeral(reader, channel, post["message"], attachments, root, author=user).json()

    # Slash commands

    def _list_commands(self, seen: Seen, user: User) -> list[Json]:
        """Custom commands with their tokens, for those who may manage them."""
        self._require(user, _MANAGE)
        return [item for item in self.slash_commands.values() if item["team_id"] == seen.query.get("team_id")]

    def _create_command(self, seen: Seen, user: User) -> Json:
        self._require(user, _MANAGE)
        command = self._valid_command(seen.json)
        if any(item["trigger"] == command["trigger"] for item in self.slash_commands.values()):
            raise Rejection(400, "api.command.duplicate_trigger.app_error", "This trigger word is already in use.")
        new = {"id": new_id(), "token": new_id(), "create_at": millis(), "update_at": millis(), "delete_at": 0}
        return self._store(new | {"creator_id": user.id, "plugin_id": ""} | command)

    def _update_command(self, seen: Seen, user: User, id: str) -> Json:
        self._require(user, _MANAGE)
        old = self.slash_commands.get(id)
        if old is None or seen.json.get("id") != id or seen.json.get("team_id") != old["team_id"]:
            raise Rejection(400, "api.context.invalid_body_param.app_error")
        kept = {name: old[name] for name in ("id", "token", "create_at", "delete_at", "creator_id", "team_id")}
        return self._store(self._valid_command(seen.json) | kept | {"update_at": millis()})

    def _valid_command(self, body: Json) -> Json:
        if not self.service_settings["EnableCommands"]:
            raise Rejection(
                501, "api.command.disabled.app_error", "Commands have been disabled by the system admin."
            )
        if body.get("team_id") != self.team["id"] or body.get("method") not in ("P", "G"):
            raise Rejection(400, "model.command.is_valid.team_id.app_error", "Invalid team ID.")
        trigger = str(body.get("trigger") or "")
        if not trigger or trigger.startswith("/") or " " in trigger:
            raise Rejection(400, "model.command.is_valid.trigger.app_error", "Invalid trigger.")
        if not str(body.get("url", "")).startswith(("http://", "https://")):
            raise Rejection(400, "model.command.is_valid.url_http.app_error", "Invalid URL.")
        for name, limit in _MAX_LENGTHS.items():
            if len(str(body.get(name) or "")) > limit:
                raise Rejection(400, f"model.command.is_valid.{name}.app_error", "Too long.")
        names = ("username", "icon_url", "auto_complete_desc", "auto_complete_hint", "display_name", "description")
        texts = {name: str(body.get(name) or "") for name in names}
        facts = {name: body[name] for name in ("team_id", "trigger", "method", "url")}
        return facts | texts | {"auto_complete": bool(body.get("auto_complete"))}

    def _store(self, command: Json) -> Json:
        self.slash_commands[command["id"]] = command
        self.changed()
        return command

    async def _execute(self, seen: Seen, user: User) -> Json:
        """``app/command.go``: passes on what the integration answers; a failure is a 500 with one of two ids."""
        body = seen.json
        channel = self.channels.get(body.get("channel_id"))
        if channel is None or user.id not in channel.members or body.get("team_id") != self.team["id"]:
            raise Rejection(403, FORBIDDEN, "You do not have the appropriate permissions.")
        word, _, text = str(body.get("command") or "").removeprefix("/").partition(" ")
        found = next((item for item in self.slash_commands.values() if item["trigger"] == word), None)
        if found is None:
            raise Rejection(404, "api.command.execute_command.not_found.app_error", f"'{word}' not found.")
        failed = Rejection(500, "api.command.execute_command.failed.app_error", f"Command '{word}' failed.")
        if self.unreachable:
            raise failed
        form = self.command_form(text, user, channel, token=found["token"], command=f"/{word}")
        headers = {"Authorization": f"Token {found['token']}", "Content-Type": "application/x-www-form-urlencoded"}
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
                session.post(found["url"], data=urlencode(form).encode(), headers=headers) as response,
            ):
                content, status = await response.text(), f"{response.status} {response.reason}"
        except (aiohttp.ClientError, TimeoutError):
            raise failed from None
        if not re.match("200 ", status):
            message = f"Command with a trigger of '{word}' returned response {status}."
            raise Rejection(500, "api.command.execute_command.failed_resp.app_error", message)
        try:
            answer: Json = json.loads(content)
        except ValueError:
            raise failed from None
        return answer

    def command_form(self, text: str, user: User, channel: Any, **changed: str) -> dict[str, str]:
        raise NotImplementedError
