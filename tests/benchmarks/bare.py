"""A bot as slack-bolt's documents show it: nothing is durable, and each call to Slack opens a session of its own.

``/run finish RUNBOOK TASK CARD`` acknowledges, finishes the task with one PATCH, reads the run once, and edits
the run's card with one ``chat.update``. ``python -m tests.benchmarks.bare`` runs it with URLs and tokens from the
environment variables ``BASELINE_*``.
"""

import os
from typing import Any

import httpx
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
    cutover = httpx.AsyncClient(
        base_url=os.environ["BASELINE_CUTOVER"],
        headers={
            "Authorization": f"Bearer {os.environ['BASELINE_CUTOVER_TOKEN']}",
            "Api-Version": "2022-02-22",
            "Accept": "application/json",
        },
        timeout=30,
    )
    slack = AsyncWebClient(token=token, base_url=os.environ["BASELINE_SLACK"])

    async def authorize(**_: Any) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id=None, bot_token=token, bot_user_id="UBOT", bot_id="B1")

    app = AsyncApp(signing_secret=os.environ["BASELINE_SECRET"], client=slack, authorize=authorize)

    @app.command("/run")
    async def finish(ack: Any, command: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        _, runbook, task, card = command["text"].split()
        path = f"/core/runbooks/{runbook}/tasks"
        body = {"meta": {"override": False}}
        (await cutover.patch(f"{path}/{task}/finish", json=body)).raise_for_status()
        tasks = (await cutover.get(path)).raise_for_status().json()["data"]
        rows = "\n".join(f"{task['attributes']['stage']} {task['attributes']['name']}" for task in tasks[:10])
        await client.chat_update(
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

    return Starlette(routes=[Route("/slack/events", events, methods=["POST"]), Route("/readyz", ready)])


if __name__ == "__main__":
    uvicorn.run(
        build(), host="127.0.0.1", port=int(os.environ["BASELINE_PORT"]), log_level="warning", access_log=False
    )
