"""Everything that is said: carries an ``Answer`` to where its parts belong, and says what cannot wait.

Implements ``DeskPort`` for handlers and ``Notices`` for the effect log. Private answers are never edited; what
may still change is a trace line. Where a run has no card, and so no trace, its news goes to the person.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from adapters.errors import AdapterError
from adapters.models import HomeChannel
from bot.engine.port import Engine
from bot.outbound.activity_log import ActivityLog
from bot.outbound.live_cards import LiveCards
from bot.storage.effects import Effect
from bot.storage.runs import RunRows
from bot.surfaces.protocol import ChatUnreachable, RouteClosed, Surface, SurfaceError
from commands.cards import activity_line as tracelines
from commands.cards import pending_lines as notices
from commands.model.card import ActivityLine, Answer, Card, Result
from commands.model.intents import UpdateDue
from commands.model.messages import Actor, Message, Place, Via
from commands.model.outcomes import Outcome, Unknown
from commands.model.ports import CannotPost, Services
from commands.text.catalogue import plain_text

CHAT_TRIES = 6
_TYPED_ANYWHERE = (Via.COMMAND, Via.MENTION)  # a press is made on the card, above its thread
FIRST_PAUSE_SECONDS = 1.0

log = structlog.get_logger(__name__)


class Responder:
    """Two ends of a circle are set after it is made: ``engine`` for reminders, ``world`` for words.

    ``message`` finds an earlier message by its key.
    """

    def __init__(
        self,
        surfaces: Mapping[str, Surface],
        board: LiveCards,
        traces: ActivityLog,
        rows: RunRows,
        message: Callable[[str], Awaitable[Message | None]],
        now: Callable[[], datetime],
    ) -> None:
        self._surfaces = surfaces
        self._board = board
        self._traces = traces
        self._rows = rows
        self._now = now
        self._waiting: dict[str, asyncio.Future[Card | None]] = {}
        self._listeners: dict[str, asyncio.Future[Result]] = {}
        self._message = message
        self._noticed: dict[str, dict[str, ActivityLine]] = {}  # message key -> slot -> what cannot stay as it is
        self._queued: set[str] = set()  # keys of messages whose person knows that they wait
        self.engine: Engine | None = None
        self.world: Services | None = None

    def _world(self) -> Services:
        assert self.world is not None
        return self.world

    # For handlers

    async def post_card(self, handle: str, place: Place) -> None:
        if place.surface not in self._surfaces:
            return
        ref = await self._board.open(handle, place)
        await self._rows.bind(handle, ref.place.model_copy(update={"thread": ref.place.thread or ref.id}))

    async def post_activity(self, line: ActivityLine) -> None:
        self._traces.say(line)

    async def schedule_reminder(self, handle: str, at: datetime | None, by: Actor, place: Place) -> None:
        assert self.engine is not None
        slot = f"due:{handle}"
        if at is None:
            await self.engine.schedule(self._now(), slot, None)
            return
        message = Message(
            key=f"{slot}:{at.isoformat()}",
            actor=by,
            place=place,
            via=Via.SAY,
            at=at,
            intent=UpdateDue(run=handle, at=at).model_dump(mode="json"),
        )
        await self.engine.schedule(at, slot, message)

    # For the effect log

    async def waiting(self, message: Message, effect: Effect, why: AdapterError, until: datetime) -> None:
        known = self._rows.get(effect.run)
        if known is None:
            return
        line = notices.waiting_line(message, known, effect.step, why, until, self._world())
        await self._notice(message, line)
        apart = message.via in _TYPED_ANYWHERE and self._traces.has_room(line.run)
        if apart and message.key not in self._queued:
            await self.whisper(message, notices.waiting_card(known, effect.step, self._world()))

    async def queued(self, message: Message, card: Card) -> None:
        """It waits for others; that it waits for its platform too, its line says."""
        self._queued.add(message.key)
        await self.whisper(message, card)

    async def slow(self, message: Message, effect: Effect) -> None:
        known = self._rows.get(effect.run)
        if known is not None:
            line = notices.slow_line(message, known, effect.step, effect.baseline.sent_at, self._world())
            await self._notice(message, line)

    async def checking(self, message: Message, effect: Effect) -> None:
        known = self._rows.get(effect.run)
        if known is not None:
            unknown = Unknown(effect.step, effect.marker, effect.baseline.sent_at)
            await self._notice(message, tracelines.activity_line(message, known, unknown, self._world()))

    async def found(self, effect: Effect, outcome: Outcome) -> None:
        """An unknown write turned out: its trace line says so now."""
        known = self._rows.get(effect.run)
        message = await self._message(effect.key)
        if known is not None and message is not None:
            self._traces.say(tracelines.activity_line(message, known, outcome, self._world()))
            self._board.changed(known.handle)

    async def _notice(self, message: Message, line: ActivityLine) -> None:
        if self._traces.has_room(line.run):
            self._noticed.setdefault(message.key, {})[line.slot] = line
            self._traces.say(line)
            return
        await self.whisper(message, Card(title=line.text, summary=plain_text(line.text), buttons=line.buttons))

    # For the engine

    async def deliver(self, message: Message, answer: Answer, *, resumed: bool) -> Result:
        self._queued.discard(message.key)
        trace = [*answer.activity, *await self._corrections(message, answer, resumed)]
        lines = [line for line in trace if self._traces.has_room(line.run) and self._traces.wants(line)]
        said = [self._traces.say(line) for line in lines]
        for handle in answer.changed_runs:
            self._board.changed(handle)
        for handle, home in answer.home_channels.items():
            await self._at_home(handle, home)
        private = answer.private
        if answer.move_card and not await self._attempt(lambda: self._move(answer.move_card, message.place)):
            private = private or self._board.card(answer.move_card)
        if answer.public is not None:
            card = answer.public
            await self._attempt(lambda: self._publish(message, card, resumed))
        if private is not None and (said or answer.public is not None) and answer.result == "done":
            private = replace(private, shown_elsewhere=True)
        waiter = self._waiting.pop(message.key, None)
        if waiter is not None and not waiter.done():
            waiter.set_result(private)
        elif private is not None:
            await self.whisper(message, private)
        if said:
            await asyncio.wait(said)
        listener = self._listeners.pop(message.key, None)
        if listener is not None and not listener.done():
            listener.set_result(answer.result)
        return answer.result

    async def _corrections(self, message: Message, answer: Answer, resumed: bool) -> Sequence[ActivityLine]:
        """For lines that said "waiting" or "no answer yet" of a write whose answer has no line of its own."""
        noticed = list(self._noticed.pop(message.key, {}).values())
        noticed += await self._traces.said(message.key) if resumed else []
        told = {line.slot for line in answer.activity}
        if answer.private is None:
            return []
        said = answer.private.title
        return [notices.resolved_line(message, line, said) for line in noticed if line.slot not in told]

    async def outcome(self, key: str, within: float) -> Card | None:
        """The private card, if it comes in time: then it is the caller's to show."""
        waiter = self._waiting.setdefault(key, asyncio.get_running_loop().create_future())
        try:
            async with asyncio.timeout(within):
                return await asyncio.shield(waiter)
        except TimeoutError:
            self._waiting.pop(key, None)
            return None

    def listen(self, key: str) -> "asyncio.Future[Result]":
        """Done when everything of the message's answer is to be seen (console, ``liaison say``)."""
        return self._listeners.setdefault(key, asyncio.get_running_loop().create_future())

    async def _move(self, handle: str, place: Place) -> None:
        if place.surface not in self._surfaces:
            return
        ref = await self._board.move(handle, place)
        await self._rows.bind(handle, ref.place.model_copy(update={"thread": ref.place.thread or ref.id}))

    async def _publish(self, message: Message, card: Card, resumed: bool) -> None:
        surface = self._surfaces.get(message.place.surface)
        if surface is None:
            return
        nonce = hashlib.sha256(f"public\n{message.key}".encode()).hexdigest()[:24]
        if resumed and await surface.find_post(message.place, nonce) is not None:
            return
        await surface.post(message.place, card, nonce=nonce)

    async def _at_home(self, handle: str, home: HomeChannel) -> None:
        """The platform gave the run a channel in one of our chats: bound, with a card, where we are a member."""
        for surface in self._surfaces.values():
            if home.is_of(surface.site):
                place = Place(surface=surface.name, channel=home.channel, site=surface.site)
                await self._rows.bind(handle, place)
                await self._attempt(lambda place=place: self._board.open(handle, place))  # type: ignore[misc]

    async def whisper(self, message: Message, card: Card) -> None:
        surface = self._surfaces.get(message.place.surface)
        if surface is not None:
            await self._attempt(lambda: surface.send_private(message, card))

    async def _attempt(self, say: Callable[[], Awaitable[Any]]) -> bool:
        """Tries again while the chat cannot be reached; what it refuses is logged, the rest goes on. Whether it
        was said."""
        pause = FIRST_PAUSE_SECONDS
        for left in reversed(range(CHAT_TRIES)):
            try:
                await say()
                return True
            except RouteClosed as error:
                log.warning("answer not delivered", why=str(error))
                return False
            except ChatUnreachable as error:
                if not left:
                    log.exception("chat unreachable, answer given up")
                    return False
                await asyncio.sleep(max(pause, error.retry_after))
                pause *= 2
            except (SurfaceError, CannotPost) as error:
                log.warning("answer refused by the chat", why=str(error))
                return False
        return False
