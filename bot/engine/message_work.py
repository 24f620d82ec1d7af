"""What the engine does with a message (implements ``Work``): who it is from, what it means, the carrying out.

This is where a bug of ours ends: it is logged with an id, and the person is told that id.
"""

import secrets
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from adapters.http.rate_limits import background
from bot.engine.effects import Effects, EffectServices
from bot.engine.port import Progress
from bot.observability import metrics
from bot.outbound.live_cards import LiveCards
from bot.outbound.responder import Responder
from bot.services.people_directory import PeopleDirectory
from bot.storage.inbox import Inbox
from commands import dispatch
from commands.cards import pending_lines as notices
from commands.dispatch import Route
from commands.model.card import Answer, Result
from commands.model.intents import Intent
from commands.model.messages import Actor, Membership, Message, Via
from commands.model.ports import CommandContext, Services

GUARD_SECONDS = 1.0
MOST_PRESSES = 10_000  # remembered; forgetting one only means that a double click within its second counts

log = structlog.get_logger(__name__)


class MessageProcessor:
    def __init__(
        self,
        world: Services,
        rules: EffectServices,
        people: PeopleDirectory,
        desk: Responder,
        board: LiveCards,
        inbox: Inbox,
        now: Callable[[], datetime],
    ) -> None:
        self._world = world
        self._rules = rules
        self._people = people
        self._desk = desk
        self._board = board
        self._inbox = inbox
        self._now = now
        self._pressed: dict[tuple[str, str], datetime] = {}  # (actor id, post id) -> last press
        self._arrived: dict[str, float] = {}

    def lacks_run(self, message: Message) -> bool:
        return dispatch.lacks_run(message, self._world)

    async def route(self, message: Message) -> Route | Answer:
        self._arrived[message.key] = time.monotonic()
        try:
            known = await self._known(message)
            if self._just_changed(known):
                return dispatch.just_changed_answer()
            decided = await dispatch.route(known, self._world, self._now())
        except Exception as error:  # noqa: BLE001  a bug of ours ends here, in words
            return self._fault(message, error)
        if isinstance(decided, Answer):
            self._keep_intent(known)
        return decided

    def _keep_intent(self, message: Message) -> None:
        intent = dispatch.intent_dump(message, self._world)
        if intent is not None:
            self._inbox.read_as(message.key, intent)

    def busy(self, message: Message, run: str) -> Answer:
        self._keep_intent(message)  # for [Try again]
        return dispatch.busy_answer(message, run)

    async def queued(self, message: Message, ticket: Route, ahead: int) -> None:
        await self._desk.queued(message, notices.queued_card(message, self._intent(ticket), ahead))

    def stopped(self, message: Message, ticket: Route, by: Actor) -> Answer:
        return notices.stopped_answer(message, self._intent(ticket), by)

    async def execute(self, message: Message, ticket: Route, progress: Progress) -> Answer:
        structlog.contextvars.bind_contextvars(delivery=message.key)
        try:
            known = await self._known(message)
            context = CommandContext(
                services=self._world,
                message=known,
                now=self._now(),
                zone=self._zone(known.actor),
                effects=Effects(self._rules, known, progress),
                run=await self._world.runs.get(ticket.queue) if ticket.queue else None,
            )
            with read_priority(known, ticket):
                answer = await dispatch.execute(known, ticket, context)
                return replace(answer, private=None) if _heard(message, progress) else answer
        except Exception as error:  # noqa: BLE001  likewise
            return self._fault(message, error)

    async def deliver(self, message: Message, answer: Answer, *, resumed: bool) -> Result:
        structlog.contextvars.bind_contextvars(delivery=message.key)
        result = await self._desk.deliver(message, answer, resumed=resumed)
        log.info("carried", result=result, via=message.via.value)
        arrived = self._arrived.pop(message.key, None)
        if arrived is not None:
            metrics.carried(message.place.surface, time.monotonic() - arrived)
        return result

    def shut_down(self) -> None:
        self._rules.hurry.set()

    async def _known(self, message: Message) -> Message:
        actor = await self._people.profile(message.actor)
        return message.model_copy(update={"actor": actor})

    def _just_changed(self, message: Message) -> bool:
        """The same person presses the same card again, within a second of its last edit: a double click that
        would hit whatever button has moved under the pointer."""
        if message.via is not Via.BUTTON or not message.reply.post:
            return False
        press = (message.actor.id, message.reply.post)
        before = self._pressed.get(press)
        if len(self._pressed) >= MOST_PRESSES:
            self._pressed.clear()
        self._pressed[press] = message.at
        ago = self._board.edited_ago(message.place, message.reply.post)
        return before is not None and ago is not None and ago < GUARD_SECONDS

    def _intent(self, ticket: Route) -> Intent:
        return self._world.commands.intent_from(ticket.intent or {})

    def _zone(self, actor: Actor) -> tzinfo:
        if actor.timezone:
            try:
                return ZoneInfo(actor.timezone)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                log.info("unknown time zone", zone=actor.timezone)
        return self._world.zone or ZoneInfo("UTC")

    def _fault(self, message: Message, error: Exception) -> Answer:
        id = secrets.token_hex(4)
        log.error("fault", id=id, delivery=message.key, exc_info=error)
        return dispatch.fault_answer(id)


def _heard(message: Message, progress: Progress) -> bool:
    """Whether its person knows already how it ended: their own press made it end so, and was answered."""
    return progress.pressed is not None and message.actor.same_as(progress.pressed) and not progress.news


def read_priority(message: Message, ticket: Route) -> AbstractContextManager[None]:
    """Who may only look waits behind who may do: else a guest with a hundred questions uses up the minute of a
    platform's calls, and nobody can finish a task."""
    looks = not ticket.queue and message.actor.membership is not Membership.MEMBER
    return background() if looks else nullcontext()
