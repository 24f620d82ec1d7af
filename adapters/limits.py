"""Who may call next: one ``Turns`` per (origin, credential), people before background work.

Several adapters with one credential share one ``Turns``. A 429 closes the gate until its Retry-After has
passed; others wait in line, and no other credential notices. The clock is the event loop's.
"""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

_background: ContextVar[bool] = ContextVar("background", default=False)


@contextmanager
def background() -> Iterator[None]:
    """Calls made inside wait behind every call that a person is waiting for."""
    token = _background.set(True)
    try:
        yield
    finally:
        _background.reset(token)


@dataclass(frozen=True, slots=True)
class Pace:
    """``at_once`` calls in flight, a quarter of them for background work; at most ``calls`` in any ``per`` seconds
    (None: no such limit). ``rest``: seconds to wait after a 429 that does not say how long."""

    at_once: int = 16
    calls: int | None = None
    per: float = 60.0
    rest: float = 5.0


@dataclass
class Turns:
    pace: Pace
    _waiting: list[tuple[bool, int, asyncio.Future[None]]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=itertools.count)
    _in_flight: int = 0
    _behind: int = 0  # of those in flight, background work
    _closed_until: float = 0.0
    _sent: list[float] = field(default_factory=list)
    _wake: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        loop, behind = asyncio.get_running_loop(), _background.get()
        if self._waiting or self._delay(loop.time()) > 0 or not self._has_room(behind):
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

    def close_for(self, seconds: float) -> None:
        """Nobody goes for this long: the server said so."""
        until = asyncio.get_running_loop().time() + seconds
        self._closed_until = max(self._closed_until, until)

    @property
    def waits(self) -> float:
        """Seconds until the gate opens; 0 when it is open."""
        return max(0.0, self._closed_until - asyncio.get_running_loop().time())

    def _has_room(self, behind: bool) -> bool:
        if behind and self._behind >= max(1, self.pace.at_once // 4):
            return False
        return self._in_flight < self.pace.at_once

    def _give_back(self, behind: bool) -> None:
        self._in_flight -= 1
        self._behind -= behind
        self._serve()

    def _take(self, now: float, behind: bool) -> None:
        self._in_flight += 1
        self._behind += behind
        if self.pace.calls is not None:
            self._sent.append(now)

    def _delay(self, now: float) -> float:
        wait = self._closed_until - now
        if self.pace.calls is not None:
            self._sent = [sent for sent in self._sent if sent > now - self.pace.per]
            if len(self._sent) >= self.pace.calls:
                wait = max(wait, self._sent[-self.pace.calls] + self.pace.per - now)
        return max(0.0, wait)

    def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting and self._has_room(self._waiting[0][0]):
            delay = self._delay(loop.time())
            if delay > 0:
                if self._wake is None:
                    self._wake = loop.call_later(delay, self._woken)
                return
            behind, _, future = heapq.heappop(self._waiting)
            if not future.done():
                self._take(loop.time(), behind)
                future.set_result(None)

    def _woken(self) -> None:
        self._wake = None
        self._serve()
