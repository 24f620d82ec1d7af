"""Runs as last read, their handles, the places they are bound to, and the run each person used last.

The runs that are not over are in memory too (``live_runs``), which is replaced by what a commit returned if that
is newer. The others are read when somebody asks for them.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from adapters.models import RunKey
from bot.storage.live_runs import LiveBindings, LiveRuns
from bot.storage.news import StoredNews
from bot.storage.run_transaction import RunChange, RunTransaction, StoredRun, run_number, stored_run
from bot.storage.sql import Connection, Row
from bot.storage.store import Commit, Store
from commands.model.messages import Actor, Place
from commands.model.run_head import RunHead, run_head
from commands.model.tracked_run import TrackedRun

T = TypeVar("T")

_ROWS_AT_ONCE = 250
_MOST_OF_RUNBOOK = 5
_MOST_LAST_USED = 10_000
_LARGEST_NUMBER = 2**31 - 1


class RunRows:
    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._live = LiveRuns(self._parse)
        self._bindings = LiveBindings()
        self._meanwhile: list[RunTransaction] = []  # what was committed while the runs were loaded again
        self._is_loading = False
        self._last_used: dict[str, str] = {}  # actor -> handle, of those who used one in this process
        self.on_change: Callable[[str], None] = lambda _: None  # gets the handle of each run that has changed
        self.on_news: Callable[[Sequence[StoredNews]], None] = lambda _: None

    async def load(self) -> None:
        """The runs that are not over, without parsing them."""
        live, bindings, last = LiveRuns(self._parse), LiveBindings(), 0
        self._meanwhile.clear()
        while rows := await self._store.rows(_LIVE, after=last, most=_ROWS_AT_ONCE):
            for row in rows:
                live.add_row(row)
            last = rows[-1]["number"]
        for place, handle in self._parse_bindings(await self._store.rows(_LIVE_BINDINGS)):
            bindings.bind(place, handle)
        self._live, self._bindings = live, bindings
        for committed in self._meanwhile:
            self._remember_rows(committed)
        self._meanwhile.clear()

    async def make_heads(self) -> None:
        """So that the first list need not wait for them."""
        await self._live.make_heads()

    async def read_all(self) -> None:
        """Parses every row, so that the store knows those that cannot be read."""
        last = 0
        while rows := await self._store.rows(_ALL, after=last, most=_ROWS_AT_ONCE):
            self._store.parse_rows("runs", rows, stored_run, key=["number"])
            last = rows[-1]["number"]
        self._parse_bindings(await self._store.rows("select * from bindings"))
        rows = await self._store.rows("select * from last_used")
        self._store.parse_rows("last_used", rows, _parse_last_used, key=["actor"])

    # One run

    def get(self, handle: str) -> TrackedRun | None:
        """A run that is not over, or was used recently. ``read`` finds every run."""
        stored = self._live.get(handle.upper())
        return stored.run if stored else None

    def version(self, handle: str) -> int:
        """Of what ``get`` returns."""
        stored = self._live.get(handle.upper())
        return stored.version if stored else 0

    async def read(self, handle: str) -> TrackedRun | None:
        stored = await self._read(handle.upper())
        return stored.run if stored else None

    async def reload_all(self, handles: Collection[str] | None) -> None:
        """Another replica has changed these runs, or any."""
        if handles is None:
            self._is_loading = True
            try:
                await self.load()
            finally:
                self._is_loading = False
        for handle in handles or ():
            await self.reload(handle)

    async def reload(self, handle: str) -> TrackedRun | None:
        """Reads the run again: another replica has changed it, and sends what follows from that."""
        number = run_number(handle)
        bound = self._parse_bindings(await self._store.rows(_BINDINGS_OF_RUN, number=number))
        if (stored := self._load(await self._store.row(_BY_NUMBER, number=number))) is None:
            return None
        self._remember(stored)
        if handle in self._live:
            self._bindings.drop(handle)
            for place, _ in bound:
                self._bindings.bind(place, handle)
        return self.get(handle)

    def has_version(self, connection: Connection, handle: str, version: int) -> bool:
        """Part of a transaction."""
        row = connection.row("select version from runs where number = :number", number=run_number(handle))
        return row is not None and row["version"] == version

    async def _read(self, handle: str) -> StoredRun | None:
        if (known := self._live.get(handle)) is not None:
            return known
        number = run_number(handle)
        if number > _LARGEST_NUMBER:
            return None
        return self._keep(self._load(await self._store.row(_BY_NUMBER, number=number)))

    async def find(self, key: RunKey) -> TrackedRun | None:
        stored = self._live.find(key)
        if stored is None and key.id:
            stored = self._load(await self._store.row(_BY_KEY, platform=key.platform, id=key.id))
            stored = self._keep(stored)
        return stored.run if stored is not None and stored.run.run.key == key else None

    def created_at(self, handle: str) -> datetime | None:
        stored = self._live.get(handle)
        return stored.created_at if stored else None

    # Several runs

    async def heads(self) -> Sequence[RunHead]:
        """Of all runs that are not over, newest first."""
        return await self._live.heads()

    def head(self, handle: str) -> RunHead | None:
        """Of a run that is not over."""
        return self._live.head(handle)

    def head_of(self, tracked: TrackedRun) -> RunHead:
        """The one that is kept, if this is the newest snapshot of a run that is not over."""
        head = self._live.head(tracked.handle) if self._live.is_newest(tracked) else None
        return head or run_head(tracked)

    async def of_anybody(self, identifiers: Iterable[str]) -> Sequence[TrackedRun]:
        """The runs that are not over in which somebody has a part who is identified by one of these."""
        found = [self.get(handle) for handle in await self._live.of_anybody(identifiers)]
        return [run for run in found if run is not None]

    async def of_runbook(self, title: str) -> Sequence[TrackedRun]:
        """The newest runs of the runbook with this title in any case."""
        rows = await self._store.rows(_OF_RUNBOOK, title=title.casefold(), most=_MOST_OF_RUNBOOK)
        found = [self._keep(self._load(row)) for row in rows]
        return [stored.run for stored in found if stored is not None]

    # Places and people

    async def bound_to(self, place: Place) -> TrackedRun | None:
        if handle := self._bindings.get(place):
            return self.get(handle)
        row = await self._store.row(_OF_PLACE, place=place.key, thread=place.thread)
        stored = self._keep(self._load(row))
        return stored.run if stored is not None else None

    def in_channel(self, place: Place) -> Sequence[RunHead]:
        """Runs that are not over, bound to the channel or to one of its threads."""
        found = [self._live.head(handle) for handle in self._bindings.in_channel(place)]
        return [head for head in found if head is not None]

    async def last_used(self, actor: Actor) -> TrackedRun | None:
        handle = self._last_used.get(actor.key)
        if handle is None:
            rows = await self._store.rows("select * from last_used where actor = :actor", actor=actor.key)
            found = self._store.parse_rows("last_used", rows, _parse_last_used, key=["actor"])
            handle = found[0][1] if found else None
        return await self.read(handle) if handle else None

    async def mark_used(self, actor: Actor, handle: str) -> None:
        key = actor.key
        if self._last_used.get(key) == handle:
            return
        values = {"run": run_number(handle), "at": self._now()}

        def change(connection: Connection) -> None:
            connection.put("last_used", {"actor": key}, values)
            connection.changed("last_used", key)

        self._store.later(change, Commit.LAST_USED)  # a crash may forget it
        if len(self._last_used) >= _MOST_LAST_USED:
            self._last_used.clear()
        self._last_used[key] = handle

    async def reload_last_used(self, actors: Collection[str] | None) -> None:
        """On another replica, these people have used another run, or anybody has."""
        for actor in list(self._last_used) if actors is None else actors:
            self._last_used.pop(actor, None)

    # Changes

    async def change(self, handle: str, change: RunChange) -> TrackedRun:
        """Commits what ``change`` makes of the stored run."""
        return await self.transaction(lambda rows: rows.change(handle, change).run, Commit.RUN)

    async def bind(self, handle: str, place: Place) -> None:
        if self._bindings.get(place) != handle:
            await self.transaction(lambda rows: rows.bind(handle, place), Commit.BINDING)

    async def transaction(self, change: Callable[[RunTransaction], T], kind: Commit) -> T:
        """``change`` must have no effects but those on the rows: it may run again."""
        now = self._now()

        def run(connection: Connection) -> tuple[T, RunTransaction]:
            rows = RunTransaction(connection, now, self._live.parsed)
            return change(rows), rows

        result, committed = await self._store.transaction(run, kind)
        self._remember_all(committed)
        return result

    def _remember_all(self, committed: RunTransaction) -> None:
        if self._is_loading:
            self._meanwhile.append(committed)
        self._remember_rows(committed)
        for handle in committed.changed:
            self.on_change(handle)
        if committed.news:
            self.on_news(committed.news)

    def _remember_rows(self, committed: RunTransaction) -> None:
        for stored in committed.changed.values():
            self._remember(stored)
        for place, handle in committed.bound.items():
            if handle is None or handle not in self._live:
                self._bindings.unbind(place)
            else:
                self._bindings.bind(place, handle)

    def _remember(self, stored: StoredRun) -> None:
        if self._live.put(stored) and stored.handle not in self._live:
            self._bindings.drop(stored.handle)

    # Rows

    def _keep(self, stored: StoredRun | None) -> StoredRun | None:
        """What was read, or what is known if that is newer."""
        if stored is not None:
            self._live.put(stored)
            return self._live.get(stored.handle)
        return None

    def _load(self, row: Row | None) -> StoredRun | None:
        return self._parse(row) if row is not None else None

    def _parse(self, row: Row) -> StoredRun | None:
        return next(iter(self._store.parse_rows("runs", [row], stored_run, key=["number"])), None)

    def _parse_bindings(self, rows: Sequence[Row]) -> Sequence[tuple[tuple[str, str], str]]:
        return self._store.parse_rows("bindings", rows, _parse_binding, key=["place", "thread"])


_LIVE = "select * from runs where over = false and number > :after order by number limit :most"
_ALL = "select * from runs where number > :after order by number limit :most"
_LIVE_BINDINGS = """
select b.place, b.thread, b.run from runs r join bindings b on b.run = r.number
where r.over = false order by b.at"""
_BY_NUMBER = "select * from runs where number = :number"
_BINDINGS_OF_RUN = "select * from bindings where run = :number order by at"
_BY_KEY = "select * from runs where platform = :platform and platform_id = :id"
_OF_RUNBOOK = "select * from runs where runbook_title = :title order by number desc limit :most"
_OF_PLACE = """
select r.* from bindings b join runs r on r.number = b.run where b.place = :place and b.thread = :thread"""


def _parse_binding(row: Row) -> tuple[tuple[str, str], str]:
    return (row["place"], row["thread"]), f"R{int(row['run'])}"


def _parse_last_used(row: Row) -> tuple[str, str]:
    return row["actor"], f"R{int(row['run'])}"
