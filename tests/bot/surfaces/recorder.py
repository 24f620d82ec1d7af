"""An ``Intake`` that keeps what it is told, and answers forms and presses from what a test put in."""

import asyncio
from collections.abc import Sequence
from typing import Any

from bot.surfaces.protocol import FieldErrors, Recorded, SubmittedForm
from commands.model.card import Card, Field, Form, Option, Result
from commands.model.intents import OpenForm
from commands.model.messages import Actor, Message, Place

STATUS = Form(
    about="status",
    run="R7",
    title="Update status",
    submit="Send",
    fields=(
        Field("health", "How it goes", "choice", (Option("green", "Green"), Option("red", "Red")), optional=True),
        Field("text", "What is true now", "lines"),
    ),
)
WRONG = "Say a little more."


class Recorder:
    """``messages``: each once, in the order of their coming. A status of one word is too short for it."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.carried: list[str] = []
        self.news = asyncio.Event()
        self._answers: dict[str, bytes] = {}

    async def record(self, message: Message, answer: bytes = b"") -> Recorded:
        if message.key in self._answers:
            return Recorded(False, self._answers[message.key])
        self.messages.append(message)
        self._answers[message.key] = answer
        return Recorded(True, answer)

    def process(self, key: str) -> None:
        self.carried.append(key)
        self.news.set()

    async def submit_message(self, message: Message) -> Result:
        """What the console's chat calls."""
        await self.record(message)
        self.process(message.key)
        return "done"

    async def private_answer(self, key: str, within: float) -> Card | None:
        return None

    async def store_answer(self, key: str, answer: bytes) -> None:
        self._answers[key] = answer

    async def open_form(self, wanted: OpenForm, actor: Actor, place: Place) -> Form:
        return STATUS

    async def search_options(self, about: str, run: str, field: str, typed: str) -> Sequence[Option]:
        return ()

    def submit(self, form: SubmittedForm) -> dict[str, Any] | FieldErrors:
        if " " not in form.values["text"]:
            return FieldErrors({"text": WRONG})
        filled = {name: value for name, value in form.values.items() if value}
        return {"verb": "status", "run": form.run, **filled}

    def form_for_line(self, text: str) -> OpenForm | None:
        return None

    async def live_card(self, place: Place, run: str) -> Card | None:
        return None

    def error_card(self, key: str, **facts: object) -> Card:
        return Card(title=(key,), summary=key)
