"""A write is sent once, also on a connection that the server drops instead of answering."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from adapters.errors import OutcomeUnknown, Unreachable
from adapters.http.client import HttpClient, HttpClients

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@asynccontextmanager
async def client_of(
    answer: Callable[[int], bytes | None],
    *,
    answers_of_a_connection: int = 100,
) -> AsyncIterator[tuple[HttpClient, list[str]]]:
    """``answer`` gets the number of the request, from 0; None drops the connection. With the requests so far.

    A connection is closed, without a word, after ``answers_of_a_connection``.
    """
    requests: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answered = 0
        while not reader.at_eof() and answered < answers_of_a_connection:
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
            answered += 1
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


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST"])
async def test_write_after_the_server_closed_a_kept_connection_uses_another_one(method: str) -> None:
    async with client_of(lambda number: OK, answers_of_a_connection=1) as (client, requests):
        for number in range(20):
            await client.write(method, f"tasks/{number}", operation="finish", json={"a": 1})
            await asyncio.sleep(0.01)

        assert requests == [f"{method} /api/tasks/{number}" for number in range(20)]


async def test_write_that_nobody_accepts_was_not_sent() -> None:
    clients = HttpClients()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        client = clients.client("acme", f"http://127.0.0.1:{unused.getsockname()[1]}", credential="", headers={})

        with pytest.raises(Unreachable):
            await client.write("PUT", "tasks/1", operation="finish")

    await clients.close()


async def test_silent_server_is_unknown_to_a_write() -> None:
    async def ignore(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(ignore, "127.0.0.1", 0)
    clients = HttpClients(timeout=0.2)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    with pytest.raises(OutcomeUnknown):
        await clients.client("acme", url, credential="", headers={}).write("PATCH", "tasks/1", operation="finish")

    await clients.close()
    server.close()


async def test_credential_that_no_header_can_hold_is_not_sent() -> None:
    client = HttpClients().client("acme", "http://127.0.0.1:1", credential="", headers={"Token": "a\nb"})

    with pytest.raises(Unreachable):
        await client.write("PUT", "tasks/1", operation="finish")
