"""The surface behind a real HTTP server, in front of the fake Mattermost, with an intake that remembers."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette

from bot.surfaces.mattermost.surface import MattermostSurface
from bot.surfaces.options import MattermostOptions
from bot.surfaces.protocol import FieldErrors, NotRecorded, Recorded, SubmittedForm
from commands.model.card import Button, Card, Field, Form, Option
from commands.model.errors import CommandError
from commands.model.intents import Finish, Intent, OpenForm
from commands.model.messages import Actor, Message, Place
from tests.fakes.mattermost import FakeMattermost

SECRET = b"0123456789abcdef0123456789abcdef"
T3 = Finish(run="R7", tasks=("T3",))


def card(title: str = "R7 Primary down", *buttons: Button, **how: Any) -> Card:
    return Card(title=(title,), summary=title, buttons=buttons, **how)


STATUS = Form(
    about="status",
    run="R7",
    title="Update status of R7",
    submit="Send",
    fields=(
        Field("health", "Health", "choice", (Option("green", "Green"), Option("red", "Red"))),
        Field("text", "Message", "lines"),
        Field("next", "Next update", "when", optional=True),
    ),
)


@dataclass
class Memory:
    """``Notes`` that outlive a surface, as the store's do."""

    kept: dict[str, str] = field(default_factory=dict)

    async def get(self, name: str) -> str | None:
        return self.kept.get(name)

    async def put(self, name: str, value: str) -> None:
        self.kept[name] = value


@dataclass
class Engine:
    """Records once by key; ``outcomes`` says what becomes of each message, ``None`` after ``late`` seconds."""

    rows: dict[str, tuple[Message, bytes]] = field(default_factory=dict)
    carried: list[str] = field(default_factory=list)
    outcomes: dict[str, Card] = field(default_factory=dict)  # by verb
    broken: int = 0  # so many records fail
    form_seconds: float = 0.0
    refuse_form: CommandError | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    present: Card | None = None
    forms: list[OpenForm] = field(default_factory=list)
    found: Sequence[Option] = ()
    shown: Form = STATUS

    @property
    def messages(self) -> list[Message]:
        return [message for message, _ in self.rows.values()]

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.messages]

    async def record(self, message: Message, answer: bytes = b"") -> Recorded:
        if self.broken > 0:
            self.broken -= 1
            raise NotRecorded("the store is slow")
        if message.key in self.rows:
            return Recorded(False, self.rows[message.key][1])
        self.rows[message.key] = (message, answer)
        return Recorded(True, answer)

    def process(self, key: str) -> None:
        self.carried.append(key)

    async def private_answer(self, key: str, within: float) -> Card | None:
        assert within == 1.5
        return self.outcomes.get(str((self.rows[key][0].intent or {}).get("verb")))

    async def store_answer(self, key: str, answer: bytes) -> None:
        self.rows[key] = (self.rows[key][0], answer)

    async def open_form(self, wanted: OpenForm, actor: Actor, place: Place) -> Form:
        self.forms.append(wanted)
        await asyncio.sleep(self.form_seconds)
        if self.refuse_form is not None:
            raise self.refuse_form
        return self.shown

    async def search_options(self, about: str, run: str, field: str, typed: str) -> Sequence[Option]:
        return self.found

    def submit(self, form: SubmittedForm) -> dict[str, Any] | FieldErrors:
        if self.errors:
            return FieldErrors(self.errors)
        return {"verb": "status", "run": form.run, **{k: v for k, v in form.values.items() if v}}

    def form_for_line(self, text: str) -> OpenForm | None:
        return OpenForm(about="status", run="R7") if text == "status" else None

    async def live_card(self, place: Place, run: str) -> Card | None:
        return self.present

    def error_card(self, key: str, **facts: object) -> Card:
        return card(f"{key} {facts}")


@dataclass
class Rig:
    mm: FakeMattermost
    url: str
    notes: Memory = field(default_factory=Memory)
    engine: Engine = field(default_factory=Engine)
    ahead: timedelta = timedelta()
    surface: MattermostSurface = field(init=False)
    app: Starlette = field(default_factory=Starlette)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def build(self, **changed: Any) -> MattermostSurface:
        given = {
            "url": self.mm.url,
            "token": SecretStr(self.mm.bot.token),
            "command_tokens": (SecretStr(self.mm.command_token),),
        }
        self.surface = MattermostSurface(
            MattermostOptions(**(given | changed)),
            command="/run",
            public_url=self.url,
            secret_key=SECRET,
            notes=self.notes,
            now=self.now,
        )
        self.app.router.routes[:] = self.surface.routes()
        return self.surface

    async def listen(self) -> None:
        await self.surface.start(self.engine)
        await self.mm.until(lambda: all(self.surface.ready().values()) and self.notes.kept)

    async def restart(self) -> None:
        """Another process over the same notes and inbox."""
        await self.surface.stop()
        self.build()
        await self.surface.start(self.engine)

    def town(self, **changed: Any) -> Place:
        return Place(
            surface="mattermost",
            channel=self.mm.town.id,
            channel_name=self.mm.town.name,
            site=self.mm.url,
            **changed,
        )

    async def post(self, *buttons: Intent, title: str = "R7 Primary down", **place: Any) -> Any:
        """A card of the bot in town; returns the fake's post."""
        labelled = [Button(intent.verb.title(), intent) for intent in buttons]
        ref = await self.surface.post(self.town(**place), card(title, *labelled), nonce=f"n{len(self.mm.posts)}")
        return self.mm.posts[ref.id]


@asynccontextmanager
async def rigged(*, listen: bool = True, sub_path: str = "") -> AsyncIterator[Rig]:
    sock = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    async with FakeMattermost(sub_path=sub_path) as mm:
        rig = Rig(mm, url)
        rig.build()
        server = uvicorn.Server(uvicorn.Config(rig.app, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[sock]))
        try:
            if listen:
                await rig.listen()
            yield rig
        finally:
            await rig.surface.stop()
            server.should_exit = True
            await serving
