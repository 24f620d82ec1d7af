"""Unauthenticated clients can neither block connections nor fill the memory. Over real sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import uvicorn

from bot.server import web
from bot.server.request_limits import LimitedHttpProtocol
from tests.bot.server.test_web import App, Server

TIMEOUT_SECONDS = 0.3


class ShortTimeout(LimitedHttpProtocol):
    head_seconds = TIMEOUT_SECONDS


class LongTimeout(LimitedHttpProtocol):
    head_seconds = 600.0


@asynccontextmanager
async def served(protocol: type[LimitedHttpProtocol] = ShortTimeout) -> AsyncIterator[int]:
    app = web.build(App(), {}, body_seconds=TIMEOUT_SECONDS)
    server = Server(uvicorn.Config(app, http=protocol, log_config=None, lifespan="off", access_log=False))
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        serving = asyncio.create_task(server._serve([port]))
        await server.up.wait()
        yield port.getsockname()[1]
        server.should_exit = True
        await serving


async def send(port: int, *pieces: bytes, pause: float = 0.0) -> bytes:
    """Everything that comes back until the server closes the connection."""
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


async def test_a_client_that_sends_no_request_is_disconnected() -> None:
    async with served() as port:
        assert await send(port) == b""
        assert await send(port, b"POST /slack/events HTTP/1.1\r\n", b"Host: x\r\n", b"X: y\r\n", pause=0.1) == b""


async def test_a_client_with_a_slow_second_request_is_disconnected() -> None:
    async with served() as port:
        received = await send(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /he", pause=0.05)
        assert received.count(b"HTTP/1.1 200") == 1


async def test_a_head_without_an_end_is_rejected_and_not_buffered() -> None:
    lines = [b"GET /healthz HTTP/1.1\r\n", *(b"X-%d: %s\r\n" % (number, b"a" * 10_000) for number in range(50))]
    async with served(LongTimeout) as port:
        assert b"200" not in await send(port, *lines)
        assert b"200" in (await send(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))


async def test_a_slow_body_gets_a_timeout() -> None:
    head = b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n"
    async with served(LimitedHttpProtocol) as port:
        assert (await send(port, head, b"a")).startswith(b"HTTP/1.1 408")


async def test_a_slow_body_for_an_unknown_path_is_disconnected() -> None:
    head = b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"
    async with served() as port:
        received = await send(port, head, *[b"a"] * 40, pause=0.1)
    assert received == b"" or received.startswith(b"HTTP/1.1 404"), (
        "disconnected, perhaps before the response was read"
    )


async def test_a_body_in_pieces_is_accepted() -> None:
    head = b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"
    async with served(LimitedHttpProtocol) as port:
        assert (await send(port, head, b"a", b"bc", pause=0.02)).endswith(b"\r\n\r\n3")


async def test_a_request_without_a_path_gets_404() -> None:
    async with served(LimitedHttpProtocol) as port:
        received = await send(port, b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert received.startswith(b"HTTP/1.1 404")


async def test_a_client_that_never_reads_is_disconnected() -> None:
    """It asks for more than fits into the buffers of both ends, and reads nothing."""
    asked = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 20_000
    async with served() as port:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", port))
            client.setblocking(False)
            loop = asyncio.get_running_loop()
            with suppress(ConnectionError):
                async with asyncio.timeout(20):
                    await loop.sock_sendall(client, asked)
                    while True:
                        await loop.sock_sendall(client, asked)
