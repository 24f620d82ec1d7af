"""The runs in memory: all that are not over, and a few others that were used recently.

A run that is not over is kept as its row, which takes a sixth of the memory, and is parsed when it is used. Of
each there is a head for lists and searches, made when it is first needed.
"""

import asyncio
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from adapters.models import RunKey
from bot.storage.run_transaction import StoredRun, run_number, stored_row
from bot.storage.sql import Row
from commands.model.messages import Place
from commands.model.run_head import RunHead, run_head
from commands.model.tracked_run import TrackedRun

MOST_PARSED_TASKS = 12_000
"""Of the runs that stay parsed; a task takes about 3 kB."""
_HEADS_AT_ONCE = 10

K = TypeVar("K", bound=Hashable)
T = TypeVar("T", bound=Hashable)


class LiveRuns:
    """``parse`` returns None for a row that cannot be read."""

    def __init__(self, parse: Callable[[Row], StoredRun | None]) -> None:
        self._parse = parse
        self._rows: dict[str, Row | None] = {}  # of live runs, by handle; None: only what is parsed is up to date
        self._parsed: dict[str, StoredRun] = {}  # by handle, the one that was used last at the end
        self._parsed_tasks = 0
        self._handle_of_key: dict[tuple[str, str], str] = {}  # of live runs, by platform and id
        self._heads: dict[str, RunHead] = {}
        self._outdated: dict[str, None] = {}  # live runs whose head is to be made (again)
        self._of_identifier = _Index[str]()  # runs by what identifies somebody who has a part in them
        self._interned: dict[Hashable, Hashable] = {}

    def __contains__(self, handle: str) -> bool:
        return handle in self._rows

    def add_row(self, row: Row) -> None:
        """Of a run that is not over, when Liaison starts."""
        handle = f"R{row['number']}"
        self._rows[handle] = row
        self._outdated[handle] = None
        if row["platform_id"]:
            self._handle_of_key[row["platform"], row["platform_id"]] = handle

    def get(self, handle: str) -> StoredRun | None:
        """None also if it is over and was not used recently, or cannot be read."""
        stored = self._parsed.pop(handle, None)
        if stored is not None:
            self._parsed[handle] = stored  # used last
            return stored
        row = self._rows.get(handle)
        if row is None or (stored := self._parse_live(handle, row)) is None:
            return None
        self._keep_parsed(stored)
        return stored

    def parsed(self, handle: str) -> StoredRun | None:
        """Only if it is parsed. May be called in another thread."""
        return self._parsed.get(handle)

    def find(self, key: RunKey) -> StoredRun | None:
        handle = self._handle_of_key.get((key.platform, key.id))
        return self.get(handle) if handle is not None else None

    def put(self, stored: StoredRun) -> bool:
        """Whether it is newer than what was known."""
        handle = stored.handle
        if self._known_version(handle) >= stored.version:
            return False
        self._drop_key(handle)
        if stored.run.run.state.is_over:
            self._drop_live(handle)
        else:
            self._rows[handle] = None
            self._outdated[handle] = None
            key = stored.run.run.key
            if key.id:
                self._handle_of_key[key.platform, key.id] = handle
        self._keep_parsed(stored)
        return True

    def is_newest(self, tracked: TrackedRun) -> bool:
        stored = self._parsed.get(tracked.handle)
        return stored is not None and stored.run is tracked

    # Heads

    def head(self, handle: str) -> RunHead | None:
        """Of a run that is not over."""
        if handle in self._outdated:
            self._make_head(handle)
        return self._heads.get(handle)

    async def heads(self) -> Sequence[RunHead]:
        """Of all runs that are not over, newest first."""
        await self.make_heads()
        return sorted(self._heads.values(), key=lambda head: -run_number(head.handle))

    async def of_anybody(self, identifiers: Iterable[str]) -> Sequence[str]:
        """The handles of the runs in which somebody who is identified by one of these has a part, newest first."""
        await self.make_heads()
        found = {handle for identifier in identifiers for handle in self._of_identifier.get(identifier)}
        return sorted(found, key=run_number, reverse=True)

    async def make_heads(self) -> None:
        """A few at a time, so that nobody waits for thousands."""
        while self._outdated:
            for handle in [handle for handle, _ in zip(self._outdated, range(_HEADS_AT_ONCE), strict=False)]:
                self._make_head(handle)
            await asyncio.sleep(0)

    def _make_head(self, handle: str) -> None:
        self._outdated.pop(handle, None)
        stored, row = self._parsed.get(handle), self._rows.get(handle)
        if stored is None and row is not None:
            stored = self._parse_live(handle, row)
        if stored is None:
            return
        head = run_head(stored.run, self._intern)
        self._forget_head(handle)
        self._heads[handle] = head
        self._of_identifier.add(handle, head.identifiers)

    def _forget_head(self, handle: str) -> None:
        head = self._heads.pop(handle, None)
        if head is not None:
            self._of_identifier.remove(handle, head.identifiers)

    def _intern(self, value: Hashable) -> Hashable:
        """The same people are in thousands of runs."""
        return self._interned.setdefault(value, value)

    # What is in memory

    def _known_version(self, handle: str) -> int:
        stored, row = self._parsed.get(handle), self._rows.get(handle)
        return stored.version if stored is not None else int(row["version"]) if row is not None else -1

    def _parse_live(self, handle: str, row: Row) -> StoredRun | None:
        stored = self._parse(row)
        if stored is None:
            self._drop_key(handle, row)
            self._drop_live(handle)
        return stored

    def _drop_live(self, handle: str) -> None:
        self._rows.pop(handle, None)
        self._outdated.pop(handle, None)
        self._forget_head(handle)

    def _drop_key(self, handle: str, row: Row | None = None) -> None:
        """The key under which the run was known until now."""
        stored, row = self._parsed.get(handle), row or self._rows.get(handle)
        key = ("", "")
        if stored is not None:
            key = (stored.run.run.key.platform, stored.run.run.key.id)
        elif row is not None:
            key = (row["platform"], row["platform_id"] or "")
        if self._handle_of_key.get(key) == handle:
            del self._handle_of_key[key]

    def _keep_parsed(self, stored: StoredRun) -> None:
        before = self._parsed.pop(stored.handle, None)
        self._parsed_tasks += _weight(stored) - (_weight(before) if before is not None else 0)
        self._parsed[stored.handle] = stored
        while self._parsed_tasks > MOST_PARSED_TASKS and len(self._parsed) > 1:
            oldest = next(iter(self._parsed))
            evicted = self._parsed.pop(oldest)
            self._parsed_tasks -= _weight(evicted)
            if oldest in self._rows and self._rows[oldest] is None:
                self._rows[oldest] = stored_row(evicted)


def _weight(stored: StoredRun) -> int:
    return 1 + len(stored.run.run.tasks)


class LiveBindings:
    """The places that live runs are bound to."""

    def __init__(self) -> None:
        self._run_of: dict[tuple[str, str], str] = {}  # (place key, thread) -> handle
        self._places_of: dict[str, dict[tuple[str, str], None]] = {}  # by handle
        self._threads_of: dict[str, dict[str, None]] = {}  # place key -> threads

    def get(self, place: Place) -> str | None:
        return self._run_of.get((place.key, place.thread))

    def in_channel(self, place: Place) -> Iterable[str]:
        """The handles of the runs bound to the channel or to one of its threads."""
        return dict.fromkeys(self._run_of[place.key, thread] for thread in self._threads_of.get(place.key, ()))

    def bind(self, place: tuple[str, str], handle: str) -> None:
        if self._run_of.get(place) != handle:
            self.unbind(place)
        self._run_of[place] = handle
        self._places_of.setdefault(handle, {})[place] = None
        self._threads_of.setdefault(place[0], {})[place[1]] = None

    def unbind(self, place: tuple[str, str]) -> None:
        handle = self._run_of.pop(place, None)
        if handle is None:
            return
        _discard(self._places_of, handle, place)
        _discard(self._threads_of, place[0], place[1])

    def drop(self, handle: str) -> None:
        """The run is over."""
        for place in list(self._places_of.get(handle, ())):
            self.unbind(place)


class _Index(Generic[K]):
    """Handles by key."""

    def __init__(self) -> None:
        self._handles: dict[K, dict[str, None]] = {}

    def get(self, key: K) -> Iterator[str]:
        return iter(self._handles.get(key, ()))

    def add(self, handle: str, keys: Iterable[K]) -> None:
        for key in keys:
            self._handles.setdefault(key, {})[handle] = None

    def remove(self, handle: str, keys: Iterable[K]) -> None:
        for key in keys:
            _discard(self._handles, key, handle)


def _discard(sets: dict[K, dict[T, None]], key: K, item: T) -> None:
    items = sets.get(key)
    if items is not None:
        items.pop(item, None)
        if not items:
            del sets[key]
