"""Mattermost's REST API: the endpoints of ``mattermostdriver`` on an asynchronous transport.

The released driver uses ``requests``. Its endpoint methods return whatever the client's ``get``, ``post`` and
``put`` return, so ``AsyncTransport`` returns awaitables. The driver builds paths by joining strings, so ids are
checked first. Errors are those of ``transport``.
"""

import re
from collections.abc import Awaitable, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from mattermostdriver import Driver

from bot.surfaces.errors import SurfaceError
from bot.surfaces.mattermost.transport import (
    ApiError,
    AsyncTransport,
    Json,
    ServerFailed,
    json_object,
    json_objects,
)

_ID = re.compile(r"[a-z0-9]{26}")  # the server's model.NewId: 26 characters of a base32 alphabet
_USERNAME = re.compile(r"[a-z0-9_-][a-z0-9._-]{0,63}")  # not "..", which would lead to another path
_HOOK = re.compile(r"/hooks/commands/([A-Za-z0-9]+)$")


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def require_id(id: str) -> str:
    """Returns the id if it is safe in a path. Raises ``SurfaceError`` otherwise."""
    if not is_id(id):
        raise SurfaceError(f"{id[:40]!r} is not a Mattermost id; nothing was sent")
    return id


class MattermostApi:
    """The API with the bot's token. ``url`` is the site's address and may have a sub-path."""

    def __init__(self, url: str, token: str, timeout: float = 10.0) -> None:
        self.url = url.rstrip("/")
        self.token = token
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("[mattermost] url must be the site's address: https://chat.example.com")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        self.host = parts.netloc.rpartition("@")[2] + parts.path
        self._origin = (parts.scheme, host, parts.port or {"http": 80, "https": 443}[parts.scheme])
        self._path = parts.path
        self._driver = Driver(
            {
                "scheme": parts.scheme,
                "url": host,
                "port": self._origin[2],
                "basepath": f"{parts.path}/api/v4",
                "token": token,
                "request_timeout": timeout,
            },
            client_cls=AsyncTransport,
        )

    @property
    def client(self) -> AsyncTransport:
        client: AsyncTransport = self._driver.client
        return client

    def use_token(self, token: str) -> None:
        self.token = token
        self.client.use_token(token)

    @property
    def server_version(self) -> tuple[int, int]:
        """(0, 0) until the server has responded."""
        return self.client.server_version

    @property
    def websocket_url(self) -> str:
        return f"ws{self.url.removeprefix('http')}/api/v4/websocket"

    async def close(self) -> None:
        await self.client.close()

    # The server

    async def client_config(self) -> Json:
        """The settings that every signed-in client may read."""
        return json_object(await self.client.get("/config/client", params={"format": "old"}))

    async def roles_named(self, names: Sequence[str]) -> list[Json]:
        return json_objects(await self.client.post("/roles/names", options=list(names)))

    # Users, teams and channels

    async def me(self) -> Json:
        return json_object(await self._driver.users.get_user("me"))

    async def user(self, id: str) -> Json:
        return json_object(await self._driver.users.get_user(require_id(id)))

    async def user_named(self, username: str) -> Json | None:
        if not _USERNAME.fullmatch(username):
            return None
        return await _or_none(self._driver.users.get_user_by_username(username))

    async def user_by_email(self, email: str) -> Json | None:
        return await _or_none(self._driver.users.get_user_by_email(quote(email, safe="@")))

    async def search_users(self, term: str) -> list[Json]:
        """Active people whose username, full name, nickname or e-mail address begins with ``term``."""
        return json_objects(await self._driver.users.search_users({"term": term, "limit": 100}))

    async def group_named(self, name: str) -> Json | None:
        """A group that people may mention. None on a server without groups, which need a licence."""
        params = {"q": name, "filter_allow_reference": "true"}
        try:
            found = json_objects(await self.client.get("/groups", params=params))
        except (ApiError, ServerFailed):
            return None
        return next((group for group in found if str(group.get("name") or "").casefold() == name.casefold()), None)

    async def group_members(self, id: str, most: int) -> list[Json]:
        response = await self.client.get(f"/groups/{require_id(id)}/members", params={"per_page": most})
        return json_objects(json_object(response).get("members") or [])

    async def users_in_channel(self, channel: str, most: int) -> list[Json]:
        params = {"in_channel": require_id(channel), "per_page": most}
        return json_objects(await self.client.get("/users", params=params))

    async def teams(self, me: str) -> list[Json]:
        return json_objects(await self._driver.teams.get_user_teams(require_id(me)))

    async def team_named(self, name: str) -> Json | None:
        return await _or_none(self._driver.teams.get_team_by_name(quote(name, safe="")))

    async def channels(self, me: str, team: str) -> list[Json]:
        """The bot's channels in that team, and its direct channels, which are listed for every team."""
        return json_objects(await self._driver.channels.get_channels_for_user(require_id(me), require_id(team)))

    async def channel(self, id: str) -> Json:
        return json_object(await self._driver.channels.get_channel(require_id(id)))

    async def channel_stats(self, id: str) -> Json:
        return json_object(await self._driver.channels.get_channel_statistics(require_id(id)))

    async def is_channel_member(self, channel: str, person: str) -> bool:
        """Raises ``ApiError`` (403) where the bot may not look."""
        return await _is_found(self._driver.channels.get_channel_member(require_id(channel), require_id(person)))

    async def is_team_member(self, team: str, person: str) -> bool:
        """Likewise. A person who left keeps a record, with ``delete_at``."""
        return await _is_found(self._driver.teams.get_team_member(require_id(team), require_id(person)))

    async def direct_channel(self, me: str, other: str) -> str:
        response = await self._driver.channels.create_direct_message_channel([require_id(me), require_id(other)])
        return require_id(str(json_object(response).get("id", "")))

    # Posts

    async def create_post(self, post: Json) -> Json:
        return json_object(await self._driver.posts.create_post(post))

    async def create_ephemeral_post(self, user: str, post: Json) -> None:
        await self.client.post("/posts/ephemeral", options={"user_id": require_id(user), "post": post})

    async def patch_post(self, id: str, changes: Json) -> Json:
        return json_object(await self._driver.posts.patch_post(require_id(id), changes))

    async def post(self, id: str) -> Json | None:
        """None if there is no such post (any more)."""
        try:
            return json_object(await self._driver.posts.get_post(require_id(id)))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def react(self, me: str, post: str, emoji: str, *, on: bool) -> None:
        user, post = require_id(me), require_id(post)
        if on:
            body = {"user_id": user, "post_id": post, "emoji_name": emoji}
            await self._driver.reactions.create_reaction(body)
        else:
            await self._driver.client.delete(f"/users/{user}/posts/{post}/reactions/{quote(emoji, safe='')}")

    async def posts(self, channel: str, *, after: str = "", count: int = 60, page: int = 0) -> list[Json]:
        """Oldest first. The newest ``count`` posts, or the first ``count`` after the post ``after``."""
        params: Json = {"page": page, "per_page": count}
        if after:
            params["after"] = require_id(after)
        return _posts_in_order(await self._driver.posts.get_posts_for_channel(require_id(channel), params=params))

    async def thread(self, root: str) -> list[Json]:
        """Empty if its first post was deleted."""
        try:
            return _posts_in_order(await self._driver.posts.get_thread(require_id(root)))
        except ApiError as error:
            if error.status == 404:
                return []
            raise

    # Integrations

    async def open_dialog(self, body: Json) -> None:
        await self._driver.integration_actions.open_dialog(body)

    async def post_to_response_url(self, url: str, body: Json) -> None:
        """Only to the configured site. If ``url`` has the server's ``SiteURL`` instead of the configured address,
        its path is used. Raises ``ApiError`` for any other URL."""
        target = self.response_target(url)
        if target is None:
            raise ApiError(0, "foreign_response_url", "the response_url is not on the configured site")
        await self.client.post_unauthenticated(target, body)

    def response_target(self, url: str) -> str | None:
        try:
            parts = urlsplit(url)
            port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
        except ValueError:
            return None
        if "@" in parts.netloc or not parts.hostname:
            return None
        if (parts.scheme, parts.hostname, port) == self._origin and parts.path.startswith(self._path + "/"):
            return url
        hook = _HOOK.search(parts.path)
        return f"{self.url}/hooks/commands/{hook[1]}" if hook else None


async def _or_none(request: Awaitable[Any]) -> Json | None:
    try:
        return json_object(await request)
    except ApiError as error:
        if error.status in (400, 404):
            return None
        raise


async def _is_found(request: Awaitable[Any]) -> bool:
    try:
        return not json_object(await request).get("delete_at")
    except ApiError as error:
        if error.status == 404:
            return False
        raise


def _posts_in_order(value: Any) -> list[Json]:
    """The listed posts, oldest first. ``posts`` may hold thread roots that are not in ``order``."""
    body = json_object(value)
    posts = body.get("posts") or {}
    order: Sequence[str] = body.get("order") or []
    listed = [posts[id] for id in order if isinstance(posts.get(id), dict)]
    return sorted(reversed(listed), key=lambda post: int(post.get("create_at") or 0))
