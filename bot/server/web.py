"""The ASGI application: the chats' routes, platforms' webhooks, and what a watchman asks.

``POST /hooks/NAME/SECRET`` is only a hint to read runs again: nothing that its body says of them is believed.
"""

import asyncio
import hmac
import time
from collections.abc import Mapping, Sequence
from typing import Protocol

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.observability import metrics

LARGEST_BODY = 1024 * 1024  # bytes; a chat's form with every field full is far below
BODY_SECONDS = 10.0  # chats give up on us after 3 s


class Serving(Protocol):
    """What ``bot.app.Application`` is to the web."""

    def routes(self) -> Sequence[BaseRoute]: ...

    def readiness(self) -> Mapping[str, bool]: ...

    async def hint(self, name: str, said: bytes) -> None: ...

    async def confirm(self, name: str, said: bytes) -> None: ...


def build(serving: Serving, hook_secrets: Mapping[str, str], body_seconds: float = BODY_SECONDS) -> ASGIApp:
    """``hook_secrets``: NAME of ``[platforms.NAME]`` -> its ``hook_secret``, for those that have one."""

    async def hook(request: Request) -> Response:
        name = request.path_params["name"]
        if not _same(request.path_params["secret"], hook_secrets.get(name)):
            return PlainTextResponse("not found", status_code=404)
        said = await request.body()
        await serving.hint(name, said)
        return JSONResponse({"ok": True}, background=BackgroundTask(serving.confirm, name, said))

    async def alive(_: Request) -> Response:
        return JSONResponse({"alive": True})

    async def ready(_: Request) -> Response:
        parts = dict(serving.readiness())
        failing = sorted(part for part, works in parts.items() if not works)
        return JSONResponse(
            {"ready": not failing, "failing": failing, "parts": parts}, status_code=503 if failing else 200
        )

    async def counted(_: Request) -> Response:
        return Response(metrics.text(), media_type=metrics.CONTENT_TYPE)

    routes = [
        *serving.routes(),
        Route("/hooks/{name}/{secret}", hook, methods=["POST"]),
        Route("/healthz", alive),
        Route("/readyz", ready),
        Route("/metrics", counted),
    ]
    return _Bounded(Starlette(routes=routes), body_seconds)


def _same(given: str, wanted: str | None) -> bool:
    """In a time that tells nothing of ``wanted``, nor whether there is one."""
    right = hmac.compare_digest(given.encode(), (wanted or "no such hook").encode())
    return right and wanted is not None


class _Bounded:
    """Answers 413 to a body over ``LARGEST_BODY``, declared or not, and 408 to one that does not come to its end
    in time; measures what the chats wait for."""

    def __init__(self, app: ASGIApp, body_seconds: float) -> None:
        self._app = app
        self._body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        await self._carry(scope, receive, send)
        surface = scope["path"].removeprefix("/").partition("/")[0]
        if surface in ("slack", "mattermost"):
            metrics.acknowledged(surface, time.perf_counter() - began)

    async def _carry(self, scope: Scope, receive: Receive, send: Send) -> None:
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > LARGEST_BODY:
            await PlainTextResponse("too large", status_code=413)(scope, receive, send)
            return
        read, whole = 0, False
        end = asyncio.get_running_loop().time() + self._body_seconds

        async def counting() -> Message:
            nonlocal read, whole
            if whole:
                return await receive()  # who waits for the caller to hang up may wait
            try:
                async with asyncio.timeout_at(end):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408) from None
            whole = not message.get("more_body", False)
            read += len(message.get("body", b""))
            if read > LARGEST_BODY:
                raise HTTPException(413)
            return message

        await self._app(scope, counting, send)
