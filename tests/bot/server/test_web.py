"""The web routes: webhooks, readiness, metrics and the size of bodies. Over real HTTP."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import aiohttp
import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from adapters.protocol import CheckResult, CheckStatus
from bot.observability import metrics
from bot.server import web
from bot.surfaces.protocol import Reception

SECRET = "a-hook-secret-of-32-characters-xx"


@dataclass
class App:
    """An application with one chat route, which remembers the webhooks that it gets."""

    parts: dict[str, bool] = field(default_factory=lambda: {"database": True, "engine": True})
    receptions: dict[str, Reception] = field(default_factory=dict)
    hints: list[str] = field(default_factory=list)
    verified: "asyncio.Queue[tuple[str, bytes]]" = field(default_factory=asyncio.Queue)

    def routes(self) -> Sequence[BaseRoute]:
        async def echo(request: Request) -> Response:
            return PlainTextResponse(str(len(await request.body())))

        return [Route("/slack/events", echo, methods=["POST"])]

    def readiness(self) -> Mapping[str, bool]:
        return self.parts

    def reception(self) -> Mapping[str, Reception]:
        return self.receptions

    async def update_gauges(self) -> None:
        metrics.set_active_runs({"cutover": 3})

    async def hint(self, platform: str, body: bytes) -> None:
        self.hints.append(platform)

    async def verify_webhook(self, platform: str, body: bytes) -> None:
        self.verified.put_nowait((platform, body))


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


async def test_a_webhook_with_its_secret_is_a_hint() -> None:
    app = App()
    async with served(app) as session, session.post(f"/hooks/cut/{SECRET}", data=b"anything") as response:
        assert response.status == 200
    assert app.hints == ["cut"]


async def test_a_webhook_is_verified_after_it_was_answered() -> None:
    """A platform may want to be called back, but not accept calls until its own call is answered."""
    answered = asyncio.Event()

    class WaitingApp(App):
        async def verify_webhook(self, platform: str, body: bytes) -> None:
            await answered.wait()
            await super().verify_webhook(platform, body)

    app = WaitingApp()
    async with served(app) as session:
        async with session.post(f"/hooks/cut/{SECRET}", data=b"verify me") as response:
            assert response.status == 200
            await response.read()
        answered.set()
        assert await asyncio.wait_for(app.verified.get(), 20) == ("cut", b"verify me")


@pytest.mark.parametrize(
    "path", [f"/hooks/cut/{SECRET}x", "/hooks/cut/no", f"/hooks/other/{SECRET}", "/hooks/cut/é"]
)
async def test_a_webhook_without_its_secret_is_not_found(path: str) -> None:
    app = App()
    async with served(app) as session:
        async with session.post(path) as response:
            assert response.status == 404
            assert "cut" not in await response.text()
        async with session.get(f"/hooks/cut/{SECRET}") as response:
            assert response.status == 405
    assert app.hints == []


def test_a_platform_without_a_secret_has_no_webhook() -> None:
    assert not web._is_secret_of_hook("no such hook", None)


async def test_readiness_names_the_failing_parts() -> None:
    app = App()
    async with served(app) as session:
        async with session.get("/readyz") as response:
            assert response.status == 200
        app.parts["slack socket"] = False
        async with session.get("/readyz") as response:
            assert response.status == 503
            assert (await response.json())["failing"] == ["slack socket"]
        async with session.get("/healthz") as response:
            assert response.status == 200


async def test_readiness_shows_since_when_nothing_was_received() -> None:
    at = datetime(2026, 11, 30, 14, 2, tzinfo=UTC)
    revoked = CheckResult(status=CheckStatus.FIX, summary="the token was revoked", fix="make a new one")
    app = App(receptions={"slack": Reception(at, revoked), "mattermost": Reception()})
    async with served(app) as session, session.get("/readyz") as response:
        chats = (await response.json())["chats"]
    assert chats["slack"] == {"last_received": "2026-11-30T14:02:00+00:00", "problem": "the token was revoked"}
    assert chats["mattermost"] == {"last_received": None, "problem": None}


async def test_metrics_are_in_the_prometheus_text_format() -> None:
    metrics.count_message("slack", "done")
    metrics.count_effect("cutover", "finish", "unknown")
    metrics.observe_ack("slack", 0.02)
    metrics.set_queue_depth(7)
    async with served(App()) as session, session.get("/metrics") as response:
        text = await response.text()
        assert response.headers["content-type"].startswith("text/plain")
    assert 'liaison_messages_total{result="done",surface="slack"}' in text
    assert 'liaison_effects_total{op="finish",outcome="unknown",platform="cutover"}' in text
    assert 'liaison_ack_seconds_bucket{le="0.025",surface="slack"}' in text
    assert "liaison_queue_depth 7.0" in text
    assert 'liaison_active_runs{platform="cutover"} 3.0' in text


async def test_a_client_that_leaves_in_the_middle_of_its_request_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = App()
    async with served(app) as session:
        assert session._base_url is not None
        port = session._base_url.port
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /slack/events HTTP/1.1\r\nHost: liaison\r\nContent-Length: 100\r\n\r\nhalf of it")
        await writer.drain()
        async with session.get("/healthz") as response:
            assert response.status == 200
        writer.close()
        await writer.wait_closed()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_body_that_is_too_large_is_rejected() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 65536

    async with served(App()) as session:
        async with session.post("/slack/events", data=b"x" * web.MAX_BODY_BYTES) as response:
            assert await response.text() == str(web.MAX_BODY_BYTES)
        async with session.post("/slack/events", data=b"x" * (web.MAX_BODY_BYTES + 1)) as response:
            assert response.status == 413
        async with session.post("/slack/events", data=pieces()) as response:
            assert response.status == 413
