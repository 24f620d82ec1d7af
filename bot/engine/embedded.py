"""The engine of a single process: queues in memory, backed by the rows of the store.

The path of a message: ``record`` (durable) -> ``process`` -> its place queue, in order of arrival -> for a write,
the queue of its run, in order of entry; everything else runs at once -> its answer is delivered -> its row is
done. A crash at any point leaves the row, and ``start`` puts the message back where it was.
"""

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from adapters.models import RunKey
from bot.engine.keyed_queues import KeyedQueues, TurnQueues
from bot.engine.port import (
    HOLD_FOR_START_SECONDS,
    QUEUED_NOTICE_SECONDS,
    MessageWork,
    Progress,
)
from bot.engine.recording import Recording
from bot.observability import metrics
from bot.storage.inbox import Inbox, UnfinishedMessage
from bot.storage.scheduled import ScheduledRows
from bot.storage.store import StoreError
from bot.surfaces.errors import NotRecorded
from bot.surfaces.protocol import Recorded
from commands.dispatch import Route
from commands.model.card import Answer
from commands.model.messages import Actor, Message
from commands.model.ports import StopResult

UNACKNOWLEDGED_SECONDS = 5.0  # then a recorded message is processed anyway: the surface's acknowledgement failed
RESUMED_AT_ONCE, RESUME_PAUSE_SECONDS = 4, 0.02

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class _QueueItem:
    message: Message
    route: Route | None = None
    progress: Progress = field(default_factory=Progress)
    processing: bool = False
    is_delayed: bool = False  # it was not sent soon, and the card of its run says so
    goes_on: Progress | None = None  # an outcome became known while it was being answered: it is processed again


def _resumed_item(unfinished: UnfinishedMessage) -> _QueueItem:
    progress = Progress(resumed=True, answered=unfinished.answered, requested_at=unfinished.requested_at)
    if unfinished.stopped:
        progress.stopped.set()
    return _QueueItem(unfinished.message, unfinished.route, progress, processing=True)


@dataclass
class _PendingStart:
    """A start in progress in a place. Messages that need its run wait until ``over`` is set."""

    item: _QueueItem
    over: asyncio.Event = field(default_factory=asyncio.Event)


class EmbeddedEngine:
    """Implements ``bot.engine.port.Engine``."""

    def __init__(
        self, inbox: Inbox, scheduled: ScheduledRows, work: MessageWork, now: Callable[[], datetime]
    ) -> None:
        """``on_delay_change`` gets the run whose number of ``delayed_writes`` may be another."""
        self.on_delay_change: Callable[[str], None] = lambda run: None
        self._inbox = inbox
        self._scheduled = scheduled
        self._work = work
        self._now = now
        self._items: dict[str, _QueueItem] = {}  # unfinished messages, by key
        self._place_queues = KeyedQueues(self._route_or_hold, self._spawn)
        self._held_queues = KeyedQueues(self._route_after_start, self._spawn)  # by place
        self._reaction_queues = KeyedQueues(self._read_reaction, self._spawn)  # by channel
        self._run_queues = TurnQueues(self._execute, self._spawn)
        self._pending_starts: dict[str, _PendingStart] = {}  # by place
        self._recording = Recording(inbox, lambda key: key in self._items)
        self._last_queue_order = 0
        self._timers: dict[str, asyncio.TimerHandle] = {}  # by slot
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: list[Coroutine[Any, Any, None]] | None = []  # until ``process_unfinished``
        self._accepting = False
        self._stopping = False

    # Lifetime

    async def start(self) -> frozenset[str]:
        """Puts unfinished messages back in their queues, in order, and accepts others. Returns their keys.

        ``process_unfinished`` processes them.
        """
        self._last_queue_order = await self._inbox.last_queue_order()
        for unfinished in await self._inbox.unfinished():
            item = self._items[unfinished.message.key] = _resumed_item(unfinished)
            if item.route is None:
                self._place_queues.add(item.message.place.queue, item)
            else:
                self._follow_route(item, item.route)
        self.accept()
        return frozenset(self._items)

    def accept(self) -> None:
        self._accepting = True

    async def process_unfinished(self) -> None:
        """A few messages at a time: those of people who wait now are processed in between."""
        held, self._held = self._held or [], None
        for number, work in enumerate(held):
            self._spawn(work)
            if number % RESUMED_AT_ONCE == RESUMED_AT_ONCE - 1:
                await asyncio.sleep(RESUME_PAUSE_SECONDS)
        async for slot, (due_at, message) in self._scheduled.all():
            if slot not in self._timers:
                self._set_timer(slot, due_at, message)

    async def stop(self, grace: float) -> None:
        """Waits up to ``grace`` seconds for running work. Waiting messages stay in their rows.

        Answers are stored, so the next start delivers those that a chat does not take at once.
        """
        self._accepting, self._stopping = False, True
        self._work.shut_down()
        for work in self._held or ():
            work.close()
        for timer in self._timers.values():
            timer.cancel()
        for queues in (self._place_queues, self._held_queues, self._reaction_queues, self._run_queues):
            queues.clear()
        running = [task for task in self._tasks if not task.done()]
        if running:
            _, late = await asyncio.wait(running, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def ready(self) -> bool:
        return self._accepting

    def oldest_message_at(self) -> datetime | None:
        return min((item.message.at for item in self._items.values()), default=None)

    # Accepting messages

    async def record(self, message: Message, answer: bytes) -> Recorded:
        if not self._accepting:
            raise NotRecorded("shutting down")
        recorded = await self._recording.record(message, answer)
        if recorded.new:
            self._items[message.key] = _QueueItem(message)
            metrics.set_queue_depth(len(self._items))
            asyncio.get_running_loop().call_later(UNACKNOWLEDGED_SECONDS, self.process, message.key)
        return recorded

    def process(self, key: str) -> None:
        item = self._items.get(key)
        if item is None or item.processing or not self._accepting:
            return
        item.processing = True
        self._place_queues.add(item.message.place.queue, item)

    def resume(self, key: str, reopened: UnfinishedMessage | None, *, by: Actor | None) -> bool:
        if (item := self._items.get(key)) is not None:
            item.goes_on = Progress(resumed=True, answered=True, requested_at=self._now() if by else None)
            item.goes_on.decided_by = by
            return True
        if reopened is None or reopened.route is None:
            return False
        if self._accepting:  # else the next start takes it up
            item = self._items[key] = _resumed_item(reopened)
            item.progress.decided_by = by
            self._follow_route(item, reopened.route)
        return True

    async def stop_waiting(self, key: str, by: Actor) -> StopResult:
        item = self._items.get(key)
        if item is None:
            return "over"
        item.progress.stopped.set()
        if item.progress.sent:
            await self._inbox.mark_stopped(key)
            return "trying"
        item.progress.decided_by = by
        route = self._leave_run_queue(item)
        await self._inbox.mark_stopped(key)
        if route is not None:
            self._spawn(self._finish(item, self._work.stopped_answer(item.message, route, by)))
        return "stopped"

    def _leave_run_queue(self, item: _QueueItem) -> Route | None:
        """The route of an item that was waiting in its run's queue, untouched so far: this ends it."""
        route = item.route
        if route is None or route.starting or item.progress.resumed or self._run_queues.has_begun(item):
            return None
        return route if self._run_queues.remove(route.queue, item) else None

    async def schedule(self, due_at: datetime, slot: str, message: Message | None) -> None:
        timer = self._timers.pop(slot, None)
        if timer is not None:
            timer.cancel()
        if message is None:
            self._scheduled.delete(slot)
            return
        await self._scheduled.put(slot, due_at, message)
        self._set_timer(slot, due_at, message)

    def queued_writes(self, run: str) -> int:
        """With the one that is being executed, once it has waited for some seconds."""
        return max(self._run_queues.size(run), self.delayed_writes(run))

    def delayed_writes(self, run: str) -> int:
        """Those accepted some seconds ago of which nothing was sent yet."""
        return sum(
            item.is_delayed and not item.progress.sent and item.route is not None and item.route.queue == run
            for item in self._items.values()
        )

    # The path of one message

    async def _route_or_hold(self, item: _QueueItem) -> None:
        place = item.message.place.queue
        if item.message.is_unread:
            self._reaction_queues.add(place, item)
            return
        if place in self._pending_starts and self._work.lacks_run(item.message):
            self._held_queues.add(place, item)
            return
        await self._route(item)

    async def _route_after_start(self, item: _QueueItem) -> None:
        start = self._pending_starts.get(item.message.place.queue)
        if start is not None:
            try:
                async with asyncio.timeout(HOLD_FOR_START_SECONDS):
                    await start.over.wait()
            except TimeoutError:
                run = start.item.route.queue if start.item.route is not None else ""
                await self._finish(item, await self._work.busy_answer(item.message, run))
                return
        await self._route(item)

    async def _route(self, item: _QueueItem) -> None:
        route = await self._work.route(item.message)
        if isinstance(route, RunKey):
            self._spawn(self._read_run(item, route))
            return
        if not isinstance(route, Route):
            self._spawn(self._finish(item, route))
            return
        self._take_route(item, route)

    async def _read_reaction(self, item: _QueueItem) -> None:
        """In the order in which they came: one may take back another."""
        found = await self._work.read_reaction(item.message)
        if isinstance(found, Answer):
            self._spawn(self._finish(item, found))
        elif found is not None:
            item.message = found
            self._place_queues.add(found.place.queue, item)

    def _take_route(self, item: _QueueItem, route: Route) -> None:
        """A restart could route it elsewhere, so nothing is sent before its route is stored."""
        key, intent = item.message.key, "" if route.intent is None else json.dumps(route.intent)
        item.route = route
        item.progress.require_own = partial(self._inbox.require_route, key)
        self._last_queue_order += 1
        self._inbox.save_route_soon(key, intent, route, self._last_queue_order)
        self._follow_route(item, route)

    async def _read_run(self, item: _QueueItem, key: RunKey) -> None:
        """In no queue: others in the place need not wait for the platform."""
        answer = await self._work.read_run(item.message, key)
        if answer is not None:
            await self._finish(item, answer)
        elif not self._stopping:  # else the next start routes it
            self._place_queues.add(item.message.place.queue, item)

    def _follow_route(self, item: _QueueItem, route: Route) -> None:
        if route.starting:
            self._pending_starts.setdefault(item.message.place.queue, _PendingStart(item))
        if not route.queue:
            self._spawn(self._execute(item))
            return
        item.progress.leave_queue = partial(self._run_queues.leave, item)
        item.progress.rejoin_queue = partial(self._rejoin_queue, item, route.queue)
        self._run_queues.add(route.queue, item)
        if not item.progress.resumed:  # its sender already knows, and part of it may have been sent
            asyncio.get_running_loop().call_later(QUEUED_NOTICE_SECONDS, self._notify_queued, item, route)

    def _notify_queued(self, item: _QueueItem, route: Route) -> None:
        if item.message.key in self._items and not item.progress.sent and not item.progress.stopped.is_set():
            item.is_delayed = True
            self.on_delay_change(route.queue)
        position = self._run_queues.position(route.queue, item)
        if position is not None and not item.progress.stopped.is_set():
            ahead = position + 1  # plus the one that is being executed
            self._spawn(self._work.notify_queued(item.message, route, ahead))

    async def _rejoin_queue(self, item: _QueueItem, queue: str) -> None:
        """What has been sent goes on before what has not."""
        await self._run_queues.rejoin(queue, item, first=item.progress.sent)

    async def _execute(self, item: _QueueItem) -> None:
        assert item.route is not None
        result: Answer | Route | None = None
        try:
            result = await self._work.execute(item.message, item.route, item.progress)
        finally:
            if not isinstance(result, Route):
                self._end_start(item)
        if isinstance(result, Route):
            if not self._stopping:  # else the next start gets to the same point
                self._take_route(item, result)
            return
        # Not awaited: the next write to this run need not wait until the answer is delivered.
        self._spawn(self._finish(item, result))

    def _end_start(self, item: _QueueItem) -> None:
        """Lets go on what was held back for the run that the message starts, if it starts one."""
        place = item.message.place.queue
        start = self._pending_starts.get(place)
        if start is not None and start.item is item:
            del self._pending_starts[place]
            start.over.set()

    async def _finish(self, item: _QueueItem, answer: Answer) -> None:
        """Its answer is in the outbox when this returns, and it is done: it is not processed again."""
        key = item.message.key
        await self._work.deliver(item.message, answer, resumed=item.progress.resumed)
        if item.goes_on is not None and item.route is not None:
            try:
                await self._inbox.mark_again(key, item.route)
            except StoreError as error:
                log.warning("message not marked as going on", delivery=key, error=str(error))
            item.progress, item.goes_on = item.goes_on, None
            self._follow_route(item, item.route)
            return
        self._items.pop(key, None)
        if item.is_delayed and item.route is not None:
            self.on_delay_change(item.route.queue)  # also where nothing has changed in the run
        metrics.set_queue_depth(len(self._items))
        metrics.count_message(item.message.place.surface, answer.result)

    # Tasks and timers

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        if self._held is not None:
            self._held.append(work)
            return
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._on_task_done)

    def _on_task_done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("engine task failed", exc_info=error)

    def _set_timer(self, slot: str, due_at: datetime, message: Message) -> None:
        delay = max(0.0, (due_at - self._now()).total_seconds())
        loop = asyncio.get_running_loop()
        self._timers[slot] = loop.call_later(delay, lambda: self._spawn(self._on_due(slot, message)))

    async def _on_due(self, slot: str, message: Message) -> None:
        """Records the message before deleting its slot: after a crash in between, the key marks it as a repeat."""
        self._timers.pop(slot, None)
        await self.record(message, b"")
        self._scheduled.delete(slot)
        self.process(message.key)
