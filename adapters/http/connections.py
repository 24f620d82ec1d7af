"""The connections of one client, and what must not be quoted from their responses."""

import json as jsonlib
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import aiohttp
import certifi
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
from yarl import URL

from adapters.http.responses import Response, read_body

KEEP_IDLE_SECONDS = 2.0
SHORTEST_SECRET = 12  # characters; a shorter word may be part of any response
_NOT_SECRET = ("accept", "content-type", "core-url")
_CONNECTIONS_TRIED = 3
_CLOSED = "Cannot write to closing transport"
_UNSENDABLE = ("\r", "\n", "\0")


class InvalidHeader(Exception):
    """A header that cannot be sent. The exception does not name its value, which may be a secret."""


class ConnectionLost(Exception):
    """After the request was sent, or a part of it. Not an error of aiohttp, which would repeat a PUT or DELETE."""


class ConnectionsClosed(Exception):
    """The server had closed every connection that was tried, before anything was written to it."""


NOTHING_SENT = (
    ConnectionsClosed,
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    InvalidHeader,
)


@dataclass
class Connections:
    base: URL
    headers: Mapping[str, str]
    timeout: aiohttp.ClientTimeout
    secrets: Sequence[bytes]
    _session: aiohttp.ClientSession | None = field(default=None, init=False)

    async def exchange(self, method: str, url: URL, json: Any, params: Mapping[str, Any] | None) -> Response:
        """Raises aiohttp's errors, ``ConnectionLost``, ``TimeoutError`` and ``ResponseTooLarge``."""
        if params is not None:
            url = url.with_query(_query(params))
        headers = {} if json is None else {"Content-Type": "application/json"}
        async with self._open().request(
            method, url, data=None if json is None else _encode(json), headers=headers, allow_redirects=False
        ) as response:
            return Response(response.status, response.headers, await read_body(response.content.iter_any()))

    def without_secrets(self, content: bytes) -> bytes:
        for secret in self.secrets:
            content = content.replace(secret, b"[secret]")
        return content

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            for name, value in self.headers.items():
                if any(character in value for character in _UNSENDABLE):
                    raise InvalidHeader(f"the value of {name} has a line break or a null byte")
            connector = aiohttp.TCPConnector(
                limit=0,  # the rate limiter has one
                keepalive_timeout=KEEP_IDLE_SECONDS,
                ssl=_ssl_context() if self.base.scheme == "https" else True,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                headers=self.headers,
                timeout=self.timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                middlewares=(_send_once,),
                trust_env=False,
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


async def _send_once(request: ClientRequest, send: ClientHandlerType) -> ClientResponse:
    """A kept connection may have been closed just now. Then nothing was written, and another one is tried."""
    for _ in range(_CONNECTIONS_TRIED):
        try:
            return await send(request)
        except NOTHING_SENT:
            raise
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            if not _was_closed(error):
                raise ConnectionLost(f"{type(error).__name__}: {error}") from error
    raise ConnectionsClosed("the server closes its connections")


def _was_closed(error: Exception) -> bool:
    """Whether the connection was found closed before the write. aiohttp writes our requests, with their body, at
    once; it has no other sign for this than the words, and other words count as sent."""
    reasons = (error, error.__cause__)
    return any(
        isinstance(reason, aiohttp.ClientConnectionResetError) and _CLOSED in str(reason) for reason in reasons
    )


def _encode(json: Any) -> bytes:
    return jsonlib.dumps(json, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _query(params: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (name, _text(value))
        for name, values in params.items()
        for value in (values if isinstance(values, list | tuple) else (values,))
    ]


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


def secrets_in(credential: str, headers: Mapping[str, str]) -> Sequence[bytes]:
    """Every word that is long enough to be a secret, the longest first, as one may contain another."""
    values = [credential, *(value for name, value in headers.items() if name.lower() not in _NOT_SECRET)]
    words = {word for value in values for word in value.split() if len(word) >= SHORTEST_SECRET}
    return [word.encode() for word in sorted(words, key=len, reverse=True)]


@cache
def _ssl_context() -> ssl.SSLContext:
    """The system's certificate authorities and Mozilla's. Created once: loading them takes longer than a
    request."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
