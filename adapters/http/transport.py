"""The transport of httpx for platforms: aiohttp's connections, with httpx's errors.

httpx's own transport takes three times as much CPU for a request (measured with ``make bench``). The errors say
whether a request may have been executed: with ``httpx.ConnectError`` and ``httpx.ConnectTimeout`` nothing was
written, and whatever goes wrong later is ``httpx.ReadError`` or ``httpx.ReadTimeout``. Nothing is sent twice.

Idle connections are closed after 2 s: servers close theirs after about 5 s, and a write on a closing connection
would be reported as unknown though it never arrived.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import aiohttp
import httpx
from aiohttp.connector import Connection
from yarl import URL

from adapters.http.departure import leave

KEEP_IDLE_SECONDS = 2.0
_CONNECTIONS_TRIED = 5
_UNSENDABLE = re.compile(r"[\r\n\0]")
_LONGEST_HEADER = 100 * 1024
_NO_DEFAULTS = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


@dataclass(frozen=True)
class Timeouts:
    """Seconds: ``silent`` for a server that sends nothing, ``total`` for a whole exchange."""

    connect: float
    silent: float
    total: float


class _ConnectionClosed(Exception):
    """A kept connection was closed by the server. Nothing was written to it."""


class _Request(aiohttp.ClientRequest):
    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Writes the request at once, so a connection that is open now is not found closed before the write."""
        if conn.transport is None or conn.transport.is_closing():
            raise _ConnectionClosed
        leave()
        return await super().send(conn)


async def _without_repeats(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """aiohttp would repeat a PUT or a DELETE whose connection was lost. It doesn't know errors of httpx."""
    try:
        return await send(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise _not_sent(error) from error
    except (aiohttp.ClientError, OSError) as error:
        raise _may_be_sent(error) from error


class Transport(httpx.AsyncBaseTransport):
    """Without proxies, cookies and redirects. The body of a response is as it was sent, perhaps compressed."""

    def __init__(self, timeouts: Timeouts, context: ssl.SSLContext | None) -> None:
        """Outside a running loop nothing is opened."""
        self._timeouts = timeouts
        self._context = context
        self._session: aiohttp.ClientSession | None = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            times = self._timeouts
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,  # the rate limiter has one
                    keepalive_timeout=KEEP_IDLE_SECONDS,
                    ssl=self._context or True,
                ),
                timeout=aiohttp.ClientTimeout(total=times.total, connect=times.connect, sock_read=times.silent),
                request_class=_Request,
                middlewares=(_without_repeats,),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=_NO_DEFAULTS,
                auto_decompress=False,
                max_line_size=_LONGEST_HEADER,
                max_field_size=_LONGEST_HEADER,
                trust_env=False,
            )
        return self._session

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        headers = [(name.decode(), value.decode()) for name, value in request.headers.raw]
        return await self.send(request.method, _url_of(request), headers, request.content)

    async def send(
        self, method: str, url: URL, headers: Sequence[tuple[str, str]], content: bytes
    ) -> httpx.Response:
        """The same without a request of httpx, which takes half as long to make as it takes to send it."""
        _require_sendable(headers)
        for _ in range(_CONNECTIONS_TRIED):
            try:
                response = await self._send(method, url, headers, content)
            except _ConnectionClosed:
                continue
            return httpx.Response(response.status, headers=response.raw_headers, stream=_Body(response))
        raise httpx.ConnectError("the server closes its connections")

    async def _send(
        self, method: str, url: URL, headers: Sequence[tuple[str, str]], content: bytes
    ) -> aiohttp.ClientResponse:
        if url.scheme not in ("http", "https") or not url.raw_host:
            raise httpx.UnsupportedProtocol(f"{url} is not a URL of http")
        await asyncio.sleep(0)  # the loop notices which kept connections were closed
        try:
            return await self._open().request(
                method, url, data=content or None, headers=headers, allow_redirects=False
            )
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _may_be_sent(error) from error

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()


def _url_of(request: httpx.Request) -> URL:
    """httpx's extension "target" replaces the path of the URL, as with its own transport."""
    target: bytes | None = request.extensions.get("target")
    if target is None:
        return URL(str(request.url), encoded=True)
    return URL(f"{request.url.scheme}://{request.url.netloc.decode()}{target.decode()}", encoded=True)


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._response.content.iter_any():
                yield chunk
        except (aiohttp.ClientError, OSError) as error:
            raise _may_be_sent(error) from error

    async def aclose(self) -> None:
        self._response.release()  # which closes the connection unless everything was read


def stream_of(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body as it was sent."""
    assert isinstance(response.stream, _Body)
    return aiter(response.stream)


def _not_sent(error: Exception) -> httpx.TransportError:
    kind = httpx.ConnectTimeout if isinstance(error, TimeoutError) else httpx.ConnectError
    return kind(str(error))


def _may_be_sent(error: Exception) -> httpx.TransportError:
    """The words of aiohttp are for its own users, so its type comes first."""
    kind = httpx.ReadTimeout if isinstance(error, TimeoutError) else httpx.ReadError
    return kind(f"{type(error).__name__} {error}".strip())


def _require_sendable(headers: Sequence[tuple[str, str]]) -> None:
    """Without the value in the error, which may be a secret."""
    for name, value in headers:
        if _UNSENDABLE.search(value):
            raise httpx.LocalProtocolError(f"the header {name} has a line break or a null byte")
