"""The outbox: everything that is sent to a chat, in order, until the chat has taken it.

A delivery has a committed row before it is sent. One dispatcher sends what is due, the most urgent first, and one
thing at a time in each lane: a channel, or one person in it. What the chat cannot take now is tried again later;
what it refuses is parked, and tried again each minute, or at once when something changes in that place. What is
drawn when it is sent (``DRAWN_WHEN_SENT``) has one delivery however often it changes.

In an outage the deliveries of a lane wait behind the first one. One that still fails after ``PATIENT_ATTEMPTS``
lets the others try, because the chat may reject only that one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from adapters.http.rate_limits import background
from bot.observability import metrics, traces
from bot.outbound.outbox_item import OutboxItem, operators_group
from bot.storage.outbox import DRAWN_WHEN_SENT, Delivery, Kind, OutboxRows, unparked
from bot.storage.store import StoreError
from bot.surfaces.errors import FOR_THE_OPERATOR, ChatUnreachable, Refusal, SurfaceError, Throttled, TokenRejected
from commands.model.card import Card

PATIENT_ATTEMPTS = 6
FIRST_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 30.0
PROBE_SECONDS = 60.0
TAKE_OVER_SECONDS = 5.0
CLAIM_SECONDS = 0.1  # until a lane that another replica sends in is tried again
NEVER_PROBED = frozenset({Refusal.INVALID, Refusal.POST_GONE})
"""Nothing that happens in the chat changes these. The next start tries once more."""

log = structlog.get_logger(__name__)


class Claims(Protocol):
    """Of what one replica may do at a time. Raises ``StoreError``."""

    async def take(self, name: str) -> bool: ...

    async def release(self, name: str) -> None: ...

    async def close(self) -> None: ...


Send = Callable[[Delivery, bool], Awaitable[None]]
"""The flag: an earlier attempt may have worked. Raises ``SurfaceError``."""


class Outbox:
    """``senders``: how each kind is sent. ``notices_about`` says who is told that a delivery is parked.
    ``claims``: of the lanes, if there are several replicas."""

    def __init__(
        self,
        rows: OutboxRows,
        senders: Mapping[Kind, Send],
        notices_about: Callable[[Delivery, SurfaceError], Sequence[Delivery]],
        now: Callable[[], datetime],
        claims: Claims | None = None,
    ) -> None:
        self._rows = rows
        self._claims = claims
        self._senders = senders
        self._notices_about = notices_about
        self._now = now
        self._items: dict[str, OutboxItem] = {}  # not sent yet, in order
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loops: list[asyncio.Task[None]] = []

    async def load(self) -> None:
        """What the last process left. What was parked is tried once more."""
        for delivery in await self._rows.unsent():
            self._items[delivery.key] = OutboxItem(unparked(delivery), may_exist=True)
        self._wake.set()

    def start(self) -> None:
        self._loops = [asyncio.create_task(self._dispatch()), asyncio.create_task(self._probe())]
        if self._claims is not None:
            self._loops.append(asyncio.create_task(self._take_over_forever()))

    async def _take_over_forever(self) -> None:
        """What other replicas have not sent for some time: they may be dead."""
        while True:
            await asyncio.sleep(TAKE_OVER_SECONDS)
            try:
                unsent = await self._rows.unsent()
            except StoreError as error:
                log.warning("deliveries not looked through", error=str(error))
                continue
            for delivery in unsent:
                is_old = self._now() - delivery.at > timedelta(seconds=TAKE_OVER_SECONDS)
                if is_old and delivery.key not in self._items:
                    self._items[delivery.key] = OutboxItem(delivery, may_exist=True)
            self._wake.set()

    async def stop(self, grace: float) -> None:
        """Sends what is due, within ``grace`` seconds. The rest stays in its rows."""
        with suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self.over([item.delivery.key for item in self._waiting() if not item.attempts])
        tasks = [*self._loops, *self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._claims is not None:
            await self._claims.close()

    # Putting deliveries in

    async def put(self, *deliveries: Delivery) -> None:
        """Durable when it returns. A delivery whose key was put before is not sent again. Raises
        ``StoreError``."""
        self.committed(deliveries, await self._rows.insert(deliveries))

    def committed(self, deliveries: Sequence[Delivery], new: set[str], held: float = 0.0) -> None:
        """Sends those that have a row now; ``new`` are the keys of those that had none before. ``held``: another
        replica may take the private answer within so many seconds."""
        not_before = asyncio.get_running_loop().time() + held
        for delivery in deliveries:
            if delivery.key in new:
                is_held = held and delivery.kind is Kind.ANSWER
                self._items[delivery.key] = OutboxItem(delivery, not_before=not_before if is_held else 0.0)
        self._wake.set()

    def request(self, delivery: Delivery) -> None:
        """Draws and sends it soon: only for ``DRAWN_WHEN_SENT``. If it waits already, the newest state is drawn
        when its turn comes."""
        item = self._items.get(delivery.key)
        if item is not None:
            item.changes += 1
            item.trace = traces.current() or item.trace
            if item.delivery.parked and item.delivery.reason in NEVER_PROBED:
                self._unpark(item)  # what is drawn now may be accepted
            if delivery.cause is not None:
                item.delivery = replace(item.delivery, cause=delivery.cause)
            return
        self._rows.insert_soon(delivery)
        self._items[delivery.key] = OutboxItem(delivery)
        self._wake.set()

    async def send_now(self, delivery: Delivery, within: float) -> bool:
        """Whether the chat took it within that time. Else it is sent as soon as possible. A refusal is raised as
        ``SurfaceError``, and is not parked."""
        refused: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.request(delivery)
        item = self._items[delivery.key]
        if item.delivery.parked:
            self._unpark(item)
        item.refused_to = refused
        item.waiters.append(refused)
        try:
            async with asyncio.timeout(within):
                return await refused
        except TimeoutError:
            return False
        finally:
            item.refused_to = None

    async def take_answer(self, message: str) -> Card | None:
        """The private answer that another replica has put, to show it otherwise. Raises ``StoreError``."""
        return await self._rows.take_answer(message)

    async def supersede(self, message: str, keep: Sequence[str]) -> None:
        """Gives up the answers to a message that wait while a newer one is ready."""
        for item in list(self._items.values()):
            delivery = item.delivery
            is_older = delivery.kind is Kind.ANSWER and delivery.key.startswith(f"answer {message} ")
            if is_older and delivery.key not in keep and not item.sending:
                self._end(item, taken=False)

    async def over(self, keys: Sequence[str]) -> None:
        """Returns when each of them was sent, parked or given up."""
        waiters: list[asyncio.Future[bool]] = []
        for key in keys:
            item = self._items.get(key)
            if item is not None and not item.delivery.parked:
                waiters.append(asyncio.get_running_loop().create_future())
                item.waiters.append(waiters[-1])
        if waiters:
            await asyncio.wait(waiters)

    # What is parked

    def unsent(self) -> Sequence[Delivery]:
        """What waits or is parked."""
        return [item.delivery for item in self._items.values()]

    def parked(self) -> Sequence[Delivery]:
        return [item.delivery for item in self._items.values() if item.delivery.parked]

    def needs_operator(self, surface: str) -> bool:
        """Whether something is parked that only an operator can change."""
        return any(
            delivery.place.surface == surface and delivery.reason in FOR_THE_OPERATOR for delivery in self.parked()
        )

    def place_changed(self, surface: str, channel: str = "") -> None:
        """Something happened in this channel, or without one somewhere in the chat: what is parked there may be
        possible now."""
        for item in self._parked_items():
            place, reason = item.delivery.place, item.delivery.reason
            if place.surface == surface and channel in ("", place.channel) and reason not in NEVER_PROBED:
                self._unpark(item)

    def _parked_items(self) -> list[OutboxItem]:
        return [item for item in self._items.values() if item.delivery.parked]

    def _unpark(self, item: OutboxItem) -> None:
        """In memory: the row says why it was parked until it is sent, or parked again."""
        item.delivery = replace(item.delivery, parked=False)
        item.attempts, item.not_before = 0, 0.0
        self._wake.set()

    async def _probe(self) -> None:
        while True:
            await asyncio.sleep(PROBE_SECONDS)
            groups: set[str] = set()
            for item in self._parked_items():
                if self._now() >= item.delivery.until:
                    self._unpark(item)  # to be given up
                if item.group not in groups and item.delivery.reason not in NEVER_PROBED:
                    groups.add(item.group)
                    self._unpark(item)

    # Sending

    async def _dispatch(self) -> None:
        while True:
            self._wake.clear()
            next_at = self._start_due()
            delay = None if next_at is None else max(0.0, next_at - asyncio.get_running_loop().time())
            try:
                async with asyncio.timeout(delay):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _waiting(self) -> list[OutboxItem]:
        return [item for item in self._items.values() if not item.delivery.parked]

    def _start_due(self) -> float | None:
        """Starts to send what is due. Returns when the next one is."""
        now, next_at = asyncio.get_running_loop().time(), None
        waiting = self._waiting()
        taken = {item.lane for item in waiting if item.sending}
        for item in sorted(waiting, key=lambda item: item.urgency):
            if item.sending or item.lane in taken:
                continue
            if item.not_before > now:
                next_at = min(next_at or item.not_before, item.not_before)
                if item.delivery.kind not in DRAWN_WHEN_SENT and 0 < item.attempts < PATIENT_ATTEMPTS:
                    taken.add(item.lane)
                continue
            taken.add(item.lane)
            item.sending = True
            self._spawn(self._send(item))
        return next_at

    async def _send(self, item: OutboxItem) -> None:
        delivery = item.delivery
        try:
            if self._now() >= delivery.until:
                log.error("delivery given up: the chat did not take it in time", delivery=delivery.key)
                self._end(item, taken=False)
                return
            await self._send_alone(item)
        except Throttled as error:
            metrics.count_chat_rate_limit(delivery.place.surface)
            item.not_before = asyncio.get_running_loop().time() + error.retry_after
        except TokenRejected as error:
            await self._refused(item, error)
        except (ChatUnreachable, StoreError) as error:
            self._failed(item, error)
        except SurfaceError as error:
            await self._refused(item, error)
        except Exception:
            log.exception("delivery failed", delivery=delivery.key)
            await self._refused(item, SurfaceError("unexpected error"))
        finally:
            item.sending = False
            self._wake.set()

    async def _send_alone(self, item: OutboxItem) -> None:
        """With replicas, only while none of them sends in this lane."""
        if self._claims is None:
            await self._draw_and_send(item)
            return
        if not await self._claims.take(f"post {item.lane}"):
            item.not_before = asyncio.get_running_loop().time() + CLAIM_SECONDS
            return
        try:
            await self._rows.catch_up()
            if item.delivery.kind in DRAWN_WHEN_SENT or await self._rows.is_unsent(item.delivery.key):
                await self._draw_and_send(item)
                await self._rows.flush()
            else:
                self._forget(item)
        finally:
            await self._claims.release(f"post {item.lane}")

    async def _draw_and_send(self, item: OutboxItem) -> None:
        delivery, changes = item.delivery, item.changes
        trace = traces.continued(item.trace, f"send {delivery.kind}", surface=delivery.place.surface)
        with trace, background() if item.urgency else nullcontext():
            await self._senders[delivery.kind](delivery, item.may_exist)
        self._unpark_group(delivery)
        if item.changes == changes:
            self._end(item, taken=True)
        else:
            self._go_on(item)

    def _forget(self, item: OutboxItem) -> None:
        """Another replica has sent it."""
        if self._items.get(item.delivery.key) is item:
            del self._items[item.delivery.key]
        item.end(taken=True)

    def _end(self, item: OutboxItem, *, taken: bool) -> None:
        """Sent, or given up."""
        if taken:
            self._rows.sent(item.delivery)
        else:
            self._rows.delete(item.delivery.key)
        if self._items.get(item.delivery.key) is item:
            del self._items[item.delivery.key]
        item.end(taken=taken)

    def _go_on(self, item: OutboxItem) -> None:
        """It has changed since: it is sent again, after those that have waited longer."""
        item.attempts, item.not_before, item.may_exist = 0, 0.0, False
        del self._items[item.delivery.key]
        self._items[item.delivery.key] = item

    def _failed(self, item: OutboxItem, error: ChatUnreachable | StoreError) -> None:
        item.may_exist = True
        item.attempts += 1
        asked = error.retry_after if isinstance(error, ChatUnreachable) else 0.0
        pause = min(FIRST_RETRY_SECONDS * 2 ** min(item.attempts - 1, 10), LONGEST_RETRY_SECONDS)
        item.not_before = asyncio.get_running_loop().time() + max(pause, asked)
        if item.attempts == 1:
            log.warning("delivery waits for the chat", delivery=item.delivery.key, error=str(error))

    async def _refused(self, item: OutboxItem, error: SurfaceError) -> None:
        if item.refused_to is not None and not item.refused_to.done():
            item.refused_to.set_exception(error)
            self._end(item, taken=False)
            return
        was = item.delivery.reason
        item.delivery = replace(item.delivery, parked=True, reason=error.refusal, detail=str(error)[:500])
        metrics.count_refused_delivery(item.delivery.place.surface, error.refusal)
        is_new = was != error.refusal
        if is_new:
            log.warning("delivery refused by the chat", delivery=item.delivery.key, error=str(error))
        notices = self._notices_about(item.delivery, error) if is_new else ()
        try:
            self.committed(notices, await self._rows.park(item.delivery, notices))
        except StoreError as failure:  # after a restart it is tried again
            log.warning("delivery not marked", delivery=item.delivery.key, error=str(failure))
        item.end(taken=False)

    def _unpark_group(self, delivery: Delivery) -> None:
        """Something was taken in that place, so the others are tried too."""
        if delivery.kind in (Kind.ANSWER, Kind.NOTICE):
            return  # which may have been taken elsewhere
        for item in self._parked_items():
            if item.group in (delivery.place.key, operators_group(delivery.place)):
                self._unpark(item)

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
