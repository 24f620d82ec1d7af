"""Which call may go next: one ``RateLimiter`` per origin and credential, people before background work.

Adapters with the same credential share one ``RateLimiter``. After a 429 its calls wait in line until Retry-After
has passed; calls with other credentials are not affected. The clock is the event loop's.
"""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

MAX_BACKOFF = 60.0  # seconds

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
    _waiting: list[tuple[bool, int, asyncio.Future[None]]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=itertools.count)
    _in_flight: int = 0
    _background: int = 0  # of those in flight
    _blocked_until: float = 0.0
    _refused: int = 0  # 429s in a row
    _sent: list[tuple[float, bool]] = field(default_factory=list)  # (when, whether it was background work)
    _wake: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
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

    def block_for(self, seconds: float) -> None:
        """Lets no call go for this long."""
        until = asyncio.get_running_loop().time() + seconds
        self._blocked_until = max(self._blocked_until, until)

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
