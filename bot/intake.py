"""The application as surfaces see it (implements ``Intake``)."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from bot.desk import Desk
from bot.engine.port import Engine
from bot.storage.inbox import Inbox
from bot.surfaces.protocol import FieldErrors, Recorded, Submitted
from commands import forms
from commands.cards import Card, Form, Option
from commands.intents import OpenForm
from commands.messages import Actor, Message, Place
from commands.phrases import short_card
from commands.ports import World
from commands.runcards import live_card
from commands.sentences import say


class AppIntake:
    def __init__(
        self, engine: Engine, desk: Desk, inbox: Inbox, world: World, now: Callable[[], datetime]
    ) -> None:
        self._engine = engine
        self._desk = desk
        self._inbox = inbox
        self._world = world
        self._now = now
        self.watchers: list[Callable[[Message], None]] = []  # see each message once, when it is durable

    async def record(self, message: Message, answer: bytes = b"") -> Recorded:
        recorded = await self._engine.record(message, answer)
        if recorded.new:
            for watcher in self.watchers:
                watcher(message)
        return recorded

    def carry(self, key: str) -> None:
        self._engine.carry(key)

    async def outcome(self, key: str, within: float) -> Card | None:
        return await self._desk.outcome(key, within)

    async def answer(self, key: str, answer: bytes) -> None:
        await self._inbox.answer(key, answer)

    async def form(self, wanted: OpenForm, actor: Actor, place: Place) -> Form:
        return await forms.open_form(wanted, actor, place, self._world)

    async def options(self, about: str, run: str, field: str, typed: str) -> Sequence[Option]:
        return await forms.options(about, run, field, typed, self._world)

    def submit(self, form: Submitted) -> dict[str, Any] | FieldErrors:
        read = forms.submit(form.about, form.run, form.values)
        return FieldErrors(read.errors) if isinstance(read, forms.Wrong) else read

    def wants_form(self, text: str) -> OpenForm | None:
        return forms.wants_form(text, self._world)

    async def card_for(self, place: Place, run: str) -> Card | None:
        known = await self._world.runs.get(run)
        return None if known is None else live_card(known, self._world, self._now())

    def error_card(self, key: str, **facts: object) -> Card:
        return short_card(say(key, **facts), tone="warn")
