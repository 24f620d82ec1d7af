"""The ASGI application: the routes of the chats, webhooks of platforms, health checks and metrics.

``POST /hooks/NAME/SECRET`` is only a hint to read runs again. Nothing in its body is trusted.
"""

import asyncio
import hmac
import time
from collections.abc import Mapping, Sequence
from typing import Protocol

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.observability import metrics
from bot.surfaces.protocol import Reception

MAX_BODY_BYTES = 1024 * 1024  # a chat's form with every field full is far smaller
TOO_LARGE = "The body is larger than 1 MB, so it was not read."
BODY_TIMEOUT_SECONDS = 10.0  # chats give up after 3 s


class WebApplication(Protocol):
    """The part of ``bot.app.Application`` that is served."""

    def routes(self) -> Sequence[BaseRoute]: ...

    def readiness(self) -> Mapping[str, bool]: ...

    def reception(self) -> Mapping[str, Reception]: ...

    async def update_gauges(self) -> None:
        """What is only measured when the metrics are read."""
        ...

    async def hint(self, platform: str, body: bytes) -> None: ...

    async def verify_webhook(self, platform: str, body: bytes) -> None: ...


def build(
    app: WebApplication, hook_secrets: Mapping[str, str], body_seconds: float = BODY_TIMEOUT_SECONDS
) -> ASGIApp:
    """``hook_secrets``: NAME of ``[platforms.NAME]`` -> its ``hook_secret``, if it has one."""

    async def webhook(request: Request) -> Response:
        name = request.path_params["name"]
        if not _is_secret_of_hook(request.path_params["secret"], hook_secrets.get(name)):
            return PlainTextResponse("not found", status_code=404)
        body = await request.body()
        await app.hint(name, body)
        return JSONResponse({"ok": True}, background=BackgroundTask(app.verify_webhook, name, body))

    async def alive(_: Request) -> Response:
        return JSONResponse({"alive": True})

    async def ready(request: Request) -> Response:
        parts, only = dict(app.readiness()), request.query_params.get("only", "")
        if only:
            parts = {part: is_ready for part, is_ready in parts.items() if part in only.split(",")}
        failing = sorted(part for part, is_ready in parts.items() if not is_ready)
        chats = {name: _describe(reception) for name, reception in app.reception().items()}
        body = {"ready": not failing, "failing": failing, "parts": parts, "chats": chats}
        return JSONResponse(body, status_code=503 if failing else 200)

    async def expose_metrics(_: Request) -> Response:
        await app.update_gauges()
        return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)

    routes = [
        *app.routes(),
        Route("/hooks/{name}/{secret}", webhook, methods=["POST"]),
        Route("/healthz", alive),
        Route("/readyz", ready),
        Route("/metrics", expose_metrics),
    ]
    return _BodyLimits(Starlette(routes=routes), body_seconds)


def _describe(reception: Reception) -> Mapping[str, str | None]:
    at, problem = reception.last_received, reception.problem
    return {
        "last_received": at.isoformat(timespec="seconds") if at is not None else None,
        "problem": problem.summary if problem is not None else None,
    }


def _is_secret_of_hook(given: str, secret: str | None) -> bool:
    """In constant time, so that it reveals neither the secret nor whether there is one."""
    is_equal = hmac.compare_digest(given.encode(), (secret or "no such hook").encode())
    return is_equal and secret is not None


class _BodyLimits:
    """Middleware that answers 413 to a body over ``MAX_BODY_BYTES`` and 408 to one that is not complete in time.

    It also measures how long the chats wait for our response.
    """

    def __init__(self, app: ASGIApp, body_seconds: float) -> None:
        self._app = app
        self._body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        try:
            await self._call_with_limits(scope, receive, send)
        except ClientDisconnect:
            return  # in the middle of its request
        surface = scope["path"].removeprefix("/").partition("/")[0]
        if surface in ("slack", "mattermost"):
            metrics.observe_ack(surface, time.perf_counter() - began)

    async def _call_with_limits(self, scope: Scope, receive: Receive, send: Send) -> None:
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > MAX_BODY_BYTES:
            await PlainTextResponse(TOO_LARGE, status_code=413)(scope, receive, send)
            return
        size, is_complete = 0, False
        deadline = asyncio.get_running_loop().time() + self._body_seconds

        async def receive_limited() -> Message:
            nonlocal size, is_complete
            if is_complete:
                return await receive()  # waiting for the client to disconnect has no time limit
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408) from None
            is_complete = not message.get("more_body", False)
            size += len(message.get("body", b""))
            if size > MAX_BODY_BYTES:
                raise HTTPException(413, TOO_LARGE)
            return message

        await self._app(scope, receive_limited, send)
