"""What a platform answers costs us a bounded time and room, and is read whatever it is: anybody may stand behind a
webhook that a case names, and a gateway may be broken."""

import gzip
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from adapters.errors import AdapterError, BadResponse, OutcomeUnknown, Unreachable
from adapters.http.client import HttpClient, HttpClients
from adapters.http.responses import MAX_BODY
from adapters.testing.fake_server import Fake, Seen


class Strange(Fake):
    """Answers 200 in the way that the path says."""

    async def handle(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        match seen.path:
            case "/bomb":
                packed = gzip.compress(b"[" + b" " * (2 * MAX_BODY) + b"]")
                return web.Response(body=packed, headers={"Content-Encoding": "gzip"})
            case "/deep":
                return web.Response(body=b"[" * 200_000 + b"]" * 200_000)
            case "/half":
                return web.Response(body=rb'{"title": "cut \ud83d", "\udc00": ["\ud83d\ude00"]}')
        answer = web.StreamResponse()
        await answer.prepare(request)
        while request.transport is not None and not request.transport.is_closing():
            await answer.write(b" ")
        return answer


@pytest.fixture
async def strange() -> AsyncIterator[Strange]:
    async with Strange() as fake:
        yield fake


def client(url: str, total_timeout: float = 60.0) -> HttpClient:
    return HttpClients(total_timeout=total_timeout).client("it", url, credential="c", headers={})


async def _refused(http: HttpClient, path: str, *, write: bool) -> AdapterError:
    with pytest.raises(AdapterError) as refused:
        await (http.write("POST", path, operation="x") if write else http.read(path, operation="x"))
    return refused.value


async def test_an_answer_that_unpacks_without_end_is_not_kept(strange: Strange) -> None:
    http = client(strange.url)
    assert isinstance(await _refused(http, "bomb", write=True), OutcomeUnknown)
    assert isinstance(await _refused(http, "bomb", write=False), BadResponse)
    assert len(strange.seen) == 2, "a read that is too long is not asked for again"
    assert await http.read("half", operation="x"), "and the connection is free for others"


async def test_an_answer_that_never_ends_holds_nobody_up(strange: Strange) -> None:
    http = client(strange.url, total_timeout=0.3)
    assert isinstance(await _refused(http, "drip", write=True), OutcomeUnknown)
    assert isinstance(await _refused(http, "drip", write=False), Unreachable)


async def test_json_too_deep_to_read_is_an_answer_that_cannot_be_read(strange: Strange) -> None:
    http = client(strange.url)
    assert isinstance(await _refused(http, "deep", write=True), OutcomeUnknown)
    assert isinstance(await _refused(http, "deep", write=False), BadResponse)
    assert await http.write("POST", "deep", operation="x", expect_json=False) is None


async def test_half_a_surrogate_pair_does_not_keep_an_answer_from_being_stored(strange: Strange) -> None:
    said = await client(strange.url).read("half", operation="x")
    assert said == {"title": "cut �", "�": ["😀"]}
    assert str(said).encode()
