"""Delivers an ``Answer``: the private reply, the public post, the live card and the activity lines.

Implements ``ResponderPort`` for handlers and ``EffectNotices`` for writes in progress. A private reply is never
edited; what can still change is an activity line. A run without a card has no activity lines, so its news goes to
the sender instead.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from adapters.errors import AdapterError
from adapters.models import HomeChannel
from adapters.toolkit.messages import in_language
from adapters.writes import Write
from bot.outbound.activity_log import ActivityLog
from bot.outbound.delivery_queues import DeliveryQueues
from bot.outbound.live_cards import LiveCards
from bot.outbound.public_posts import PublicPosts
from bot.storage.effects import Effect
from bot.storage.runs import RunRows
from bot.surfaces.protocol import PostRef, Surface
from commands.cards import activity_line, pending_lines
from commands.model.card import ActivityLine, Answer, Card, Result
from commands.model.intents import UpdateDue
from commands.model.messages import Actor, Message, Place, Via
from commands.model.outcomes import Outcome, Unknown
from commands.model.ports import Services
from commands.text.catalogue import plain_text
from commands.text.locales import language_of

LATE = timedelta(seconds=60)  # then an answer says what it answers
_TYPED_ANYWHERE = (Via.COMMAND, Via.MENTION)  # the sender may not see the card's thread


class Scheduler(Protocol):
    """The part of the engine that reminders need."""

    async def schedule(self, due_at: datetime, slot: str, message: Message | None) -> None:
        """Processes ``message`` at ``due_at``. A slot holds one message; None removes it."""
        ...


class Responder:
    """``find_message`` returns an earlier message by its key.

    ``scheduler`` and ``services`` depend on this object, so they are set after it is created.
    """

    def __init__(
        self,
        surfaces: Mapping[str, Surface],
        live_cards: LiveCards,
        activity_log: ActivityLog,
        run_rows: RunRows,
        find_message: Callable[[str], Awaitable[Message | None]],
        now: Callable[[], datetime],
        language: str,
    ) -> None:
        """``language`` is that of what everybody sees."""
        self._surfaces = surfaces
        self._live_cards = live_cards
        self._activity_log = activity_log
        self._run_rows = run_rows
        self._find_message = find_message
        self._now = now
        self._language = language
        self._queues = DeliveryQueues(now)
        self._public_posts = PublicPosts(surfaces, live_cards, run_rows, self._queues, language)
        self._private_answers: dict[str, asyncio.Future[Card | None]] = {}  # by message key, as are the next three
        self._results: dict[str, asyncio.Future[Result]] = {}
        self._notices: dict[str, dict[str, ActivityLine]] = {}  # by slot: lines that must not stay as they are
        self._queued: set[str] = set()  # the senders were told that these messages wait for others
        self.scheduler: Scheduler | None = None
        self.services: Services | None = None

    def _require_services(self) -> Services:
        assert self.services is not None
        return self.services

    # For handlers

    async def post_card(self, handle: str, place: Place) -> None:
        if place.surface in self._surfaces:
            with in_language(self._language):
                card = await self._live_cards.ensure_posted(handle, place)
            await self._bind_thread(handle, card)

    async def post_activity(self, line: ActivityLine) -> None:
        self._activity_log.post(line)

    async def schedule_reminder(self, handle: str, at: datetime | None, by: Actor, place: Place) -> None:
        assert self.scheduler is not None
        slot = f"due:{handle}"
        if at is None:
            await self.scheduler.schedule(self._now(), slot, None)
            return
        message = Message(
            key=f"{slot}:{at.isoformat()}",
            actor=by,
            place=place,
            via=Via.SAY,
            at=at,
            intent=UpdateDue(run=handle, at=at).model_dump(mode="json"),
        )
        await self.scheduler.schedule(at, slot, message)

    # For writes in progress

    async def notify_waiting(self, message: Message, effect: Effect, error: AdapterError, until: datetime) -> None:
        run = self._run_rows.get(effect.run)
        if run is None:
            return
        services = self._require_services()
        language = self._line_language(message, run.handle)
        line = pending_lines.waiting_line(message, run, effect.step, error, until, services, language=language)
        await self._post_notice(message, line)
        out_of_view = message.via in _TYPED_ANYWHERE and self._activity_log.has_thread(line.run)
        if out_of_view and message.key not in self._queued:
            card = pending_lines.waiting_card(message, run, effect.step, error, services)
            await self._send_notice(message, card)

    async def notify_queued(self, message: Message, card: Card) -> None:
        """If the message then waits for its platform too, only its activity line says so."""
        self._queued.add(message.key)
        await self._send_notice(message, card)

    async def notify_behind(self, message: Message, wanted: Write, earlier: Effect) -> None:
        run = self._run_rows.get(earlier.run)
        if run is not None:
            sent_at, services = earlier.baseline.sent_at, self._require_services()
            card = pending_lines.behind_card(message, run, wanted, earlier.step, sent_at, services)
            await self.notify_queued(message, card)

    async def notify_slow(self, message: Message, effect: Effect) -> None:
        run = self._run_rows.get(effect.run)
        if run is not None:
            sent_at = effect.baseline.sent_at
            services, language = self._require_services(), self._line_language(message, run.handle)
            line = pending_lines.slow_line(message, run, effect.step, sent_at, services, language=language)
            await self._post_notice(message, line)

    async def notify_checking(self, message: Message, effect: Effect) -> None:
        run = self._run_rows.get(effect.run)
        if run is not None:
            unknown = Unknown(effect.step, effect.marker, effect.baseline.sent_at)
            services, language = self._require_services(), self._line_language(message, run.handle)
            line = activity_line.activity_line(message, run, unknown, services, language=language)
            await self._post_notice(message, line)

    async def post_late_outcome(self, effect: Effect, outcome: Outcome) -> None:
        """Corrects the activity line of a write whose outcome was unknown."""
        run = self._run_rows.get(effect.run)
        message = await self._find_message(effect.key)
        if run is not None and message is not None:
            self._activity_log.post(activity_line.activity_line(message, run, outcome, self._require_services()))
            self._live_cards.mark_changed(run.handle)

    def _line_language(self, message: Message, run: str) -> str:
        """The channel's, or the sender's if the run has no card and its lines go to the sender."""
        services = self._require_services()
        return services.language if self._activity_log.has_thread(run) else language_of(message.actor, services)

    async def _post_notice(self, message: Message, line: ActivityLine) -> None:
        if self._activity_log.has_thread(line.run):
            self._notices.setdefault(message.key, {})[line.slot] = line
            self._activity_log.post(line)
            return
        card = Card(title=line.text, summary=plain_text(line.text), buttons=line.buttons)
        await self._send_notice(message, card)

    # For the engine and the surfaces

    async def deliver(self, message: Message, answer: Answer, *, resumed: bool, since: datetime) -> Result:
        """Returns when every part of the answer is visible, or was refused by the chat: after an outage of the
        chat, that is long after the answer was ready (``since``)."""
        self._queued.discard(message.key)
        activity = [*answer.activity, *await self._corrections(message, answer, resumed)]
        posting = [
            self._activity_log.post(line)
            for line in activity
            if self._activity_log.has_thread(line.run) and self._activity_log.accepts(line)
        ]
        for handle in answer.changed_runs:
            self._live_cards.mark_changed(handle)
        for handle, home in answer.home_channels.items():
            await self._join_home_channel(message, since, handle, home)
        private, place = answer.private, message.place
        if answer.move_card:
            moved = self._queues.send(place.key, message.key, since, lambda: self._move(answer.move_card, place))
            if not await moved:
                private = private or self._live_cards.draw_card(answer.move_card)
        is_public = await self._public_posts.post(message, answer, since, resumed=resumed)
        if private is not None and (posting or is_public) and answer.result == "done":
            private = replace(private, shown_elsewhere=True)
        await self._deliver_private(message, private, since)
        await self._public_posts.post_elsewhere(message, answer, since, resumed=resumed)
        if posting:
            await asyncio.wait(posting)
        result = self._results.pop(message.key, None)
        if result is not None and not result.done():
            result.set_result(answer.result)
        return answer.result

    async def _deliver_private(self, message: Message, card: Card | None, since: datetime) -> None:
        """Gives the card to the surface that waits for it, or sends it."""
        waiter = self._private_answers.pop(message.key, None)
        if waiter is not None and not waiter.done():
            waiter.set_result(card)
        elif card is not None:
            queue = f"{message.place.key} {message.actor.id}"
            await self._queues.send(queue, message.key, since, lambda: self._send_private(message, card, since))

    async def _corrections(self, message: Message, answer: Answer, resumed: bool) -> Sequence[ActivityLine]:
        """Replaces "waiting" and "no answer yet" for writes that have no line of their own in the answer."""
        notices = list(self._notices.pop(message.key, {}).values())
        notices += await self._activity_log.lines_of_message(message.key) if resumed else []
        if answer.private is None:
            return []
        answered = {line.slot for line in answer.activity}
        services = self._require_services()
        return [
            pending_lines.resolved_line(message, line, answer, services)
            for line in notices
            if line.slot not in answered
        ]

    async def private_answer(self, key: str, within: float) -> Card | None:
        """The private card of a message, if it is ready in time: then the caller shows it."""
        waiter = self._private_answers.setdefault(key, asyncio.get_running_loop().create_future())
        try:
            async with asyncio.timeout(within):
                return await asyncio.shield(waiter)
        except TimeoutError:
            self._private_answers.pop(key, None)
            return None

    def result_of(self, key: str) -> "asyncio.Future[Result]":
        """Done when the whole answer to the message ``key`` is visible. Call this before processing it."""
        return self._results.setdefault(key, asyncio.get_running_loop().create_future())

    async def _move(self, handle: str, place: Place) -> None:
        if place.surface in self._surfaces:
            with in_language(self._language):
                card = await self._live_cards.move(handle, place)
            await self._bind_thread(handle, card)

    async def _bind_thread(self, handle: str, card: PostRef) -> None:
        """Commands in the thread of a live card are about its run."""
        await self._run_rows.bind(handle, card.place.model_copy(update={"thread": card.place.thread or card.id}))

    async def _join_home_channel(self, message: Message, since: datetime, handle: str, home: HomeChannel) -> None:
        """Binds the channel that the platform made for the run, and posts a card if we are a member of it."""
        for surface in self._surfaces.values():
            if home.is_of(surface.site):
                place = Place(surface=surface.name, channel=home.channel, site=surface.site)
                await self._run_rows.bind(handle, place)
                await self._queues.send(place.key, message.key, since, partial(self._post_card, handle, place))

    async def _post_card(self, handle: str, place: Place) -> None:
        with in_language(self._language):
            await self._live_cards.ensure_posted(handle, place)

    async def _send_notice(self, message: Message, card: Card) -> None:
        """What is out of date within a minute is not kept for a chat that cannot be reached."""
        await self._queues.send_soon(message.key, lambda: self._send_private(message, card, self._now()))

    async def _send_private(self, message: Message, card: Card, since: datetime) -> None:
        surface, services = self._surfaces.get(message.place.surface), self._require_services()
        if surface is not None:
            if self._now() - since > LATE:
                card = pending_lines.late_card(message, card, services)
            with in_language(language_of(message.actor, services)):
                await surface.send_private(message, card)
