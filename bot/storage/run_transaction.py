"""The rows of runs within one transaction.

A change is a function of the run as it is stored at that moment, so it can run again and never overwrites what
was committed in between. ``RunRows`` replaces its memory with what the commit returned.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from adapters.models import Run, RunKey, RunState
from bot.storage.news import StoredNews, insert_news
from bot.storage.store import put
from bot.storage.tables import bindings, runs
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
        row = self.connection.execute(select(runs).where(runs.c.number == run_number(handle))).first()
        return None if row is None else self._load(row)

    def find(self, key: RunKey) -> StoredRun | None:
        """None also if the row with this key cannot be read: the key is then free for another row."""
        condition = (runs.c.platform == key.platform) & (runs.c.platform_id == key.id)
        return self._find_readable(condition, platform_id=None)

    def find_start(self, start_key: str) -> StoredRun | None:
        return self._find_readable(runs.c.start_key == start_key, start_key=None)

    def pending_starts(self, platform: str) -> list[StoredRun]:
        """The runs of ``platform`` that have a handle and no id yet."""
        condition = (
            (runs.c.platform == platform)
            & runs.c.platform_id.is_(None)
            & runs.c.started.is_(False)
            & runs.c.over.is_(False)
        )
        found: list[StoredRun] = []
        for row in self.connection.execute(select(runs).where(condition)):
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
        number = self.connection.execute(insert(runs).values(values).returning(runs.c.number)).scalar_one()
        tracked = tracked.model_copy(update={"handle": f"R{number}"})
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
        return self._save(replace(stored, run=changed))

    def bind(self, handle: str, place: Place) -> None:
        """The run then belongs to this place too, also after another run has taken over the binding."""
        self.change(handle, lambda run: run.model_copy(update={"overlay": run.overlay.with_place(place)}))
        key: dict[str, object] = {"place": place.key, "thread": place.thread}
        put(bindings, key, {"run": run_number(handle), "at": self.now})(self.connection)
        self.bound[place.key, place.thread] = handle

    def bound_to(self, place: Place) -> StoredRun | None:
        query = select(bindings.c.run).where(bindings.c.place == place.key, bindings.c.thread == place.thread)
        number = self.connection.execute(query).scalar()
        return None if number is None else self._find_readable(runs.c.number == number)

    def unbind(self, handle: str) -> None:
        """Removes every binding of the run."""
        condition = bindings.c.run == run_number(handle)
        for row in self.connection.execute(select(bindings).where(condition)):
            self.bound[row.place, row.thread] = None
        self.connection.execute(delete(bindings).where(condition))

    def _find_readable(self, condition: ColumnElement[bool], **released: None) -> StoredRun | None:
        """``released``: columns to clear in a row that cannot be read. The row itself is kept."""
        row = self.connection.execute(select(runs).where(condition)).first()
        if row is None:
            return None
        try:
            return self._load(row)
        except Exception:  # noqa: BLE001  ``RunRows.load`` has reported it
            if released:
                self.connection.execute(update(runs).where(condition).values(released))
            return None

    def _load(self, row: Row[Any]) -> StoredRun:
        cached = self.changed.get(f"R{row.number}") or self.cached(f"R{row.number}")
        return cached if cached is not None and cached.version == row.version else stored_run(row)

    def _save(self, stored: StoredRun) -> StoredRun:
        stored = replace(stored, version=stored.version + 1)
        values = run_values(stored.run) | {"version": stored.version, "start_key": stored.start_key}
        self.connection.execute(update(runs).where(runs.c.number == run_number(stored.handle)).values(values))
        return self._remember(stored)

    def _remember(self, stored: StoredRun) -> StoredRun:
        self.changed[stored.handle] = stored
        return stored


def add_task_handles(handles: Mapping[str, str], run: Run) -> Mapping[str, str]:
    """Gives ``T<n>`` to tasks that have no handle, in the platform's order. A handle never changes its task."""
    new = [task.id for task in run.tasks if task.id and task.id not in handles]
    if not new:
        return handles
    last = max((int(handle[1:]) for handle in handles.values()), default=0)
    return {**handles, **{id: f"T{number}" for number, id in enumerate(new, last + 1)}}


def run_number(handle: str) -> int:
    return int(handle[1:])


def run_values(tracked: TrackedRun) -> dict[str, object]:
    run = tracked.run
    return {
        "platform": run.key.platform,
        "platform_id": run.key.id or None,
        "runbook_id": run.runbook_id,
        "started": tracked.started,
        "over": run.state.is_over,
        "snapshot": run.model_dump_json(exclude_defaults=True),
        "handles": json.dumps(dict(tracked.handles)),
        "overlay": tracked.overlay.model_dump_json(exclude_defaults=True),
    }


def stored_run(row: Row[Any]) -> StoredRun:
    run = Run.model_validate_json(row.snapshot)
    if not row.started and not row.platform_id and row.over:
        run = run.model_copy(update={"state": RunState.CANCELLED})
    tracked = TrackedRun(
        handle=f"R{row.number}",
        run=run,
        handles=json.loads(row.handles),
        overlay=RunOverlay.model_validate_json(row.overlay),
        started=row.started,
    )
    return StoredRun(tracked, row.version, row.at, row.start_key)
