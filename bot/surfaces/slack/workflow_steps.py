"""Custom steps of Slack's Workflow Builder (Slack docs, "Custom steps for Workflow Builder").

A step names the person in whose name it acts. What they may do is checked as if they had pressed a button.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any

from bot.surfaces.slack.client import ApiError, SlackClient
from commands.model.card import Card
from commands.text.catalogue import plain_text

log = logging.getLogger("liaison.slack")
EXECUTION = "function"  # in the details of a message's reply route
_RUN = re.compile(r"\bR\d+\b")
_MAX_ERROR = 1000

Json = dict[str, Any]


def _parameter(title: str, description: str, kind: str = "string", *, required: bool = True) -> Json:
    return {"type": kind, "title": title, "description": description, "is_required": required}


_SHARED = {
    "person": _parameter("Person", "Who does it; their rights count", "slack#/types/user_id"),
    "channel": _parameter("Channel", "The channel of the run", "slack#/types/channel_id"),
}
_RUN_INPUT = {"run": _parameter("Run", "Like R7; empty for the only run of the channel", required=False)}
_OUTPUT = {"run": _parameter("Run", "The run, like R7")}


def _step(title: str, description: str, inputs: Mapping[str, Json]) -> Json:
    return {
        "title": title,
        "description": description,
        "input_parameters": {**inputs, **_SHARED},
        "output_parameters": _OUTPUT,
    }


FORMS = {"start_run": "start", "finish_task": "finish", "post_status": "status"}
"""The form that each step fills in, by the step's callback id."""

FUNCTIONS: Mapping[str, Json] = {
    "start_run": _step(
        "Start a run",
        "Starts a runbook and posts its card in the channel",
        {
            "runbook": _parameter("Runbook", "Its title"),
            "name": _parameter("Name", "What to call the run", required=False),
        },
    ),
    "finish_task": _step(
        "Finish a task",
        "Finishes a task of a run",
        {
            "task": _parameter("Task", "Like T3, or its title"),
            "note": _parameter("Note", "Posted with it", required=False),
            **_RUN_INPUT,
        },
    ),
    "post_status": _step(
        "Post a status",
        "Updates the status of a run",
        {
            "health": _parameter("Health", "green, amber or red", required=False),
            "text": _parameter("Text", "What's happening"),
            "next": _parameter("Next update", "Like 30m or 14:20", required=False),
            **_RUN_INPUT,
        },
    ),
}


class StepCompletion:
    def __init__(self, client: SlackClient) -> None:
        self._client = client

    async def complete(self, execution: str, card: Card) -> None:
        """``card`` is the answer. Its tone is "bad" for a refusal or question, its footer the run."""
        text = "\n".join(filter(None, map(plain_text, (card.title, *card.lines))))
        if card.tone == "bad":
            await self.fail(execution, text)
            return
        run = _RUN.search(plain_text(card.footer) or text)
        outputs = {"run": run[0] if run else ""}
        web = self._client.web
        request = web.functions_completeSuccess(function_execution_id=execution, outputs=outputs)
        try:
            await self._client.call("functions.completeSuccess", request)
        except ApiError as error:  # it was completed before, or the workflow was cancelled
            log.warning("slack: a workflow step was not completed: %s", error)

    async def fail(self, execution: str, why: str) -> None:
        web = self._client.web
        request = web.functions_completeError(function_execution_id=execution, error=why[:_MAX_ERROR] or "…")
        try:
            await self._client.call("functions.completeError", request)
        except ApiError as error:  # likewise
            log.warning("slack: a workflow step was not completed: %s", error)
