"""The web routes: who may hint, what readiness says, and what a body may weigh. Over real HTTP."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.observability import metrics
from bot.server import web

SECRET = "a-hook-secret-of-32-characters-xx"


@dataclass
class App:
    """An application that remembers its hints, with one route of a chat."""

    parts: dict[str, bool] = field(default_factory=lambda: {"database": True, "engine": True})
    hints: list[str] = field(default_factory=list)
    looked_at: "asyncio.Queue[tuple[str, bytes]]" = field(default_factory=asyncio.Queue)

    def routes(self) -> Sequence[BaseRoute]:
        async def echo(request: Request) -> Response:
            return PlainTextResponse(str(len(await request.body())))

        return [Route("/slack/events", echo, methods=["POST"])]

    def readiness(self) -> Mapping[str, bool]:
        return self.parts

    async def hint(self, name: str, said: bytes) -> None:
        self.hints.append(name)

    async def confirm(self, name: str, said: bytes) -> None:
        self.looked_at.put_nowait((name, said))


class Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


@asynccontextmanager
async def served(app: App) -> AsyncIterator[aiohttp.ClientSession]:
    server = Server(
        uvicorn.Config(web.build(app, {"cut": SECRET}), log_config=None, lifespan="off", access_log=False)
    )
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        serving = asyncio.create_task(server._serve([port]))
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port.getsockname()[1]}") as session:
            await server.up.wait()
            yield session
        server.should_exit = True
        await serving


async def test_a_hook_with_its_secret_is_a_hint() -> None:
    app = App()
    async with served(app) as session, session.post(f"/hooks/cut/{SECRET}", data=b"anything") as answer:
        assert answer.status == 200
    assert app.hints == ["cut"]


async def test_what_a_hook_brings_is_looked_at_once_it_is_answered() -> None:
    """A platform may want a call back, and not listen before its own call has an answer."""
    answered = asyncio.Event()

    class Waiting(App):
        async def confirm(self, name: str, said: bytes) -> None:
            await answered.wait()
            await super().confirm(name, said)

    app = Waiting()
    async with served(app) as session:
        async with session.post(f"/hooks/cut/{SECRET}", data=b"verify me") as answer:
            assert answer.status == 200
            await answer.read()
        answered.set()
        assert await asyncio.wait_for(app.looked_at.get(), 20) == ("cut", b"verify me")


@pytest.mark.parametrize(
    "path", [f"/hooks/cut/{SECRET}x", "/hooks/cut/no", f"/hooks/other/{SECRET}", "/hooks/cut/é"]
)
async def test_any_other_hook_is_not_there(path: str) -> None:
    app = App()
    async with served(app) as session:
        async with session.post(path) as answer:
            assert answer.status == 404
            assert "cut" not in await answer.text()
        async with session.get(f"/hooks/cut/{SECRET}") as answer:
            assert answer.status == 405
    assert app.hints == []


def test_a_platform_without_a_secret_has_no_hook() -> None:
    assert not web._same("no such hook", None)


async def test_readiness_names_what_fails() -> None:
    app = App()
    async with served(app) as session:
        async with session.get("/readyz") as answer:
            assert answer.status == 200
        app.parts["slack socket"] = False
        async with session.get("/readyz") as answer:
            assert answer.status == 503
            assert (await answer.json())["failing"] == ["slack socket"]
        async with session.get("/healthz") as answer:
            assert answer.status == 200


async def test_metrics_are_prometheus_text() -> None:
    metrics.message("slack", "done")
    metrics.effect("cutover", "finish", "unknown")
    metrics.acknowledged("slack", 0.02)
    metrics.queue_depth(7)
    async with served(App()) as session, session.get("/metrics") as answer:
        text = await answer.text()
        assert answer.headers["content-type"].startswith("text/plain")
    assert 'liaison_messages_total{result="done",surface="slack"}' in text
    assert 'liaison_effects_total{op="finish",outcome="unknown",platform="cutover"}' in text
    assert 'liaison_ack_seconds_bucket{le="0.025",surface="slack"}' in text
    assert "liaison_queue_depth 7.0" in text


async def test_a_body_that_is_too_large_is_refused() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 65536

    async with served(App()) as session:
        async with session.post("/slack/events", data=b"x" * web.LARGEST_BODY) as answer:
            assert await answer.text() == str(web.LARGEST_BODY)
        async with session.post("/slack/events", data=b"x" * (web.LARGEST_BODY + 1)) as answer:
            assert answer.status == 413
        async with session.post("/slack/events", data=pieces()) as answer:
            assert answer.status == 413
