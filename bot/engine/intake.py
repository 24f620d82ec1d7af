"""The application as surfaces see it (implements ``Intake``)."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from adapters.http.rate_limits import background
from adapters.toolkit.messages import in_language
from bot.engine.port import Engine
from bot.observability import traces
from bot.outbound.home_pages import HomePages
from bot.outbound.responder import Responder
from bot.services.memberships import Memberships
from bot.services.people_directory import PeopleDirectory
from bot.services.platform_events import PlatformEvents
from bot.storage.inbox import Inbox
from bot.storage.store import StoreError
from bot.surfaces.errors import NotRecorded
from bot.surfaces.protocol import FieldErrors, Recorded, SubmittedForm
from commands.cards.run_card import live_card
from commands.forms.known_runbooks import KnownRunbooks
from commands.forms.opening import form_for_line, open_form
from commands.forms.options import search_options
from commands.forms.submission import FormErrors, submit
from commands.forms.value_patterns import ValuePatterns
from commands.lookup import passing_mention
from commands.model.card import Card, Form, Option
from commands.model.errors import CommandError
from commands.model.intents import OpenForm
from commands.model.messages import Actor, Message, Place
from commands.model.ports import Services
from commands.operations.link_card import link_card
from commands.text.catalogue import translate
from commands.text.locales import language_of
from commands.text.phrases import short_card
from commands.visibility import readable_services, require_form

_MEMBERSHIP_SECONDS = 0.4  # a form opens within a second
log = structlog.get_logger(__name__)


class AppIntake:
    """``on_recorded`` callbacks get each new message once, when it is durable.

    ``on_place_change`` callbacks get the surface and the channel where somebody came or went, or that was archived
    or restored. ``tell_others`` tells it to other replicas, which the chat does not.
    """

    def __init__(
        self,
        engine: Engine,
        responder: Responder,
        inbox: Inbox,
        services: Services,
        people: PeopleDirectory,
        memberships: Memberships,
        now: Callable[[], datetime],
        platform_events: PlatformEvents,
        home_pages: HomePages,
        tell_others: Callable[[str, str], None] = lambda topic, key: None,
    ) -> None:
        self._tell_others = tell_others
        self._engine = engine
        self._responder = responder
        self._inbox = inbox
        self._services = services
        self._people = people
        self._memberships = memberships
        self._now = now
        self._platform_events = platform_events
        self._home_pages = home_pages
        self._known_runbooks = KnownRunbooks()
        self._value_patterns = ValuePatterns()
        self.on_recorded: list[Callable[[Message], None]] = []
        self.on_place_change: list[Callable[[str, str], None]] = []

    async def record(self, message: Message, answer: bytes = b"") -> Recorded:
        with traces.of_message(message.key), traces.span("record"):
            recorded = await self._engine.record(message, answer)
        if recorded.new:
            for callback in self.on_recorded:
                callback(message)
        return recorded

    async def person_changed(self, surface: str, person: str = "") -> None:
        try:
            await self._people.forget(surface, person)
        except StoreError as error:
            raise NotRecorded(str(error)) from error
        self._memberships.forget(surface, person=person)
        self._tell_others("places", json.dumps([surface, "", person]))

    def place_changed(self, surface: str, channel: str = "", person: str = "") -> None:
        self._place_changed(surface, channel, person)
        self._tell_others("places", json.dumps([surface, channel, person]))

    async def places_changed_elsewhere(self, places: Collection[str] | None) -> None:
        """A chat reported changes of these places to other replicas, or it is not known of which."""
        changed = (
            [(surface, "", "") for surface in self._memberships.surfaces]
            if places is None
            else map(json.loads, places)
        )
        for place in changed:
            self._place_changed(*place)

    def _place_changed(self, surface: str, channel: str, person: str) -> None:
        self._memberships.forget(surface, channel, person)
        for callback in self.on_place_change:
            callback(surface, channel)

    def process(self, key: str) -> None:
        self._engine.process(key)

    async def private_answer(self, key: str, within: float) -> Card | None:
        return await self._responder.private_answer(key, within)

    async def send_answer(self, message: Message, card: Card, within: float = 0.0) -> bool:
        return await self._responder.send_answer(message, card, within)

    async def store_answer(self, key: str, answer: bytes) -> None:
        try:
            await self._inbox.store_answer(key, answer)
        except StoreError as error:  # only a repeated delivery would miss it
            log.warning("answer not stored", delivery=key, error=str(error))
        self._responder.response_stored(key)

    async def open_form(self, wanted: OpenForm, actor: Actor, place: Place, *, in_place: bool = True) -> Form:
        with in_language(self.language_for(actor)):
            if in_place:
                self._memberships.prove_seen(actor, place, self._now())
            actor = await self._known_actor(actor)
            services, _ = readable_services(actor, place, self._services)
            form = await open_form(wanted, actor, place, services)
        self._value_patterns.remember(form)
        return form

    async def _known_actor(self, actor: Actor) -> Actor:
        """With the membership, unless the chat takes long to tell it: then the submission is checked."""
        try:
            async with asyncio.timeout(_MEMBERSHIP_SECONDS):
                return await self._people.current_profile(actor)
        except TimeoutError:
            return self._people.cached_profile(actor)

    async def search_options(
        self, about: str, run: str, field: str, typed: str, actor: Actor, place: Place, *, on_card: bool = False
    ) -> Sequence[Option]:
        """Slack waits for the options, so it is not asked: what the person saw when the form opened counts."""
        if on_card:
            self._memberships.prove_seen(actor, place, self._now())
            await self._known_actor(actor)  # it may be the first thing that they do
        services = self._without_asking(actor, place)
        try:
            require_form(about, self._people.cached_profile(actor), place, services)
        except CommandError:
            return []
        return await search_options(run, field, typed, services, about=about, known=self._known_runbooks)

    def _without_asking(self, actor: Actor, place: Place) -> Services:
        services = replace(self._services, memberships=self._memberships.last_known())
        return readable_services(self._people.cached_profile(actor), place, services)[0]

    def submit(self, form: SubmittedForm) -> dict[str, Any] | FieldErrors:
        result = submit(form.about, form.run, form.values, self._services.commands)
        if form.about == "start" and not isinstance(result, FormErrors):
            result = self._value_patterns.check(form.values) or result
        return FieldErrors(result.errors) if isinstance(result, FormErrors) else result

    def form_for_line(self, text: str) -> OpenForm | None:
        return form_for_line(text, self._services)

    def command_in(self, before: str, after: str) -> str:
        return passing_mention.command_in(before, after, self._services)

    async def accept_edit(self, message: Message) -> Message | None:
        """Of several edits, one that is understood is the last that counts: all of them have the same key."""
        understood = f"{message.edits}:edited"
        try:
            original = await self._inbox.get(message.edits)
            if await self._inbox.get(understood) is not None:
                return None
        except StoreError as error:
            raise NotRecorded(str(error)) from error
        if original is not None and passing_mention.is_understood(original.message, self._services):
            return None
        is_final = passing_mention.is_understood(message, self._services)
        return message.model_copy(update={"key": understood}) if is_final else message

    async def live_card(self, place: Place, run: str, actor: Actor, *, in_place: bool = True) -> Card | None:
        if in_place:
            self._memberships.prove_seen(actor, place, self._now())
        services = self._without_asking(actor, place)
        tracked = await services.runs.get(run)
        return None if tracked is None else live_card(tracked, services, self._now())

    def error_card(self, key: str, **facts: object) -> Card:
        return short_card(translate(key, **facts), tone="warn")

    def on_plugin_event(self, site: str, event: str, payload: str) -> None:
        self._platform_events.on_event(site, event, payload)

    def on_plugin_gap(self, site: str) -> None:
        self._platform_events.on_gap(site)

    async def link_card(
        self, url: str, place: Place, members: Callable[[], Awaitable[Sequence[Actor] | None]]
    ) -> Card | None:
        async def with_profiles() -> Sequence[Actor] | None:
            found = await members()
            return None if found is None else [await self._people.profile(actor) for actor in found]

        with in_language(self._services.language), background():
            return await link_card(url, place, with_profiles, self._services, self._now())

    def home_opened(self, actor: Actor, place: Place) -> None:
        self._home_pages.opened(actor, place)

    def home_pressed(self, actor: Actor) -> None:
        self._home_pages.pressed(actor)

    def language_for(self, actor: Actor) -> str:
        return language_of(actor, self._services)
