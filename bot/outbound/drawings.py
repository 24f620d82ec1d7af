"""Live cards as drawn now, each with a hash of what it looks like. One change is drawn once."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic_core import to_json

from adapters.toolkit.messages import in_language
from commands.cards.undelivered import deleted_card
from commands.model.card import Card
from commands.model.tracked_run import TrackedRun

LASTS = timedelta(seconds=1)


@dataclass(frozen=True)
class Drawing:
    """``delayed`` is the number of ``delayed_writes``, which the card tells."""

    run: TrackedRun
    delayed: int
    at: datetime
    card: Card
    hash: str


class Drawings:
    """``draw`` makes the card of a run with its number of ``delayed_writes`` at a time, in ``language``."""

    def __init__(
        self,
        draw: Callable[[TrackedRun, int, datetime], Card],
        delayed_writes: Callable[[str], int],
        now: Callable[[], datetime],
        language: str,
    ) -> None:
        self._draw = draw
        self.delayed_writes = delayed_writes
        self._now = now
        self._language = language
        self._recent: dict[str, Drawing] = {}  # by run, the oldest first

    def forget(self) -> None:
        """The date has changed, which cards show."""
        self._recent.clear()

    def for_reader(self, run: TrackedRun) -> Card:
        """In the language of whoever is answered."""
        return self._draw(run, self.delayed_writes(run.handle), self._now())

    def hash_at(self, run: TrackedRun, at: datetime) -> str:
        """Of the card as it is drawn at that time, when no write was delayed."""
        with in_language(self._language):
            return card_hash(self._draw(run, 0, at), run.run.read_at)

    def of_deleted(self, run: TrackedRun) -> tuple[Card, str]:
        card = deleted_card(run)
        return card, card_hash(card, run.run.read_at)

    def of(self, run: TrackedRun) -> Drawing:
        """That of a moment ago, if the run is the same: one change asks for its cards several times."""
        now, delayed = self._now(), self.delayed_writes(run.handle)
        for handle, old in list(self._recent.items()):
            if now - old.at < LASTS:
                break
            del self._recent[handle]
        known = self._recent.get(run.handle)
        if known is not None and known.run is run and known.delayed == delayed:
            return known
        with in_language(self._language):  # not the language of the person who caused the change
            card = self._draw(run, delayed, now)
        self._recent.pop(run.handle, None)
        drawing = self._recent[run.handle] = Drawing(run, delayed, now, card, card_hash(card, run.run.read_at))
        return drawing


def card_hash(card: Card, read_at: datetime | None) -> str:
    """Equal for cards that look the same.

    Hashes the JSON, where equal times have one spelling in whatever zone object they come. The time of the last
    read is shown but is no reason for an edit, so it is left out; with its microseconds it cannot match another
    time.
    """
    dumped = to_json(card)
    if read_at is not None:
        dumped = dumped.replace(to_json(read_at), b"")
    return hashlib.sha256(dumped).hexdigest()[:32]
