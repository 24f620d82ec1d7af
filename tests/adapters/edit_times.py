"""When the records of a fake were last edited, for its lists of edits."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


@dataclass
class EditTimes:
    """An edit counts from when it is first seen here, so tests can change a fake's state by hand."""

    _seen: dict[Hashable, tuple[str, datetime]] = field(default_factory=dict)
    _last: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def advance(self, by: timedelta) -> None:
        """The next edits count from this much later than the last one."""
        self._last += by

    def of(self, key: Hashable, record: object) -> datetime:
        state = repr(record)
        if key not in self._seen or self._seen[key][0] != state:
            self._last = max(datetime.now(UTC), self._last + timedelta(milliseconds=1))
            self._seen[key] = (state, self._last)
        return self._seen[key][1]
