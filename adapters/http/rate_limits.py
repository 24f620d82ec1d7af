"""Which call may go next: one ``RateLimiter`` per origin and credential, people before background work.

Adapters with the same credential share one ``RateLimiter``. After a 429 its calls wait in line until Retry-After
has passed; calls with other credentials are not affected. The clock is the event loop's.

A ``RateLimitStore`` keeps what was used, and how long to wait, for the next process: a platform counts on while we
restart, and some revoke the key of a client that ignores their limit.
"""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from adapters.models import Model

MAX_BACKOFF = 60.0  # seconds
LONGEST_WAIT = timedelta(hours=1)  # read from a store: the clock may have been set back since
SHORTEST_STORED_PERIOD = 10.0  # seconds; a shorter one is over before the next process sends anything

_is_background: ContextVar[bool] = ContextVar("background", default=False)


@contextmanager
def background() -> Iterator[None]:
    """Calls made inside wait behind every call that somebody is waiting for."""
    token = _is_background.set(True)
    try:
        yield
    finally:
        _is_background.reset(token)


def is_background() -> bool:
    return _is_background.get()


@dataclass(frozen=True, slots=True)
class RateLimit:
    """``concurrency`` calls in flight, and at most ``calls`` in any ``per`` seconds (None: no such limit).

    Background work gets a quarter of the former and half of the latter, so that a person need not wait for the
    rest of the minute. ``backoff`` is the first wait in seconds after a 429 that does not say how long.
    """

    concurrency: int = 16
    calls: int | None = None
    per: float = 60.0
    backoff: float = 5.0


class RateLimitState(Model):
    """What a process leaves to the next one. ``sent`` are the calls of the last period: when, and whether it was
    background work."""

    blocked_until: datetime | None = None
    sent: tuple[tuple[datetime, bool], ...] = ()


class RateLimitNotStored(Exception):
    """The store did not take it."""


class RateLimitStore(Protocol):
    """``key`` stands for an origin and a credential, and reveals neither."""

    async def load(self) -> Mapping[str, RateLimitState]: ...

    async def save(self, key: str, state: RateLimitState) -> None:
        """Durable when it returns. Raises ``RateLimitNotStored``."""
        ...


@dataclass
class RateLimiter:
    limit: RateLimit
    _save: Callable[[RateLimitState], Awaitable[None]] | None = None
    _waiting: list[tuple[bool, int, asyncio.Future[None]]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=itertools.count)
    _in_flight: int = 0
    _background: int = 0  # of those in flight
    _blocked_until: float = 0.0
    _refused: int = 0  # 429s in a row
    _sent: list[tuple[float, bool]] = field(default_factory=list)  # (when, whether it was background work)
    _wake: asyncio.TimerHandle | None = None

    def restore(self, state: RateLimitState, save: Callable[[RateLimitState], Awaitable[None]]) -> None:
        """Continues where the last process stopped. From now on every change is saved."""
        self._save = save
        now, loop_now = datetime.now(UTC), asyncio.get_running_loop().time()
        if state.blocked_until is not None:
            wait = min(state.blocked_until - now, LONGEST_WAIT)
            self._blocked_until = max(self._blocked_until, loop_now + wait.total_seconds())
        ages = [(max((now - at).total_seconds(), 0.0), background) for at, background in state.sent]
        self._sent = [(loop_now - age, background) for age, background in ages] + self._sent

    async def save(self) -> None:
        """Raises ``RateLimitNotStored``."""
        if self._save is None:
            return
        now, loop_now = datetime.now(UTC), asyncio.get_running_loop().time()
        blocked_until = now + timedelta(seconds=self.blocked_for) if self.blocked_for else None
        sent = tuple((now - timedelta(seconds=loop_now - at), background) for at, background in self._sent)
        await self._save(RateLimitState(blocked_until=blocked_until, sent=sent))

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Waits for a turn. The call is stored before it goes, so it counts even if the process is killed now.

        Raises ``RateLimitNotStored``: the call must not go then.
        """
        async with self._turn():
            if self.limit.calls is not None and self.limit.per >= SHORTEST_STORED_PERIOD:
                await self.save()
            yield

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        loop, background = asyncio.get_running_loop(), is_background()
        if self._waiting or self._delay(loop.time(), background) > 0 or not self._has_room(background):
            future: asyncio.Future[None] = loop.create_future()
            heapq.heappush(self._waiting, (background, next(self._order), future))
            self._serve()
            try:
                await future
            except asyncio.CancelledError:
                if future.done() and not future.cancelled():
                    self._release(background)
                raise
        else:
            self._take(loop.time(), background)
        try:
            yield
        finally:
            self._release(background)

    def next_backoff(self) -> float:
        """Seconds to wait after a 429 that does not say how long; doubled each time in a row."""
        if self.blocked_for == 0:  # those that were in flight together count once
            self._refused += 1
        max_backoff = max(self.limit.backoff, MAX_BACKOFF)
        return min(self.limit.backoff * 2.0 ** min(self._refused - 1, 10), max_backoff)

    def reset_backoff(self) -> None:
        """A call succeeded, so the next wait is a short one again."""
        self._refused = 0

    async def block_for(self, seconds: float) -> None:
        """Lets no call go for this long, also after a restart. Raises ``RateLimitNotStored``; it holds anyway."""
        until = asyncio.get_running_loop().time() + seconds
        self._blocked_until = max(self._blocked_until, until)
        await self.save()

    @property
    def blocked_for(self) -> float:
        """Seconds until calls may go again; 0 if they may."""
        return max(0.0, self._blocked_until - asyncio.get_running_loop().time())

    def _has_room(self, background: bool) -> bool:
        if background and self._background >= max(1, self.limit.concurrency // 4):
            return False
        return self._in_flight < self.limit.concurrency

    def _release(self, background: bool) -> None:
        self._in_flight -= 1
        self._background -= background
        self._serve()

    def _take(self, now: float, background: bool) -> None:
        self._in_flight += 1
        self._background += background
        if self.limit.calls is not None:
            self._sent.append((now, background))

    def _delay(self, now: float, background: bool) -> float:
        wait = self._blocked_until - now
        if self.limit.calls is not None:
            self._sent = [(sent, background) for sent, background in self._sent if sent > now - self.limit.per]
            wait = max(wait, self._until_below([sent for sent, _ in self._sent], self.limit.calls, now))
            if background:
                own = [sent for sent, background in self._sent if background]
                wait = max(wait, self._until_below(own, max(1, self.limit.calls // 2), now))
        return max(0.0, wait)

    def _until_below(self, sent: list[float], limit: int, now: float) -> float:
        return sent[-limit] + self.limit.per - now if len(sent) >= limit else 0.0

    def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting and self._has_room(self._waiting[0][0]):
            delay = self._delay(loop.time(), self._waiting[0][0])
            if delay > 0:
                self._wake_in(delay, loop)
                return
            background, _, future = heapq.heappop(self._waiting)
            if not future.done():
                self._take(loop.time(), background)
                future.set_result(None)

    def _wake_in(self, delay: float, loop: asyncio.AbstractEventLoop) -> None:
        """For whoever is first in line now: a person may have come since, and background work waits longer."""
        if self._wake is not None:
            self._wake.cancel()
        self._wake = loop.call_later(delay, self._woken)

    def _woken(self) -> None:
        self._wake = None
        self._serve()
