"""A write is sent once, also on a connection that the server drops instead of answering."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from adapters.errors import OutcomeUnknown, Unreachable
from adapters.http.client import HttpClient, HttpClients

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@asynccontextmanager
async def client_of(
    answer: Callable[[int], bytes | None],
) -> AsyncIterator[tuple[HttpClient, list[str]]]:
    """``answer`` gets the number of the request, from 0; None drops the connection. With the requests so far."""
    requests: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not reader.at_eof():
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
            except asyncio.IncompleteReadError:
                break
            length = [line for line in head.lower().split("\r\n") if line.startswith("content-length:")]
            await reader.readexactly(int(length[0].partition(":")[2]) if length else 0)
            requests.append(head.split("\r\n")[0].removesuffix(" HTTP/1.1"))
            content = answer(len(requests) - 1)
            if content is None:
                break
            writer.write(content)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    clients = HttpClients()
    try:
        yield clients.client("acme", f"http://127.0.0.1:{port}/api", credential="", headers={}), requests
    finally:
        await clients.close()
        server.close()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST"])
async def test_write_on_a_dropped_connection_is_unknown_and_sent_once(method: str) -> None:
    async with client_of(lambda number: OK if number == 0 else None) as (client, requests):
        await client.read("tasks", operation="show")

        with pytest.raises(OutcomeUnknown):
            await client.write(method, "tasks/1", operation="finish", json={"a": 1})

        assert requests == ["GET /api/tasks", f"{method} /api/tasks/1"]


async def test_read_on_a_dropped_connection_is_repeated() -> None:
    async with client_of(lambda number: None if number == 1 else OK) as (client, requests):
        for _ in range(2):
            await client.read("tasks", operation="show", params={"q": "a b&c", "all": True, "page[size]": 2})

        assert requests == ["GET /api/tasks?q=a+b%26c&all=true&page%5Bsize%5D=2"] * 3


async def test_credential_that_no_header_can_hold_is_not_sent() -> None:
    client = HttpClients().client("acme", "http://127.0.0.1:1", credential="", headers={"Token": "a\nb"})

    with pytest.raises(Unreachable):
        await client.write("PUT", "tasks/1", operation="finish")
