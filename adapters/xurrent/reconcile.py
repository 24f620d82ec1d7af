"""Whether a write whose answer was lost did happen: Xurrent is read, nothing is sent."""

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
from adapters.xurrent import text as words
from adapters.xurrent import wire
from adapters.xurrent.api import Api
from adapters.xurrent.changes import Changes
from adapters.xurrent.links import Links
from adapters.xurrent.people import People
from adapters.xurrent.reads import Workflows
from adapters.xurrent.start import Starting
from adapters.xurrent.writes import Writes, note_of


@dataclass
class Reconciler:
    api: Api
    reads: Workflows | Changes
    people: People
    links: Links
    writing: Writes
    starting: Starting | None

    async def reconcile(self, step: Write, mark: WriteMarker) -> Reconciliation:
        match step:
            case StartRun() if self.starting:
                return await self.starting.reconcile(step, mark)
            case AddTask():
                return await self._added(step, mark)
            case AddComment() | SetStatus():
                return await self._noted(step, mark)
            case TaskWrite():
                return await self._changed(step, mark)
        return Indeterminate()

    async def _added(self, step: AddTask, mark: WriteMarker) -> Reconciliation:
        """By our key, which both generations keep in ``sourceID``."""
        tasks = await self.reads.tasks(self.writing.run_id(step), step.op)
        ours = next((task for task in tasks if task.source_id == words.key(mark)), None)
        return Applied(WriteResult(id=ours.id, tasks=self.writing.shown(ours))) if ours else NotApplied()

    async def _noted(self, step: AddComment | SetStatus, mark: WriteMarker) -> Reconciliation:
        if isinstance(self.reads, Changes):
            return Indeterminate()
        found = await self.reads.notes(self.writing.run_id(step), step.target or None, step.op)
        ours = next((note for note in found.items if mark.is_in(note.text)), None)
        if ours is None:
            return NotApplied() if found.complete else Indeterminate()
        if isinstance(step, SetStatus):
            return Applied(self.writing.said(step, mark))
        return Applied(WriteResult(id=ours.id, comment=self.writing.comment_of(step, mark, ours.id)))

    async def _changed(self, step: TaskWrite, mark: WriteMarker) -> Reconciliation:
        """Status and note are one request: where there was a note, it tells whose request it was."""
        found = await self.api.one(wire.Task, f"tasks/{self.api.id(step.task, step.op)}", step.op)
        told = Applied(WriteResult(tasks=self.writing.shown(found)))
        if note_of(step) and not isinstance(self.reads, Changes):
            try:
                notes = await self.reads.notes(self.writing.run_id(step), step.task, step.op)
                return told if any(mark.is_in(note.text) for note in notes.items) else NotApplied()
            except OPTIONAL_READ_ERRORS:
                pass  # the token may write notes and not read them: the status is all that can be seen
        member = await self.people.id(step.person, step.op) if isinstance(step, AssignTask) else None
        return told if self.writing.is_done(step, found, member) else NotApplied()
