"""A response takes bounded time and memory, and is read whatever it contains: a gateway may be broken."""

import gzip
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from adapters.errors import AdapterError, BadResponse, OutcomeUnknown, Unreachable
from adapters.http.client import HttpClient, HttpClients
from adapters.http.responses import MAX_BODY
from adapters.testing.fake_server import Fake, Seen


class OddServer(Fake):
    """Responds with 200 and a body that depends on the path."""

    async def handle(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        match seen.path:
            case "/bomb":
                packed = gzip.compress(b"[" + b" " * (2 * MAX_BODY) + b"]")
                return web.Response(body=packed, headers={"Content-Encoding": "gzip"})
            case "/deep":
                return web.Response(body=b"[" * 200_000 + b"]" * 200_000)
            case "/half":
                return web.Response(body=rb'{"title": "cut \ud83d", "\udc00": ["\ud83d\ude00"]}')
        response = web.StreamResponse()
        await response.prepare(request)
        while request.transport is not None and not request.transport.is_closing():
            await response.write(b" ")
        return response


@pytest.fixture
async def server() -> AsyncIterator[OddServer]:
    async with OddServer() as fake:
        yield fake


def client(url: str, total_timeout: float = 60.0) -> HttpClient:
    return HttpClients(total_timeout=total_timeout).client("example", url, credential="c", headers={})


async def _error(http: HttpClient, path: str, *, write: bool) -> AdapterError:
    with pytest.raises(AdapterError) as refused:
        await (http.write("POST", path, operation="x") if write else http.read(path, operation="x"))
    return refused.value


async def test_a_body_that_decompresses_to_too_much_is_not_read(server: OddServer) -> None:
    http = client(server.url)
    assert isinstance(await _error(http, "bomb", write=True), OutcomeUnknown)
    assert isinstance(await _error(http, "bomb", write=False), BadResponse)
    assert len(server.seen) == 2, "a read that is too large is not repeated"
    assert await http.read("half", operation="x"), "the connection can be used again"


async def test_a_body_that_never_ends_times_out(server: OddServer) -> None:
    http = client(server.url, total_timeout=0.3)
    assert isinstance(await _error(http, "drip", write=True), OutcomeUnknown)
    assert isinstance(await _error(http, "drip", write=False), Unreachable)


async def test_json_that_is_nested_too_deeply_cannot_be_read(server: OddServer) -> None:
    http = client(server.url)
    assert isinstance(await _error(http, "deep", write=True), OutcomeUnknown)
    assert isinstance(await _error(http, "deep", write=False), BadResponse)
    assert await http.write("POST", "deep", operation="x", expect_json=False) is None


async def test_half_a_surrogate_pair_is_replaced(server: OddServer) -> None:
    body = await client(server.url).read("half", operation="x")
    assert body == {"title": "cut �", "�": ["😀"]}
    assert str(body).encode()
