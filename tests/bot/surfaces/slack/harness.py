"""The Slack surface, served over HTTP to a fake Slack, with a fake intake behind it."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from bot.services.duties import Duties
from bot.surfaces.options import SlackOptions
from bot.surfaces.protocol import FieldErrors, SubmittedForm
from bot.surfaces.slack import SlackSurface
from commands.model.card import Field, Form, Option
from commands.model.intents import Comment
from tests.bot.surfaces.fake_intake import FakeIntake
from tests.bot.surfaces.harness import serve
from tests.bot.surfaces.memory_state import MemoryState
from tests.fakes.slack import Slack

STATUS_FORM = Form(
    about="status",
    run="R7",
    title="Update status",
    submit="Update",
    fields=(
        Field("health", "Health", "choice", (Option("green", "Green"), Option("amber", "Amber")), optional=True),
        Field("text", "What is going on", "lines"),
        Field("task", "Task", "search", optional=True),
        Field("next", "Next update", "when", optional=True),
    ),
)


class SlackIntake(FakeIntake):
    """A text "?" is not accepted, and a submitted form becomes a comment."""

    def __init__(self) -> None:
        super().__init__(STATUS_FORM, form_line="status form")
        self.options = [Option("T3", "T3 Promote the replica"), Option("T4", "T4 Repoint the app")]

    def submit(self, form: SubmittedForm) -> dict[str, Any] | FieldErrors:
        self.submitted.append(form)
        if form.values.get("text", "") == "?":
            return FieldErrors({"text": "Say what is going on."})
        return Comment(run=form.run, text=form.values.get("text", "")).model_dump(mode="json")


@dataclass
class SlackHarness:
    surface: SlackSurface
    intake: SlackIntake
    state: MemoryState
    url: str


def options_for(slack: Slack, *, socket_mode: bool = False) -> SlackOptions:
    return SlackOptions(
        bot_token=SecretStr(slack.token),
        signing_secret=None if socket_mode else SecretStr(slack.signing_secret),
        app_token=SecretStr(slack.app_token) if socket_mode else None,
        api_url=slack.api_url,
    )


@contextlib.asynccontextmanager
async def start_surface(
    slack: Slack,
    *,
    socket_mode: bool = False,
    state: MemoryState | None = None,
    watchdog: Mapping[str, Any] | None = None,
    duties: Duties | None = None,
) -> AsyncIterator[SlackHarness]:
    """``watchdog``: ``probe_seconds`` and ``silence_seconds``."""
    intake, state = SlackIntake(), state or MemoryState()
    options = options_for(slack, socket_mode=socket_mode)
    surface = SlackSurface(
        options,
        command="/run",
        state=state,
        now=lambda: datetime.now(UTC),
        duties=duties or Duties(),
        **(watchdog or {}),
    )
    async with serve(surface.routes()) as (url, _):
        intake.surface = surface
        await surface.start(intake)
        try:
            yield SlackHarness(surface, intake, state, url)
        finally:
            await surface.stop()
