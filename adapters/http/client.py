"""The HTTP client of every adapter. It raises ``adapters.errors``, never an exception of httpx.

``HttpClients`` lives as long as the process and gives each adapter an ``HttpClient`` for its site and credential.
``HttpClient.send`` decides what a failure means:

- could not connect              -> Unreachable (nothing was sent), also if there was no time left to send it
- timed out or was cut off       -> OutcomeUnknown for a write, Unreachable for a read
- 429                            -> RateLimited
- any other status but a 2xx     -> the error of the adapter's ``map_error``, or else ``error_from_status``

Reads are tried three times with backoff; writes are never repeated.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
from tenacity import (
    AsyncRetrying,
    retry_if_exception,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from adapters.deadline import Deadline, DeadlinePassed, current_deadline
from adapters.errors import (
    AdapterError,
    BadResponse,
    OutcomeUnknown,
    RateLimited,
    Unreachable,
)
from adapters.http.connections import Connections, secrets_in
from adapters.http.departure import LeftTooLate, in_time
from adapters.http.error_mapping import error_from_status
from adapters.http.leases import RateLimitNotStored, RateLimitStore
from adapters.http.rate_limits import (
    RateLimit,
    RateLimiter,
    is_background,
)
from adapters.http.responses import ErrorMapper, Response, ResponseTooLarge, retry_after, unreadable_text
from adapters.http.transport import Timeouts

READ_ATTEMPTS = 3
READ_WAIT_LIMIT = 5.0  # seconds that a person's read waits for a rate limit to pass before it fails


def _is_short_rate_limit(error: BaseException) -> bool:
    """Worth another attempt, which waits in the rate limiter until the limit has passed."""
    return isinstance(error, RateLimited) and (error.retry_after <= READ_WAIT_LIMIT or is_background())


_retry_reads = AsyncRetrying(
    retry=retry_if_exception_type(Unreachable) | retry_if_exception(_is_short_rate_limit),
    stop=stop_after_attempt(READ_ATTEMPTS),
    wait=wait_random_exponential(multiplier=0.3, max=2),
    reraise=True,
)
OnRequest = Callable[[str, bool, float, int | None], None]
"""Gets the platform of each request, whether it is a write, its seconds, and the status of its answer if any."""
_NOTHING_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,  # a header that cannot be written
)


@dataclass
class HttpClients:
    """Seconds: ``timeout`` for a silent server, ``total_timeout`` for a whole exchange."""

    timeout: float = 10.0
    connect_timeout: float = 5.0
    total_timeout: float = 60.0
    on_request: OnRequest = lambda *_: None
    _rate_limiters: dict[str, RateLimiter] = field(default_factory=dict)  # by ``_rate_limit_key``
    _connections: list[Connections] = field(default_factory=list)

    def client(
        self,
        platform: str,
        url: str,
        *,
        credential: str,
        headers: Mapping[str, str],
        rate_limit: RateLimit | None = None,
        map_error: ErrorMapper | None = None,
    ) -> "HttpClient":
        """Clients with the same origin and ``credential`` share one rate limiter.

        The credential and the values of ``headers`` are removed from error responses, because gateways quote the
        request on their error pages.
        """
        base = httpx.URL(url.rstrip("/") + "/")
        key = _rate_limit_key(base, credential)
        limiter = self._rate_limiters.setdefault(key, RateLimiter(rate_limit or RateLimit()))
        timeouts = Timeouts(self.connect_timeout, self.timeout, self.total_timeout)
        connections = Connections(base, headers, timeouts, secrets_in(credential, headers))
        self._connections.append(connections)
        return HttpClient(platform, base, connections, limiter, map_error, self.on_request)

    async def use_rate_limits(self, store: RateLimitStore) -> None:
        """Shares the rate limits with other processes and the last one. Call it before the first request."""
        for key, limiter in self._rate_limiters.items():
            limiter.use(store, key)
        await self.read_blocks(store)

    async def read_blocks(self, store: RateLimitStore) -> None:
        """Another process was told to wait."""
        blocked = await store.blocked()
        for key, limiter in self._rate_limiters.items():
            limiter.block_here(blocked.get(key, 0.0))

    async def close(self) -> None:
        for limiter in self._rate_limiters.values():
            limiter.close()
        for connections in self._connections:
            await connections.close()


@dataclass
class HttpClient:
    platform: str
    _base: httpx.URL
    _connections: Connections
    rate_limiter: RateLimiter
    _map_error: ErrorMapper | None
    _on_request: OnRequest

    async def read(
        self,
        path: str,
        *,
        operation: str,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        method: str = "GET",
    ) -> Any:
        """The JSON of a 2xx response. Tries ``READ_ATTEMPTS`` times while unreachable or briefly rate limited."""
        response = await self.read_response(path, operation=operation, params=params, json=json, method=method)
        body = response.json()
        if body is None and response.content.strip() != b"null":
            raise BadResponse(self.platform, operation, said=unreadable_text(response))
        return body

    async def read_response(
        self,
        path: str,
        *,
        operation: str,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        method: str = "GET",
    ) -> Response:
        """Like ``read``, for callers that need the headers too."""
        return await _retry_reads(
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
        """Sends once. Raises ``OutcomeUnknown`` for a 2xx response without the expected JSON."""
        response = await self.send(method, path, operation=operation, write=True, json=json, params=params)
        body = response.json()
        if body is None and expect_json:
            raise OutcomeUnknown(self.platform, operation, said=unreadable_text(response))
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
        """One exchange. Returns a 2xx response, and raises for any other."""
        url = self._join(path, operation)
        wait = self.rate_limiter.blocked_for
        if wait > (0 if write else READ_WAIT_LIMIT) and (write or not is_background()):
            raise RateLimited(self.platform, operation, retry_after=wait)
        try:
            received, content = await self._exchange(method, url, operation, write, json, params)
        except RateLimitNotStored as error:
            raise Unreachable(self.platform, operation, said=str(error)) from error
        if not received.is_success or content.lstrip()[:1] not in (b"{", b"["):
            content = self._connections.without_secrets(content)
        response = Response(received.status_code, received.headers, content)
        if 200 <= response.status < 300:
            self.rate_limiter.reset_backoff()
            return response
        raise await self._error(response, operation, write)

    async def _exchange(
        self,
        method: str,
        url: str,
        operation: str,
        write: bool,
        json: Any,
        params: Mapping[str, Any] | None,
    ) -> tuple[httpx.Response, bytes]:
        deadline = current_deadline() if write else None
        while True:
            with suppress(LeftTooLate):
                return await self._take_turn(method, url, operation, write, json, params, deadline)

    async def _take_turn(
        self,
        method: str,
        url: str,
        operation: str,
        write: bool,
        json: Any,
        params: Mapping[str, Any] | None,
        deadline: Deadline | None,
    ) -> tuple[httpx.Response, bytes]:
        async with self.rate_limiter.slot() as leave_by:
            began, status = time.perf_counter(), None
            try:
                async with in_time(deadline, leave_by):
                    response, content = await self._connections.exchange(method, url, json, params)
                status = response.status_code
                return response, content
            except (*_NOTHING_SENT, DeadlinePassed) as error:
                raise Unreachable(self.platform, operation, said=self._reason(error)) from error
            except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ResponseTooLarge) as error:
                read_error = BadResponse if isinstance(error, ResponseTooLarge) else Unreachable
                error_type = OutcomeUnknown if write else read_error
                raise error_type(self.platform, operation, said=self._reason(error)) from error
            finally:
                self._on_request(self.platform, write, time.perf_counter() - began, status)

    def require_not_limited(self, operation: str) -> None:
        """Raises ``RateLimited`` while the platform wants us to wait. A write's own reads would wait silently."""
        wait = self.rate_limiter.blocked_for
        if wait > 0:
            raise RateLimited(self.platform, operation, retry_after=wait)

    async def block_for(self, seconds: float) -> None:
        """Lets no call with this credential go for this long, also after a restart."""
        with suppress(RateLimitNotStored):  # the store has logged it, and this process waits anyway
            await self.rate_limiter.block_for(seconds)

    def same_origin(self, link: str) -> str | None:
        """``link`` (absolute or relative) in full, or None where our credential must not be sent."""
        try:
            url = self._base.join(link)
        except httpx.InvalidURL:
            return None
        return str(url) if _origin(url) == _origin(self._base) else None

    def _reason(self, error: Exception) -> str:
        reason = type(error).__name__ if not str(error) else f"{type(error).__name__}: {error}"
        return self._connections.without_secrets(reason.encode("utf-8", "replace")).decode()

    def _join(self, path: str, operation: str) -> str:
        if "://" not in path:
            return path.lstrip("/")
        if self.same_origin(path) is None:
            raise BadResponse(self.platform, operation, key="platform.foreign_link", said=path)
        return path

    async def _error(self, response: Response, operation: str, write: bool) -> AdapterError:
        if response.status == 429:
            wait = retry_after(response.headers, self.rate_limiter.next_backoff())
            await self.block_for(wait)
            return RateLimited(self.platform, operation, retry_after=wait)
        if self._map_error is not None:
            error = self._map_error(response, operation, write)
            if error is not None:
                return error
        return error_from_status(response, self.platform, operation, write)


def _rate_limit_key(url: httpx.URL, credential: str) -> str:
    """It is stored, so it must not reveal the credential."""
    return hashlib.sha256(f"{_origin(url)}\n{credential}".encode()).hexdigest()[:32]


def _origin(url: httpx.URL) -> str:
    port = url.port or {"https": 443, "http": 80}.get(url.scheme)
    return f"{url.scheme}://{url.host}:{port}"
