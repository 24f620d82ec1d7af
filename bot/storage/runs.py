"""Runs as last read, their short names, where they are bound, and who touched what.

Everything read is kept in memory too: one process owns the store, so what it wrote is what is true.
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
        self._known: dict[str, TrackedRun] = {}
        self._keys: dict[RunKey, str] = {}
        self._bound: dict[tuple[str, str], str] = {}
        self._touched: dict[str, str] = {}
        self._starts: dict[str, str] = {}  # start key -> handle
        self._created: dict[str, datetime] = {}

    async def load(self) -> None:
        async with self._store.read() as connection:
            for row in await connection.execute(select(runs).order_by(runs.c.number)):
                self._remember(_known(row))
                self._created[f"R{row.number}"] = row.at
                if row.start_key:
                    self._starts[row.start_key] = f"R{row.number}"
            for row in await connection.execute(select(bindings)):
                self._bound[row.place, row.thread] = f"R{row.run}"
            for row in await connection.execute(select(last_used)):
                self._touched[row.actor] = f"R{row.run}"

    def get(self, handle: str) -> TrackedRun | None:
        return self._known.get(handle.upper())

    def find(self, key: RunKey) -> TrackedRun | None:
        handle = self._keys.get(key)
        return self._known.get(handle) if handle else None

    def known(self, *, active: bool) -> Sequence[TrackedRun]:
        newest = reversed(self._known.values())
        return [known for known in newest if not active or not (known.run.state.is_over or known.only_named)]

    def created(self, handle: str) -> datetime | None:
        return self._created.get(handle)

    def bound(self, place: Place) -> TrackedRun | None:
        handle = self._bound.get((place.key, place.thread))
        return self._known.get(handle) if handle else None

    def in_channel(self, place: Place) -> Sequence[TrackedRun]:
        handles = dict.fromkeys(run for (where, _), run in self._bound.items() if where == place.key)
        found = [self._known[handle] for handle in handles if handle in self._known]
        return [known for known in found if not known.run.state.is_over]

    def places(self, handle: str) -> Sequence[tuple[str, str]]:
        """(place key, thread) of every binding of the run."""
        return [where for where, run in self._bound.items() if run == handle]

    def last_touched(self, actor: Actor) -> TrackedRun | None:
        handle = self._touched.get(_actor_key(actor))
        return self._known.get(handle) if handle else None

    def touch(self, actor: Actor, handle: str) -> None:
        key = _actor_key(actor)
        if self._touched.get(key) == handle:
            return
        self._touched[key] = handle
        self._store.submit(put(last_used, {"actor": key}, {"run": _number(handle), "at": self._now()}))

    async def reserve(self, draft: Run, start_key: str) -> TrackedRun:
        """The next handle, for a run that has no id yet; the same one for the same ``start_key``."""
        if start_key in self._starts:
            return self._known[self._starts[start_key]]
        known = await self._insert(draft, start_key=start_key, started=False)
        self._starts[start_key] = known.handle
        return known

    async def reserve_again(self, handle: str, start_key: str) -> None:
        """The handle is another start's now."""
        self._starts[start_key] = handle

        def change(connection: Connection) -> None:
            connection.execute(update(runs).where(runs.c.number == _number(handle)).values(start_key=start_key))

        await self._store.write(change)

    async def adopt(self, run: Run) -> TrackedRun:
        """Gives a run its handle, or finds the one it has; a better snapshot replaces the old one."""
        known = self.find(run.key)
        if known is None:
            known = await self._insert(run, start_key=None, started=True)
        return known

    async def _insert(self, run: Run, *, start_key: str | None, started: bool) -> TrackedRun:
        handles = _name_tasks({}, run)

        def change(connection: Connection) -> int:
            values = _values(run, handles, RunOverlay(), started) | {"start_key": start_key, "at": self._now()}
            row = connection.execute(insert(runs).values(values).returning(runs.c.number))
            return int(row.scalar_one())

        number = await self._store.write(change)
        known = TrackedRun(handle=f"R{number}", run=run, handles=handles, started=started)
        self._created[known.handle] = self._now()
        return self._remember(known)

    def save(self, known: TrackedRun) -> TrackedRun:
        """Names new tasks, keeps it in memory at once, and submits it to the store (not awaited)."""
        handles = _name_tasks(known.handles, known.run)
        if handles is not known.handles:
            known = known.model_copy(update={"handles": handles})
        before = self._known.get(known.handle)
        if before == known:
            return known
        values = _values(known.run, known.handles, known.overlay, known.started)

        def change(connection: Connection) -> None:
            connection.execute(update(runs).where(runs.c.number == _number(known.handle)).values(values))

        self._store.submit(change)
        return self._remember(known)

    async def bind(self, handle: str, place: Place) -> None:
        if self._bound.get((place.key, place.thread)) == handle:
            return
        self._bound[place.key, place.thread] = handle
        where: dict[str, object] = {"place": place.key, "thread": place.thread}
        await self._store.write(put(bindings, where, {"run": _number(handle), "at": self._now()}))

    async def unbind(self, handle: str) -> None:
        """Takes the run off every place: a start that came to nothing."""
        for where in self.places(handle):
            del self._bound[where]

        def change(connection: Connection) -> None:
            connection.execute(delete(bindings).where(bindings.c.run == _number(handle)))

        await self._store.write(change)

    def _remember(self, known: TrackedRun) -> TrackedRun:
        self._known[known.handle] = known
        if known.run.key.id:
            self._keys[known.run.key] = known.handle
        return known


def _name_tasks(handles: Mapping[str, str], run: Run) -> Mapping[str, str]:
    """Gives ``T<n>`` in the platform's order to tasks that have none; never takes one back."""
    new = [task.id for task in run.tasks if task.id and task.id not in handles]
    if not new:
        return handles
    last = max((int(handle[1:]) for handle in handles.values()), default=0)
    return {**handles, **{id: f"T{last + place}" for place, id in enumerate(new, 1)}}


def _values(run: Run, handles: Mapping[str, str], kept: RunOverlay, started: bool) -> dict[str, object]:
    return {
        "platform": run.key.platform,
        "platform_id": run.key.id or None,
        "runbook_id": run.runbook_id,
        "started": started,
        "over": run.state.is_over,
        "snapshot": run.model_dump_json(exclude_defaults=True),
        "handles": json.dumps(dict(handles)),
        "overlay": kept.model_dump_json(exclude_defaults=True),
    }


def _known(row: Row[Any]) -> TrackedRun:
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
