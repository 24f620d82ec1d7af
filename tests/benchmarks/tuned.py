"""The bot of ``bare``, written for speed: one HTTP session for Slack and one for the platform. Nothing is durable.

Liaison's cost is measured against it, so it stays as it is.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import uvicorn
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route


def build() -> Starlette:
    token = os.environ["BASELINE_TOKEN"]
    slack = AsyncWebClient(token=token, base_url=os.environ["BASELINE_SLACK"])
    platform: list[aiohttp.ClientSession] = []

    async def authorize(**_: Any) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id=None, bot_token=token, bot_user_id="UBOT", bot_id="B1")

    app = AsyncApp(signing_secret=os.environ["BASELINE_SECRET"], client=slack, authorize=authorize)

    @app.command("/run")
    async def finish(ack: Any, command: dict[str, Any]) -> None:
        await ack()
        _, runbook, task, card = command["text"].split()
        (cutover,) = platform
        path = f"/core/runbooks/{runbook}/tasks"
        body = {"meta": {"override": False}}
        async with cutover.patch(f"{path}/{task}/finish", json=body, raise_for_status=True) as finished:
            await finished.read()
        async with cutover.get(path, raise_for_status=True) as response:
            tasks = (await response.json())["data"]
        rows = "\n".join(f"{task['attributes']['stage']} {task['attributes']['name']}" for task in tasks[:10])
        await slack.chat_update(
            channel=command["channel_id"],
            ts=card,
            text="The run was updated",
            blocks=[
                {"type": "header", "text": {"type": "plain_text", "text": f"Run {runbook}"}},
                {"type": "section", "text": {"type": "mrkdwn", "text": rows}},
            ],
        )

    handler = AsyncSlackRequestHandler(app)

    async def events(request: Request) -> Response:
        response: Response = await handler.handle(request)
        return response

    async def ready(_: Request) -> Response:
        return PlainTextResponse("ok")

    @asynccontextmanager
    async def sessions(_: Starlette) -> AsyncIterator[None]:
        timeout = aiohttp.ClientTimeout(total=30)
        headers = {
            "Authorization": f"Bearer {os.environ['BASELINE_CUTOVER_TOKEN']}",
            "Api-Version": "2022-02-22",
            "Accept": "application/json",
        }
        async with (
            aiohttp.ClientSession(timeout=timeout) as slack.session,
            aiohttp.ClientSession(os.environ["BASELINE_CUTOVER"], headers=headers, timeout=timeout) as cutover,
        ):
            platform.append(cutover)
            yield

    routes = [Route("/slack/events", events, methods=["POST"]), Route("/readyz", ready)]
    return Starlette(routes=routes, lifespan=sessions)


if __name__ == "__main__":
    uvicorn.run(
        build(), host="127.0.0.1", port=int(os.environ["BASELINE_PORT"]), log_level="warning", access_log=False
    )
