"""The moment right before a request is sent: whether it still may be."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar

from adapters.deadline import Deadline, DeadlinePassed


class LeftTooLate(Exception):
    """The turn of the call was over before it could be sent."""


class _Departure:
    def __init__(self, deadline: Deadline | None, leave_by: float) -> None:
        self._deadline = deadline
        self._leave_by = leave_by
        self.has_left = False

    def leave(self) -> None:
        if self._deadline is not None:
            self._deadline.require()
        if asyncio.get_running_loop().time() > self._leave_by:
            raise LeftTooLate
        self.has_left = True


_current: ContextVar[_Departure | None] = ContextVar("departure", default=None)


@asynccontextmanager
async def in_time(deadline: Deadline | None, leave_by: float) -> AsyncIterator[None]:
    """Around an exchange, which is cut at its deadline. ``leave_by`` is a time of the event loop.

    If nothing was sent, raises ``DeadlinePassed`` or ``LeftTooLate``.
    """
    if deadline is None and leave_by == math.inf:
        yield
        return
    departure = _Departure(deadline, leave_by)
    token = _current.set(departure)
    try:
        async with asyncio.timeout(None if deadline is None else deadline.remaining()):
            yield
    except TimeoutError as error:
        if deadline is not None and not departure.has_left:
            raise DeadlinePassed("there was no time left to send it") from error
        raise
    finally:
        _current.reset(token)


def leave() -> None:
    """Call it when the connection is there, right before the first byte of a request."""
    if (departure := _current.get()) is not None:
        departure.leave()
