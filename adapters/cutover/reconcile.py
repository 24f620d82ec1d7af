"""Finds out whether a write with a lost response was applied, by reading Cutover. Sends nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from adapters.cutover import mapping, wire
from adapters.cutover.api import CutoverApi
from adapters.cutover.text import parse_signature
from adapters.cutover.writes import CommentWrite, Writes, comment_content
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
MAX_CLOCK_SKEW = timedelta(minutes=5)  # between Cutover's clock and ours


@dataclass
class Reconciler:
    api: CutoverApi
    writes: Writes
    filters: Mapping[str, str]

    async def reconcile(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        match step:
            case StartRun(part="copy"):
                return await self._copy(step, baseline)
            case StartRun():
                return await self._start(step)
            case FinishTask(part="note") | BeginTask(part="note") | AddComment() | HoldTask():
                return await self._comment(step, marker)
            case BeginTask() | FinishTask():
                return await self._task(step)
            case SetStatus():
                return await self._status(step, marker, baseline)
            case AddTask():
                return await self._added_task(step, marker, baseline)
        return Indeterminate()

    async def _copy(self, step: StartRun, baseline: Baseline) -> Reconciliation:
        """Finds the copy by its name, which contains the run's handle.

        A run of an older Liaison database may have the same name, but it has already ended or started.
        """
        filters, since = {**self.filters, "is_template": "false"}, baseline.sent_at - MAX_CLOCK_SKEW
        found = _find_copy(await self.api.runbooks("start", {**filters, "query": step.title}), step.title, since)
        if found is None:  # the search is fuzzy: only the whole list proves that the copy does not exist
            listing = await self.api.runbooks("start", filters)
            found = _find_copy(listing, step.title, since)
            if found is None:
                return NotApplied() if listing.complete else Indeterminate()
        run = RunKey(platform=step.runbook.platform, id=found.id)
        return Applied(WriteResult(run=run, state=RunState.STARTING))

    async def _start(self, step: StartRun) -> Reconciliation:
        runbook = await self.api.runbook(self.writes.run_id(step), "start")
        if step.part == "name":
            is_renamed = mapping.title(runbook) == step.title
            return Applied(WriteResult(run=step.run)) if is_renamed else NotApplied()
        state = mapping.run_state(runbook)
        return NotApplied() if state is RunState.PLANNED else Applied(WriteResult(run=step.run, state=state))

    async def _task(self, step: TaskWrite) -> Reconciliation:
        """One person's part of a start or finish that everyone must do is invisible, but safe to send again."""
        item = await self.api.task(self.writes.run_id(step), step.task, step.op.value)
        task = mapping.task(item)
        is_begin = isinstance(step, BeginTask) or step.part == "begin"
        is_applied = task.state.is_over or (is_begin and task.state is TaskState.RUNNING)
        return Applied(WriteResult(tasks=(task,))) if is_applied else NotApplied()

    async def _comment(self, step: CommentWrite, marker: WriteMarker) -> Reconciliation:
        text, task = comment_content(step)
        listing = await self.api.comments(self.writes.run_id(step), task, "comment")
        for item in reversed(listing.items):
            if marker.is_in(item.attributes.content):
                changes = {"text": text, "at": marker.at, "task": task}
                comment = mapping.comment(item).model_copy(update=changes)
                return Applied(WriteResult(id=item.id, comment=comment))
        return NotApplied() if listing.complete else Indeterminate()

    async def _status(self, step: SetStatus, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        """Sending again must not overwrite a status that somebody else has set since."""
        runbook = await self.api.runbook(self.writes.run_id(step), "status")
        if marker.is_in(runbook.attributes.status_message):
            return Applied(WriteResult(health=mapping.run_health(runbook)))
        updated_at = parse_timestamp(runbook.attributes.status_updated_at)
        is_newer = updated_at is not None and updated_at > baseline.sent_at
        return Indeterminate() if is_newer else NotApplied()

    async def _added_task(self, step: AddTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        """Finds the task by the code in its description, or by its title if a server drops descriptions."""
        tasks = await self.api.tasks(self.writes.run_id(step), "add")
        found = next((task for task in tasks if marker.is_in(task.attributes.description)), None)
        if found is None and baseline.ids:
            new = [task for task in tasks if task.id not in baseline.ids and task.attributes.name == step.title]
            unsigned = (task for task in new if not parse_signature(task.attributes.description or "").code)
            found = next(unsigned, None)
        if found is None:
            return NotApplied()
        return Applied(WriteResult(id=found.id, tasks=(mapping.task(found),)))


def _find_copy(listing: ListResult[wire.Runbook], title: str, since: datetime) -> wire.Runbook | None:
    """The newest runbook of that name that is still in planning, or was made since and started by hand."""

    def created_at(item: wire.Runbook) -> datetime:
        return parse_timestamp(item.attributes.created_at) or LONG_AGO

    def is_candidate(item: wire.Runbook) -> bool:
        state = mapping.run_state(item)
        return state is RunState.PLANNED or (not state.is_over and created_at(item) >= since)

    named = [item for item in listing.items if mapping.title(item) == title and not item.attributes.archived]
    return max(filter(is_candidate, named), key=created_at, default=None)
