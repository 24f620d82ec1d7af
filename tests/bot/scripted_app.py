"""An application with scripted answers, for tests of the console and of ``liaison say``."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from bot.surfaces.console.surface import Console
from bot.surfaces.errors import NotRecorded
from bot.surfaces.protocol import FieldErrors, Recorded, SubmittedForm
from commands.model.card import Button, Card, Field, Form, Option, Result
from commands.model.intents import Choose, Drop, Finish, OpenForm
from commands.model.messages import Actor, Message, Place

RUN_CARD = Card(
    title=("R1 Database failover",),
    summary="R1 Database failover",
    buttons=(Button("Finish T1", Finish(tasks=("T1",))), Button("Status", OpenForm(about="status"))),
)
QUESTION = Card(
    title=("Which one?",),
    summary="Which one?",
    buttons=(
        Button("R1", Choose(key="k", values={"run": "R1"})),
        Button("R2", Choose(key="k", values={"run": "R2"})),
    ),
)
CONFIRMATION = Card(
    title=("End R1?",),
    summary="End R1?",
    buttons=(
        Button("End R1", Choose(key="k", values={"run": "R1", "confirmed": True})),
        Button("Cancel", Drop(key="k")),
    ),
)
STATUS_FORM = Form(
    about="status",
    run="R1",
    title="Update status",
    submit="Update",
    fields=(
        Field("health", "Health", "choice", (Option("green", "Green"), Option("amber", "Amber")), value="green"),
        Field("text", "What is going on"),
        Field("next", "Next update", "when", optional=True),
    ),
)


class ScriptedApp:
    """``handle`` remembers a message and answers its first word in the console. Also implements ``Intake``."""

    def __init__(self) -> None:
        self.console = Console()
        self.console.intake = self
        self.messages: list[Message] = []
        self.changed_places: list[tuple[str, str, str]] = []  # (surface, channel, person)
        self.before_answer: Callable[[Message], Awaitable[object]] | None = None

    async def handle(self, message: Message) -> Result:
        self.messages.append(message)
        if self.before_answer is not None:
            await self.before_answer(message)
        word = message.text.partition(" ")[0] or str((message.intent or {}).get("verb", ""))
        match word:
            case "start":
                await self.console.post(message.place, RUN_CARD, nonce="card")
            case "fail":
                await self.console.send_private(
                    message, Card(title=("There is no task T9.",), summary="no", tone="bad")
                )
                return "failed"
            case "which":
                await self.console.send_private(message, QUESTION)
                return "question"
            case "busy":
                await self.console.send_private(message, CONFIRMATION)
                await self.console.post(message.place, RUN_CARD, nonce="card")
                return "question"
            case "sure":
                await self.console.send_private(message, CONFIRMATION)
                return "question"
            case "unrecorded":
                raise NotRecorded
            case "finish" | "choose" | "status":
                text = f"{message.actor.name} did: {word}"
                await self.console.send_private(message, Card(title=(text,), summary=text))
            case "edit":
                await self.console.edit((await self.console.post(message.place, RUN_CARD, nonce="card")), RUN_CARD)
        return "done"

    # Intake

    async def record(self, message: Message, answer: bytes = b"") -> Recorded:
        return Recorded(new=True, answer=answer)

    async def person_changed(self, surface: str, person: str = "") -> None: ...

    def process(self, key: str) -> None: ...

    async def private_answer(self, key: str, within: float) -> Card | None:
        return None

    async def send_answer(self, message: Message, card: Card, within: float = 0.0) -> bool:
        await self.console.send_private(message, card)
        return True

    async def store_answer(self, key: str, answer: bytes) -> None: ...

    async def open_form(self, wanted: OpenForm, actor: Actor, place: Place, *, in_place: bool = True) -> Form:
        return STATUS_FORM

    def place_changed(self, surface: str, channel: str = "", person: str = "") -> None:
        self.changed_places.append((surface, channel, person))

    async def search_options(
        self, about: str, run: str, field: str, typed: str, actor: Actor, place: Place, *, on_card: bool = False
    ) -> Sequence[Option]:
        return ()

    def submit(self, form: SubmittedForm) -> dict[str, Any] | FieldErrors:
        if len(form.values["text"]) < 3:
            return FieldErrors({"text": "too short"})
        return {"verb": "status", "run": form.run, **form.values}

    def form_for_line(self, text: str) -> OpenForm | None:
        return OpenForm(about="status") if text == "form" else None

    def command_in(self, before: str, after: str) -> str:
        return ""

    async def accept_edit(self, message: Message) -> Message | None:
        return message

    async def live_card(self, place: Place, run: str, actor: Actor, *, in_place: bool = True) -> Card | None:
        return None

    def error_card(self, key: str, **facts: object) -> Card:
        return Card(title=(key,), summary=key)

    def on_plugin_event(self, site: str, event: str, payload: str) -> None: ...

    def on_plugin_gap(self, site: str) -> None: ...

    async def link_card(
        self, url: str, place: Place, members: Callable[[], Awaitable[Sequence[Actor] | None]]
    ) -> Card | None:
        return None

    def home_opened(self, actor: Actor, place: Place) -> None: ...

    def home_pressed(self, actor: Actor) -> None: ...

    def language_for(self, actor: Actor) -> str:
        return "en"
