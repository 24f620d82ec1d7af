"""Calls to Slack's Web API and to ``response_url``. Every failure is a ``SurfaceError``.

Retries by ``slack_sdk`` are off: after a broken connection it would repeat a call that Slack may already have
executed. Idle connections are closed after 2 s, because Slack closes them after about 5 s, and a post on a
connection that is being closed looks like a lost one.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

import aiohttp
from pydantic_core import PydanticSerializationError, to_json
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.surfaces.budgets import Budgets
from bot.surfaces.errors import (
    ChatUnreachable,
    NotEditable,
    NotInChannel,
    PostGone,
    Refusal,
    RouteClosed,
    SurfaceError,
    Throttled,
    TokenRejected,
)

MAX_CONNECTIONS = 24  # Slack answers in 50 to 300 ms, and a command takes two or three calls
KEEPALIVE_SECONDS = 2.0
TIMEOUT_SECONDS = 10.0
SECONDS_PER_CHANNEL = {"chat.postMessage": 1.0, "chat.update": 1.0}
"""Slack docs, "Rate limits": one message per second and channel. An edit counts like a message."""
TIER_SECONDS = {  # Slack docs, "Rate limits": calls a minute, per method and workspace
    "chat.postMessage": 1.0,  # special: about one a second
    "chat.update": 60 / 50,  # tier 3
    "chat.postEphemeral": 60 / 100,  # tier 4
    "chat.getPermalink": 0.0,  # special
    "conversations.history": 60 / 50,
    "conversations.replies": 60 / 50,
    "users.info": 60 / 100,
    "views.publish": 60 / 100,
    "reactions.add": 60 / 50,
}
_JSON_HEADERS = {"Content-Type": "application/json;charset=utf-8"}
_SLACK_DOMAINS = (".slack.com", ".slack-gov.com")
_NOT_IN_CHANNEL_ERRORS = frozenset({"not_in_channel", "channel_not_found", "user_not_in_channel"})
_NOT_EDITABLE_ERRORS = frozenset({"cant_update_message", "edit_window_closed", "cant_edit"})
_CLOSED_URL_ERRORS = frozenset({"used_url", "expired_url", "no_such_url", "channel_not_found", "user_not_found"})
_TOKEN_ERRORS = frozenset({"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"})
_REFUSALS = {  # the others are about what we send
    "is_archived": Refusal.ARCHIVED,
    "missing_scope": Refusal.SCOPE,
    "no_permission": Refusal.SCOPE,
    "not_allowed_token_type": Refusal.SCOPE,
    "access_denied": Refusal.SCOPE,
    "org_login_required": Refusal.SCOPE,
    "restricted_action": Refusal.RESTRICTED,
    "restricted_action_read_only_channel": Refusal.RESTRICTED,
    "restricted_action_thread_only_channel": Refusal.RESTRICTED,
    "restricted_action_thread_locked": Refusal.RESTRICTED,
    "restricted_action_non_threadable_channel": Refusal.RESTRICTED,
    "ekm_access_denied": Refusal.RESTRICTED,
    "team_access_not_granted": Refusal.SCOPE,
    "thread_not_found": Refusal.THREAD_GONE,
    "cannot_reply_to_message": Refusal.THREAD_GONE,
    "user_not_found": Refusal.NO_PERSON,
    "user_disabled": Refusal.NO_PERSON,
    "messages_tab_disabled": Refusal.NO_PERSON,
    "cannot_dm_bot": Refusal.NO_PERSON,
}
_RATE_LIMIT_ERRORS = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
_RETRYABLE_ERRORS = _RATE_LIMIT_ERRORS | {
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
}


class ApiError(SurfaceError):
    """Slack rejected the call. ``code`` is its ``error`` value, such as "is_archived"."""

    def __init__(self, method: str, code: str, body: Mapping[str, Any] | None = None) -> None:
        details = ((body or {}).get("response_metadata") or {}).get("messages") or ()
        super().__init__(f"Slack refused {method}: {code} {'; '.join(map(str, details))}".strip()[:500])
        self.code = code
        self.refusal = _REFUSALS.get(code, Refusal.INVALID)


class SlackClient:
    """Connects on first use, and again on the first use after ``close``."""

    def __init__(self, token: str, api_url: str) -> None:
        self.web = AsyncWebClient(
            token=token,
            base_url=api_url if api_url.endswith("/") else f"{api_url}/",
            timeout=int(TIMEOUT_SECONDS),
            retry_handlers=[],
            logger=_logger(),
        )
        self.web.proxy = None  # the session reads the environment itself, including NO_PROXY
        self.invite = "/invite @liaison"
        self.on_rejected: Callable[[str], SurfaceError | None] = lambda code: None
        self._budgets = Budgets(SECONDS_PER_CHANNEL, TIER_SECONDS)
        self._origin = _origin(api_url)
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """Only available inside the running loop."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS, keepalive_timeout=KEEPALIVE_SECONDS),
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
                trust_env=bool(getproxies()),  # otherwise every call would look for a .netrc
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def call(
        self, method: str, request: Coroutine[Any, Any, AsyncSlackResponse], channel: str = "", *, shown: str = ""
    ) -> dict[str, Any]:
        """Returns the response body. ``request`` is a call on ``self.web``, or of ``post_json``, that has not been
        awaited yet. ``shown`` is what people call the channel. Raises ``Throttled`` if the rate limits do not
        allow it now."""
        response = await self.request_with_headers(method, request, channel, shown=shown)
        return dict(response.data) if isinstance(response.data, dict) else {}

    async def post_json(self, method: str, body: Mapping[str, Any]) -> AsyncSlackResponse:
        """``self.web.api_call(method, json=body)`` in a third of the time: for messages, which are sent all the
        time. A response that is no JSON object is a failure of Slack's, as with ``slack_sdk``."""
        url = f"{self.web.base_url}{method}"
        headers = {**self.web.headers, **_JSON_HEADERS, "Authorization": f"Bearer {self.web.token}"}
        async with self.session.post(url, data=_dump(body), headers=headers) as response:
            received = _parse_object(await response.read())
        answered = AsyncSlackResponse(
            client=self.web,
            http_verb="POST",
            api_url=url,
            req_args={},
            data=received,
            headers=dict(response.headers),
            status_code=response.status,
        )
        answered.validate()  # type: ignore[no-untyped-call]
        return answered

    async def request_with_headers(
        self, method: str, request: Coroutine[Any, Any, AsyncSlackResponse], channel: str = "", *, shown: str = ""
    ) -> AsyncSlackResponse:
        self.web.session = self.session
        try:
            with self._budgets.call(method, channel):
                return await request
        except Throttled:
            request.close()
            raise
        except SlackApiError as error:
            raise self._map_error(method, error, shown or channel) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ChatUnreachable(f"Slack did not respond to {method}: {type(error).__name__}") from error
        except (AttributeError, TypeError, ValueError) as error:  # slack_sdk on a body that is not an object
            raise ChatUnreachable(f"Slack's response to {method} can't be read") from error

    def _map_error(self, method: str, error: SlackApiError, channel: str) -> SurfaceError:
        response: Any = error.response
        status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0) or 0)
        data = getattr(response, "data", None)
        body = data if isinstance(data, dict) else {}
        code = str(body.get("error") or "")
        if status == HTTPStatus.TOO_MANY_REQUESTS or code in _RETRYABLE_ERRORS or status >= 500 or not code:
            headers = {str(name).lower(): value for name, value in dict(response.headers or {}).items()}
            retry_after = _parse_seconds(headers.get("retry-after"))
            if status == HTTPStatus.TOO_MANY_REQUESTS or code in _RATE_LIMIT_ERRORS:
                self._budgets.block(method, retry_after)
                return Throttled(f"Slack, {method}: {code or status}", retry_after)
            return ChatUnreachable(f"Slack, {method}: {code or status}", retry_after)
        if code in _TOKEN_ERRORS:
            return self.on_rejected(code) or TokenRejected(f"Slack does not accept the token: {code}", code)
        if code in _NOT_IN_CHANNEL_ERRORS:
            return NotInChannel(channel, self.invite)
        if code == "message_not_found":
            return PostGone(f"Slack, {method}: {code}")
        if code in _NOT_EDITABLE_ERRORS:
            return NotEditable(f"Slack, {method}: {code}")
        return ApiError(method, code, body)

    def is_slack_url(self, url: str) -> bool:
        """Whether ``url`` has the API's scheme, host and port, or those of a host of Slack's (hooks.slack.com)."""
        origin = _origin(url)
        if origin is None:
            return False
        scheme, host, port = origin
        return origin == self._origin or (scheme == "https" and port == 443 and host.endswith(_SLACK_DOMAINS))

    async def post_to_response_url(self, url: str, message: Mapping[str, Any]) -> None:
        """Raises ``RouteClosed`` when the URL is used up or expired, or is not one of Slack's."""
        if not self.is_slack_url(url):
            raise RouteClosed("the response_url is not on a Slack host")
        try:
            async with self.session.post(
                url, data=_dump(message), headers=_JSON_HEADERS, allow_redirects=False
            ) as response:
                body, status = await response.text(), response.status
                retry_after = _parse_seconds(response.headers.get("Retry-After"))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise ChatUnreachable(f"Slack did not accept the answer: {type(error).__name__}") from error
        if status == HTTPStatus.TOO_MANY_REQUESTS or status >= 500:
            failure = Throttled if status == HTTPStatus.TOO_MANY_REQUESTS else ChatUnreachable
            raise failure(f"Slack did not accept the answer: {status}", retry_after)
        code = _error_code(body)
        if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.FORBIDDEN) or code in _CLOSED_URL_ERRORS:
            raise RouteClosed(f"the response_url no longer works: {code or status}")
        if status != HTTPStatus.OK or code:
            raise ApiError("response_url", code or str(status))


def _logger() -> logging.Logger:
    """Without a level of its own, ``slack_sdk`` writes out every request and response for a message that is not
    logged."""
    logger = logging.getLogger("liaison.slack.web")
    logger.setLevel(logging.INFO)
    return logger


def _origin(url: str) -> tuple[str, str, int] | None:
    """(scheme, host, port). None for a URL with a user's name, and for anything but http and https."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    if not parts.hostname or port is None or "@" in parts.netloc:
        return None
    return parts.scheme, parts.hostname, port


def _dump(body: Mapping[str, Any]) -> bytes:
    try:
        return to_json(body)
    except PydanticSerializationError:  # half a surrogate pair, which JSON can only have escaped
        return json.dumps(body).encode()


def _parse_object(body: bytes) -> dict[str, Any]:
    """Empty for anything else."""
    try:
        parsed = json.loads(body)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _error_code(body: str) -> str:
    """The error code in a ``response_url``'s body, which is a bare "ok", a bare code, or JSON."""
    try:
        parsed = json.loads(body)
    except ValueError:
        return "" if body.strip() in ("", "ok") or len(body) > 60 else body.strip()
    if isinstance(parsed, dict) and parsed.get("ok") is False:
        return str(parsed.get("error") or "unknown")
    return ""


def _parse_seconds(header: object) -> float:
    try:
        return max(0.0, float(str(header)))
    except ValueError:
        return 1.0


async def cancel_all(tasks: set[asyncio.Task[None]]) -> None:
    """Cancels the tasks and waits until all of them have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
