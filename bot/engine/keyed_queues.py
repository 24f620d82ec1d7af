"""Queues by name. A queue and its worker task exist only while the queue has items."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import structlog

T = TypeVar("T")

log = structlog.get_logger(__name__)


class KeyedQueues(Generic[T]):
    """Handles the items of one queue one at a time, in order; different queues run concurrently.

    ``spawn`` creates the worker tasks, so that their owner can wait for them.
    """

    def __init__(
        self,
        handle: Callable[[T], Awaitable[None]],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._handle = handle
        self._spawn = spawn
        self._queues: dict[str, deque[T]] = {}

    def add(self, name: str, item: T) -> None:
        if name in self._queues:
            self._queues[name].append(item)
        else:
            self._queues[name] = deque([item])
            self._spawn(self._drain(name))

    def add_first(self, name: str, item: T) -> None:
        """Before all that wait."""
        if name in self._queues:
            self._queues[name].appendleft(item)
        else:
            self.add(name, item)

    def size(self, name: str) -> int:
        """The number of waiting items, without the one that is being handled."""
        return len(self._queues.get(name, ()))

    def position(self, name: str, item: T) -> int | None:
        """The index of a waiting item; None if it does not wait in this queue."""
        queue = self._queues.get(name)
        return queue.index(item) if queue is not None and item in queue else None

    def remove(self, name: str, item: T) -> bool:
        """Whether the item was waiting, and was removed."""
        if self.position(name, item) is None:
            return False
        self._queues[name].remove(item)
        return True

    def clear(self) -> None:
        for queue in self._queues.values():
            queue.clear()

    async def _drain(self, name: str) -> None:
        queue = self._queues[name]
        while queue:
            try:
                await self._handle(queue.popleft())
            except Exception:
                # An unexpected error ends this item only; the others in its queue still get their turn.
                log.exception("message failed in its queue", queue=name)
        del self._queues[name]


@dataclass(eq=False)
class _Turn:
    over: asyncio.Event = field(default_factory=asyncio.Event)  # the next item may go on
    again: "asyncio.Future[None] | None" = None  # the item has left, and waits for another turn


class TurnQueues(KeyedQueues[T]):
    """Queues whose items may leave their turn while they are being handled, and rejoin the queue later."""

    def __init__(
        self,
        handle: Callable[[T], Coroutine[Any, Any, None]],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        super().__init__(self._take_turn, spawn)
        self._handle_item = handle
        self._turns: dict[T, _Turn] = {}

    def leave(self, item: T) -> None:
        self._turns[item].over.set()

    async def rejoin(self, name: str, item: T, *, first: bool) -> None:
        """Returns when it is the item's turn again: the next one, or after all that wait. At once if it is."""
        turn = self._turns[item]
        if turn.over.is_set():
            turn.again = asyncio.get_running_loop().create_future()
            (self.add_first if first else self.add)(name, item)
            await turn.again
            turn.again = None

    def has_begun(self, item: T) -> bool:
        return item in self._turns

    def clear(self) -> None:
        """Also ends the waiting for another turn."""
        super().clear()
        for turn in self._turns.values():
            if turn.again is not None:
                turn.again.cancel()

    async def _take_turn(self, item: T) -> None:
        turn = self._turns.setdefault(item, _Turn())
        turn.over.clear()
        if turn.again is None:
            self._spawn(self._handle_to_end(item, turn))
        elif not turn.again.done():
            turn.again.set_result(None)
        await turn.over.wait()

    async def _handle_to_end(self, item: T, turn: _Turn) -> None:
        try:
            await self._handle_item(item)
        finally:
            turn.over.set()
            del self._turns[item]
