"""Callers that we know nothing of yet can neither hold a connection nor fill the memory. Over real sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import uvicorn

from bot.server import web
from bot.server.request_limits import LimitedHttpProtocol
from tests.bot.server.test_web import App, Server

SOON = 0.3  # seconds


class Hasty(LimitedHttpProtocol):
    head_seconds = SOON


class Patient(LimitedHttpProtocol):
    head_seconds = 600.0


@asynccontextmanager
async def served(protocol: type[LimitedHttpProtocol] = Hasty) -> AsyncIterator[int]:
    app = web.build(App(), {}, body_seconds=SOON)
    server = Server(uvicorn.Config(app, http=protocol, log_config=None, lifespan="off", access_log=False))
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        serving = asyncio.create_task(server._serve([port]))
        await server.up.wait()
        yield port.getsockname()[1]
        server.should_exit = True
        await serving


async def says(port: int, *pieces: bytes, pause: float = 0.0) -> bytes:
    """All that comes back until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(20):
            with suppress(ConnectionError):
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(pause)
            with suppress(ConnectionError):
                return await reader.read()
        return b""
    finally:
        writer.close()


async def test_a_caller_who_says_nothing_is_hung_up() -> None:
    async with served() as port:
        assert await says(port) == b""
        assert await says(port, b"POST /slack/events HTTP/1.1\r\n", b"Host: x\r\n", b"X: y\r\n", pause=0.1) == b""


async def test_a_second_request_that_dribbles_is_hung_up() -> None:
    async with served() as port:
        said = await says(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /he", pause=0.05)
        assert said.count(b"HTTP/1.1 200") == 1


async def test_a_head_without_end_is_refused_and_not_kept() -> None:
    lines = [b"GET /healthz HTTP/1.1\r\n", *(b"X-%d: %s\r\n" % (number, b"a" * 10_000) for number in range(50))]
    async with served(Patient) as port:
        assert b"200" not in await says(port, *lines)
        assert b"200" in (await says(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))


async def test_a_body_that_dribbles_is_given_up() -> None:
    head = b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n"
    async with served(LimitedHttpProtocol) as port:
        assert (await says(port, head, b"a")).startswith(b"HTTP/1.1 408")


async def test_a_body_for_nobody_that_dribbles_is_hung_up() -> None:
    head = b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"
    async with served() as port:
        said = await says(port, head, *[b"a"] * 40, pause=0.1)
    assert said == b"" or said.startswith(b"HTTP/1.1 404"), "hung up, perhaps before the answer was read"


async def test_a_body_in_pieces_is_taken() -> None:
    head = b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"
    async with served(LimitedHttpProtocol) as port:
        assert (await says(port, head, b"a", b"bc", pause=0.02)).endswith(b"\r\n\r\n3")


async def test_what_is_no_path_leaves_no_fault() -> None:
    async with served(LimitedHttpProtocol) as port:
        said = await says(port, b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert said.startswith(b"HTTP/1.1 404")
