"""Runs as last read, their handles, the places they are bound to, and the run each person used last.

Everything is also kept in memory, which is replaced by what a commit returned if that is newer.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import TypeVar

from adapters.models import RunKey
from bot.storage.news import StoredNews
from bot.storage.run_transaction import RunChange, RunTransaction, StoredRun, run_number, stored_run
from bot.storage.sql import Connection, Row
from bot.storage.store import Commit, Store
from commands.model.messages import Actor, Place
from commands.model.tracked_run import TrackedRun

T = TypeVar("T")


class RunRows:
    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._runs: dict[str, StoredRun] = {}  # by handle
        self._handle_of_key: dict[RunKey, str] = {}
        self._bindings: dict[tuple[str, str], str] = {}  # (place key, thread) -> handle
        self._last_used: dict[str, str] = {}  # actor -> handle
        self.on_change: Callable[[str], None] = lambda _: None  # gets the handle of each run that has changed
        self.on_news: Callable[[Sequence[StoredNews]], None] = lambda _: None

    async def load(self) -> None:
        rows = await self._store.rows("select * from runs order by number")
        for stored in self._store.parse_rows("runs", rows, stored_run, key=["number"]):
            self._remember(stored)
        rows = await self._store.rows("select * from bindings")
        self._bindings = dict(self._store.parse_rows("bindings", rows, _parse_binding, key=["place", "thread"]))
        rows = await self._store.rows("select * from last_used")
        self._last_used = dict(self._store.parse_rows("last_used", rows, _parse_last_used, key=["actor"]))

    async def reload_all(self, handles: Collection[str] | None) -> None:
        """Another replica has changed these runs, or any."""
        if handles is None:
            await self.load()
        for handle in handles or ():
            await self.reload(handle)

    async def reload(self, handle: str) -> None:
        """Reads the run again: another replica has changed it."""
        row = await self._store.row("select * from runs where number = :number", number=run_number(handle))
        for stored in self._store.parse_rows("runs", [row] if row else [], stored_run, key=["number"]):
            self._remember(stored)
        rows = await self._store.rows("select * from bindings where run = :number", number=run_number(handle))
        kept = {place: bound for place, bound in self._bindings.items() if bound != handle}
        bound = self._store.parse_rows("bindings", rows, _parse_binding, key=["place", "thread"])
        self._bindings = kept | dict(bound)

    def is_current(self, connection: Connection, run: TrackedRun) -> bool:
        """Part of a transaction: whether the row is what ``run`` was read from."""
        row = connection.row("select version from runs where number = :number", number=run_number(run.handle))
        stored = self._runs.get(run.handle)
        is_newest = row is not None and stored is not None and stored.version == row["version"]
        return is_newest and stored is not None and stored.run == run

    def get(self, handle: str) -> TrackedRun | None:
        stored = self._runs.get(handle.upper())
        return stored.run if stored else None

    def find(self, key: RunKey) -> TrackedRun | None:
        handle = self._handle_of_key.get(key)
        return self.get(handle) if handle else None

    def list_runs(self, *, active: bool) -> Sequence[TrackedRun]:
        """Newest first."""
        newest_first = [stored.run for stored in reversed(self._runs.values())]
        return [run for run in newest_first if not active or not (run.run.state.is_over or run.only_named)]

    def created_at(self, handle: str) -> datetime | None:
        stored = self._runs.get(handle)
        return stored.created_at if stored else None

    def bound_to(self, place: Place) -> TrackedRun | None:
        handle = self._bindings.get((place.key, place.thread))
        return self.get(handle) if handle else None

    def in_channel(self, place: Place) -> Sequence[TrackedRun]:
        """Runs that are not over, bound to the channel or to one of its threads."""
        channel = place.key
        handles = dict.fromkeys([handle for (key, _), handle in self._bindings.items() if key == channel])
        found = [run for handle in handles if (run := self.get(handle))]
        return [run for run in found if not run.run.state.is_over]

    def places(self, handle: str) -> Sequence[tuple[str, str]]:
        """(place key, thread) of every binding of the run."""
        return [place for place, bound in self._bindings.items() if bound == handle]

    def last_used(self, actor: Actor) -> TrackedRun | None:
        handle = self._last_used.get(actor.key)
        return self.get(handle) if handle else None

    async def mark_used(self, actor: Actor, handle: str) -> None:
        key = actor.key
        if self._last_used.get(key) == handle:
            return
        values = {"run": run_number(handle), "at": self._now()}

        def change(connection: Connection) -> None:
            connection.put("last_used", {"actor": key}, values)
            connection.changed("last_used", key)

        await self._store.transaction(change, Commit.LAST_USED)
        self._last_used[key] = handle

    async def reload_last_used(self, actors: Collection[str] | None) -> None:
        """On another replica, these people have used another run, or anybody has."""
        if actors is None:
            rows = list(await self._store.rows("select * from last_used"))
        else:
            rows = [row for actor in actors for row in await self._store.rows(_LAST_USED, actor=actor)]
        self._last_used |= dict(self._store.parse_rows("last_used", rows, _parse_last_used, key=["actor"]))

    async def change(self, handle: str, change: RunChange) -> TrackedRun:
        """Commits what ``change`` makes of the stored run."""
        return await self.transaction(lambda rows: rows.change(handle, change).run, Commit.RUN)

    async def bind(self, handle: str, place: Place) -> None:
        if self._bindings.get((place.key, place.thread)) != handle:
            await self.transaction(lambda rows: rows.bind(handle, place), Commit.BINDING)

    async def transaction(self, change: Callable[[RunTransaction], T], kind: Commit) -> T:
        """``change`` must have no effects but those on the rows: it may run again."""
        now = self._now()

        def run(connection: Connection) -> tuple[T, RunTransaction]:
            rows = RunTransaction(connection, now, self._runs.get)
            return change(rows), rows

        result, committed = await self._store.transaction(run, kind)
        self._remember_all(committed)
        return result

    def _remember_all(self, committed: RunTransaction) -> None:
        for handle, stored in committed.changed.items():
            self._remember(stored)
            self.on_change(handle)
        for place, bound in committed.bound.items():
            if bound is None:
                self._bindings.pop(place, None)
            else:
                self._bindings[place] = bound
        if committed.news:
            self.on_news(committed.news)

    def _remember(self, stored: StoredRun) -> None:
        known = self._runs.get(stored.handle)
        if known is not None and known.version >= stored.version:
            return
        self._runs[stored.handle] = stored
        key = stored.run.run.key
        if key.id:
            self._handle_of_key[key] = stored.handle
        if (
            known is not None
            and (old := known.run.run.key) != key
            and self._handle_of_key.get(old) == stored.handle
        ):
            del self._handle_of_key[old]


_LAST_USED = "select * from last_used where actor = :actor"


def _parse_binding(row: Row) -> tuple[tuple[str, str], str]:
    return (row["place"], row["thread"]), f"R{int(row['run'])}"


def _parse_last_used(row: Row) -> tuple[str, str]:
    return row["actor"], f"R{int(row['run'])}"
