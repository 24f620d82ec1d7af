"""Sends answers to a chat until it takes them, in order, for as long as they are of use.

A queue is a place, or one person in it. If the chat cannot be reached, its answers wait behind the first one. An
answer that still fails after ``PATIENT_ATTEMPTS`` lets the others try, because the chat may reject only that one.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.storage.store import StoreError
from bot.surfaces.protocol import ChatUnreachable, RouteClosed, SurfaceError
from commands.model.ports import CannotPost

PATIENT_ATTEMPTS = 6
FIRST_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 30.0
USEFUL_FOR = timedelta(hours=24)
"""An answer that no chat has taken by then is dropped."""

log = structlog.get_logger(__name__)
Send = Callable[[], Awaitable[Any]]


@dataclass(eq=False)
class _Delivery:
    send: Send
    until: datetime
    key: str  # of the message, for the log
    taken: "asyncio.Future[bool]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    attempts: int = 0
    retry_after: float = 0.0


@dataclass(eq=False)
class _Queue:
    deliveries: list[_Delivery] = field(default_factory=list)
    worker: "asyncio.Task[None] | None" = None


class DeliveryQueues:
    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._queues: dict[str, _Queue] = {}

    async def send(self, name: str, key: str, since: datetime, send: Send) -> bool:
        """Whether the chat took it: False if it was refused, or is too old. Cancelling this gives up."""
        queue = self._queues.setdefault(name, _Queue())
        delivery = _Delivery(send, since + USEFUL_FOR, key)
        queue.deliveries.append(delivery)
        if queue.worker is None:
            queue.worker = asyncio.create_task(self._work(queue))
        try:
            return await delivery.taken
        finally:
            if delivery in queue.deliveries:
                queue.deliveries.remove(delivery)
            if not queue.deliveries and self._queues.get(name) is queue:
                del self._queues[name]
                if queue.worker is not None:
                    queue.worker.cancel()

    async def send_soon(self, key: str, send: Send) -> bool:
        """For what is out of date within a minute."""
        delivery = _Delivery(send, self._now(), key)
        pause = FIRST_RETRY_SECONDS
        while not await self._attempt(delivery):
            if delivery.attempts >= PATIENT_ATTEMPTS:
                log.warning("notice not delivered", delivery=key)
                return False
            await asyncio.sleep(max(pause, delivery.retry_after))
            pause *= 2
        return delivery.taken.result()

    async def _work(self, queue: _Queue) -> None:
        pause = FIRST_RETRY_SECONDS
        while queue.deliveries:
            if await self._round(queue.deliveries):
                pause = FIRST_RETRY_SECONDS
                continue
            retry_after = min(delivery.retry_after for delivery in queue.deliveries)
            await asyncio.sleep(max(pause, retry_after))
            pause = min(pause * 2, LONGEST_RETRY_SECONDS)
        queue.worker = None

    async def _round(self, deliveries: list[_Delivery]) -> bool:
        """Tries the answers from the first on. True if none is left or one is over: the chat responds again."""
        for delivery in list(deliveries):
            if delivery not in deliveries:  # given up in the meantime
                continue
            if await self._attempt(delivery):
                _remove(deliveries, delivery)
                return True
            if self._now() >= delivery.until:
                log.error("answer dropped: the chat did not take it in time", delivery=delivery.key)
                _remove(deliveries, delivery)
                _end(delivery, taken=False)
            elif delivery.attempts < PATIENT_ATTEMPTS:
                break
        return not deliveries

    async def _attempt(self, delivery: _Delivery) -> bool:
        """Whether it is over: taken or refused."""
        delivery.attempts += 1
        try:
            await delivery.send()
        except (ChatUnreachable, StoreError) as error:
            return self._failed(delivery, error)
        except CannotPost as error:
            if isinstance(error.__cause__, ChatUnreachable):
                return self._failed(delivery, error.__cause__)
            return self._refused(delivery, error)
        except (RouteClosed, SurfaceError) as error:
            return self._refused(delivery, error)
        except Exception:
            log.exception("answer not delivered", delivery=delivery.key)
            return _end(delivery, taken=False)
        return _end(delivery, taken=True)

    def _failed(self, delivery: _Delivery, error: ChatUnreachable | StoreError) -> bool:
        delivery.retry_after = error.retry_after if isinstance(error, ChatUnreachable) else 0.0
        if delivery.attempts == 1:
            log.warning("answer waits for the chat", delivery=delivery.key, error=str(error))
        return False

    def _refused(self, delivery: _Delivery, error: Exception) -> bool:
        log.warning("answer refused by the chat", delivery=delivery.key, error=str(error))
        return _end(delivery, taken=False)


def _end(delivery: _Delivery, *, taken: bool) -> bool:
    if not delivery.taken.done():
        delivery.taken.set_result(taken)
    return True


def _remove(deliveries: list[_Delivery], delivery: _Delivery) -> None:
    if delivery in deliveries:
        deliveries.remove(delivery)
