"""The one place that knows ``mattermostdriver``: its catalogue of endpoints, on a transport of our own.

The released driver calls ``requests``. Its endpoint methods return whatever the client's ``get``, ``post`` and
``put`` return, so ``Client`` returns awaitables. Endpoints build paths by joining strings: ids are checked first.

Raises ``ChatUnreachable`` (connection trouble, 5xx, 429) and ``ApiError`` (any other refusal).
"""

import re
import time
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from mattermostdriver import Driver

from bot.surfaces.protocol import ChatUnreachable, SurfaceError

Json = dict[str, Any]
_ID = re.compile(r"[a-z0-9]{26}")  # model.NewId of the server: 26 characters of a base32 alphabet
_USERNAME = re.compile(r"[a-z0-9_-][a-z0-9._-]{0,63}")  # not "..": that would be another address
_HOOK = re.compile(r"/hooks/commands/([A-Za-z0-9]+)$")
_KEEP_IDLE_SECONDS = 2.0  # DESIGN section 6: a write on a closing connection ends in a false unknown


class ApiError(SurfaceError):
    """A 4xx other than 429. ``id`` is Mattermost's own name of the error ("api.context.permissions.app_error")."""

    def __init__(self, status: int, id: str, words: str) -> None:
        super().__init__(f"Mattermost said {status}: {words[:300]} ({id})")
        self.status = status
        self.id = id


def is_id(words: str) -> bool:
    return _ID.fullmatch(words) is not None


def checked(id: str) -> str:
    """The id, if it may stand in a path."""
    if not is_id(id):
        raise SurfaceError(f"{id[:40]!r} is not a Mattermost id; nothing was sent")
    return id


class Client:
    """Stands where ``mattermostdriver.client.Client`` would: same four verbs, but they return awaitables."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        base = f"{options['scheme']}://{options['url']}:{options['port']}{options['basepath']}"
        seconds = float(options["request_timeout"])
        self._http = _http(seconds, base_url=base, headers={"Authorization": f"Bearer {options['token']}"})
        self._bare = _http(seconds)  # kept: to make one costs 20 ms, most of it reading certificates

    def get(self, endpoint: str, options: Any = None, params: Any = None) -> Awaitable[Any]:
        return self._ask("GET", endpoint, None, params)

    def post(
        self, endpoint: str, options: Any = None, params: Any = None, data: Any = None, files: Any = None
    ) -> Awaitable[Any]:
        return self._ask("POST", endpoint, options, params)

    def put(self, endpoint: str, options: Any = None, params: Any = None, data: Any = None) -> Awaitable[Any]:
        return self._ask("PUT", endpoint, options, params)

    def delete(self, endpoint: str, options: Any = None, params: Any = None, data: Any = None) -> Awaitable[Any]:
        return self._ask("DELETE", endpoint, options, params)

    async def _ask(self, method: str, endpoint: str, body: Any, params: Any) -> Any:
        reply = await self._send(self._http, method, endpoint.lstrip("/"), body, params)
        try:
            return reply.json()
        except ValueError as error:
            raise SurfaceError("Mattermost answered with something that is not JSON") from error

    async def close(self) -> None:
        await self._http.aclose()
        await self._bare.aclose()

    async def send_bare(self, url: str, body: Json) -> None:
        """POSTs without our token: a ``response_url`` needs none. The caller has checked where it leads."""
        await self._send(self._bare, "POST", url, body, None)

    async def _send(
        self, http: httpx.AsyncClient, method: str, url: str, body: Any, params: Any
    ) -> httpx.Response:
        try:
            reply = await http.request(method, url, json=body, params=params)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ChatUnreachable(f"Mattermost: {type(error).__name__} {error}".strip()) from error
        if reply.is_success:
            return reply
        if reply.status_code == 429 or reply.status_code >= 500 or reply.is_redirect:
            raise ChatUnreachable(f"Mattermost answered {reply.status_code}", _wait(reply.headers))
        raise _said_no(reply)


def _http(seconds: float, **how: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        timeout=httpx.Timeout(seconds, connect=min(seconds, 5.0)),
        limits=httpx.Limits(max_connections=8, max_keepalive_connections=8, keepalive_expiry=_KEEP_IDLE_SECONDS),
        follow_redirects=False,
        trust_env=False,
        **how,
    )


def _said_no(reply: httpx.Response) -> ApiError:
    try:
        body = reply.json()
    except ValueError:
        body = {}
    said = body if isinstance(body, dict) else {}
    return ApiError(reply.status_code, str(said.get("id", "")), str(said.get("message", "")))


def _wait(headers: Mapping[str, str]) -> float:
    """Seconds from ``Retry-After`` or ``X-Ratelimit-Reset`` (seconds, on some servers an epoch time)."""
    for name in ("retry-after", "x-ratelimit-reset"):
        try:
            seconds = float(headers.get(name, ""))
        except ValueError:
            continue
        if seconds > 1e6:
            seconds -= time.time()
        return min(max(seconds, 0.2), 60.0)
    return 1.0


class Site:
    """The Mattermost server, seen with the bot's token. ``url`` may have a sub-path."""

    def __init__(self, url: str, token: str, timeout: float = 10.0) -> None:
        self.url = url.rstrip("/")
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
            client_cls=Client,
        )

    @property
    def client(self) -> Client:
        client: Client = self._driver.client
        return client

    @property
    def websocket_url(self) -> str:
        return f"ws{self.url.removeprefix('http')}/api/v4/websocket"

    async def close(self) -> None:
        await self.client.close()

    # Who and where.

    async def me(self) -> Json:
        return _object(await self._driver.users.get_user("me"))

    async def user(self, id: str) -> Json:
        return _object(await self._driver.users.get_user(checked(id)))

    async def user_named(self, username: str) -> Json | None:
        if not _USERNAME.fullmatch(username):
            return None
        return await _or_none(self._driver.users.get_user_by_username(username))

    async def user_by_email(self, email: str) -> Json | None:
        return await _or_none(self._driver.users.get_user_by_email(quote(email, safe="@")))

    async def teams(self, me: str) -> list[Json]:
        return _objects(await self._driver.teams.get_user_teams(checked(me)))

    async def team_named(self, name: str) -> Json | None:
        return await _or_none(self._driver.teams.get_team_by_name(quote(name, safe="")))

    async def channels(self, me: str, team: str) -> list[Json]:
        """Ours in that team; direct channels are in every team's list."""
        return _objects(await self._driver.channels.get_channels_for_user(checked(me), checked(team)))

    async def direct_channel(self, me: str, other: str) -> str:
        made = await self._driver.channels.create_direct_message_channel([checked(me), checked(other)])
        return checked(str(_object(made).get("id", "")))

    # Posts.

    async def create_post(self, post: Json) -> Json:
        return _object(await self._driver.posts.create_post(post))

    async def patch_post(self, id: str, changes: Json) -> Json:
        return _object(await self._driver.posts.patch_post(checked(id), changes))

    async def posts(self, channel: str, *, after: str = "", count: int = 60, page: int = 0) -> list[Json]:
        """Oldest first: the newest ``count``, or the first ``count`` that follow the post ``after``."""
        params: Json = {"page": page, "per_page": count}
        if after:
            params["after"] = checked(after)
        return _in_order(await self._driver.posts.get_posts_for_channel(checked(channel), params=params))

    async def thread(self, root: str) -> list[Json]:
        return _in_order(await self._driver.posts.get_thread(checked(root)))

    # Integrations.

    async def open_dialog(self, body: Json) -> None:
        await self._driver.integration_actions.open_dialog(body)

    async def respond(self, url: str, body: Json) -> None:
        """To a ``response_url``, but only on this site: one that names the site by another address (its own
        idea of it, ``SiteURL``) is followed by its path; anything else is refused with ``ApiError``."""
        target = self.response_target(url)
        if target is None:
            raise ApiError(0, "foreign_response_url", "the response_url does not lead to the configured site")
        await self.client.send_bare(target, body)

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


def _object(said: Any) -> Json:
    if not isinstance(said, dict):
        raise SurfaceError("Mattermost answered with something else than an object")
    return said


def _objects(said: Any) -> list[Json]:
    return [one for one in said if isinstance(one, dict)] if isinstance(said, list) else []


async def _or_none(asked: Awaitable[Any]) -> Json | None:
    try:
        return _object(await asked)
    except ApiError as error:
        if error.status in (400, 404):
            return None
        raise


def _in_order(said: Any) -> list[Json]:
    """The posts of a list answer, oldest first. ``posts`` may hold thread roots that ``order`` does not name."""
    body = _object(said)
    posts = body.get("posts") or {}
    order: Sequence[str] = body.get("order") or []
    found = [posts[id] for id in order if isinstance(posts.get(id), dict)]
    return sorted(reversed(found), key=lambda post: int(post.get("create_at") or 0))
