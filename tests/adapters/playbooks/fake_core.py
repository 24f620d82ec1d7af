"""The parts of Mattermost that Playbooks and the adapter use: users, teams, channels and posts.

``Site`` is what ``PlaybooksRoutes`` needs of the Mattermost around it; ``Core`` is a small one with the
``/api/v4`` endpoints that the adapter calls. Another fake of Mattermost may be the site instead.
"""

import json
import random
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

from aiohttp import web

from adapters.testing.fake_server import Seen

_ALPHABET = "ybndrfg8ejkmcpqxot1uwisza345h769"  # of Mattermost's ids
_MAX_RUNES = 16_383
_numbers = count(1)


def new_id() -> str:
    return "".join(random.Random(next(_numbers)).choices(_ALPHABET, k=26))


class Clock:
    """Milliseconds since the epoch, strictly increasing."""

    def __init__(self) -> None:
        self._last = 0

    def now(self) -> int:
        self._last = max(self._last + 1, int(time.time() * 1000))
        return self._last


class Site(Protocol):
    """What the Playbooks plugin needs of the Mattermost around it."""

    def user_of(self, headers: Mapping[str, str]) -> str | None:
        """The user id of the request's token."""
        ...

    def username(self, user: str) -> str: ...

    def team_of(self, user: str, team: str) -> bool:
        """Whether the user is in the team."""
        ...

    def new_channel(self, team: str, title: str, members: list[str]) -> str:
        """Creates a public channel and returns its id."""
        ...

    def members(self, channel: str) -> set[str]: ...

    def add_plugin_user(self, id: str) -> None:
        """The bot @playbooks, which writes the posts of the plugin."""
        ...

    def write(
        self, channel: str, user: str, message: str, kind: str = "", root: str = "", props: Any = None
    ) -> str:
        """Creates a post and returns its id. ``kind`` is its type: empty, or ``custom_*``."""
        ...


@dataclass
class Channel:
    team: str
    title: str
    members: set[str]
    name: str = ""
    private: bool = False


def json_response(body: Any, status: int = 200, **headers: str) -> web.Response:
    return web.Response(
        status=status, text=json.dumps(body), headers={"content-type": "application/json", **headers}
    )


def no_route() -> web.Response:
    return web.Response(status=404, text="404 page not found\n", content_type="text/plain", charset="utf-8")


def app_error(status: int, id: str, message: str) -> web.Response:
    return json_response({"id": id, "message": message, "detailed_error": "", "status_code": status}, status)


@dataclass
class Core:
    """``creates_users``: looking up an unknown email creates a user, for tests with their own people."""

    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    teams: dict[str, dict[str, Any]] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    posts: dict[str, dict[str, Any]] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    creates_users: bool = False

    def add_user(self, username: str, email: str = "", name: str = "", id: str = "") -> str:
        first, _, last = name.partition(" ")
        id = id or new_id()
        self.users[id] = {
            "id": id,
            "username": username,
            "email": email,
            "first_name": first,
            "last_name": last,
            "nickname": "",
            "is_bot": not email,
        }
        return id

    def add_team(self, name: str, members: list[str], id: str = "") -> str:
        id = id or new_id()
        self.teams[id] = {"id": id, "name": name, "display_name": name.title(), "members": set(members)}
        return id

    # The ``Site`` of the plugin

    def user_of(self, headers: Mapping[str, str]) -> str | None:
        value = next((value for name, value in headers.items() if name.lower() == "authorization"), "")
        return self.tokens.get(value.removeprefix("Bearer ")) if value.startswith("Bearer ") else None

    def username(self, user: str) -> str:
        return str(self.users[user]["username"]) if user in self.users else ""

    def team_of(self, user: str, team: str) -> bool:
        return team in self.teams and user in self.teams[team]["members"]

    def add_plugin_user(self, id: str) -> None:
        self.add_user("playbooks", id=id)

    def new_channel(self, team: str, title: str, members: list[str]) -> str:
        id = new_id()
        name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
        self.channels[id] = Channel(team, title, set(members), name=f"{name}-{id[:4]}")
        return id

    def members(self, channel: str) -> set[str]:
        return self.channels[channel].members if channel in self.channels else set()

    def write(
        self, channel: str, user: str, message: str, kind: str = "", root: str = "", props: Any = None
    ) -> str:
        at = self.clock.now()
        post = {
            "id": new_id(),
            "create_at": at,
            "update_at": at,
            "edit_at": 0,
            "delete_at": 0,
            "is_pinned": False,
            "user_id": user,
            "channel_id": channel,
            "root_id": root,
            "parent_id": root,
            "original_id": "",
            "message": message,
            "type": kind,
            "props": {"from_bot": "true", **(props or {})},
            "hashtags": "",
            "pending_post_id": "",
            "reply_count": 0,
            "last_reply_at": 0,
            "participants": None,
            "metadata": {},
        }
        self.posts[str(post["id"])] = post
        return str(post["id"])

    # Over HTTP

    async def handle(self, seen: Seen, path: str) -> web.StreamResponse | None:
        """``path`` is without the site's sub-path. None for an endpoint that this fake does not have."""
        if not path.startswith("/api/v4/"):
            return None
        for method, pattern, handler in self._routes():
            match = re.fullmatch(pattern, path.removeprefix("/api/v4"))
            if match and method == seen.method:
                user = self.user_of(seen.headers)
                if user is None:
                    message = "Invalid or expired session, please login again."
                    return app_error(401, "api.context.session_expired.app_error", message)
                return await handler(seen, user, *match.groups())
        return None

    def _routes(self) -> tuple[tuple[str, str, Callable[..., Awaitable[web.Response]]], ...]:
        return (
            ("GET", "/users/me", self._me),
            ("GET", "/users/me/teams", self._my_teams),
            ("GET", "/users/email/(.+)", self._by_email),
            ("GET", "/users/username/(.+)", self._by_username),
            ("POST", "/users/ids", self._by_ids),
            ("POST", "/posts", self._post),
            ("GET", "/channels/([a-z0-9]{26})/posts", self._channel_posts),
            ("POST", "/channels/([a-z0-9]{26})/members", self._join),
        )

    async def _me(self, seen: Seen, user: str) -> web.Response:
        return json_response(self.users[user])

    async def _my_teams(self, seen: Seen, user: str) -> web.Response:
        teams = [team for team in self.teams.values() if user in team["members"]]
        return json_response([{key: team[key] for key in ("id", "name", "display_name")} for team in teams])

    async def _by_email(self, seen: Seen, user: str, email: str) -> web.Response:
        user_json = next((user for user in self.users.values() if user["email"] == email), None)
        if user_json is None and self.creates_users:
            user_json = self.users[self.add_user(email.partition("@")[0], email)]
        return self._user(user_json)

    async def _by_username(self, seen: Seen, user: str, name: str) -> web.Response:
        return self._user(next((user for user in self.users.values() if user["username"] == name), None))

    def _user(self, user: dict[str, Any] | None) -> web.Response:
        if user is None:
            return app_error(404, "app.user.missing_account.const", "Unable to find the user.")
        return json_response(user)

    async def _by_ids(self, seen: Seen, user: str) -> web.Response:
        return json_response([self.users[id] for id in seen.json if id in self.users])

    async def _post(self, seen: Seen, user: str) -> web.Response:
        body = seen.json
        channel, message, root = body["channel_id"], body["message"], body.get("root_id", "")
        if user not in self.members(channel):
            return forbidden()
        if len(message) > _MAX_RUNES:
            return app_error(400, "model.post.is_valid.msg.app_error", "Invalid message.")
        if root and (root not in self.posts or self.posts[root]["root_id"]):
            return app_error(400, "api.post.create_post.root_id.app_error", "Invalid RootId parameter.")
        return json_response(self.posts[self.write(channel, user, message, "", root, body.get("props"))], 201)

    async def _channel_posts(self, seen: Seen, user: str, channel: str) -> web.Response:
        if user not in self.members(channel):
            return forbidden()
        page, size = int(seen.query.get("page", 0)), int(seen.query.get("per_page", 60))
        posts = [post for post in self.posts.values() if post["channel_id"] == channel and not post["delete_at"]]
        posts.sort(key=lambda post: -post["create_at"])
        items = posts[page * size : (page + 1) * size]
        return json_response({"order": [post["id"] for post in items], "posts": {p["id"]: p for p in items}})

    async def _join(self, seen: Seen, user: str, channel: str) -> web.Response:
        target = self.channels.get(channel)
        if target is None or target.private or not self.team_of(user, target.team):
            return forbidden()
        target.members.add(seen.json["user_id"])
        return json_response({"channel_id": channel, "user_id": seen.json["user_id"]}, 201)


def forbidden() -> web.Response:
    return app_error(403, "api.context.permissions.app_error", "You do not have the appropriate permissions.")
