"""The Mattermost surface, served over HTTP to a fake Mattermost, with a fake intake behind it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr
from starlette.applications import Starlette

from bot.services.duties import Duties
from bot.surfaces.mattermost.surface import MattermostSurface
from bot.surfaces.mattermost.websocket import PING_SECONDS
from bot.surfaces.options import MattermostOptions
from bot.surfaces.protocol import FieldErrors, SubmittedForm
from commands.model.card import Button, Card, Field, Form, Option
from commands.model.intents import Finish, Intent
from commands.model.messages import Place
from tests.bot.surfaces.fake_intake import FakeIntake
from tests.bot.surfaces.harness import serve
from tests.bot.surfaces.memory_state import MemoryState
from tests.fakes.mattermost import FakeMattermost

SECRET = b"0123456789abcdef0123456789abcdef"
FINISH_T3 = Finish(run="R7", tasks=("T3",))
STATUS_FORM = Form(
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


def simple_card(title: str = "R7 Primary down", *buttons: Button, **fields: Any) -> Card:
    return Card(title=(title,), summary=title, buttons=buttons, **fields)


class MattermostIntake(FakeIntake):
    """Submitted forms have ``field_errors``, or become a status update if there are none."""

    def __init__(self) -> None:
        super().__init__(STATUS_FORM, form_line="status")
        self.field_errors: Mapping[str, str] = {}

    async def private_answer(self, key: str, within: float) -> Card | None:
        assert 1.5 <= within <= 1.6
        return await super().private_answer(key, within)

    def submit(self, form: SubmittedForm) -> dict[str, Any] | FieldErrors:
        if self.field_errors:
            return FieldErrors(self.field_errors)
        return {"verb": "status", "run": form.run, **{name: value for name, value in form.values.items() if value}}


@dataclass
class MattermostHarness:
    mm: FakeMattermost
    url: str
    app: Starlette
    state: MemoryState = field(default_factory=MemoryState)
    intake: MattermostIntake = field(default_factory=MattermostIntake)
    probe_seconds: float = PING_SECONDS
    clock_offset: timedelta = timedelta()
    public_url: str = ""  # empty: ``url``
    surface: MattermostSurface = field(init=False)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.clock_offset

    def build(self, **changed_options: Any) -> MattermostSurface:
        options = {
            "url": self.mm.url,
            "token": SecretStr(self.mm.bot.token),
            "command_tokens": (SecretStr(self.mm.command_token),),
        }
        self.surface = MattermostSurface(
            MattermostOptions(**(options | changed_options)),
            command="/run",
            public_url=self.public_url or self.url,
            secret_key=SECRET,
            state=self.state,
            now=self.now,
            duties=Duties(),
            probe_seconds=self.probe_seconds,
        )
        self.intake.surface = self.surface
        self.app.router.routes[:] = self.surface.routes()
        return self.surface

    async def start(self) -> None:
        await self.surface.start(self.intake)
        await self.mm.until(lambda: all(self.surface.ready().values()) and self.state.values)

    async def restart(self) -> None:
        """Starts a new surface with the same state and intake."""
        await self.surface.stop()
        self.build()
        await self.surface.start(self.intake)

    def town(self, **changed: Any) -> Place:
        return Place(
            surface="mattermost",
            channel=self.mm.town.id,
            channel_name=self.mm.town.name,
            site=self.mm.url,
            **changed,
        )

    async def move_behind_https(self) -> None:
        """Restarts with the address of a proxy in front of it."""
        self.public_url = "https://liaison.example.com"
        self.mm.proxies = {self.public_url: self.url}
        await self.restart()

    async def post(self, *intents: Intent, title: str = "R7 Primary down", **place: Any) -> Any:
        """Posts a card with these buttons in the town channel, and returns the fake's post."""
        buttons = [Button(intent.verb.title(), intent) for intent in intents]
        nonce = f"n{len(self.mm.posts)}"
        ref = await self.surface.post(self.town(**place), simple_card(title, *buttons), nonce=nonce)
        return self.mm.posts[ref.id]


@asynccontextmanager
async def start_surface(
    *, connect: bool = True, sub_path: str = "", probe_seconds: float = PING_SECONDS
) -> AsyncIterator[MattermostHarness]:
    """``connect`` False: the surface is built but not started."""
    async with FakeMattermost(sub_path=sub_path) as mm, serve(()) as (url, app):
        harness = MattermostHarness(mm, url, app, probe_seconds=probe_seconds)
        harness.build()
        try:
            if connect:
                await harness.start()
            yield harness
        finally:
            await harness.surface.stop()
