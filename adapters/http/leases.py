"""The calls that this process may make, out of a budget that may be shared with others.

A lease is stored before its calls are made, so they count even if the process is killed. It is for a few calls and
a short time: what is not used then is given back.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

LEASED_CALLS = 5
LEASED_SECONDS = 2.0


class RateLimitNotStored(Exception):
    """The store did not take it."""


@dataclass(frozen=True, slots=True)
class Budget:
    """At most ``calls`` in any ``per`` seconds, of which background work gets half. ``key`` stands for an origin
    and a credential, and reveals neither."""

    key: str
    calls: int
    per: float

    @property
    def background_calls(self) -> int:
        return max(1, self.calls // 2)

    @property
    def lease_seconds(self) -> float:
        """Short, because a lease counts until ``per`` seconds after its end."""
        return min(LEASED_SECONDS, self.per / 5)


@dataclass(frozen=True, slots=True)
class Lease:
    """``calls`` may be made in the next ``seconds``. Without calls, it makes no sense to ask again before."""

    calls: int
    seconds: float
    id: str = ""


class RateLimitStore(Protocol):
    """What was used, and how long to wait, for all processes and the next one."""

    @property
    def is_shared(self) -> bool:
        """Whether other processes use it now."""

    async def blocked(self) -> Mapping[str, float]:
        """Key -> seconds in which no call may go."""
        ...

    async def block(self, key: str, seconds: float) -> None:
        """Durable when it returns. Raises ``RateLimitNotStored``."""
        ...

    async def lease(self, budget: Budget, wanted: int, *, background: bool) -> Lease:
        """Durable when it returns. Raises ``RateLimitNotStored``."""
        ...

    def give_back(self, budget: Budget, lease: Lease, unused: int, *, background: bool) -> None: ...


@dataclass
class _Held:
    lease: Lease
    left: int
    until: float


class Leases:
    """Times are those of the event loop. People may use what background work has leased, but not the other way."""

    def __init__(self, store: RateLimitStore, budget: Budget) -> None:
        self._store = store
        self._budget = budget
        self._held: dict[bool, _Held] = {}  # by whether it is for background work
        self._refused_until = {False: 0.0, True: 0.0}
        self._made: list[float] = []  # when calls were made lately
        self._asking: asyncio.Task[None] | None = None

    def wait(self, now: float, background: bool) -> float:
        """Seconds in which asking makes no sense."""
        return 0.0 if self._usable(now, background) else max(0.0, self._refused_until[background] - now)

    def has(self, now: float, background: bool) -> bool:
        return self._usable(now, background) is not None

    def take(self, now: float, background: bool) -> float:
        """Returns the time by which the call must leave."""
        held = self._usable(now, background)
        assert held is not None
        held.left -= 1
        self._made = [*(made for made in self._made if made > now - LEASED_SECONDS), now]
        return held.until

    def ask(self, background: bool, waiting: int, answered: Callable[[RateLimitNotStored | None], None]) -> None:
        """For as many calls as are likely to be made soon. One question at a time."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask(background, waiting, answered))

    async def _ask(
        self, background: bool, waiting: int, answered: Callable[[RateLimitNotStored | None], None]
    ) -> None:
        loop = asyncio.get_running_loop()
        asked_at, failure = loop.time(), None
        try:
            wanted = min(LEASED_CALLS, max(waiting, len(self._made)))
            lease = await self._store.lease(self._budget, wanted, background=background)
        except RateLimitNotStored as error:
            failure = error
        else:
            until = asked_at + lease.seconds
            if lease.calls:
                held = self._held[background] = _Held(lease, lease.calls, until)
                loop.call_at(until, self._end, held, background)
            else:
                self._refused_until[background] = loop.time() + lease.seconds
        finally:
            self._asking = None
        answered(failure)

    def close(self) -> None:
        """Gives back what is left."""
        for background, held in self._held.items():
            self._end(held, background)

    def _usable(self, now: float, background: bool) -> _Held | None:
        for kind in (True,) if background else (False, True):
            held = self._held.get(kind)
            if held is not None and held.left and now < held.until:
                return held
        return None

    def _end(self, held: _Held, background: bool) -> None:
        if held.left:
            self._store.give_back(self._budget, held.lease, held.left, background=background)
            held.left = 0
