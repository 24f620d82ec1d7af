"""Who may call next: one ``RateLimiter`` per (origin, credential), people before background work.

Several adapters with one credential share one ``RateLimiter``. A 429 closes the gate until its Retry-After has
passed; others wait in line, and no other credential notices. The clock is the event loop's.
"""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

LONGEST_BACKOFF = 60.0  # seconds

_background: ContextVar[bool] = ContextVar("background", default=False)


@contextmanager
def background() -> Iterator[None]:
    """Calls made inside wait behind every call that a person is waiting for."""
    token = _background.set(True)
    try:
        yield
    finally:
        _background.reset(token)


def is_background() -> bool:
    return _background.get()


@dataclass(frozen=True, slots=True)
class RateLimit:
    """``at_once`` calls in flight, a quarter of them for background work; at most ``calls`` in any ``per`` seconds
    (None: no such limit), half of them for background work: a person who comes then need not wait for the rest of
    the minute. ``rest``: seconds to wait after a 429 that does not say how long."""

    concurrency: int = 16
    calls: int | None = None
    per: float = 60.0
    backoff: float = 5.0


@dataclass
class RateLimiter:
    pace: RateLimit
    _waiting: list[tuple[bool, int, asyncio.Future[None]]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=itertools.count)
    _in_flight: int = 0
    _behind: int = 0  # of those in flight, background work
    _closed_until: float = 0.0
    _refused: int = 0  # 429s in a row
    _sent: list[tuple[float, bool]] = field(default_factory=list)  # when, and whether it was background work
    _wake: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        loop, behind = asyncio.get_running_loop(), _background.get()
        if self._waiting or self._delay(loop.time(), behind) > 0 or not self._has_room(behind):
            future: asyncio.Future[None] = loop.create_future()
            heapq.heappush(self._waiting, (behind, next(self._order), future))
            self._serve()
            try:
                await future
            except asyncio.CancelledError:
                if future.done() and not future.cancelled():
                    self._give_back(behind)
                raise
        else:
            self._take(loop.time(), behind)
        try:
            yield
        finally:
            self._give_back(behind)

    def next_backoff(self) -> float:
        """Seconds to wait after a 429 that does not say how long: twice as many each time in a row."""
        if self.blocked_for == 0:  # those that were in flight together count once
            self._refused += 1
        longest = max(self.pace.backoff, LONGEST_BACKOFF)
        return min(self.pace.backoff * 2.0 ** min(self._refused - 1, 10), longest)

    def answered(self) -> None:
        """It went well: the next rest is a short one again."""
        self._refused = 0

    def block_for(self, seconds: float) -> None:
        """Nobody goes for this long: the server said so."""
        until = asyncio.get_running_loop().time() + seconds
        self._closed_until = max(self._closed_until, until)

    @property
    def blocked_for(self) -> float:
        """Seconds until the gate opens; 0 when it is open."""
        return max(0.0, self._closed_until - asyncio.get_running_loop().time())

    def _has_room(self, behind: bool) -> bool:
        if behind and self._behind >= max(1, self.pace.concurrency // 4):
            return False
        return self._in_flight < self.pace.concurrency

    def _give_back(self, behind: bool) -> None:
        self._in_flight -= 1
        self._behind -= behind
        self._serve()

    def _take(self, now: float, behind: bool) -> None:
        self._in_flight += 1
        self._behind += behind
        if self.pace.calls is not None:
            self._sent.append((now, behind))

    def _delay(self, now: float, behind: bool) -> float:
        wait = self._closed_until - now
        if self.pace.calls is not None:
            self._sent = [one for one in self._sent if one[0] > now - self.pace.per]
            wait = max(wait, self._until_fewer([sent for sent, _ in self._sent], self.pace.calls, now))
            if behind:
                own = [sent for sent, was_behind in self._sent if was_behind]
                wait = max(wait, self._until_fewer(own, max(1, self.pace.calls // 2), now))
        return max(0.0, wait)

    def _until_fewer(self, sent: list[float], most: int, now: float) -> float:
        return sent[-most] + self.pace.per - now if len(sent) >= most else 0.0

    def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting and self._has_room(self._waiting[0][0]):
            delay = self._delay(loop.time(), self._waiting[0][0])
            if delay > 0:
                self._wake_in(delay, loop)
                return
            behind, _, future = heapq.heappop(self._waiting)
            if not future.done():
                self._take(loop.time(), behind)
                future.set_result(None)

    def _wake_in(self, delay: float, loop: asyncio.AbstractEventLoop) -> None:
        """Whoever waits first decides: a person may have come since, and background work waits longer."""
        if self._wake is not None:
            self._wake.cancel()
        self._wake = loop.call_later(delay, self._woken)

    def _woken(self) -> None:
        self._wake = None
        self._serve()
