"""The engine of one process: queues in memory over the rows of the store.

A message's way: ``record`` (durable) -> ``carry`` -> its place queue, in order of arrival -> a write's run queue,
in order of joining; everything else at once -> its answer is delivered -> its row is done. A crash anywhere
leaves the row, and ``start`` puts it back where it was. Workers exist only while their queue has something.
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from bot.engine.port import MessageWork, Progress
from bot.observability import metrics
from bot.storage.facts import ScheduledRows
from bot.storage.inbox import Inbox, UnfinishedMessage
from bot.storage.store import StoreError
from bot.surfaces.protocol import NotRecorded, Recorded
from commands.dispatch import Route
from commands.model.card import Answer
from commands.model.messages import Actor, Message
from commands.model.ports import StopResult

RECORD_SECONDS = 2.0
ORPHAN_SECONDS = 5.0  # recorded but never carried: the surface's ack went wrong
START_HOLDS_SECONDS = 10.0
QUEUED_TELL_SECONDS = 3.0

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class _Item:
    message: Message
    ticket: Route | None = None
    progress: Progress = field(default_factory=Progress)
    carried: bool = False


def _left_over(left: UnfinishedMessage) -> _Item:
    item = _Item(left.message, left.ticket, Progress(resumed=True, answered=left.answered), carried=True)
    if left.stopped:
        item.progress.stopped.set()
    return item


@dataclass
class _Queue:
    """One place or run: what waits, and the worker that empties it."""

    waiting: "deque[_Item]" = field(default_factory=deque)
    worker: "asyncio.Task[None] | None" = None


@dataclass
class _Starting:
    """A start under way in a place, and the messages it holds back."""

    run: str
    over: asyncio.Event = field(default_factory=asyncio.Event)


class EmbeddedEngine:
    def __init__(
        self, inbox: Inbox, laters: ScheduledRows, work: MessageWork, now: Callable[[], datetime]
    ) -> None:
        self._inbox = inbox
        self._laters = laters
        self._work = work
        self._now = now
        self._items: dict[str, _Item] = {}
        self._places: dict[str, _Queue] = {}
        self._held: dict[str, _Queue] = {}
        self._runs: dict[str, _Queue] = {}
        self._starting: dict[str, _Starting] = {}
        self._joined = 0
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._accepting = False

    # Lifetime

    async def start(self) -> None:
        self._joined = await self._inbox.last_joined()
        for left in await self._inbox.unfinished():
            item = _left_over(left)
            self._items[left.message.key] = item
            if item.ticket is None:
                self._enter(self._places, left.message.place.queue, item, self._place)
            else:
                self._go_on(item)
        for slot, (when, message) in (await self._laters.all()).items():
            self._set_timer(slot, when, message)
        self._accepting = True

    async def stop(self, grace: float) -> None:
        """Lets what is under way end for ``grace`` seconds; what has only waited is left in its row."""
        self._accepting = False
        self._work.shut_down()
        for timer in self._timers.values():
            timer.cancel()
        for queues in (self._places, self._held, self._runs):
            for queue in queues.values():
                queue.waiting.clear()
        running = [task for task in self._tasks if not task.done()]
        if running:
            _, late = await asyncio.wait(running, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def ready(self) -> bool:
        return self._accepting

    # Taking in

    async def record(self, message: Message, answer: bytes) -> Recorded:
        if not self._accepting:
            raise NotRecorded("shutting down")
        try:
            async with asyncio.timeout(RECORD_SECONDS):
                before = await self._inbox.record(message, answer)
        except (TimeoutError, StoreError) as error:
            log.warning("not recorded in time", delivery=message.key, why=str(error))
            self._inbox.withdraw(message.key)
            raise NotRecorded(str(error)) from error
        if before is not None:
            return Recorded(new=False, answer=before)
        self._items[message.key] = _Item(message)
        metrics.queue_depth(len(self._items))
        asyncio.get_running_loop().call_later(ORPHAN_SECONDS, self.process, message.key)
        return Recorded(new=True, answer=answer)

    def process(self, key: str) -> None:
        item = self._items.get(key)
        if item is None or item.carried or not self._accepting:
            return
        item.carried = True
        self._enter(self._places, item.message.place.queue, item, self._place)

    async def resume(self, key: str, *, by: Actor | None) -> bool:
        if not self._accepting or key in self._items:
            return False
        left = await self._inbox.reopen(key)
        if left is None:
            return False
        item = self._items[key] = _left_over(left)
        item.progress.wanted = self._now() if by else None
        item.progress.pressed = by
        self._go_on(item)
        return True

    async def stop_waiting(self, key: str, by: Actor) -> StopResult:
        item = self._items.get(key)
        if item is None:
            return "over"
        item.progress.stopped.set()
        if item.progress.sent:
            await self._inbox.stop(key)
            return "trying"
        item.progress.pressed = by
        ticket = self._leaves_queue(item)
        await self._inbox.stop(key)
        if ticket is not None:
            self._spawn(self._finish(item, self._work.stopped(item.message, ticket, by)))
        return "stopped"

    def _leaves_queue(self, item: _Item) -> Route | None:
        """Its ticket, if it stood behind others and nothing of it was ever begun: then it is over."""
        queue = self._runs.get(item.ticket.queue) if item.ticket and not item.ticket.starting else None
        if queue is None or item not in queue.waiting or item.progress.resumed:
            return None
        queue.waiting.remove(item)
        return item.ticket

    async def schedule(self, when: datetime, slot: str, message: Message | None) -> None:
        timer = self._timers.pop(slot, None)
        if timer is not None:
            timer.cancel()
        if message is None:
            await self._laters.drop(slot)
            return
        await self._laters.put(slot, when, message)
        self._set_timer(slot, when, message)

    def waiting(self, run: str) -> int:
        queue = self._runs.get(run)
        return len(queue.waiting) if queue else 0

    # The way of one message

    async def _place(self, item: _Item) -> None:
        message = item.message
        start = self._starting.get(message.place.queue)
        if start is not None and self._work.lacks_run(message):
            self._enter(self._held, message.place.queue, item, self._wait_for_start)
            return
        await self._decide(item)

    async def _wait_for_start(self, item: _Item) -> None:
        start = self._starting.get(item.message.place.queue)
        if start is not None:
            try:
                async with asyncio.timeout(START_HOLDS_SECONDS):
                    await start.over.wait()
            except TimeoutError:
                await self._finish(item, self._work.busy(item.message, start.run))
                return
        await self._decide(item)

    async def _decide(self, item: _Item) -> None:
        decided = await self._work.route(item.message)
        if not isinstance(decided, Route):
            self._spawn(self._finish(item, decided))
            return
        item.ticket = decided
        self._joined += 1
        intent = "" if decided.intent is None else json.dumps(decided.intent)
        self._inbox.placed(item.message.key, intent, decided, self._joined)
        self._go_on(item)

    def _go_on(self, item: _Item) -> None:
        ticket = item.ticket
        assert ticket is not None
        if ticket.starting:
            self._starting.setdefault(item.message.place.queue, _Starting(ticket.queue))
        if ticket.queue:
            self._enter(self._runs, ticket.queue, item, self._carry)
            if not item.progress.resumed:  # else something of it may be sent, and its person knows that it waits
                asyncio.get_running_loop().call_later(QUEUED_TELL_SECONDS, self._tell_queued, item, ticket)
        else:
            self._spawn(self._carry(item))

    def _tell_queued(self, item: _Item, ticket: Route) -> None:
        queue = self._runs.get(ticket.queue)
        if queue is not None and item in queue.waiting and not item.progress.stopped.is_set():
            ahead = queue.waiting.index(item) + 1  # and the one that is being carried out
            self._spawn(self._work.queued(item.message, ticket, ahead))

    async def _carry(self, item: _Item) -> None:
        assert item.ticket is not None
        try:
            answer = await self._work.execute(item.message, item.ticket, item.progress)
        finally:
            start = self._starting.get(item.message.place.queue)
            if start is not None and item.ticket.starting and start.run == item.ticket.queue:
                del self._starting[item.message.place.queue]
                start.over.set()
        # The answer is on its way while the next write of this run already goes out.
        self._spawn(self._finish(item, answer))

    async def _finish(self, item: _Item, answer: Answer) -> None:
        result = await self._work.deliver(item.message, answer, resumed=item.progress.resumed)
        await self._inbox.done(item.message.key, result)
        self._items.pop(item.message.key, None)
        metrics.queue_depth(len(self._items))
        metrics.message(item.message.place.surface, result)

    # Machinery

    def _enter(
        self, queues: dict[str, _Queue], name: str, item: _Item, step: Callable[[_Item], Awaitable[None]]
    ) -> None:
        queue = queues.setdefault(name, _Queue())
        queue.waiting.append(item)
        if queue.worker is None:
            queue.worker = self._spawn(self._empty(queues, name, step))

    async def _empty(self, queues: dict[str, _Queue], name: str, step: Callable[[_Item], Awaitable[None]]) -> None:
        queue = queues[name]
        while queue.waiting:
            try:
                await step(queue.waiting.popleft())
            except Exception:
                # One message that breaks us must not take the others of its queue with it.
                log.exception("message broke its queue", queue=name)
        del queues[name]

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("engine task failed", exc_info=error)

    def _set_timer(self, slot: str, when: datetime, message: Message) -> None:
        delay = max(0.0, (when - self._now()).total_seconds())
        loop = asyncio.get_running_loop()
        self._timers[slot] = loop.call_later(delay, lambda: self._spawn(self._due(slot, message)))

    async def _due(self, slot: str, message: Message) -> None:
        """Recorded before the row of its time is dropped: a crash between the two is a repeat of one key."""
        self._timers.pop(slot, None)
        await self.record(message, b"")
        await self._laters.drop(slot)
        self.process(message.key)
