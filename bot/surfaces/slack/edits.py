"""When we last edited which message: a press within a second of an edit was aimed at what stood there before."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime


class Edits:
    """In memory: after a restart the second is long over."""

    KEPT = 2000

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._at: OrderedDict[tuple[str, str], datetime] = OrderedDict()

    def note(self, channel: str, ts: str) -> None:
        self._at[channel, ts] = self._now()
        self._at.move_to_end((channel, ts))
        if len(self._at) > self.KEPT:
            self._at.popitem(last=False)

    def ago(self, channel: str, ts: str) -> float | None:
        at = self._at.get((channel, ts))
        return None if at is None else (self._now() - at).total_seconds()
