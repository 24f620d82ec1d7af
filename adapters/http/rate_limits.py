"""Which call may go next: one ``RateLimiter`` per origin and credential, people before background work.

Adapters with the same credential share one ``RateLimiter``. After a 429 its calls wait in line until Retry-After
has passed; calls with other credentials are not affected. The clock is the event loop's.

A ``RateLimitStore`` keeps what was used, and how long to wait, for other processes and the next one: a platform
counts on while we restart, and some revoke the key of a client that ignores their limit.
"""

import asyncio
import heapq
import itertools
import math
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from adapters.http.leases import Budget, Leases, RateLimitNotStored, RateLimitStore

MAX_BACKOFF = 60.0  # seconds
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


@dataclass
class RateLimiter:
    limit: RateLimit
    _store: RateLimitStore | None = None
    _key: str = ""
    _leases: Leases | None = None
    _waiting: list[tuple[bool, int, asyncio.Future[float]]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=itertools.count)
    _in_flight: int = 0
    _background: int = 0  # of those in flight
    _blocked_until: float = 0.0
    _refused: int = 0  # 429s in a row
    _sent: list[tuple[float, bool]] = field(default_factory=list)  # (when, whether it was background work)
    _wake: asyncio.TimerHandle | None = None

    def use(self, store: RateLimitStore, key: str) -> None:
        """From now on, what is used is stored, for other processes and the next one."""
        self._store, self._key = store, key
        calls, per = self.limit.calls, self.limit.per
        if calls is not None and (store.is_shared or per >= SHORTEST_STORED_PERIOD):
            self._leases = Leases(store, Budget(key, calls, per))

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[float]:
        """Waits for a turn. The call is stored before it goes, so it counts even if the process is killed now.

        Gets the time, by the event loop, at which the turn is over: who has not sent by then takes another one.

        Raises ``RateLimitNotStored``: the call must not go then.
        """
        loop, background = asyncio.get_running_loop(), is_background()
        if self._waiting or not self._may_go(loop.time(), background):
            future: asyncio.Future[float] = loop.create_future()
            heapq.heappush(self._waiting, (background, next(self._order), future))
            self._serve()
            try:
                leave_by = await future
            except asyncio.CancelledError:
                if future.done() and not future.cancelled():
                    self._release(background)
                raise
        else:
            leave_by = self._take(loop.time(), background)
        try:
            yield leave_by
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
        """Lets no call go for this long, in any process. Raises ``RateLimitNotStored``; it holds here anyway."""
        self.block_here(seconds)
        if self._store is not None:
            await self._store.block(self._key, seconds)

    def block_here(self, seconds: float) -> None:
        """Another process was told to wait."""
        self._blocked_until = max(self._blocked_until, asyncio.get_running_loop().time() + seconds)

    @property
    def blocked_for(self) -> float:
        """Seconds until calls may go again; 0 if they may."""
        return max(0.0, self._blocked_until - asyncio.get_running_loop().time())

    def _may_go(self, now: float, background: bool) -> bool:
        if self._delay(now, background) > 0 or not self._has_room(background):
            return False
        return self._leases is None or self._leases.has(now, background)

    def close(self) -> None:
        if self._leases is not None:
            self._leases.close()

    def _has_room(self, background: bool) -> bool:
        if background and self._background >= max(1, self.limit.concurrency // 4):
            return False
        return self._in_flight < self.limit.concurrency

    def _release(self, background: bool) -> None:
        self._in_flight -= 1
        self._background -= background
        self._serve()

    def _take(self, now: float, background: bool) -> float:
        self._in_flight += 1
        self._background += background
        if self.limit.calls is not None:
            self._sent.append((now, background))
        return math.inf if self._leases is None else self._leases.take(now, background)

    def _delay(self, now: float, background: bool) -> float:
        wait = self._blocked_until - now
        if self._leases is not None:
            wait = max(wait, self._leases.wait(now, background))
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
            background, _, future = self._waiting[0]
            if self._leases is not None and not future.done() and not self._leases.has(loop.time(), background):
                self._leases.ask(background, self._count_waiting(background), self._answered)
                return
            heapq.heappop(self._waiting)
            if not future.done():
                future.set_result(self._take(loop.time(), background))

    def _count_waiting(self, background: bool) -> int:
        return sum(waiting[0] is background and not waiting[2].done() for waiting in self._waiting)

    def _answered(self, failure: RateLimitNotStored | None) -> None:
        """To a question for a lease."""
        if failure is None:
            self._serve()
            return
        waiting, self._waiting = self._waiting, []
        for _, _, future in waiting:
            if not future.done():
                future.set_exception(failure)

    def _wake_in(self, delay: float, loop: asyncio.AbstractEventLoop) -> None:
        """For whoever is first in line now: a person may have come since, and background work waits longer."""
        if self._wake is not None:
            self._wake.cancel()
        self._wake = loop.call_later(delay, self._woken)

    def _woken(self) -> None:
        self._wake = None
        self._serve()
