"""The application as surfaces see it (implements ``Intake``)."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from bot.engine.port import Engine
from bot.outbound.responder import Responder
from bot.services.people_directory import PeopleDirectory
from bot.storage.inbox import Inbox
from bot.surfaces.protocol import FieldErrors, Recorded, SubmittedForm
from commands.cards.run_card import live_card
from commands.forms import form as forms
from commands.model.card import Card, Form, Option
from commands.model.intents import OpenForm
from commands.model.messages import Actor, Message, Place
from commands.model.ports import Services
from commands.text.catalogue import translate
from commands.text.phrases import short_card


class AppIntake:
    def __init__(
        self,
        engine: Engine,
        desk: Responder,
        inbox: Inbox,
        world: Services,
        people: PeopleDirectory,
        now: Callable[[], datetime],
    ) -> None:
        self._engine = engine
        self._desk = desk
        self._inbox = inbox
        self._world = world
        self._people = people
        self._now = now
        self.watchers: list[Callable[[Message], None]] = []  # see each message once, when it is durable

    async def record(self, message: Message, answer: bytes = b"") -> Recorded:
        recorded = await self._engine.record(message, answer)
        if recorded.new:
            for watcher in self.watchers:
                watcher(message)
        return recorded

    def process(self, key: str) -> None:
        self._engine.process(key)

    async def private_answer(self, key: str, within: float) -> Card | None:
        return await self._desk.outcome(key, within)

    async def store_answer(self, key: str, answer: bytes) -> None:
        await self._inbox.answer(key, answer)

    async def open_form(self, wanted: OpenForm, actor: Actor, place: Place) -> Form:
        return await forms.open_form(wanted, actor, place, self._world)

    async def search_options(self, about: str, run: str, field: str, typed: str) -> Sequence[Option]:
        return await forms.options(about, run, field, typed, self._world)

    def submit(self, form: SubmittedForm) -> dict[str, Any] | FieldErrors:
        read = forms.submit(form.about, form.run, form.values)
        return FieldErrors(read.errors) if isinstance(read, forms.FormErrors) else read

    def form_for_line(self, text: str) -> OpenForm | None:
        return forms.wants_form(text, self._world)

    async def live_card(self, place: Place, run: str) -> Card | None:
        known = await self._world.runs.get(run)
        return None if known is None else live_card(known, self._world, self._now())

    def error_card(self, key: str, **facts: object) -> Card:
        return short_card(translate(key, **facts), tone="warn")

    def language_for(self, actor: Actor) -> str:
        return self._people.language_for(actor)
