"""Calls to Slack's Web API and to ``response_url``, with every failure as a ``SurfaceError``.

``slack_sdk`` would by itself send a call again when the connection broke, also one that Slack has already
carried out; that is switched off. Idle connections are closed after 2 s: Slack closes them at about 5 s, and a
post on a connection just being closed looks like a lost one.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.surfaces.protocol import ChatUnreachable, NotInChannel, PostGone, RouteClosed, SurfaceError

CONNECTIONS = 24  # Slack answers in 50 to 300 ms, and a command takes two or three calls
IDLE = 2.0
PATIENCE = 10.0
_OWN = (".slack.com", ".slack-gov.com")
_NOT_IN = frozenset({"not_in_channel", "channel_not_found", "user_not_in_channel"})
_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "cant_edit"})
_TRY_AGAIN = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "ratelimited", "rate_limited"}
)


class Refused(SurfaceError):
    """Slack said no; ``code`` is its error word, ``facts`` the whole answer."""

    def __init__(self, method: str, code: str, facts: Mapping[str, Any] | None = None) -> None:
        said = "; ".join(
            str(word) for word in ((facts or {}).get("response_metadata") or {}).get("messages") or ()
        )
        super().__init__(f"Slack refused {method}: {code} {said}".strip()[:500])
        self.code = code
        self.facts = facts or {}


class Client:
    """Connects by itself when first used, also again after ``close``."""

    def __init__(self, token: str, api_url: str) -> None:
        self.web = AsyncWebClient(
            token=token,
            base_url=api_url if api_url.endswith("/") else f"{api_url}/",
            timeout=int(PATIENCE),
            retry_handlers=[],
            logger=logging.getLogger("liaison.slack.web"),
        )
        self.web.proxy = None  # the session reads the environment itself, NO_PROXY included
        self.invite = "/invite @liaison"
        self._host = _host(api_url)
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """Only inside the running loop."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=IDLE),
                timeout=aiohttp.ClientTimeout(total=PATIENCE),
                trust_env=bool(getproxies()),  # else every call would look for a .netrc
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def call(self, method: str, request: Awaitable[AsyncSlackResponse], channel: str = "") -> dict[str, Any]:
        """The answer's body. ``request`` is a call of ``self.web`` not awaited yet."""
        answer = await self.ask(method, request, channel)
        return dict(answer.data) if isinstance(answer.data, dict) else {}

    async def ask(
        self, method: str, request: Awaitable[AsyncSlackResponse], channel: str = ""
    ) -> AsyncSlackResponse:
        """The whole answer, with its headers."""
        self.web.session = self.session
        try:
            return await request
        except SlackApiError as error:
            raise self._sorted(method, error, channel) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ChatUnreachable(f"Slack did not answer {method}: {type(error).__name__}") from error
        except (AttributeError, TypeError, ValueError) as error:  # slack_sdk on a body that is not an object
            raise ChatUnreachable(f"Slack's answer to {method} cannot be read") from error

    def _sorted(self, method: str, error: SlackApiError, channel: str) -> SurfaceError:
        response: Any = error.response
        status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0) or 0)
        data = getattr(response, "data", None)
        facts = data if isinstance(data, dict) else {}
        code = str(facts.get("error") or "")
        if status == HTTPStatus.TOO_MANY_REQUESTS or code in _TRY_AGAIN or status >= 500 or not code:
            headers = {str(name).lower(): value for name, value in dict(response.headers or {}).items()}
            return ChatUnreachable(f"Slack, {method}: {code or status}", _seconds(headers.get("retry-after")))
        if code in _NOT_IN:
            return NotInChannel(channel, self.invite)
        if code in _GONE:
            return PostGone(f"Slack, {method}: {code}")
        return Refused(method, code, facts)

    def _is_slacks(self, url: str) -> bool:
        """On the host of the API, or, with https, on any of Slack's own (hooks.slack.com)."""
        host = _host(url)
        return bool(host) and (host == self._host or (url.startswith("https://") and host.endswith(_OWN)))

    async def respond(self, url: str, message: Mapping[str, Any]) -> None:
        """Posts to a ``response_url``. Raises ``RouteClosed`` when it is used up, or is no address of Slack's."""
        if not self._is_slacks(url):
            raise RouteClosed("not an address that an answer may be sent to")
        try:
            async with self.session.post(url, json=message, allow_redirects=False) as answer:
                said, status = await answer.text(), answer.status
                retry_after = _seconds(answer.headers.get("Retry-After"))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise ChatUnreachable(f"Slack did not take the answer: {type(error).__name__}") from error
        if status == HTTPStatus.TOO_MANY_REQUESTS or status >= 500:
            raise ChatUnreachable(f"Slack did not take the answer: {status}", retry_after)
        code = _response_error(said)
        if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.FORBIDDEN) or code in _CLOSED:
            raise RouteClosed(f"the answer came too late for its route: {code or status}")
        if status != HTTPStatus.OK or code:
            raise Refused("response_url", code or str(status))


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


_CLOSED = frozenset({"used_url", "expired_url", "no_such_url", "channel_not_found", "user_not_found"})


def _response_error(said: str) -> str:
    """The error word of an answer: a bare "ok", or JSON."""
    try:
        read = json.loads(said)
    except ValueError:
        return "" if said.strip() in ("", "ok") or len(said) > 60 else said.strip()
    if isinstance(read, dict) and read.get("ok") is False:
        return str(read.get("error") or "unknown")
    return ""


def _seconds(header: object) -> float:
    try:
        return max(0.0, float(str(header)))
    except ValueError:
        return 1.0


async def settle(tasks: set[asyncio.Task[None]]) -> None:
    """Cancels background work and waits until it is over."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
