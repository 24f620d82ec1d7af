"""Every call to a platform goes through here, and no httpx exception leaves.

``HttpClients`` lives as long as the process and hands each adapter a ``HttpClient`` bound to its site and credential.
What a failure means is decided once, in ``HttpClient.send``:

- could not connect          -> Unreachable (nothing was sent)
- read timed out, or was cut -> OutcomeUnknown for a write, Unreachable for a read
- 429                        -> RateLimited
- any other but a 2xx        -> what the adapter's ``explain`` makes of it, else ``refusals.error_from_status``

Reads are tried three times with backoff; writes are never repeated. Connections are few and kept idle for 2 s at
most: servers close theirs at about 5 s, and a write on a closing connection ends in a false unknown.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx
from tenacity import (
    AsyncRetrying,
    retry_if_exception,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from adapters.errors import (
    AdapterError,
    BadResponse,
    OutcomeUnknown,
    RateLimited,
    Unreachable,
)
from adapters.http.error_mapping import error_from_status
from adapters.http.rate_limits import RateLimit, RateLimiter, is_background
from adapters.http.responses import ErrorMapper, Response, ResponseTooLarge, read_body, retry_after

READ_ATTEMPTS = 3
READ_WAIT_LIMIT = (
    5.0  # seconds that somebody who only looks may be kept waiting by a platform that asks us to rest
)
KEEP_IDLE_SECONDS = 2.0
SHORTEST_SECRET = 12  # letters; a shorter word may stand in any answer
_NOT_SECRET = ("accept", "content-type")


def _passes_soon(error: BaseException) -> bool:
    """The next try waits for its turn, and so until the platform's rest is over."""
    return isinstance(error, RateLimited) and (error.retry_after <= READ_WAIT_LIMIT or is_background())


_read_again = AsyncRetrying(
    retry=retry_if_exception_type(Unreachable) | retry_if_exception(_passes_soon),
    stop=stop_after_attempt(READ_ATTEMPTS),
    wait=wait_random_exponential(multiplier=0.3, max=2),
    reraise=True,
)
_NOTHING_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,  # a header that cannot be written
)


@dataclass
class HttpClients:
    """Seconds. ``timeout`` is how long a platform may be silent, ``whole`` how long all of an answer may take."""

    timeout: float = 10.0
    connect_timeout: float = 5.0
    whole: float = 60.0
    _turns: dict[tuple[str, str], RateLimiter] = field(default_factory=dict)
    _connections: "list[_Connections]" = field(default_factory=list)

    def client(
        self,
        platform: str,
        url: str,
        *,
        credential: str,
        headers: Mapping[str, str],
        pace: RateLimit | None = None,
        explain: ErrorMapper | None = None,
    ) -> "HttpClient":
        """Adapters of one origin and ``credential`` share one pace. It, and what the headers say, is taken out of
        what the platform says when it refuses: gateways put the request they did not like on their error pages."""
        pace = pace or RateLimit()
        base = httpx.URL(url.rstrip("/") + "/")
        turns = self._turns.setdefault((_origin(base), credential), RateLimiter(pace))
        timeout = httpx.Timeout(self.timeout, connect=self.connect_timeout)
        connections = _Connections(base, dict(headers), timeout, self.whole, _secrets(credential, headers))
        self._connections.append(connections)
        return HttpClient(platform, base, connections, turns, explain)

    async def close(self) -> None:
        for connections in self._connections:
            await connections.close()


@dataclass
class _Connections:
    """Clients of one connection each; the warmest free one is taken.

    One client with a pool would look at every pooled connection at every request, and ask the system about each:
    with 16 of them that took a third of the time of a command (measured with ``make bench``).
    """

    base: httpx.URL
    headers: dict[str, str]
    timeout: httpx.Timeout
    whole: float
    secrets: Sequence[bytes]
    _free: list[httpx.AsyncClient] = field(default_factory=list)
    _all: list[httpx.AsyncClient] = field(default_factory=list)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[httpx.AsyncClient]:
        client = self._free.pop() if self._free else self._open()
        try:
            yield client
        finally:
            self._free.append(client)

    async def exchange(
        self, method: str, url: httpx.URL | str, json: Any, params: Mapping[str, Any] | None
    ) -> tuple[httpx.Response, bytes]:
        """Raises httpx's errors, ``TimeoutError`` and ``ResponseTooLarge``."""
        async with (
            self.one() as client,
            asyncio.timeout(self.whole),
            client.stream(method, url, json=json, params=params) as response,
        ):
            return response, await read_body(response.aiter_bytes())

    def without_secrets(self, said: bytes) -> bytes:
        for secret in self.secrets:
            if secret in said:
                said = said.replace(secret, b"[secret]")
        return said

    def _open(self) -> httpx.AsyncClient:
        client = httpx.AsyncClient(
            base_url=self.base,
            headers=self.headers,
            timeout=self.timeout,
            limits=httpx.Limits(max_connections=1, keepalive_expiry=KEEP_IDLE_SECONDS),
            verify=_trust() if self.base.scheme == "https" else False,
            follow_redirects=False,
            trust_env=False,
        )
        self._all.append(client)
        return client

    async def close(self) -> None:
        for client in self._all:
            await client.aclose()


def _secrets(credential: str, headers: Mapping[str, str]) -> Sequence[bytes]:
    """Every word that is long enough to be one; the longest first, as one may hold another."""
    said = [credential, *(value for name, value in headers.items() if name.lower() not in _NOT_SECRET)]
    words = {word for value in said for word in value.split() if len(word) >= SHORTEST_SECRET}
    return [word.encode() for word in sorted(words, key=len, reverse=True)]


@cache
def _trust() -> ssl.SSLContext:
    """Made once: reading the authorities takes longer than a request."""
    return httpx.create_ssl_context(trust_env=False)


@dataclass
class HttpClient:
    platform: str
    _base: httpx.URL
    _connections: _Connections
    turns: RateLimiter
    _explain: ErrorMapper | None

    async def read(
        self,
        path: str,
        *,
        operation: str,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        method: str = "GET",
    ) -> Any:
        """The JSON of a 2xx answer. Tried ``READ_ATTEMPTS`` times when unreachable, or asked to wait for a moment."""
        reply = await self.read_reply(path, operation=operation, params=params, json=json, method=method)
        body = reply.json()
        if body is None and reply.content.strip() != b"null":
            raise BadResponse(self.platform, operation, said=reply.text)
        return body

    async def read_reply(
        self,
        path: str,
        *,
        operation: str,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        method: str = "GET",
    ) -> Response:
        """Like ``read``, where paging headers are needed too."""
        return await _read_again(
            self.send, method, path, operation=operation, write=False, params=params, json=json
        )

    async def write(
        self,
        method: str,
        path: str,
        *,
        operation: str,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        expect_json: bool = True,
    ) -> Any:
        """Sends once. A 2xx whose promised JSON cannot be read is an unknown outcome."""
        reply = await self.send(method, path, operation=operation, write=True, json=json, params=params)
        body = reply.json()
        if body is None and expect_json:
            raise OutcomeUnknown(self.platform, operation, said=reply.text)
        return body

    async def send(
        self,
        method: str,
        path: str,
        *,
        operation: str,
        write: bool,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
    ) -> Response:
        """One exchange; returns 2xx replies only, raises for all else."""
        url = self._join(path, operation)
        closed = self.turns.blocked_for
        if closed > (0 if write else READ_WAIT_LIMIT) and (write or not is_background()):
            raise RateLimited(self.platform, operation, retry_after=closed)
        async with self.turns.slot():
            try:
                response, content = await self._connections.exchange(method, url, json, params)
            except _NOTHING_SENT as error:
                raise Unreachable(self.platform, operation, said=self._why(error)) from error
            except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ResponseTooLarge) as error:
                unread = BadResponse if isinstance(error, ResponseTooLarge) else Unreachable
                kind = OutcomeUnknown if write else unread
                raise kind(self.platform, operation, said=self._why(error)) from error
        if not response.is_success or content.lstrip()[:1] not in (b"{", b"["):
            content = self._connections.without_secrets(content)
        reply = Response(response.status_code, response.headers, content)
        if 200 <= reply.status < 300:
            self.turns.answered()
            return reply
        raise self._error(reply, operation, write)

    def require_not_limited(self, operation: str) -> None:
        """Raises ``RateLimited`` while the platform wants us to wait: a write's own reads would wait silently."""
        closed = self.turns.blocked_for
        if closed > 0:
            raise RateLimited(self.platform, operation, retry_after=closed)

    def same_origin(self, link: str) -> str | None:
        """``link`` (absolute or relative) if our token may be sent there, else None."""
        try:
            url = self._base.join(link)
        except httpx.InvalidURL:
            return None
        return str(url) if _origin(url) == _origin(self._base) else None

    def _why(self, error: Exception) -> str:
        said = type(error).__name__ if not str(error) else f"{type(error).__name__}: {error}"
        return self._connections.without_secrets(said.encode("utf-8", "replace")).decode()

    def _join(self, path: str, operation: str) -> httpx.URL | str:
        if "://" not in path:
            return path.lstrip("/")
        if self.same_origin(path) is None:
            raise BadResponse(self.platform, operation, key="platform.foreign_link", said=path)
        return path

    def _error(self, reply: Response, operation: str, write: bool) -> AdapterError:
        if reply.status == 429:
            wait = retry_after(reply.headers, self.turns.next_backoff())
            self.turns.block_for(wait)
            return RateLimited(self.platform, operation, retry_after=wait)
        if self._explain is not None:
            said = self._explain(reply, operation, write)
            if said is not None:
                return said
        return error_from_status(reply, self.platform, operation, write)


def _origin(url: httpx.URL) -> str:
    port = url.port or {"https": 443, "http": 80}.get(url.scheme)
    return f"{url.scheme}://{url.host}:{port}"
