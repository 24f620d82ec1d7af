"""The proxy that the torture puts between programs."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from adapters.testing.fake_server import Fake, Seen
from tests.torture.wire import Wire

BODY = b"x" * 1000


class Echo(Fake):
    async def handle(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        return web.Response(body=seen.body or b"nothing")


@pytest_asyncio.fixture
async def servers() -> AsyncIterator[tuple[Echo, Echo]]:
    async with Echo() as first, Echo() as second:
        yield first, second


async def _post(wire: Wire, seconds: float = 20) -> bytes:
    timeout = aiohttp.ClientTimeout(total=seconds)
    async with aiohttp.ClientSession(timeout=timeout) as session, session.post(wire.url, data=BODY) as response:
        return await response.read()


async def test_connections_are_spread_over_those_who_accept_them(servers: tuple[Echo, Echo]) -> None:
    first, second = servers
    async with Wire(first.port, second.port) as wire:
        for _ in range(4):
            assert await _post(wire) == BODY
        assert (len(first.seen), len(second.seen)) == (2, 2)
        await first.stop()
        for _ in range(4):
            assert await _post(wire) == BODY
        assert len(second.seen) == 6


async def test_a_request_of_which_only_a_part_arrives_is_not_handled(servers: tuple[Echo, Echo]) -> None:
    server, _ = servers
    async with Wire(server.port) as wire:
        wire.cut_next("request", 0.5)
        with pytest.raises(aiohttp.ClientError):
            await _post(wire)
        assert wire.hit
        assert server.seen == []
        assert await _post(wire) == BODY


async def test_a_request_whose_response_is_cut_was_handled(servers: tuple[Echo, Echo]) -> None:
    server, _ = servers
    async with Wire(server.port) as wire:
        wire.cut_next("response", 0.5)
        with pytest.raises(aiohttp.ClientError):
            await _post(wire)
        assert len(server.seen) == 1


async def test_refused_connections_are_accepted_again_on_the_same_port(servers: tuple[Echo, Echo]) -> None:
    async with Wire(servers[0].port) as wire:
        port = wire.port
        wire.refuse()
        with pytest.raises(aiohttp.ClientConnectionError):
            await _post(wire)
        await wire.accept()
        assert (wire.port, await _post(wire)) == (port, BODY)


async def test_what_is_held_up_arrives_later(servers: tuple[Echo, Echo]) -> None:
    async with Wire(servers[0].port) as wire:
        wire.hold()
        with pytest.raises(TimeoutError):
            await _post(wire, 0.2)
        assert servers[0].seen == []
        wire.heal()
        assert await _post(wire) == BODY
