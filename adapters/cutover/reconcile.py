"""Whether a write whose answer was lost did happen: Cutover is read, nothing is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from adapters.cutover import mapping, wire
from adapters.cutover.reads import Reads
from adapters.cutover.text import unsign
from adapters.cutover.writes import Remark, Writes, comment_of
from adapters.http.responses import ListResult
from adapters.models import RunKey, RunState, TaskState
from adapters.toolkit.timestamps import parse_timestamp
from adapters.writes import (
    AddComment,
    AddTask,
    Applied,
    Baseline,
    BeginTask,
    FinishTask,
    HoldTask,
    Indeterminate,
    NotApplied,
    Reconciliation,
    SetStatus,
    StartRun,
    TaskWrite,
    Write,
    WriteMarker,
    WriteResult,
)

LONG_AGO = datetime.min.replace(tzinfo=UTC)
CLOCKS_DIFFER = timedelta(minutes=5)  # at most, between Cutover's host and ours


@dataclass
class Reconciler:
    reading: Reads
    writing: Writes
    filters: Mapping[str, str]

    async def reconcile(self, step: Write, mark: WriteMarker, known: Baseline) -> Reconciliation:
        match step:
            case StartRun(part="copy"):
                return await self._copy(step, known)
            case StartRun():
                return await self._start(step)
            case FinishTask(part="note") | BeginTask(part="note") | AddComment() | HoldTask():
                return await self._comment(step, mark)
            case BeginTask() | FinishTask():
                return await self._task(step)
            case SetStatus():
                return await self._status(step, mark, known)
            case AddTask():
                return await self._added(step, mark, known)
        return Indeterminate()

    async def _copy(self, step: StartRun, known: Baseline) -> Reconciliation:
        """The name has the run's handle in it. Only an older store's run may bear the same; that one ran."""
        mine, since = {**self.filters, "is_template": "false"}, known.sent_at - CLOCKS_DIFFER
        found = _named(await self.reading.runbooks("start", {**mine, "query": step.title}), step.title, since)
        if found is None:  # a fuzzy search may well miss: only the whole list proves that it is not there
            whole = await self.reading.runbooks("start", mine)
            found = _named(whole, step.title, since)
            if found is None:
                return NotApplied() if whole.complete else Indeterminate()
        run = RunKey(platform=step.runbook.platform, id=found.id)
        return Applied(WriteResult(run=run, state=RunState.STARTING))

    async def _start(self, step: StartRun) -> Reconciliation:
        found = await self.reading.runbook(self.writing.run_id(step), "start")
        if step.part == "name":
            return Applied(WriteResult(run=step.run)) if mapping.title(found) == step.title else NotApplied()
        state = mapping.run_state(found)
        return NotApplied() if state is RunState.PLANNED else Applied(WriteResult(run=step.run, state=state))

    async def _task(self, step: TaskWrite) -> Reconciliation:
        """One part of a start or finish that everyone must do cannot be seen; sending again then tells."""
        found = mapping.single(await self.reading.task(self.writing.run_id(step), step.task, step.op.value))
        begins = isinstance(step, BeginTask) or step.part == "begin"
        done = found.state.is_over or (begins and found.state is TaskState.RUNNING)
        return Applied(WriteResult(tasks=(found,))) if done else NotApplied()

    async def _comment(self, step: Remark, mark: WriteMarker) -> Reconciliation:
        words, task = comment_of(step)
        listing = await self.reading.comments(self.writing.run_id(step), task, "comment")
        for found in reversed(listing.items):
            if mark.is_in(found.attributes.content):
                shown = mapping.comment(found).model_copy(update={"text": words, "at": mark.at, "task": task})
                return Applied(WriteResult(id=found.id, comment=shown))
        return NotApplied() if listing.complete else Indeterminate()

    async def _status(self, step: SetStatus, mark: WriteMarker, known: Baseline) -> Reconciliation:
        """A status that somebody else set since then must not be overwritten by sending ours again."""
        found = await self.reading.runbook(self.writing.run_id(step), "status")
        if mark.is_in(found.attributes.status_message):
            return Applied(WriteResult(health=mapping.health_note(found)))
        changed = parse_timestamp(found.attributes.status_updated_at)
        return Indeterminate() if changed is not None and changed > known.sent_at else NotApplied()

    async def _added(self, step: AddTask, mark: WriteMarker, known: Baseline) -> Reconciliation:
        """By our mark; where a Core drops descriptions, by the title among tasks that were not there."""
        tasks = await self.reading.tasks(self.writing.run_id(step), "add")
        ours = next((task for task in tasks if mark.is_in(task.attributes.description)), None)
        if ours is None and known.ids:
            new = [task for task in tasks if task.id not in known.ids and task.attributes.name == step.title]
            ours = next((task for task in new if not unsign(task.attributes.description or "").code), None)
        return NotApplied() if ours is None else Applied(WriteResult(id=ours.id, tasks=(mapping.single(ours),)))


def _named(among: ListResult[wire.Runbook], title: str, since: datetime) -> wire.Runbook | None:
    """A copy that waits to be started, or was made since then and started by hand; the newest of several."""

    def made(one: wire.Runbook) -> datetime:
        return parse_timestamp(one.attributes.created_at) or LONG_AGO

    def ours(one: wire.Runbook) -> bool:
        state = mapping.run_state(one)
        return state is RunState.PLANNED or (not state.is_over and made(one) >= since)

    named = [one for one in among.items if mapping.title(one) == title and not one.attributes.archived]
    return max(filter(ours, named), key=made, default=None)
