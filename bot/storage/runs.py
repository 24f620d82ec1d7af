"""Runs as last read, their handles, the places they are bound to, and the run each person used last.

Everything is also kept in memory. One process owns the store, so memory and database agree.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from adapters.models import Run, RunKey, RunState
from bot.storage.store import Store, put
from bot.storage.tables import bindings, last_used, runs
from commands.model.messages import Actor, Place
from commands.model.tracked_run import RunOverlay, TrackedRun


class RunRows:
    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._runs: dict[str, TrackedRun] = {}  # by handle, as are the values of the next four
        self._handle_of_key: dict[RunKey, str] = {}
        self._handle_of_start: dict[str, str] = {}  # by start key
        self._bindings: dict[tuple[str, str], str] = {}  # by (place key, thread)
        self._last_used: dict[str, str] = {}  # by actor
        self._created_at: dict[str, datetime] = {}

    async def load(self) -> None:
        async with self._store.read() as connection:
            for row in await connection.execute(select(runs).order_by(runs.c.number)):
                self._remember(_tracked_run(row))
                self._created_at[f"R{row.number}"] = row.at
                if row.start_key:
                    self._handle_of_start[row.start_key] = f"R{row.number}"
            for row in await connection.execute(select(bindings)):
                self._bindings[row.place, row.thread] = f"R{row.run}"
            for row in await connection.execute(select(last_used)):
                self._last_used[row.actor] = f"R{row.run}"

    def get(self, handle: str) -> TrackedRun | None:
        return self._runs.get(handle.upper())

    def find(self, key: RunKey) -> TrackedRun | None:
        handle = self._handle_of_key.get(key)
        return self._runs.get(handle) if handle else None

    def list_runs(self, *, active: bool) -> Sequence[TrackedRun]:
        """Newest first."""
        newest_first = reversed(self._runs.values())
        return [run for run in newest_first if not active or not (run.run.state.is_over or run.only_named)]

    def created_at(self, handle: str) -> datetime | None:
        return self._created_at.get(handle)

    def bound_to(self, place: Place) -> TrackedRun | None:
        handle = self._bindings.get((place.key, place.thread))
        return self._runs.get(handle) if handle else None

    def in_channel(self, place: Place) -> Sequence[TrackedRun]:
        """Runs that are not over, bound to the channel or to one of its threads."""
        handles = dict.fromkeys(handle for (key, _), handle in self._bindings.items() if key == place.key)
        found = [self._runs[handle] for handle in handles if handle in self._runs]
        return [run for run in found if not run.run.state.is_over]

    def places(self, handle: str) -> Sequence[tuple[str, str]]:
        """(place key, thread) of every binding of the run."""
        return [place for place, bound in self._bindings.items() if bound == handle]

    def last_used(self, actor: Actor) -> TrackedRun | None:
        handle = self._last_used.get(_actor_key(actor))
        return self._runs.get(handle) if handle else None

    def mark_used(self, actor: Actor, handle: str) -> None:
        key = _actor_key(actor)
        if self._last_used.get(key) == handle:
            return
        self._last_used[key] = handle
        self._store.submit(put(last_used, {"actor": key}, {"run": _number(handle), "at": self._now()}))

    async def reserve_handle(self, draft: Run, start_key: str) -> TrackedRun:
        """The next handle, for a run that has no id yet. The same ``start_key`` gets the same handle again."""
        if start_key in self._handle_of_start:
            return self._runs[self._handle_of_start[start_key]]
        run = await self._insert(draft, start_key=start_key, started=False)
        self._handle_of_start[start_key] = run.handle
        return run

    async def reuse_handle(self, handle: str, start_key: str) -> None:
        """Gives a reserved handle to another start."""
        self._handle_of_start[start_key] = handle

        def change(connection: Connection) -> None:
            connection.execute(update(runs).where(runs.c.number == _number(handle)).values(start_key=start_key))

        await self._store.write(change)

    async def track(self, run: Run) -> TrackedRun:
        """The tracked run with the key of ``run``; a new one gets the next handle."""
        return self.find(run.key) or await self._insert(run, start_key=None, started=True)

    async def _insert(self, run: Run, *, start_key: str | None, started: bool) -> TrackedRun:
        handles = _add_task_handles({}, run)

        def change(connection: Connection) -> int:
            values = _values(run, handles, RunOverlay(), started) | {"start_key": start_key, "at": self._now()}
            row = connection.execute(insert(runs).values(values).returning(runs.c.number))
            return int(row.scalar_one())

        number = await self._store.write(change)
        tracked = TrackedRun(handle=f"R{number}", run=run, handles=handles, started=started)
        self._created_at[tracked.handle] = self._now()
        return self._remember(tracked)

    def save(self, tracked: TrackedRun) -> TrackedRun:
        """Gives new tasks their handles and updates memory at once; the store follows (not awaited)."""
        handles = _add_task_handles(tracked.handles, tracked.run)
        if handles is not tracked.handles:
            tracked = tracked.model_copy(update={"handles": handles})
        if self._runs.get(tracked.handle) == tracked:
            return tracked
        values = _values(tracked.run, tracked.handles, tracked.overlay, tracked.started)

        def change(connection: Connection) -> None:
            connection.execute(update(runs).where(runs.c.number == _number(tracked.handle)).values(values))

        self._store.submit(change)
        return self._remember(tracked)

    async def bind(self, handle: str, place: Place) -> None:
        if self._bindings.get((place.key, place.thread)) == handle:
            return
        self._bindings[place.key, place.thread] = handle
        key: dict[str, object] = {"place": place.key, "thread": place.thread}
        await self._store.write(put(bindings, key, {"run": _number(handle), "at": self._now()}))

    async def unbind(self, handle: str) -> None:
        """Removes every binding of a run whose start was cancelled."""
        for place in self.places(handle):
            del self._bindings[place]

        def change(connection: Connection) -> None:
            connection.execute(delete(bindings).where(bindings.c.run == _number(handle)))

        await self._store.write(change)

    def _remember(self, tracked: TrackedRun) -> TrackedRun:
        self._runs[tracked.handle] = tracked
        if tracked.run.key.id:
            self._handle_of_key[tracked.run.key] = tracked.handle
        return tracked


def _add_task_handles(handles: Mapping[str, str], run: Run) -> Mapping[str, str]:
    """Gives ``T<n>`` to tasks that have no handle, in the platform's order. A handle never changes its task."""
    new = [task.id for task in run.tasks if task.id and task.id not in handles]
    if not new:
        return handles
    last = max((int(handle[1:]) for handle in handles.values()), default=0)
    return {**handles, **{id: f"T{number}" for number, id in enumerate(new, last + 1)}}


def _values(run: Run, handles: Mapping[str, str], overlay: RunOverlay, started: bool) -> dict[str, object]:
    return {
        "platform": run.key.platform,
        "platform_id": run.key.id or None,
        "runbook_id": run.runbook_id,
        "started": started,
        "over": run.state.is_over,
        "snapshot": run.model_dump_json(exclude_defaults=True),
        "handles": json.dumps(dict(handles)),
        "overlay": overlay.model_dump_json(exclude_defaults=True),
    }


def _tracked_run(row: Row[Any]) -> TrackedRun:
    run = Run.model_validate_json(row.snapshot)
    if not row.started and not row.platform_id and row.over:
        run = run.model_copy(update={"state": RunState.CANCELLED})
    return TrackedRun(
        handle=f"R{row.number}",
        run=run,
        handles=json.loads(row.handles),
        overlay=RunOverlay.model_validate_json(row.overlay),
        started=row.started,
    )


def _actor_key(actor: Actor) -> str:
    return f"{actor.surface}/{actor.workspace}/{actor.id}"


def _number(handle: str) -> int:
    return int(handle[1:])
