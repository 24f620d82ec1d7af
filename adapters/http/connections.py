"""The connections of one client, and what must not be quoted from their responses."""

import asyncio
import math
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx

from adapters.deadline import Deadline, DeadlinePassed
from adapters.http.responses import read_body

KEEP_IDLE_SECONDS = 2.0
SHORTEST_SECRET = 12  # characters; a shorter word may be part of any response
_NOT_SECRET = ("accept", "content-type", "core-url")


@dataclass
class Connections:
    """httpx clients with one connection each. The one that was used last is used first.

    A single client with a pool checks every pooled connection at every request, with a system call each. With 16
    connections that took a third of the time of a command (measured with ``make bench``).
    """

    base: httpx.URL
    headers: dict[str, str]
    timeout: httpx.Timeout
    total_timeout: float
    secrets: Sequence[bytes]
    _free: list[httpx.AsyncClient] = field(default_factory=list)
    _all: list[httpx.AsyncClient] = field(default_factory=list)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        client = self._free.pop() if self._free else self._open()
        try:
            yield client
        finally:
            self._free.append(client)

    async def exchange(
        self,
        method: str,
        url: httpx.URL | str,
        json: Any,
        params: Mapping[str, Any] | None,
        deadline: Deadline | None = None,
        leave_by: float = math.inf,
    ) -> tuple[httpx.Response, bytes]:
        """Raises httpx's errors, ``TimeoutError`` and ``ResponseTooLarge``, and ``DeadlinePassed`` or
        ``LeftTooLate`` if nothing was sent because of that."""
        is_free = deadline is None and leave_by == math.inf
        departure = None if is_free else _Departure(deadline, leave_by)
        seconds = self.total_timeout if deadline is None else min(self.total_timeout, deadline.remaining())
        extensions = None if departure is None else {"trace": departure.trace}
        try:
            async with (
                self.client() as client,
                asyncio.timeout(seconds),
                client.stream(method, url, json=json, params=params, extensions=extensions) as response,
            ):
                return response, await read_body(response.aiter_bytes())
        except TimeoutError:
            if deadline is not None and departure is not None and not departure.has_left:
                raise DeadlinePassed("there was no time left to send it") from None
            raise

    def without_secrets(self, content: bytes) -> bytes:
        for secret in self.secrets:
            content = content.replace(secret, b"[secret]")
        return content

    def _open(self) -> httpx.AsyncClient:
        client = httpx.AsyncClient(
            base_url=self.base,
            headers=self.headers,
            timeout=self.timeout,
            limits=httpx.Limits(max_connections=1, keepalive_expiry=KEEP_IDLE_SECONDS),
            verify=_ssl_context() if self.base.scheme == "https" else False,
            follow_redirects=False,
            trust_env=False,
        )
        self._all.append(client)
        return client

    async def close(self) -> None:
        for client in self._all:
            await client.aclose()


class LeftTooLate(Exception):
    """The turn of the call was over before it could be sent."""


class _Departure:
    """Looks at the clock when a connection is there and the first byte of the request is about to be sent."""

    def __init__(self, deadline: Deadline | None, leave_by: float) -> None:
        self._deadline = deadline
        self._leave_by = leave_by
        self.has_left = False

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith("send_request_headers.started"):
            if self._deadline is not None:
                self._deadline.require()
            if asyncio.get_running_loop().time() > self._leave_by:
                raise LeftTooLate
            self.has_left = True


def secrets_in(credential: str, headers: Mapping[str, str]) -> Sequence[bytes]:
    """Every word that is long enough to be a secret, the longest first, as one may contain another."""
    values = [credential, *(value for name, value in headers.items() if name.lower() not in _NOT_SECRET)]
    words = {word for value in values for word in value.split() if len(word) >= SHORTEST_SECRET}
    return [word.encode() for word in sorted(words, key=len, reverse=True)]


@cache
def _ssl_context() -> ssl.SSLContext:
    """Created once: loading the certificate authorities takes longer than a request."""
    return httpx.create_ssl_context(trust_env=False)
