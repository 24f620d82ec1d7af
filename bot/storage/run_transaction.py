"""The rows of runs within one transaction.

A change is a function of the run as it is stored at that moment, so it can run again and never overwrites what
was committed in between. ``RunRows`` replaces its memory with what the commit returned.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from adapters.models import Run, RunKey, RunState
from bot.storage.news import StoredNews, insert_news
from bot.storage.sql import Connection, Row, insert_query, read_time, update_query
from commands.model.messages import Place
from commands.model.run_news import run_news
from commands.model.tracked_run import RunOverlay, TrackedRun

RunChange = Callable[[TrackedRun], TrackedRun]
"""Must have no effects: it may run again."""


_NO_OVERLAY = RunOverlay()


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A row. ``version`` counts its changes. ``start_key`` is the key of the message that starts the run."""

    run: TrackedRun
    version: int
    created_at: datetime
    start_key: str | None = None

    @property
    def handle(self) -> str:
        return self.run.handle


@dataclass
class RunTransaction:
    """``cached`` returns a row from memory, which is used if its version is the stored one.

    What was changed is in ``changed`` (by handle) and ``bound`` (by place key and thread; None: not bound now).
    """

    connection: Connection
    now: datetime
    cached: Callable[[str], StoredRun | None]
    changed: dict[str, StoredRun] = field(default_factory=dict)
    bound: dict[tuple[str, str], str | None] = field(default_factory=dict)
    news: list[StoredNews] = field(default_factory=list)

    def get(self, handle: str) -> StoredRun | None:
        """Raises what parsing raises if the row cannot be read."""
        row = self.connection.locked_row(_BY_NUMBER, number=run_number(handle))
        return None if row is None else self._load(row)

    def find(self, key: RunKey) -> StoredRun | None:
        """None also if the row with this key cannot be read: the key is then free for another row."""
        return self._find_readable(_BY_PLATFORM_ID, released="platform_id", platform=key.platform, id=key.id)

    def find_start(self, start_key: str) -> StoredRun | None:
        return self._find_readable(_BY_START_KEY, released="start_key", start_key=start_key)

    def pending_starts(self, platform: str) -> list[StoredRun]:
        """The runs of ``platform`` that have a handle and no id yet."""
        found: list[StoredRun] = []
        for row in self.connection.rows(_PENDING_STARTS, platform=platform):
            try:
                found.append(self._load(row))
            except Exception:  # noqa: BLE001, S112  ``RunRows.load`` has reported it
                continue
        return found

    def insert(
        self,
        run: Run,
        *,
        start_key: str | None = None,
        started: bool = True,
        overlay: RunOverlay = _NO_OVERLAY,
    ) -> StoredRun:
        """A run with the next handle."""
        handles = add_task_handles({}, run)
        tracked = TrackedRun(handle="", run=run, handles=handles, overlay=overlay, started=started)
        values = run_values(tracked) | {"start_key": start_key, "at": self.now, "version": 1}
        (row,) = self.connection.rows(_INSERT, **values)
        tracked = tracked.model_copy(update={"handle": f"R{row['number']}"})
        return self._remember(StoredRun(tracked, 1, self.now, start_key))

    def change(self, handle: str, change: RunChange) -> StoredRun:
        """Gives new tasks their handles. Raises ``KeyError`` if there is no such run."""
        stored = self.get(handle)
        if stored is None:
            raise KeyError(handle)
        changed = change(stored.run)
        handles = add_task_handles(changed.handles, changed.run)
        if handles is not changed.handles:
            changed = changed.model_copy(update={"handles": handles})
        if changed == stored.run:
            return stored
        self.news += insert_news(self.connection, handle, run_news(stored.run, changed), self.now)
        if stored.run.run.state.is_over and not changed.run.state.is_over:
            self._find_bindings(handle)
        return self._save(replace(stored, run=changed), stored.run)

    def bind(self, handle: str, place: Place) -> None:
        """The run then belongs to this place too, also after another run has taken over the binding."""
        self.change(handle, lambda run: run.model_copy(update={"overlay": run.overlay.with_place(place)}))
        key = {"place": place.key, "thread": place.thread}
        self.connection.put("bindings", key, {"run": run_number(handle), "at": self.now})
        self.connection.changed("runs", handle)
        self.bound[place.key, place.thread] = handle

    def _find_bindings(self, handle: str) -> None:
        """Of a run that was over, and goes on."""
        query = "select place, thread from bindings where run = :run"
        for row in self.connection.rows(query, run=run_number(handle)):
            self.bound.setdefault((row["place"], row["thread"]), handle)

    def bound_to(self, place: Place) -> StoredRun | None:
        query = "select run from bindings where place = :place and thread = :thread"
        row = self.connection.row(query, place=place.key, thread=place.thread)
        return None if row is None else self._find_readable(_BY_NUMBER, number=row["run"])

    def unbind(self, handle: str) -> None:
        """Removes every binding of the run."""
        for row in self.connection.rows(
            "delete from bindings where run = :run returning *", run=run_number(handle)
        ):
            self.bound[row["place"], row["thread"]] = None
            self.connection.changed("runs", handle)

    def _find_readable(self, query: str, *, released: str = "", **values: object) -> StoredRun | None:
        """``released``: the column to clear in a row that cannot be read. The row itself is kept."""
        row = self.connection.locked_row(query, **values)
        if row is None:
            return None
        try:
            return self._load(row)
        except Exception:  # noqa: BLE001  ``RunRows.load`` has reported it
            if released:
                query = update_query("runs", (released,), "number = :number")
                self.connection.execute(query, number=row["number"], **{released: None})
            return None

    def _load(self, row: Row) -> StoredRun:
        handle = f"R{row['number']}"
        cached = self.changed.get(handle) or self.cached(handle)
        return cached if cached is not None and cached.version == row["version"] else stored_run(row)

    def _save(self, stored: StoredRun, before: TrackedRun | None = None) -> StoredRun:
        """``before``: the run as it is in the row."""
        stored = replace(stored, version=stored.version + 1)
        values = run_values(stored.run, before) | {"version": stored.version, "start_key": stored.start_key}
        query = update_query("runs", tuple(values), "number = :number")
        self.connection.execute(query, number=run_number(stored.handle), **values)
        self.connection.execute(_CARDS_ARE_DUE, run=run_number(stored.handle), version=stored.version)
        return self._remember(stored)

    def _remember(self, stored: StoredRun) -> StoredRun:
        self.changed[stored.handle] = stored
        self.connection.changed("runs", stored.handle)
        return stored


_BY_NUMBER = "select * from runs where number = :number"
_BY_PLATFORM_ID = "select * from runs where platform = :platform and platform_id = :id"
_BY_START_KEY = "select * from runs where start_key = :start_key"
_PENDING_STARTS = """
select * from runs where platform = :platform and platform_id is null and started = false and over = false"""
_CARDS_ARE_DUE = "update live_cards set due_version = :version where run = :run"
_COLUMNS = (
    *("platform", "platform_id", "runbook_id", "runbook_title", "started", "over"),
    *("snapshot", "handles", "overlay"),
    *("start_key", "at", "version"),
)
_INSERT = f"{insert_query('runs', _COLUMNS)} returning number"


def add_task_handles(handles: Mapping[str, str], run: Run) -> Mapping[str, str]:
    """Gives ``T<n>`` to tasks that have no handle, in the platform's order. A handle never changes its task."""
    new = [task.id for task in run.tasks if task.id and task.id not in handles]
    if not new:
        return handles
    last = max((int(handle[1:]) for handle in handles.values()), default=0)
    return {**handles, **{id: f"T{number}" for number, id in enumerate(new, last + 1)}}


def run_number(handle: str) -> int:
    return int(handle[1:])


def run_values(tracked: TrackedRun, before: TrackedRun | None = None) -> dict[str, object]:
    """Without the parts that are the same as ``before``: they are long."""
    run = tracked.run
    values: dict[str, object] = {
        "platform": run.key.platform,
        "platform_id": run.key.id or None,
        "runbook_id": run.runbook_id,
        "runbook_title": run.runbook.casefold(),
        "started": tracked.started,
        "over": run.state.is_over,
    }
    if before is None or run is not before.run:
        values["snapshot"] = run.model_dump_json(exclude_defaults=True)
    if before is None or tracked.handles is not before.handles:
        values["handles"] = json.dumps(dict(tracked.handles))
    if before is None or tracked.overlay is not before.overlay:
        values["overlay"] = tracked.overlay.model_dump_json(exclude_defaults=True)
    return values


def stored_row(stored: StoredRun) -> Row:
    """As it is in the table."""
    number, at = run_number(stored.handle), stored.created_at.isoformat()
    more = {"number": number, "version": stored.version, "start_key": stored.start_key, "at": at}
    return run_values(stored.run) | more


def stored_run(row: Row) -> StoredRun:
    run = Run.model_validate_json(row["snapshot"])
    if not row["started"] and not row["platform_id"] and row["over"]:
        run = run.model_copy(update={"state": RunState.CANCELLED})
    tracked = TrackedRun(
        handle=f"R{row['number']}",
        run=run,
        handles=json.loads(row["handles"]),
        overlay=RunOverlay.model_validate_json(row["overlay"]),
        started=bool(row["started"]),
    )
    return StoredRun(tracked, row["version"], read_time(row["at"]), row["start_key"])
