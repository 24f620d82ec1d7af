"""Runs, as handlers ask for them: the store's rows, refreshed from the platforms (implements ``RunsPort``).

One re-read a run is scheduled after writes and hints, at most one a second, behind everything that people wait
for. What it brings is shown: ``changed`` is called for each run whose snapshot is another one now, ``halted`` for
one that has come to a stop on its platform meanwhile.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from adapters.errors import AdapterError
from adapters.http.rate_limits import background
from adapters.models import Run, RunbookKey, RunKey, RunState, RunSummary
from adapters.protocol import Adapter
from adapters.writes import WriteResult
from bot.storage.effects import EffectLog
from bot.storage.runs import RunRows
from commands.model.messages import Actor, Place
from commands.model.tracked_run import Receipt, TrackedRun
from commands.text.catalogue import plain_text, translate

REREAD_EVERY_SECONDS = 1.0
SLOWEST_REREAD_SECONDS = 30.0
_GOING_ON = (RunState.STARTING, RunState.ACTIVE)
MAKING_TAKES = timedelta(minutes=10)

log = structlog.get_logger(__name__)


class RunService:
    def __init__(
        self,
        rows: RunRows,
        ledger: EffectLog,
        platforms: Mapping[str, Adapter],
        now: Callable[[], datetime],
        changed: Callable[[str], None],
        halted: Callable[[TrackedRun], object],
        queued: Callable[[str], int],
    ) -> None:
        self._rows = rows
        self._ledger = ledger
        self._platforms = platforms
        self._now = now
        self._changed = changed
        self._halted = halted
        self._queued = queued
        self._rereads: dict[str, asyncio.Task[None]] = {}
        self._wanted: set[str] = set()
        self._asked: dict[str, asyncio.Event] = {}  # of runs that are waited for: somebody asks before their time

    # What the store knows

    async def get(self, handle: str) -> TrackedRun | None:
        return self._rows.get(handle)

    async def find(self, key: RunKey) -> TrackedRun | None:
        return self._rows.find(key)

    async def list_runs(self, *, active: bool = True) -> Sequence[TrackedRun]:
        return self._rows.known(active=active)

    async def for_thread(self, place: Place) -> TrackedRun | None:
        return self._rows.bound(place)

    async def for_channel(self, place: Place) -> Sequence[TrackedRun]:
        return self._rows.in_channel(place)

    async def last_used(self, actor: Actor) -> TrackedRun | None:
        return self._rows.last_touched(actor)

    async def mark_used(self, actor: Actor, handle: str) -> None:
        self._rows.touch(actor, handle)

    async def receipts(self, handle: str, task: str = "") -> Sequence[Receipt]:
        return await self._ledger.receipts(handle, task)

    async def queued_writes(self, handle: str) -> int:
        return self._queued(handle)

    async def recent_start(self, runbook: RunbookKey, place: Place, since: datetime) -> TrackedRun | None:
        for known in self._rows.in_channel(place):
            of = RunbookKey(platform=known.run.key.platform, id=known.run.runbook_id)
            created = self._rows.created(known.handle)
            if of == runbook and known.started and created is not None and created >= since:
                return known
        return None

    # What changes

    async def track(self, head: RunSummary | Run) -> TrackedRun:
        if isinstance(head, Run):
            known = await self._rows.adopt(head)
            return self._set(known.model_copy(update={"started": True}), head)
        run = Run(key=head.key, title=head.title, runbook=head.runbook, state=head.state, link=head.link)
        return await self._rows.adopt(run)

    async def reserve_handle(self, platform: str, title: str, runbook: str, key: str, *, book: str = "") -> str:
        """Given again for the same ``key`` it corrects what place() could only guess."""
        draft = Run(
            key=RunKey(platform=platform, id=""),
            title=title,
            runbook=book or title,
            runbook_id=runbook,
            state=RunState.STARTING,
        )
        known = await self._rows.reserve(draft, key)
        if not known.started and known.run != draft:
            known = self._set(known, draft)
        return known.handle

    async def cancel_start(self, handle: str) -> None:
        known = self._rows.get(handle)
        if known is not None and not known.started:
            self._set(known, known.run.model_copy(update={"state": RunState.CANCELLED}))
            await self._rows.unbind(handle)

    async def reuse_handle(self, handle: str, key: str) -> None:
        known = self._rows.get(handle)
        assert known is not None, handle
        await self._rows.reserve_again(handle, key)
        self._set(known, known.run.model_copy(update={"state": RunState.STARTING}))

    async def bind(self, handle: str, place: Place, *, channel_too: bool) -> None:
        await self._rows.bind(handle, place)
        if channel_too and place.thread:
            channel = place.model_copy(update={"thread": ""})
            holder = self._rows.bound(channel)
            if holder is None or holder.run.state.is_over:
                await self._rows.bind(handle, channel)

    async def update_overlay(self, handle: str, **changes: object) -> TrackedRun:
        known = self._rows.get(handle)
        assert known is not None, handle
        saved = self._rows.save(known.model_copy(update={"overlay": known.overlay.model_copy(update=changes)}))
        self._changed(handle)
        return saved

    async def apply_result(self, handle: str, told: WriteResult) -> TrackedRun:
        known = self._rows.get(handle)
        assert known is not None, handle
        run = _keep_what_reads_lack(known.run, told.snapshot) if told.snapshot else known.run
        changes: dict[str, object] = {}
        if told.run is not None and not known.run.key.id:
            self._give_way(told.run, handle)
            changes["key"] = told.run
            known = known.model_copy(update={"started": True})
        if told.tasks and told.snapshot is None:
            run = run.merge(told.tasks)
        if told.state is not None:
            changes["state"] = told.state
        if told.health is not None:
            note = told.health
            changes |= {"health": note.health, "health_text": note.text, "health_by": note.by}
            changes |= {"health_at": note.at, "update_due": note.due}
        if told.comment is not None and told.snapshot is None:
            changes["comments"] = (*run.comments, told.comment)[-5:]
        known = self._set(known, run.model_copy(update=changes))
        if told.snapshot is None and known.run.key.id:
            self.reread(handle)
        return known

    async def refresh(self, handle: str) -> TrackedRun:
        known = self._rows.get(handle)
        assert known is not None, handle
        if not known.run.key.id:
            return known
        run = await self._platforms[known.run.key.platform].read(known.run.key.id)
        newest = self._rows.get(handle) or known
        read = self._set(newest, _keep_what_reads_lack(newest.run, run))
        if run.state is RunState.PAUSED and newest.run.state in _GOING_ON:
            self._halted(read)
        return read

    def reread(self, handle: str) -> None:
        """Soon, in the background; asked for while one is under way, once more after it."""
        self._wanted.add(handle)
        if handle in self._asked:
            self._asked[handle].set()
        if handle not in self._rereads:
            self._rereads[handle] = asyncio.create_task(self._reread(handle))

    def hint(self, platform: str, about: Collection[str] | None) -> None:
        """A webhook came: the active runs that it is about are read again, or all of that platform."""
        for known in self._rows.known(active=True):
            run = known.run
            if run.key.platform == platform and (about is None or _is_about(run, about)):
                self.reread(known.handle)

    @property
    def rereading(self) -> bool:
        return bool(self._rereads)

    async def stop(self) -> None:
        for task in list(self._rereads.values()):
            task.cancel()
        await asyncio.gather(*self._rereads.values(), return_exceptions=True)

    async def _reread(self, handle: str) -> None:
        pause, began = REREAD_EVERY_SECONDS, self._now()
        try:
            with background():
                while handle in self._wanted:
                    self._wanted.discard(handle)
                    try:
                        await self.refresh(handle)
                    except AdapterError as error:
                        log.info("run not re-read", run=handle, why=str(error))
                    await asyncio.sleep(REREAD_EVERY_SECONDS)
                    if self._being_made(handle) and self._now() - began < MAKING_TAKES:
                        await self._asked_for(handle, pause)
                        pause = min(pause * 2, SLOWEST_REREAD_SECONDS)
                        self._wanted.add(handle)
        finally:
            del self._rereads[handle]

    async def _asked_for(self, handle: str, seconds: float) -> None:
        """Waits so long, or until a write or a hint wants the run read again."""
        asked = self._asked[handle] = asyncio.Event()
        if handle in self._wanted:
            asked.set()
        try:
            async with asyncio.timeout(seconds):
                await asked.wait()
        except TimeoutError:
            pass
        finally:
            del self._asked[handle]

    def _being_made(self, handle: str) -> bool:
        """Started, and the platform is still making it: its tasks come later, and nobody tells us."""
        known = self._rows.get(handle)
        return known is not None and known.started and known.run.state is RunState.STARTING

    def _give_way(self, key: RunKey, to: str) -> None:
        """A run has one handle: one that was known before its start (a planned one) goes on as ``to``."""
        before = self._rows.find(key)
        if before is None or before.handle == to:
            return
        gone = before.run.model_copy(
            update={"key": key.model_copy(update={"id": ""}), "state": RunState.CANCELLED}
        )
        kept = before.overlay.model_copy(update={"not_started": plain_text(translate("run.is_now", run=to))})
        self._rows.save(before.model_copy(update={"run": gone, "overlay": kept, "started": False}))
        self._changed(before.handle)

    def _set(self, known: TrackedRun, run: Run) -> TrackedRun:
        saved = self._rows.save(known.model_copy(update={"run": run}))
        self._changed(saved.handle)
        return saved


def _is_about(run: Run, about: Collection[str]) -> bool:
    return run.key.id in about or any(task.id in about for task in run.tasks)


def _keep_what_reads_lack(old: Run, new: Run) -> Run:
    """Comments are not part of every platform's read, nor the runbook's id; an old one is better than none."""
    changes: dict[str, object] = {}
    if not new.comments and old.comments:
        changes["comments"] = old.comments
    if not new.runbook_id:
        changes |= {"runbook_id": old.runbook_id, "runbook": new.runbook or old.runbook}
    return new.model_copy(update=changes)
