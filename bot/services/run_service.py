"""Runs for handlers: the store's rows, refreshed from the platforms (implements ``RunsPort``).

Writes and hints schedule a refresh of their run, at most one per second and at low priority. ``on_change`` gets
the handle of each run whose snapshot has changed, ``on_halt`` each run that was found halted on its platform.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from datetime import datetime, timedelta

import structlog

from adapters.errors import AdapterError
from adapters.http.rate_limits import background, is_background
from adapters.models import Run, RunbookKey, RunKey, RunState, RunSummary
from adapters.protocol import Adapter
from adapters.toolkit.messages import ENGLISH, in_language
from adapters.writes import WriteResult
from bot.storage.effects import EffectLog
from bot.storage.runs import RunRows
from commands.model.messages import Actor, Place
from commands.model.tracked_run import Receipt, TrackedRun
from commands.text.catalogue import plain_text, translate

REFRESH_INTERVAL_SECONDS = 1.0
SLOWEST_REFRESH_SECONDS = 30.0  # of a run that its platform is still creating
CREATION_TIMEOUT = timedelta(minutes=10)
MAX_COMMENTS = 5
BACKGROUND_READS = 4  # of one platform at a time: polls must not wait behind hundreds of reads

log = structlog.get_logger(__name__)


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
        language: str = ENGLISH,
    ) -> None:
        self._language = language  # of the cards
        self._rows = rows
        self._effect_log = effect_log
        self._platforms = platforms
        self._now = now
        self._on_change = on_change
        self._on_halt = on_halt
        self._count_queued_writes = count_queued_writes
        self._refreshes: dict[str, asyncio.Task[None]] = {}  # by handle
        self._requested: set[str] = set()  # handles to refresh (again)
        self._wakeups: dict[str, asyncio.Event] = {}  # by handle: ends the wait for a run that is being created
        self._used_at: dict[str, datetime] = {}  # by handle: when somebody last used it or was shown it
        self._background_reads: dict[str, asyncio.Semaphore] = {}  # by platform

    # Lookups in the store

    async def get(self, handle: str) -> TrackedRun | None:
        return self._rows.get(handle)

    async def find(self, key: RunKey) -> TrackedRun | None:
        return self._rows.find(key)

    async def list_runs(self, *, active: bool = True) -> Sequence[TrackedRun]:
        return self._rows.list_runs(active=active)

    async def for_thread(self, place: Place) -> TrackedRun | None:
        return self._rows.bound_to(place)

    async def for_channel(self, place: Place) -> Sequence[TrackedRun]:
        return self._rows.in_channel(place)

    async def last_used(self, actor: Actor) -> TrackedRun | None:
        return self._rows.last_used(actor)

    async def mark_used(self, actor: Actor, handle: str) -> None:
        self._used_at[handle] = self._now()
        self._rows.mark_used(actor, handle)

    def followed_runs(self, platform: str) -> Sequence[TrackedRun]:
        """The runs that are not over on this platform, newest first."""
        runs = [run for run in self._rows.list_runs(active=True) if run.started and run.run.key.id]
        runs = [run for run in runs if run.run.key.platform == platform]
        return runs

    def was_used(self, tracked: TrackedRun, since: datetime) -> bool:
        """Whether somebody used this run, or was shown it, since then. After a restart, its last read counts."""
        return self._last_use(tracked) >= since

    def _last_use(self, tracked: TrackedRun) -> datetime:
        return self._used_at.setdefault(tracked.handle, tracked.run.read_at or self._now())

    async def receipts(self, handle: str, task: str = "") -> Sequence[Receipt]:
        return await self._effect_log.receipts(handle, task)

    async def queued_writes(self, handle: str) -> int:
        return self._count_queued_writes(handle)

    async def recent_start(self, runbook: RunbookKey, place: Place, since: datetime) -> TrackedRun | None:
        for tracked in self._rows.in_channel(place):
            key = RunbookKey(platform=tracked.run.key.platform, id=tracked.run.runbook_id)
            created_at = self._rows.created_at(tracked.handle)
            if key == runbook and tracked.started and created_at is not None and created_at >= since:
                return tracked
        return None

    # Changes

    async def track(self, run: RunSummary | Run) -> TrackedRun:
        if isinstance(run, Run):
            tracked = await self._rows.track(run)
            return self._save_run(tracked.model_copy(update={"started": True}), run)
        run = Run(key=run.key, title=run.title, runbook=run.runbook, state=run.state, link=run.link)
        return await self._rows.track(run)

    async def reserve_handle(self, platform: str, title: str, runbook: str, key: str, *, book: str = "") -> str:
        """A second call with the same ``key`` replaces what the first one could only guess."""
        draft = Run(
            key=RunKey(platform=platform, id=""),
            title=title,
            runbook=book or title,
            runbook_id=runbook,
            state=RunState.STARTING,
        )
        tracked = await self._rows.reserve_handle(draft, key)
        if not tracked.started and tracked.run != draft:
            tracked = self._save_run(tracked, draft)
        return tracked.handle

    async def cancel_start(self, handle: str) -> None:
        tracked = self._rows.get(handle)
        if tracked is not None and not tracked.started:
            self._save_run(tracked, tracked.run.model_copy(update={"state": RunState.CANCELLED}))
            await self._rows.unbind(handle)

    async def reuse_handle(self, handle: str, key: str) -> None:
        tracked = self._require(handle)
        await self._rows.reuse_handle(handle, key)
        self._save_run(tracked, tracked.run.model_copy(update={"state": RunState.STARTING}))

    async def bind(self, handle: str, place: Place, *, channel_too: bool) -> None:
        await self._rows.bind(handle, place)
        if channel_too and place.thread:
            channel = place.model_copy(update={"thread": ""})
            bound = self._rows.bound_to(channel)
            if bound is None or bound.run.state.is_over:
                await self._rows.bind(handle, channel)

    async def update_overlay(self, handle: str, **changes: object) -> TrackedRun:
        tracked = self._require(handle)
        overlay = tracked.overlay.model_copy(update=changes)
        saved = self._rows.save(tracked.model_copy(update={"overlay": overlay}))
        self._on_change(handle)
        return saved

    async def apply_result(self, handle: str, result: WriteResult) -> TrackedRun:
        tracked = self._require(handle)
        self._used_at[handle] = self._now()
        run = _fill_missing(tracked.run, result.snapshot) if result.snapshot else tracked.run
        changes: dict[str, object] = {}
        if result.run is not None and not tracked.run.key.id:
            self._replace_handle(result.run, handle)
            changes["key"] = result.run
            tracked = tracked.model_copy(update={"started": True})
        if result.tasks and result.snapshot is None:
            run = run.merge(result.tasks)
        if result.state is not None:
            changes["state"] = result.state
        if result.health is not None:
            health = result.health
            changes |= {"health": health.health, "health_text": health.text, "health_by": health.by}
            changes |= {"health_at": health.at, "update_due": health.due}
        if result.comment is not None and result.snapshot is None:
            changes["comments"] = (*run.comments, result.comment)[-MAX_COMMENTS:]
        tracked = self._save_run(tracked, run.model_copy(update=changes))
        if result.snapshot is None and tracked.run.key.id:
            self.refresh_soon(handle)
        return tracked

    def _require(self, handle: str) -> TrackedRun:
        tracked = self._rows.get(handle)
        assert tracked is not None, handle
        return tracked

    def _save_run(self, tracked: TrackedRun, run: Run) -> TrackedRun:
        saved = self._rows.save(tracked.model_copy(update={"run": run}))
        self._on_change(saved.handle)
        return saved

    def _replace_handle(self, key: RunKey, handle: str) -> None:
        """Gives a run that was tracked before its start (a planned run) its new handle: it has only one."""
        old = self._rows.find(key)
        if old is None or old.handle == handle:
            return
        run = old.run.model_copy(update={"key": key.model_copy(update={"id": ""}), "state": RunState.CANCELLED})
        with in_language(self._language):
            continues = plain_text(translate("run.is_now", run=handle))
        overlay = old.overlay.model_copy(update={"not_started": continues})
        self._rows.save(old.model_copy(update={"run": run, "overlay": overlay, "started": False}))
        self._on_change(old.handle)

    # Refreshes

    async def refresh(self, handle: str) -> TrackedRun:
        tracked = self._require(handle)
        if not tracked.run.key.id:
            return tracked
        if not is_background():
            self._used_at[handle] = self._now()
        run = await self._platforms[tracked.run.key.platform].read(tracked.run.key.id)
        newest = self._rows.get(handle) or tracked
        refreshed = self._save_run(newest, _fill_missing(newest.run, run))
        if run.state is RunState.PAUSED and newest.run.state in (RunState.STARTING, RunState.ACTIVE):
            self._on_halt(refreshed)
        return refreshed

    def refresh_soon(self, handle: str) -> None:
        """In the background. If a refresh is in progress, another one follows it."""
        self._requested.add(handle)
        if handle in self._wakeups:
            self._wakeups[handle].set()
        if handle not in self._refreshes:
            self._refreshes[handle] = asyncio.create_task(self._refresh_in_background(handle))

    def hint(self, platform: str, ids: Collection[str] | None) -> None:
        """Refreshes the active runs that have, or have a task with, one of these ids; None: all active runs."""
        wanted = None if ids is None else frozenset(ids)
        for tracked in self._rows.list_runs(active=True):
            run = tracked.run
            if run.key.platform == platform and (wanted is None or _has_any_id(run, wanted)):
                self.refresh_soon(tracked.handle)

    def hint_used(self, platform: str, since: datetime) -> None:
        """Refreshes the active runs that somebody used, or was shown, since then."""
        for tracked in self.followed_runs(platform):
            if self.was_used(tracked, since):
                self.refresh_soon(tracked.handle)

    @property
    def is_refreshing(self) -> bool:
        return bool(self._refreshes)

    async def stop(self) -> None:
        for task in list(self._refreshes.values()):
            task.cancel()
        await asyncio.gather(*self._refreshes.values(), return_exceptions=True)

    async def _refresh_in_background(self, handle: str) -> None:
        pause, began = REFRESH_INTERVAL_SECONDS, self._now()
        try:
            with background():
                while handle in self._requested:
                    self._requested.discard(handle)
                    try:
                        async with self._background_read(handle):
                            await self.refresh(handle)
                    except AdapterError as error:
                        log.info("run not refreshed", run=handle, error=str(error))
                    await asyncio.sleep(REFRESH_INTERVAL_SECONDS)
                    if self._is_being_created(handle) and self._now() - began < CREATION_TIMEOUT:
                        await self._wait_for_request(handle, pause)
                        pause = min(pause * 2, SLOWEST_REFRESH_SECONDS)
                        self._requested.add(handle)
        finally:
            del self._refreshes[handle]

    def _background_read(self, handle: str) -> asyncio.Semaphore:
        platform = self._require(handle).run.key.platform
        return self._background_reads.setdefault(platform, asyncio.Semaphore(BACKGROUND_READS))

    async def _wait_for_request(self, handle: str, timeout: float) -> None:
        """Waits until a write or a hint requests a refresh, at most ``timeout`` seconds."""
        wakeup = self._wakeups[handle] = asyncio.Event()
        if handle in self._requested:
            wakeup.set()
        try:
            async with asyncio.timeout(timeout):
                await wakeup.wait()
        except TimeoutError:
            pass
        finally:
            del self._wakeups[handle]

    def _is_being_created(self, handle: str) -> bool:
        """Whether the platform is still creating a started run: its tasks appear later, without a hint."""
        tracked = self._rows.get(handle)
        return tracked is not None and tracked.started and tracked.run.state is RunState.STARTING


def _has_any_id(run: Run, ids: Set[str]) -> bool:
    return run.key.id in ids or any(task.id in ids for task in run.tasks)


def _fill_missing(old: Run, new: Run) -> Run:
    """Keeps the comments and the runbook of the old snapshot where a platform's read does not include them."""
    changes: dict[str, object] = {}
    if not new.comments and old.comments:
        changes["comments"] = old.comments
    if not new.runbook_id:
        changes |= {"runbook_id": old.runbook_id, "runbook": new.runbook or old.runbook}
    return new.model_copy(update=changes)
