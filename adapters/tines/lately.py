"""What was read lately, so that one list is not read again for every word that somebody types."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class Lately(Generic[T]):
    """Keeps an answer for ``keep``."""

    now: Callable[[], datetime]
    keep: timedelta
    _known: tuple[datetime, T] | None = field(default=None, init=False)

    async def get(self, read: Callable[[], Awaitable[T]], enough: Callable[[T], bool] = lambda _: True) -> T:
        """What is kept, if it is ``enough``; else what ``read`` answers now. What that raises is not kept."""
        if self._known is not None:
            at, kept = self._known
            if self.now() - at < self.keep and enough(kept):
                return kept
        found = await read()
        self._known = (self.now(), found)
        return found
