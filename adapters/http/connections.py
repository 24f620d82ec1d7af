"""The connections of one client, and what must not be quoted from their responses."""

import re
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from json import JSONEncoder
from typing import Any

import httpx
from yarl import URL

from adapters.http.responses import read_body
from adapters.http.transport import Timeouts, Transport, stream_of

SHORTEST_SECRET = 12  # characters; a shorter word may be part of any response
_DEFAULT_HEADERS = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate", "User-Agent": "liaison"}
_JSON = JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)  # as httpx writes it
_IS_JSON = ("Content-Type", "application/json")
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_~-]+(?:[./][A-Za-z0-9_~-]+)*/?")
_NOT_SECRET = ("accept", "content-type", "core-url")


@dataclass
class Connections:
    """Requests of httpx go to the transport as they are: a client of httpx would look for cookies, redirects and
    credentials each time, which costs as much as sending the request."""

    base: httpx.URL
    headers: Mapping[str, str]
    timeouts: Timeouts
    secrets: Sequence[bytes]
    _transport: Transport | None = field(default=None, init=False)
    _headers: httpx.Headers = field(init=False)
    _plain_headers: Sequence[tuple[str, str]] = field(init=False)
    _json_headers: Sequence[tuple[str, str]] = field(init=False)
    _plain_base: str = field(init=False)

    def __post_init__(self) -> None:
        self._headers = httpx.Headers({**_DEFAULT_HEADERS, **self.headers})
        self._plain_headers = [(name.decode(), value.decode()) for name, value in self._headers.raw]
        has_type = "content-type" in self._headers
        self._json_headers = self._plain_headers if has_type else [*self._plain_headers, _IS_JSON]
        base = self.base
        self._plain_base = f"{base.scheme}://{base.netloc.decode()}{base.raw_path.decode()}"

    async def exchange(
        self, method: str, url: str, json: Any, params: Mapping[str, Any] | None
    ) -> tuple[httpx.Response, bytes]:
        """Raises httpx's errors, ``TimeoutError`` and ``ResponseTooLarge``."""
        if not params and _PLAIN_PATH.fullmatch(url):  # which httpx need not read, nor quote
            target = URL(f"{self._plain_base}{url}", encoded=True)
            headers, content = self._plain_headers, b""
            if json is not None:
                headers, content = self._json_headers, _JSON.encode(json).encode()
            return await _receive(await self._open().send(method, target, headers, content))
        request = httpx.Request(method, self._absolute(url), params=params, headers=self._headers, json=json)
        return await _receive(await self._open().handle_async_request(request))

    def _absolute(self, url: str) -> str:
        return url if "://" in url else f"{self.base}{url}"

    def without_secrets(self, content: bytes) -> bytes:
        for secret in self.secrets:
            content = content.replace(secret, b"[secret]")
        return content

    def _open(self) -> Transport:
        if self._transport is None:
            self._transport = Transport(self.timeouts, _ssl_context() if self.base.scheme == "https" else None)
        return self._transport

    async def close(self) -> None:
        if self._transport is not None:
            await self._transport.aclose()


async def _receive(response: httpx.Response) -> tuple[httpx.Response, bytes]:
    try:
        is_encoded = "content-encoding" in response.headers
        return response, await read_body(response.aiter_bytes() if is_encoded else stream_of(response))
    finally:
        await response.aclose()


def secrets_in(credential: str, headers: Mapping[str, str]) -> Sequence[bytes]:
    """Every word that is long enough to be a secret, the longest first, as one may contain another."""
    values = [credential, *(value for name, value in headers.items() if name.lower() not in _NOT_SECRET)]
    words = {word for value in values for word in value.split() if len(word) >= SHORTEST_SECRET}
    return [word.encode() for word in sorted(words, key=len, reverse=True)]


@cache
def _ssl_context() -> ssl.SSLContext:
    """Created once: loading the certificate authorities takes longer than a request."""
    return httpx.create_ssl_context(trust_env=False)
