"""Until when a write may be sent. Several processes may have the same write, one of which was stopped for a while.

Whoever takes over a write sends it again only when the deadline of the first one is over. So a request is cut at
its deadline, and one that has not left by then never leaves. The monotonic clock may stand still while a machine
is suspended, and the other clock may be set back, so both count.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


class DeadlinePassed(Exception):
    """Nothing was sent."""


@dataclass(frozen=True, slots=True)
class Deadline:
    monotonic: float
    wall: float

    def remaining(self) -> float:
        """Seconds."""
        return min(self.monotonic - time.monotonic(), self.wall - time.time())

    def require(self) -> None:
        """Call it right before sending. Raises ``DeadlinePassed``."""
        if self.remaining() <= 0:
            raise DeadlinePassed("there is no time left to send it")


def deadline_in(seconds: float) -> Deadline:
    return Deadline(time.monotonic() + seconds, time.time() + seconds)


_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


def current_deadline() -> Deadline | None:
    """Of the write that is being sent. None: it has none."""
    return _current.get()


@contextmanager
def within(deadline: Deadline | None) -> Iterator[None]:
    """For every write that is sent inside."""
    token = _current.set(deadline)
    try:
        yield
    finally:
        _current.reset(token)
