"""Runs for handlers: the store's rows, refreshed from the platforms (implements ``RunsPort``).

Hints, and writes that do not return all that they changed, schedule a refresh of what may have changed, at low
priority. ``on_change`` gets the handle of each run whose snapshot has changed, ``on_halt`` each run that was
found halted on its platform. ``tell_others`` tells other replicas that somebody used a run.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from adapters.change_sources import TaskReads
from adapters.http.rate_limits import is_background
from adapters.models import Person, Run, RunbookKey, RunKey, RunState, RunSummary, Task
from adapters.protocol import Adapter
from adapters.results import WriteResult
from adapters.toolkit.messages import ENGLISH
from adapters.unconfigured import adapter_named
from bot.services.background_refreshes import BackgroundRefreshes
from bot.services.run_changes import find_or_track, reserve, tasks_to_read, with_snapshot, with_state
from bot.storage.effects import EffectLog
from bot.storage.run_transaction import RunTransaction
from bot.storage.runs import RunRows
from bot.storage.store import Commit
from commands.model.messages import Actor, Place
from commands.model.run_head import RunHead, person_identifiers
from commands.model.tracked_run import Receipt, ReservedStart, RunOverlay, TrackedRun

USE_TOLD_AFTER = timedelta(minutes=5)


def _as_person(actor: Actor) -> Person:
    return Person(id=actor.id, name=actor.name, email=actor.email, handle=actor.handle or None)


class RunService:
    def __init__(
        self,
        rows: RunRows,
        effect_log: EffectLog,
        platforms: Mapping[str, Adapter],
        now: Callable[[], datetime],
        *,
        on_change: Callable[[str], None],
        on_halt: Callable[[TrackedRun], object],
        count_queued_writes: Callable[[str], int],
        person: Callable[[Actor], Person] = _as_person,
        language: str = ENGLISH,
        tell_others: Callable[[str, str], None] = lambda topic, key: None,
    ) -> None:
        """``person``: as platforms know the people of the chats."""
        self._tell_others = tell_others
        self._person = person
        self._language = language  # of the cards
        self._rows = rows
        self._effect_log = effect_log
        self._platforms = platforms
        self._now = now
        rows.on_change = on_change
        self._on_halt = on_halt
        self._count_queued_writes = count_queued_writes
        self._hints: set[asyncio.Task[None]] = set()
        self._used_at: dict[str, datetime] = {}  # by handle: when somebody last used it or was shown it
        self._background = BackgroundRefreshes(self._read_again, self._platform_of, self._is_being_created, now)

    # Lookups in the store

    async def get(self, handle: str) -> TrackedRun | None:
        return await self._rows.read(handle)

    async def find(self, key: RunKey) -> TrackedRun | None:
        return await self._rows.find(key)

    def head(self, tracked: TrackedRun) -> RunHead:
        return self._rows.head_of(tracked)

    async def active_heads(self) -> Sequence[RunHead]:
        return [head for head in await self._rows.heads() if head.is_active]

    async def runs_of(self, actor: Actor) -> Sequence[TrackedRun]:
        identifiers = (actor.key, *person_identifiers(self._person(actor)))
        return [run for run in await self._rows.of_anybody(identifiers) if not run.only_named]

    async def runs_of_runbook(self, title: str) -> Sequence[TrackedRun]:
        return await self._rows.of_runbook(title)

    async def for_thread(self, place: Place) -> TrackedRun | None:
        return await self._rows.bound_to(place)

    async def for_channel(self, place: Place) -> Sequence[RunHead]:
        return self._rows.in_channel(place)

    async def last_used(self, actor: Actor) -> TrackedRun | None:
        return await self._rows.last_used(actor)

    async def mark_used(self, actor: Actor, handle: str) -> None:
        self._use(handle)
        await self._rows.mark_used(actor, handle)

    def _use(self, handle: str) -> None:
        before, now = self._used_at.get(handle), self._now()
        self._used_at[handle] = now
        if before is None or now - before > USE_TOLD_AFTER:
            self._tell_others("uses", handle)

    async def used_elsewhere(self, handles: Collection[str] | None) -> None:
        """Somebody used these runs on another replica."""
        self._used_at |= dict.fromkeys(handles or (), self._now())

    async def followed_runs(self, platform: str) -> Sequence[RunHead]:
        """The runs that are not over on this platform, newest first."""
        active = await self.active_heads()
        return [run for run in active if run.started and run.key.id and run.key.platform == platform]

    def was_used(self, run: RunHead, since: datetime) -> bool:
        """Whether somebody used this run, or was shown it, since then. After a restart, its last read counts."""
        return self._used_at.setdefault(run.handle, run.read_at or self._now()) >= since

    async def receipts(self, handle: str, task: str = "") -> Sequence[Receipt]:
        return await self._effect_log.receipts(handle, task)

    async def queued_writes(self, handle: str) -> int:
        return self._count_queued_writes(handle)

    async def is_hidden(self, run: RunSummary | Run | RunKey) -> bool:
        """Never: ``ReadableRuns`` hides runs from a person."""
        return False

    async def recent_start(self, runbook: RunbookKey, place: Place, since: datetime) -> TrackedRun | None:
        for run in self._rows.in_channel(place):
            if run.started and (run.key.platform, run.runbook_id) == (runbook.platform, runbook.id):
                created_at = self._rows.created_at(run.handle)
                if created_at is not None and created_at >= since:
                    return self._rows.get(run.handle)
        return None

    # Changes

    async def track(self, run: RunSummary | Run) -> TrackedRun:
        """A run that a start is creating at this moment keeps the handle that was reserved for it."""
        snapshot = run if isinstance(run, Run) else _run_of_summary(run)

        def change(rows: RunTransaction) -> TrackedRun:
            stored = find_or_track(rows, snapshot)
            if snapshot is not run or not stored.run.run.key.id:
                return stored.run
            update = {"run": snapshot, "started": True}
            return rows.change(stored.handle, lambda tracked: tracked.model_copy(update=update)).run

        stored = await self._rows.find(run.key)
        if stored is not None and snapshot is not run:
            return stored
        return await self._rows.transaction(change, Commit.RUN)

    async def reserve_handle(self, start: ReservedStart) -> str:
        return await self._rows.transaction(lambda rows: reserve(rows, start).handle, Commit.START)

    async def cancel_start(self, handle: str) -> None:
        def change(rows: RunTransaction) -> None:
            stored = rows.get(handle)
            if stored is not None and not stored.run.started:
                rows.change(handle, lambda run: with_state(run, RunState.CANCELLED))
                rows.unbind(handle)

        await self._rows.transaction(change, Commit.START)

    async def bind(self, handle: str, place: Place, *, channel_too: bool) -> None:
        def change(rows: RunTransaction) -> None:
            rows.bind(handle, place)
            if channel_too and place.thread:
                channel = place.model_copy(update={"thread": ""})
                bound = rows.bound_to(channel)
                if bound is None or bound.run.run.state.is_over:
                    rows.bind(handle, channel)

        await self._rows.transaction(change, Commit.BINDING)

    async def update_overlay(self, handle: str, change: Callable[[RunOverlay], RunOverlay]) -> TrackedRun:
        return await self._rows.change(handle, lambda run: run.model_copy(update={"overlay": change(run.overlay)}))

    async def _require(self, handle: str) -> TrackedRun:
        tracked = await self._rows.read(handle)
        assert tracked is not None, handle
        return tracked

    # Refreshes

    async def refresh(self, handle: str) -> TrackedRun:
        """Reads again if the stored snapshot changed meanwhile: what was read may be older."""
        if not is_background():
            self._use(handle)
        for last in (False, True):
            tracked = await self._require(handle)
            if not tracked.run.key.id:
                return tracked
            run = await adapter_named(self._platforms, tracked.run.key.platform).read(tracked.run.key.id)
            refreshed = await self._save_read(tracked, run, even_if_changed=last)
            if refreshed is not None:
                break
        assert refreshed is not None
        if run.state is RunState.PAUSED and tracked.run.state in (RunState.STARTING, RunState.ACTIVE):
            self._on_halt(refreshed)
        return refreshed

    async def _refresh_tasks(self, handle: str, tasks: Collection[str]) -> None:
        """Reads only these tasks where the platform can; the whole run if one of them changed meanwhile."""
        tracked = await self._require(handle)
        adapter = adapter_named(self._platforms, tracked.run.key.platform)
        if isinstance(adapter, TaskReads):
            read = await adapter.read_tasks(tracked.run.key.id, sorted(tasks))
            has_all = {task.id for task in read}.issuperset(tasks)
            if has_all and await self._save_tasks(tracked, read):
                return
        await self.refresh(handle)

    async def _save_tasks(self, before: TrackedRun, read: Sequence[Task]) -> TrackedRun | None:
        """None if one of these tasks is not that of ``before`` any more."""

        def change(rows: RunTransaction) -> TrackedRun | None:
            stored = rows.get(before.handle)
            if stored is None or any(stored.run.run.task(task.id) != before.run.task(task.id) for task in read):
                return None
            return rows.change(before.handle, lambda run: with_snapshot(run, run.run.merge(read))).run

        return await self._rows.transaction(change, Commit.RUN)

    async def _save_read(self, before: TrackedRun, run: Run, *, even_if_changed: bool) -> TrackedRun | None:
        """None if the snapshot is not that of ``before`` any more."""

        def change(rows: RunTransaction) -> TrackedRun | None:
            stored = rows.get(before.handle)
            if stored is None or (stored.run.run != before.run and not even_if_changed):
                return None
            return rows.change(
                before.handle,
                lambda tracked: with_snapshot(tracked, run),
            ).run

        return await self._rows.transaction(change, Commit.RUN)

    def refresh_after(self, handle: str, result: WriteResult) -> None:
        """Reads, in the background, what a write may have changed besides what its result shows."""
        tracked = self._rows.get(handle)
        tasks = tasks_to_read(tracked.run, result) if tracked is not None and tracked.run.key.id else ()
        if tasks is None or tasks:
            self.refresh_soon(handle, tasks)
        if tasks is not None and result.moves_notes:
            self._background.request_unhurried(handle)

    def refresh_soon(self, handle: str, tasks: Collection[str] | None = None) -> None:
        """In the background. ``tasks``: only these, by id."""
        self._background.request(handle, tasks)

    @property
    def is_refreshing(self) -> bool:
        return self._background.is_busy or bool(self._hints)

    def _spawn(self, hint: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(hint)
        self._hints.add(task)
        task.add_done_callback(self._hints.discard)

    async def stop(self) -> None:
        for task in self._hints:
            task.cancel()
        await self._background.stop()

    async def _read_again(self, handle: str, tasks: Collection[str] | None) -> None:
        await (self.refresh(handle) if tasks is None else self._refresh_tasks(handle, tasks))

    def _platform_of(self, handle: str) -> str:
        tracked = self._rows.get(handle)
        return tracked.run.key.platform if tracked is not None else ""

    def hint(self, platform: str, ids: Collection[str] | None) -> None:
        """Soon refreshes the active runs that have, or have a task with, one of these ids; None: all of them."""
        self._spawn(self._hint(platform, None if ids is None else frozenset(ids)))

    async def _hint(self, platform: str, wanted: frozenset[str] | None) -> None:
        for run in await self.active_heads():
            if run.key.platform == platform and (wanted is None or not wanted.isdisjoint(run.ids)):
                self.refresh_soon(run.handle)

    def hint_used(self, platform: str, since: datetime) -> None:
        """Soon refreshes the active runs that somebody used, or was shown, since then."""
        self._spawn(self._hint_used(platform, since))

    async def _hint_used(self, platform: str, since: datetime) -> None:
        for run in await self.followed_runs(platform):
            if self.was_used(run, since):
                self.refresh_soon(run.handle)

    def _is_being_created(self, handle: str) -> bool:
        """Whether the platform is still creating a started run: its tasks appear later, without a hint."""
        tracked = self._rows.get(handle)
        return tracked is not None and tracked.started and tracked.run.state is RunState.STARTING


def _run_of_summary(head: RunSummary) -> Run:
    return Run(key=head.key, title=head.title, runbook=head.runbook, state=head.state, link=head.link)
