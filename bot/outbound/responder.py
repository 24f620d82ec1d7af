"""Delivers an ``Answer``: the private reply, the public post, the live card and the activity lines.

Implements ``ResponderPort`` for handlers and ``EffectNotices`` for writes in progress. Everything goes through the
outbox. A private reply is never edited; what can still change is an activity line. A run without a card has no
activity lines, so its news goes to the sender instead.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from adapters.errors import AdapterError
from adapters.models import HomeChannel
from adapters.writes import Write
from bot.outbound.activity_log import ActivityLog
from bot.outbound.live_cards import LiveCards
from bot.outbound.outbox import Outbox
from bot.outbound.postings import ANSWER_USEFUL_FOR, NOTICE_USEFUL_FOR, Postings, direct_place, home_place
from bot.outbound.private_answers import PrivateAnswers
from bot.storage.effects import Effect
from bot.storage.inbox import Inbox
from bot.storage.outbox import Delivery, Kind
from bot.storage.runs import RunRows
from bot.storage.store import StoreError
from bot.surfaces.errors import SurfaceError
from bot.surfaces.protocol import Surface
from commands.cards import activity_line, pending_lines
from commands.model.card import ActivityLine, Answer, Card, Result, Tone
from commands.model.intents import UpdateDue
from commands.model.messages import Actor, Message, Place, Via
from commands.model.outcomes import Outcome, Unknown
from commands.model.ports import CannotPost, Services
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import plain_text, translate
from commands.text.locales import language_of
from commands.text.phrases import short_card

log = structlog.get_logger(__name__)
_REMINDERS = ("", "author", "owner")  # whom they tell
_TYPED_ANYWHERE = (Via.COMMAND, Via.MENTION)  # the sender may not see the card's thread


class Scheduler(Protocol):
    """The part of the engine that reminders need."""

    async def schedule(self, due_at: datetime, slot: str, message: Message | None) -> None:
        """Processes ``message`` at ``due_at``. A slot holds one message; None removes it."""
        ...


class Responder:
    """``find_message`` returns an earlier message by its key. ``reaction`` is the emoji that answers a mention
    which needs no words, or "". ``has_replicas``: an answer that cannot be stored is delivered again, and what a
    message waits for may be known elsewhere.

    ``scheduler`` and ``services`` depend on this object, so they are set after it is created.
    """

    def __init__(
        self,
        surfaces: Mapping[str, Surface],
        outbox: Outbox,
        live_cards: LiveCards,
        activity_log: ActivityLog,
        inbox: Inbox,
        run_rows: RunRows,
        find_message: Callable[[str], Awaitable[Message | None]],
        now: Callable[[], datetime],
        *,
        escalate_after: timedelta,
        reaction: str = "",
        has_replicas: bool = False,
    ) -> None:
        self._has_replicas = has_replicas
        self._surfaces = surfaces
        self._outbox = outbox
        self._live_cards = live_cards
        self._activity_log = activity_log
        self._inbox = inbox
        self._run_rows = run_rows
        self._find_message = find_message
        self._now = now
        self._escalate_after = escalate_after
        self._postings = Postings(surfaces, live_cards, run_rows, reaction)
        self._private_answers = PrivateAnswers(inbox, outbox, now, has_replicas=has_replicas)
        self._results: dict[str, asyncio.Future[Result]] = {}  # by message key, as are the notices
        self._visible: set[asyncio.Task[None]] = set()  # each ends when a whole answer is visible
        self._notices: dict[str, dict[str, ActivityLine]] = {}  # by slot: lines that must not stay as they are
        self._queued: set[str] = set()  # the senders were told that these messages wait for others
        self.scheduler: Scheduler | None = None
        self.services: Services | None = None

    def _require_services(self) -> Services:
        assert self.services is not None
        return self.services

    async def _run(self, handle: str) -> TrackedRun | None:
        """With its cards in memory."""
        await self._live_cards.load(handle)
        return await self._run_rows.read(handle) if handle else None

    # For handlers

    async def post_card(self, handle: str, place: Place, *, cause: Message | None = None) -> None:
        if place.surface in self._surfaces:
            await self._live_cards.ensure_posted(handle, place, cause)

    def defer_card(self, handle: str) -> AbstractContextManager[None]:
        return self._live_cards.deferred_edits.during_write(handle)

    async def post_activity(self, line: ActivityLine) -> None:
        await self._activity_log.post(line)

    async def send_direct(self, person: Actor, card: Card, *, key: str, cause: Message | None = None) -> None:
        """A direct message to ``person``. ``key`` names it: the same one is never sent twice."""
        place, at = direct_place(person), self._now()
        await self._put(
            Delivery(key, Kind.DIRECT, place, at, at + ANSWER_USEFUL_FOR, card=card, person=person, cause=cause)
        )

    async def send_notice(
        self, person: Actor, place: Place, card: Card, *, key: str, cause: Message | None = None
    ) -> None:
        """Shows the card only to ``person``: in ``place`` if the chat can, else as a direct message."""
        at = self._now()
        await self._put(
            Delivery(key, Kind.NOTICE, place, at, at + ANSWER_USEFUL_FOR, card=card, person=person, cause=cause)
        )

    async def react(self, place: Place, post: str, emoji: str, *, key: str) -> None:
        """Puts Liaison's reaction ("white_check_mark") on a message in ``place``."""
        at = self._now()
        await self._put(
            Delivery(key, Kind.REACTION, place, at, at + NOTICE_USEFUL_FOR, subject=post, target=emoji)
        )

    async def _put(self, delivery: Delivery) -> None:
        if delivery.place.surface in self._surfaces:
            await self._outbox.put(delivery)

    async def announce(self, handle: str, card: Card, *, key: str) -> None:
        """Posts the card in the run's home place, for everybody."""
        tracked, at = await self._run(handle), self._now()
        place = home_place(tracked, self._live_cards) if tracked is not None else None
        if place is not None:
            await self._put(Delivery(key, Kind.POST, place, at, at + ANSWER_USEFUL_FOR, subject=handle, card=card))

    async def schedule_reminder(self, handle: str, at: datetime | None, by: Actor, place: Place) -> None:
        assert self.scheduler is not None
        for tells in _REMINDERS:
            await self.scheduler.schedule(self._now(), _reminder_slot(handle, tells), None)
        if at is not None:
            await self._schedule_reminder(UpdateDue(run=handle, at=at), at, by, place)

    async def escalate_reminder(self, due: UpdateDue, by: Actor, place: Place) -> None:
        await self._schedule_reminder(due, self._now() + self._escalate_after, by, place)

    async def _schedule_reminder(self, due: UpdateDue, due_at: datetime, by: Actor, place: Place) -> None:
        assert self.scheduler is not None
        slot = _reminder_slot(due.run, due.tells)
        key, intent = f"{slot}:{due.at.isoformat()}", due.model_dump(mode="json")
        message = Message(key=key, actor=by, place=place, via=Via.SAY, at=due_at, intent=intent)
        await self.scheduler.schedule(due_at, slot, message)

    # For writes in progress

    async def notify_waiting(self, message: Message, effect: Effect, error: AdapterError, until: datetime) -> None:
        run = await self._run(effect.run)
        if run is None:
            return
        services = self._require_services()
        language = await self._line_language(message, run.handle)
        line = pending_lines.waiting_line(message, run, effect.step, error, until, services, language=language)
        await self._post_notice(message, line)
        out_of_view = message.via in _TYPED_ANYWHERE and await self._activity_log.has_thread(line.run)
        if out_of_view and message.key not in self._queued:
            card = pending_lines.waiting_card(message, run, effect.step, error, services)
            await self._send_notice(message, card, run.handle)

    async def notify_queued(self, message: Message, card: Card, run: str) -> None:
        """If the message then waits for its platform too, only its activity line says so."""
        self._queued.add(message.key)
        await self._send_notice(message, card, run)

    async def notify_behind(self, message: Message, wanted: Write, earlier: Effect) -> None:
        run = await self._run(earlier.run)
        if run is not None:
            sent_at, services = earlier.baseline.sent_at, self._require_services()
            card = pending_lines.behind_card(message, run, wanted, earlier.step, sent_at, services)
            await self.notify_queued(message, card, run.handle)

    async def notify_slow(self, message: Message, effect: Effect) -> None:
        run = await self._run(effect.run)
        if run is not None:
            sent_at = effect.baseline.sent_at
            services, language = self._require_services(), await self._line_language(message, run.handle)
            line = pending_lines.slow_line(message, run, effect.step, sent_at, services, language=language)
            await self._post_notice(message, line)

    async def notify_checking(self, message: Message, effect: Effect) -> None:
        run = await self._run(effect.run)
        if run is not None:
            unknown = Unknown(effect.step, effect.marker, effect.baseline.sent_at)
            services, language = self._require_services(), await self._line_language(message, run.handle)
            line = activity_line.activity_line(message, run, unknown, services, language=language)
            await self._post_notice(message, line)

    async def post_late_outcome(self, effect: Effect, outcome: Outcome) -> None:
        """Corrects the activity line of a write whose outcome was unknown."""
        run = await self._run(effect.run)
        message = await self._find_message(effect.key)
        if run is not None and message is not None:
            line = activity_line.activity_line(message, run, outcome, self._require_services())
            await self._activity_log.post(line, message)
            self._live_cards.mark_changed(run.handle, message)

    async def _line_language(self, message: Message, run: str) -> str:
        """The channel's, or the sender's if the run has no card and its lines go to the sender."""
        services = self._require_services()
        return (
            services.language if await self._activity_log.has_thread(run) else language_of(message.actor, services)
        )

    async def _post_notice(self, message: Message, line: ActivityLine) -> None:
        if await self._activity_log.has_thread(line.run):
            self._notices.setdefault(message.key, {})[line.slot] = line
            await self._activity_log.post(line, message)
            return
        card = Card(title=line.text, summary=plain_text(line.text), buttons=line.buttons)
        await self._send_notice(message, card, line.run)

    # For the engine and the surfaces

    async def deliver(self, message: Message, answer: Answer, *, resumed: bool) -> "asyncio.Task[None]":
        """Puts every part of the answer into the outbox. With the last of them, the message is done: a restart
        sends what the chat does not have, and does not process the message again.

        The task ends when every part is visible, or was refused by the chat.
        """
        self._queued.discard(message.key)
        lines = [*answer.activity, *await self._corrections(message, answer, resumed)]
        shown = [line for line in lines if await self._has_place(line)]
        keys = [await self._post_line(line, message, is_new=not resumed and not line.corrects) for line in shown]
        for handle in {*answer.changed_runs, answer.announces, answer.thread_of}:
            await self._run(handle)
        for handle in answer.changed_runs:
            self._live_cards.mark_changed(handle, message)
        for handle, home in answer.home_channels.items():
            await self._join_home_channel(message, handle, home)
        private = answer.private
        if answer.move_card:
            card = await self._move(answer.move_card, message)
            private = _with_notes(card, private) if card is not None and private is not None else private or card
        posts = self._postings.of(message, answer, self._now())
        if private is not None and (keys or posts.here) and answer.result == "done":
            private = replace(private, shown_elsewhere=True)
        if message.via is Via.WORKFLOW:
            private = _step_answer(private, answer)
        held = self._private_answers.awaited_elsewhere(message)
        deliveries = [*self._private(message, private, answer.changed_runs), *posts.all]
        await self._private_answers.until_response_stored(message.key)
        keys += [delivery.key for delivery in deliveries]
        try:
            new = await self._inbox.mark_done(message.key, answer.result, deliveries, is_awaited=held > 0)
        except StoreError as error:  # a start before that processes it again, and writes nothing to a platform
            if self._has_replicas:
                raise
            log.warning("message not marked as done yet", delivery=message.key, error=str(error))
            self._inbox.mark_done_later(message.key, answer.result, deliveries)
            new = set(keys)
        self._outbox.committed(deliveries, new, held)
        await self._outbox.supersede(message.key, keys)
        visible = asyncio.create_task(self._finish(message.key, keys, answer.result))
        self._visible.add(visible)
        visible.add_done_callback(self._visible.discard)
        return visible

    async def _has_place(self, line: ActivityLine) -> bool:
        return await self._activity_log.has_thread(line.run) and await self._activity_log.accepts(line)

    async def _post_line(self, line: ActivityLine, message: Message, *, is_new: bool) -> str:
        try:
            return await self._activity_log.post(line, message, is_new=is_new)
        except StoreError:
            self._activity_log.post_soon(line, message)
            return ""

    async def _finish(self, key: str, keys: Sequence[str], result: Result) -> None:
        await self._outbox.over(keys)
        waiting = self._results.pop(key, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(result)

    def _private(self, message: Message, card: Card | None, runs: Sequence[str]) -> Sequence[Delivery]:
        """Gives the card to the surface that waits for it, or else returns its delivery."""
        if self._private_answers.give(message, card):
            return ()
        if message.via is Via.REACTION and card is not None and card.shown_elsewhere:
            return ()
        if card is None or message.place.surface not in self._surfaces:
            return ()
        return (self._postings.reply(message, card, runs, self._now()),)

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
        return await self._private_answers.wait_for(key, within)

    async def answered_elsewhere(self, keys: Collection[str] | None) -> None:
        """Another replica has answered these messages, or any."""
        await self._private_answers.answered_elsewhere(keys, self.send_answer)

    def response_stored(self, key: str) -> None:
        """A repeated delivery of the form ``key`` would get the response that says what became of it."""
        self._private_answers.response_stored(key)

    async def send_answer(self, message: Message, card: Card, within: float = 0.0) -> bool:
        """As ``Intake.send_answer``."""
        delivery = self._postings.answer(message, card, self._now())
        try:
            if within:
                await self._outbox.send_now(delivery, within)
            else:
                await self._outbox.put(delivery)
        except (StoreError, SurfaceError) as error:
            log.warning("private answer not sent", delivery=delivery.key, error=str(error))
            return False
        return True

    def result_of(self, key: str) -> "asyncio.Future[Result]":
        """Done when the whole answer to the message ``key`` is visible. Call this before processing it."""
        return self._results.setdefault(key, asyncio.get_running_loop().create_future())

    async def _move(self, handle: str, message: Message) -> Card | None:
        """The card itself, for a reply where the live card cannot be posted."""
        if message.place.surface not in self._surfaces:
            return None
        try:
            await self._live_cards.move(handle, message.place, message)
        except (CannotPost, StoreError):
            return self._live_cards.draw_card(handle)
        return None

    async def _join_home_channel(self, message: Message, handle: str, home: HomeChannel) -> None:
        """Binds the channel that the platform made for the run, and posts a card if we are a member of it."""
        for surface in self._surfaces.values():
            if home.is_of(surface.site):
                place = Place(surface=surface.name, channel=home.channel, site=surface.site)
                try:
                    await self._run_rows.bind(handle, place)
                    await self._live_cards.ensure_posted(handle, place, message)
                except (CannotPost, StoreError) as error:
                    log.info("no card in the home channel", run=handle, error=str(error))

    async def _send_notice(self, message: Message, card: Card, run: str) -> None:
        """What is out of date within a minute is not kept for a chat that cannot be reached."""
        if message.via is Via.WORKFLOW:
            return  # its answer is the last word
        tracked = await self._run(run)
        if tracked is not None and not tracked.is_of(message.place):
            card = replace(card, confidential=True)
        if message.place.surface in self._surfaces:
            await self._outbox.put(self._postings.answer(message, card, self._now(), NOTICE_USEFUL_FOR))


def _with_notes(card: Card, notes: Card) -> Card:
    return replace(card, lines=(*card.lines, notes.title, *notes.lines))


def _step_answer(private: Card | None, answer: Answer) -> Card:
    """A workflow goes on or ends with the answer to its step, whatever else can be seen. Nobody can answer a
    question there. The footer is the handle of the run, which later steps can use."""
    card = private or short_card(translate("state.done"))
    tone: Tone = "" if answer.result == "done" else "bad"
    return replace(card, tone=tone, footer=tuple(answer.changed_runs[:1]), shown_elsewhere=False)


def _reminder_slot(handle: str, tells: str) -> str:
    return f"due:{handle}:{tells}" if tells else f"due:{handle}"
