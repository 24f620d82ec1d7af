"""Finds out whether a write whose response was lost took effect. Only reads."""

from dataclasses import dataclass

from adapters.errors import OPTIONAL_READ_ERRORS
from adapters.writes import (
    AddComment,
    AddTask,
    Applied,
    AssignTask,
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
from adapters.xurrent import wire
from adapters.xurrent.api import Api
from adapters.xurrent.changes import ChangeReads
from adapters.xurrent.people import People
from adapters.xurrent.reads import WorkflowReads
from adapters.xurrent.start import Starter
from adapters.xurrent.text import source_id
from adapters.xurrent.writes import Writes, note_text


@dataclass
class Reconciler:
    api: Api
    reads: WorkflowReads | ChangeReads
    people: People
    writes: Writes
    starter: Starter | None

    async def reconcile(self, step: Write, marker: WriteMarker) -> Reconciliation:
        match step:
            case StartRun() if self.starter:
                return await self.starter.reconcile(step, marker)
            case AddTask():
                return await self._reconcile_add(step, marker)
            case AddComment() | SetStatus():
                return await self._reconcile_note(step, marker)
            case TaskWrite():
                return await self._reconcile_task(step, marker)
        return Indeterminate()

    async def _reconcile_add(self, step: AddTask, marker: WriteMarker) -> Reconciliation:
        """By ``sourceID``, which both generations of the API keep."""
        tasks = await self.reads.tasks(self.writes.run_id(step), step.op)
        ours = next((task for task in tasks if task.source_id == source_id(marker)), None)
        return Applied(WriteResult(id=ours.id, tasks=self.writes.mapped(ours))) if ours else NotApplied()

    async def _reconcile_note(self, step: AddComment | SetStatus, marker: WriteMarker) -> Reconciliation:
        if isinstance(self.reads, ChangeReads):
            return Indeterminate()
        notes = await self.reads.notes(self.writes.run_id(step), step.target or None, step.op)
        ours = next((note for note in notes.items if marker.is_in(note.text)), None)
        if ours is None:
            return NotApplied() if notes.complete else Indeterminate()
        if isinstance(step, SetStatus):
            return Applied(self.writes.status_result(step, marker))
        return Applied(WriteResult(id=ours.id, comment=self.writes.comment_model(step, marker, ours.id)))

    async def _reconcile_task(self, step: TaskWrite, marker: WriteMarker) -> Reconciliation:
        """Status and note are one request, so a note with our code proves that it was this one."""
        task = await self.api.fetch(wire.Task, f"tasks/{self.api.path_id(step.task, step.op)}", step.op)
        applied = Applied(WriteResult(tasks=self.writes.mapped(task)))
        if note_text(step) and not isinstance(self.reads, ChangeReads):
            try:
                notes = await self.reads.notes(self.writes.run_id(step), step.task, step.op)
                return applied if any(marker.is_in(note.text) for note in notes.items) else NotApplied()
            except OPTIONAL_READ_ERRORS:
                pass  # the token may write notes but not read them: the status has to do
        member = await self.people.find_id(step.person, step.op) if isinstance(step, AssignTask) else None
        return applied if self.writes.is_done(step, task, member) else NotApplied()
