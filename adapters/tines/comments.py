"""Comments of a case: what people say, what a task has no place for, and who did what.

Calls that change a task name no author (sheet 2.2), so each is followed by a comment that does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC

from adapters.models import Comment, Health, RunHealth
from adapters.tines import mapping, wire
from adapters.tines import text as words
from adapters.tines.people import People
from adapters.tines.reads import Reads
from adapters.tines.tasks import Tasks
from adapters.toolkit.timestamps import parse_timestamp
from adapters.writes import (
    AddComment,
    Applied,
    AssignTask,
    BeginTask,
    EndRun,
    FinishTask,
    HoldTask,
    Indeterminate,
    NotApplied,
    Reconciliation,
    ReopenTask,
    SetStatus,
    SkipTask,
    Write,
    WriteMarker,
    WriteResult,
)

NOTE = "note"  # the step that says who did what the step before it did
LAST = 20


@dataclass
class Comments:
    reading: Reads
    people: People
    tasks: Tasks
    colours: Mapping[Health, str]

    async def last(self, case: str, task: str | None) -> Sequence[Comment]:
        listing = await self.reading.comments(case, "comments")
        found = [mapping.comment(one) for one in listing.items]
        return [one for one in found if task is None or one.task == task][-LAST:]

    async def say(self, step: Write, mark: WriteMarker) -> WriteResult:
        """Says nothing where the step before changed nothing and nobody typed anything."""
        text = said(step, changed=step.part != NOTE or self.tasks.did_change(step))
        if text is None:
            return WriteResult()
        operation = step.op.value
        value = words.signed(text, mark)
        task = step.target or None
        if task:
            value = words.about(task, await self.tasks.title(step), value)
        body = {"value": value}
        author = await self.people.email(step.by, operation)
        if author:
            body["author_email"] = author
        path = f"{self.reading.path(step.run_id, operation)}/comments"
        answer = await self.reading.caller.write("POST", path, operation=operation, json=body)
        made = self.reading.written(wire.Comment, answer, operation)
        return self._told(step, mark, made, text)

    async def reconcile(self, step: Write, mark: WriteMarker) -> Reconciliation:
        text = said(step, changed=step.part != NOTE or self.tasks.did_change(step))
        if text is None:
            return Applied(WriteResult())
        listing = await self.reading.comments(step.run_id, step.op.value)
        found = next((one for one in listing.items if mark.is_in(one.value)), None)
        if found is None:
            return NotApplied() if listing.complete else Indeterminate()
        return Applied(self._told(step, mark, found, text))

    def _told(self, step: Write, mark: WriteMarker, made: wire.Comment, text: str) -> WriteResult:
        """A status is as old as its comment by Tines' clock, which also says when a sub-status changed."""
        shown = Comment(id=made.id, text=text, by=mark.who, at=mark.at, task=step.target or None)
        if not isinstance(step, SetStatus):
            return WriteResult(id=made.id, comment=shown)
        health = self.tasks.health(step) if step.health is None else step.health
        held = health if health in self.colours else Health.UNSET
        at = max(mark.at, parse_timestamp(made.created_at) or mark.at)
        note = RunHealth(health=held, text=step.text, by=mark.who, at=at, due=step.next_at)
        return WriteResult(id=made.id, comment=shown, health=note)


def said(step: Write, *, changed: bool = True) -> str | None:
    """What a step's comment says. ``changed`` False: somebody else had done it, so only what was typed."""
    match step:
        case AddComment(text=text) | EndRun(text=text):
            return text
        case HoldTask(reason=reason):
            return f"On hold: {reason}"
        case SetStatus():
            return status_text(step)
        case FinishTask(note=typed):
            return _deed("Finished", typed, changed)
        case SkipTask(reason=typed):
            return _deed("Skipped", typed, changed)
        case BeginTask():
            return _deed("Begun", "", changed)
        case ReopenTask():
            return _deed("Reopened", "", changed)
        case AssignTask(person=person):
            return _deed(f"Assigned to {person.shown}", "", changed)
    return None


def status_text(step: SetStatus) -> str:
    due = f"\nNext update {step.next_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if step.next_at else ""
    return f"{step.health_word}{step.text}{due}"


def _deed(word: str, typed: str, changed: bool) -> str | None:
    if not changed:
        return typed.strip() or None
    return f"{word}: {typed}" if typed.strip() else word
