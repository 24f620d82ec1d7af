"""A value that is read again after a while, for lists that are looked up on every keystroke."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class CachedValue(Generic[T]):
    """Keeps one value for ``max_age``."""

    now: Callable[[], datetime]
    max_age: timedelta
    _cached: tuple[datetime, T] | None = field(default=None, init=False)

    async def get(self, read: Callable[[], Awaitable[T]], is_usable: Callable[[T], bool] = lambda _: True) -> T:
        """The cached value if it is fresh and ``is_usable``, else what ``read`` returns. Errors are not cached."""
        if self._cached is not None:
            read_at, value = self._cached
            if self.now() - read_at < self.max_age and is_usable(value):
                return value
        value = await read()
        self._cached = (self.now(), value)
        return value
