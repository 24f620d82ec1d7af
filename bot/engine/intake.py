"""The application as surfaces see it (implements ``Intake``)."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from adapters.toolkit.messages import in_language
from bot.engine.port import Engine
from bot.outbound.responder import Responder
from bot.storage.inbox import Inbox
from bot.surfaces.protocol import FieldErrors, Recorded, SubmittedForm
from commands.cards.run_card import live_card
from commands.forms.opening import form_for_line, open_form
from commands.forms.options import search_options
from commands.forms.submission import FormErrors, submit
from commands.model.card import Card, Form, Option
from commands.model.intents import OpenForm
from commands.model.messages import Actor, Message, Place
from commands.model.ports import Services
from commands.text.catalogue import translate
from commands.text.locales import language_of
from commands.text.phrases import short_card


class AppIntake:
    def __init__(
        self, engine: Engine, desk: Responder, inbox: Inbox, world: Services, now: Callable[[], datetime]
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

    def process(self, key: str) -> None:
        self._engine.process(key)

    async def private_answer(self, key: str, within: float) -> Card | None:
        return await self._desk.outcome(key, within)

    async def store_answer(self, key: str, answer: bytes) -> None:
        await self._inbox.answer(key, answer)

    async def open_form(self, wanted: OpenForm, actor: Actor, place: Place) -> Form:
        with in_language(language_of(actor, self._world)):
            return await open_form(wanted, place, self._world)

    async def search_options(self, about: str, run: str, field: str, typed: str) -> Sequence[Option]:
        return await search_options(run, field, typed, self._world)

    def submit(self, form: SubmittedForm) -> dict[str, Any] | FieldErrors:
        result = submit(form.about, form.run, form.values, self._world.commands)
        return FieldErrors(result.errors) if isinstance(result, FormErrors) else result

    def form_for_line(self, text: str) -> OpenForm | None:
        return form_for_line(text, self._world)

    async def live_card(self, place: Place, run: str) -> Card | None:
        known = await self._world.runs.get(run)
        return None if known is None else live_card(known, self._world, self._now())

    def error_card(self, key: str, **facts: object) -> Card:
        return short_card(translate(key, **facts), tone="warn")
