"""Sends requests to Mattermost's REST API: errors, rate limits and the server's version.

Raises ``ChatUnreachable`` (connection errors, 5xx, 429; 401 as ``TokenRejected``) and ``ApiError`` (any other
rejection).
"""

import re
import time
from collections.abc import Awaitable, Mapping
from typing import Any

import httpx

from adapters.http.rate_limits import is_background
from bot.surfaces.budgets import ServerBudget
from bot.surfaces.errors import ChatUnreachable, Refusal, SurfaceError, Throttled, TokenRejected

Json = dict[str, Any]
_VERSION = re.compile(r"(\d{1,4})\.(\d{1,4})\.")  # of the header X-Version-Id
_KEEPALIVE_SECONDS = 2.0  # short, because the outcome of a post on a closing connection is unknown


class ApiError(SurfaceError):
    """A 4xx other than 429. ``id`` is Mattermost's error id, such as "api.context.permissions.app_error"."""

    def __init__(self, status: int, id: str, message: str) -> None:
        super().__init__(f"Mattermost responded {status}: {message[:300]} ({id})")
        self.status = status
        self.id = id
        self.text = message
        self.refusal = _refusal(status, id)


class ServerFailed(ChatUnreachable):
    def __init__(self, error: ApiError, retry_after: float) -> None:
        super().__init__(f"Mattermost responded {error.status}", retry_after)
        self.id, self.text = error.id, error.text


_REFUSALS = {
    "api.post.create_post.can_not_post_to_deleted.error": Refusal.ARCHIVED,
    "api.post.patch_post.can_not_update_post_in_deleted.error": Refusal.ARCHIVED,
    "api.post.update_post.can_not_update_post_in_deleted.error": Refusal.ARCHIVED,
    "api.post.create_post.root_id.app_error": Refusal.THREAD_GONE,
    "api.post.create_post.channel_root_id.app_error": Refusal.THREAD_GONE,
    "api.post.create_post.town_square_read_only": Refusal.RESTRICTED,
    "api.post.update_post.permissions_time_limit.app_error": Refusal.NOT_EDITABLE,
    "api.post.update_post.permissions_denied.app_error": Refusal.NOT_EDITABLE,
    "api.post.update_post.system_message.app_error": Refusal.NOT_EDITABLE,
    "api.context.permissions.app_error": Refusal.RESTRICTED,
}


def _refusal(status: int, id: str) -> Refusal:
    """Ids that we do not know are judged by the status."""
    return _REFUSALS.get(id) or (Refusal.RESTRICTED if status == 403 else Refusal.INVALID)


class AsyncTransport:
    """Replaces ``mattermostdriver.client.Client``: the same four methods, but they return awaitables."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        base = f"{options['scheme']}://{options['url']}:{options['port']}{options['basepath']}"
        seconds = float(options["request_timeout"])
        self._http = _http(seconds, base_url=base, headers={"Authorization": f"Bearer {options['token']}"})
        self.server_version = (0, 0)  # of the last response: (5, 37)
        self._budget = ServerBudget()
        self._unauthenticated = _http(seconds)  # reused: creating one takes 20 ms, mostly to read certificates

    def get(self, endpoint: str, options: Any = None, params: Any = None) -> Awaitable[Any]:
        return self._request("GET", endpoint, None, params)

    def post(
        self, endpoint: str, options: Any = None, params: Any = None, data: Any = None, files: Any = None
    ) -> Awaitable[Any]:
        return self._request("POST", endpoint, options, params)

    def put(self, endpoint: str, options: Any = None, params: Any = None, data: Any = None) -> Awaitable[Any]:
        return self._request("PUT", endpoint, options, params)

    def delete(self, endpoint: str, options: Any = None, params: Any = None, data: Any = None) -> Awaitable[Any]:
        return self._request("DELETE", endpoint, options, params)

    async def _request(self, method: str, endpoint: str, body: Any, params: Any) -> Any:
        response = await self._send(self._http, method, endpoint.lstrip("/"), body, params)
        try:
            return response.json()
        except ValueError as error:
            raise SurfaceError("Mattermost sent a response that is not JSON") from error

    def use_token(self, token: str) -> None:
        self._http.headers["Authorization"] = f"Bearer {token}"

    async def close(self) -> None:
        await self._http.aclose()
        await self._unauthenticated.aclose()

    async def post_unauthenticated(self, url: str, body: Json) -> None:
        """POSTs without the bot's token, which a ``response_url`` doesn't need. The caller must check the URL."""
        await self._send(self._unauthenticated, "POST", url, body, None)

    async def _send(
        self, http: httpx.AsyncClient, method: str, url: str, body: Any, params: Any
    ) -> httpx.Response:
        self._budget.require(is_background())
        try:
            response = await http.request(method, url, json=body, params=params)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ChatUnreachable(f"Mattermost: {type(error).__name__} {error}".strip()) from error
        if http is self._http and (version := _VERSION.match(response.headers.get("x-version-id", ""))):
            self.server_version = (int(version[1]), int(version[2]))
        self._budget.read(response.headers)
        if response.is_success:
            return response
        if response.status_code == 429:
            retry_after = _retry_after(response.headers)
            self._budget.block(retry_after)
            raise Throttled("Mattermost responded 429", retry_after)
        if response.status_code >= 500:
            raise ServerFailed(_api_error(response), _retry_after(response.headers))
        if response.is_redirect:
            raise ChatUnreachable(f"Mattermost responded {response.status_code}", _retry_after(response.headers))
        rejection = _api_error(response)
        if response.status_code == 401 and http is self._http:
            # Without the server's text, which quotes the token.
            raise TokenRejected(f"Mattermost does not accept the bot's token ({rejection.id})", rejection.id)
        raise rejection


def _http(seconds: float, **options: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        timeout=httpx.Timeout(seconds, connect=min(seconds, 5.0)),
        limits=httpx.Limits(max_connections=8, max_keepalive_connections=8, keepalive_expiry=_KEEPALIVE_SECONDS),
        follow_redirects=False,
        trust_env=False,
        **options,
    )


def _api_error(response: httpx.Response) -> ApiError:
    try:
        body = response.json()
    except ValueError:
        body = {}
    error = body if isinstance(body, dict) else {}
    return ApiError(response.status_code, str(error.get("id", "")), str(error.get("message", "")))


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds from ``Retry-After`` or ``X-Ratelimit-Reset``, which some servers send as an epoch time."""
    for name in ("retry-after", "x-ratelimit-reset"):
        try:
            seconds = float(headers.get(name, ""))
        except ValueError:
            continue
        if seconds > 1e6:
            seconds -= time.time()
        return min(max(seconds, 0.2), 60.0)
    return 1.0


def json_object(value: Any) -> Json:
    if not isinstance(value, dict):
        raise SurfaceError("Mattermost sent a response that is not an object")
    return value


def json_objects(value: Any) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
