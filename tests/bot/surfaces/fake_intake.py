"""An ``Intake`` for tests: keeps what surfaces pass to it, and answers from attributes that a test sets."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from bot.surfaces.errors import NotRecorded, SurfaceError
from bot.surfaces.protocol import FieldErrors, Recorded, SubmittedForm, Surface
from commands.model.card import Card, Field, Form, Option, Result
from commands.model.errors import CommandError
from commands.model.intents import OpenForm
from commands.model.messages import Actor, Message, Place

FIELD_ERROR = "Say a little more."
STATUS_FORM = Form(
    about="status",
    run="R7",
    title="Update status",
    submit="Send",
    fields=(
        Field("health", "Health", "choice", (Option("green", "Green"), Option("red", "Red")), optional=True),
        Field("text", "What's happening?", "lines"),
    ),
)


class FakeIntake:
    """The next ``failing_records`` calls of ``record`` fail. ``record_gate`` holds ``record`` until it is set."""

    def __init__(self, form: Form = STATUS_FORM, form_line: str = "") -> None:
        self.surface: Surface | None = None  # sends the answers to what is not recorded
        self.form = form
        self.form_line = form_line  # the typed line that opens the form
        self.recorded: dict[str, Message] = {}
        self.answers: dict[str, bytes] = {}
        self.processed: list[str] = []
        self.changed_people: list[tuple[str, str]] = []
        self.changed = asyncio.Event()
        self.failing_records = 0
        self.record_gate: asyncio.Event | None = None
        self.form_seconds = 0.0
        self.form_error: CommandError | None = None
        self.opened_forms: list[OpenForm] = []
        self.options: Sequence[Option] = ()
        self.searches: list[tuple[str, str, str, str]] = []
        self.submitted: list[SubmittedForm] = []
        self.private_answers: dict[str, Card] = {}  # by verb
        self.current_card: Card | None = None
        self.changed_places: list[tuple[str, str, str]] = []  # (surface, channel, person)
        self.plugin_events: list[tuple[str, str, str]] = []  # (site, event, payload)
        self.plugin_gaps: list[str] = []  # sites
        self.opened_homes: list[tuple[str, str]] = []  # (person, channel)
        self.pressed_homes: list[str] = []
        self.languages: dict[str, str] = {}  # by user id

    @property
    def messages(self) -> list[Message]:
        return list(self.recorded.values())

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.messages]

    async def person_changed(self, surface: str, person: str = "") -> None:
        if self.failing_records:
            self.failing_records -= 1
            raise NotRecorded
        self.changed_people.append((surface, person))

    async def record(self, message: Message, answer: bytes = b"") -> Recorded:
        if self.record_gate is not None:
            await self.record_gate.wait()
        if self.failing_records > 0:
            self.failing_records -= 1
            raise NotRecorded("the store is slow")
        if message.key in self.recorded:
            return Recorded(new=False, answer=self.answers[message.key])
        self.recorded[message.key] = message
        self.answers[message.key] = answer
        return Recorded(new=True, answer=answer)

    def process(self, key: str) -> None:
        self.processed.append(key)
        self.changed.set()

    async def submit_message(self, message: Message) -> Result:
        """What the console's chat calls."""
        await self.record(message)
        self.process(message.key)
        return "done"

    async def next_message(self, before: int) -> Message:
        """Waits until more than ``before`` messages are processed, and returns the next one."""
        async with asyncio.timeout(20):
            while len(self.processed) <= before:
                self.changed.clear()
                await self.changed.wait()
        return self.messages[before]

    async def private_answer(self, key: str, within: float) -> Card | None:
        return self.private_answers.get(str((self.recorded[key].intent or {}).get("verb")))

    async def send_answer(self, message: Message, card: Card, within: float = 0.0) -> bool:
        assert self.surface is not None
        try:
            await self.surface.send_private(message, card)
        except SurfaceError:
            return not within
        return True

    async def store_answer(self, key: str, answer: bytes) -> None:
        self.answers[key] = answer

    async def open_form(self, wanted: OpenForm, actor: Actor, place: Place, *, in_place: bool = True) -> Form:
        self.opened_forms.append(wanted)
        await asyncio.sleep(self.form_seconds)
        if self.form_error is not None:
            raise self.form_error
        return self.form

    def place_changed(self, surface: str, channel: str = "", person: str = "") -> None:
        self.changed_places.append((surface, channel, person))

    async def search_options(
        self, about: str, run: str, field: str, typed: str, actor: Actor, place: Place, *, on_card: bool = False
    ) -> Sequence[Option]:
        self.searches.append((about, run, field, typed))
        return self.options

    def submit(self, form: SubmittedForm) -> dict[str, Any] | FieldErrors:
        """A text of one word is too short."""
        self.submitted.append(form)
        if " " not in form.values["text"]:
            return FieldErrors({"text": FIELD_ERROR})
        return {"verb": "status", "run": form.run, **{name: value for name, value in form.values.items() if value}}

    def form_for_line(self, text: str) -> OpenForm | None:
        return OpenForm(about="status", run="R7") if self.form_line and text == self.form_line else None

    def command_in(self, before: str, after: str) -> str:
        return ""

    async def accept_edit(self, message: Message) -> Message | None:
        return message

    async def live_card(self, place: Place, run: str, actor: Actor, *, in_place: bool = True) -> Card | None:
        return self.current_card

    def error_card(self, key: str, **facts: object) -> Card:
        text = f"{key} {facts}"
        return Card(title=(text,), summary=text, tone="bad")

    def on_plugin_event(self, site: str, event: str, payload: str) -> None:
        self.plugin_events.append((site, event, payload))

    def on_plugin_gap(self, site: str) -> None:
        self.plugin_gaps.append(site)

    async def link_card(
        self, url: str, place: Place, members: Callable[[], Awaitable[Sequence[Actor] | None]]
    ) -> Card | None:
        return None

    def home_opened(self, actor: Actor, place: Place) -> None:
        self.opened_homes.append((actor.id, place.channel))

    def home_pressed(self, actor: Actor) -> None:
        self.pressed_homes.append(actor.id)

    def language_for(self, actor: Actor) -> str:
        return self.languages.get(actor.id, "en")
