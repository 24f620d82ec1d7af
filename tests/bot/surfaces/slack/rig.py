"""A small ``Intake`` that keeps what it is given, and the surface served over HTTP in front of it."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette

from bot.surfaces.options import SlackOptions
from bot.surfaces.protocol import FieldErrors, NotRecorded, Recorded, SubmittedForm
from bot.surfaces.slack import SlackSurface
from commands.model.card import Card, Field, Form, Option
from commands.model.errors import CommandError
from commands.model.intents import Comment, OpenForm
from commands.model.messages import Actor, Message, Place
from tests.fakes.slack import Slack

STATUS = Form(
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


@dataclass
class Notepad:
    kept: dict[str, str] = field(default_factory=dict)

    async def get(self, name: str) -> str | None:
        return self.kept.get(name)

    async def put(self, name: str, value: str) -> None:
        self.kept[name] = value


class Desk:
    """``refuse``: nothing is recorded. ``hold``: recording waits for it. ``order`` is what happened, in order."""

    def __init__(self) -> None:
        self.recorded: dict[str, Message] = {}
        self.carried: list[str] = []
        self.answers: dict[str, bytes] = {}
        self.refuse = False
        self.hold: asyncio.Event | None = None
        self.form_error: CommandError | None = None
        self.asked: list[OpenForm] = []
        self.searched: list[tuple[str, str, str, str]] = []
        self.submitted: list[SubmittedForm] = []

    @property
    def messages(self) -> list[Message]:
        return list(self.recorded.values())

    async def record(self, message: Message, answer: bytes = b"") -> Recorded:
        if self.hold is not None:
            await self.hold.wait()
        if self.refuse:
            raise NotRecorded
        if message.key in self.recorded:
            return Recorded(new=False, answer=self.answers[message.key])
        self.recorded[message.key] = message
        self.answers[message.key] = answer
        return Recorded(new=True, answer=answer)

    def process(self, key: str) -> None:
        self.carried.append(key)

    async def private_answer(self, key: str, within: float) -> Card | None:
        return None

    async def store_answer(self, key: str, answer: bytes) -> None:
        self.answers[key] = answer

    async def open_form(self, wanted: OpenForm, actor: Actor, place: Place) -> Form:
        self.asked.append(wanted)
        if self.form_error is not None:
            raise self.form_error
        return STATUS

    async def search_options(self, about: str, run: str, field: str, typed: str) -> Sequence[Option]:
        self.searched.append((about, run, field, typed))
        return [Option("T3", "T3 Promote the replica"), Option("T4", "T4 Repoint the app")]

    def submit(self, form: SubmittedForm) -> dict[str, Any] | FieldErrors:
        self.submitted.append(form)
        if not form.values["text"]:
            return FieldErrors({"text": "Say what is going on."})
        return Comment(run=form.run, text=form.values["text"]).model_dump(mode="json")

    def form_for_line(self, text: str) -> OpenForm | None:
        return OpenForm(about="status") if text == "status form" else None

    async def live_card(self, place: Place, run: str) -> Card | None:
        return None

    def error_card(self, key: str, **facts: object) -> Card:
        said = f"{key} {facts}"
        return Card(title=(said,), summary=said, tone="bad")


@dataclass
class Office:
    """The surface, in front of ``desk``, listening at ``url``."""

    surface: SlackSurface
    desk: Desk
    notes: Notepad
    url: str


def options_for(slack: Slack, *, socket_mode: bool = False) -> SlackOptions:
    return SlackOptions(
        bot_token=SecretStr(slack.token),
        signing_secret=None if socket_mode else SecretStr(slack.signing_secret),
        app_token=SecretStr(slack.app_token) if socket_mode else None,
        api_url=slack.api_url,
    )


@contextlib.asynccontextmanager
async def opened(
    slack: Slack, *, socket_mode: bool = False, notes: Notepad | None = None
) -> AsyncIterator[Office]:
    desk, state = Desk(), notes or Notepad()
    options = options_for(slack, socket_mode=socket_mode)
    surface = SlackSurface(options, command="/run", state=notes, now=lambda: datetime.now(UTC))
    async with _served(Starlette(routes=surface.routes())) as url:
        await surface.start(desk)
        try:
            yield Office(surface, desk, notes, url)
        finally:
            await surface.stop()


@contextlib.asynccontextmanager
async def _served(app: Starlette) -> AsyncIterator[str]:
    """Connections wait in the listening socket until the server takes them: no waiting for a start."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
