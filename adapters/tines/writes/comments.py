"""Comments on a case: what people type, what a task has no field for, and who changed a task.

Requests that change a task have no author (Tines API, Case tasks, Update), so a comment that has one follows each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC

from adapters.models import Comment, Health, RunHealth
from adapters.tines import mapping, wire
from adapters.tines import text as texts
from adapters.tines.api import Api
from adapters.tines.people import People
from adapters.tines.writes.tasks import TaskViews, TaskWrites
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

NOTE = "note"  # the part that says who did what the part before it did
MAX_COMMENTS = 20


@dataclass
class CommentWrites:
    api: Api
    people: People
    tasks: TaskWrites
    views: TaskViews
    colours: Mapping[Health, str]

    async def recent(self, case: str, task: str | None) -> Sequence[Comment]:
        result = await self.api.comments(case, "comments")
        comments = [mapping.comment(item) for item in result.items]
        return [comment for comment in comments if task is None or comment.task == task][-MAX_COMMENTS:]

    async def write(self, step: Write, marker: WriteMarker) -> WriteResult:
        """Writes nothing if the part before changed nothing and nobody typed anything."""
        text = self._text(step)
        if text is None:
            return WriteResult()
        value = texts.sign(text, marker)
        if step.target:
            value = texts.with_task_header(step.target, await self.views.title(step), value)
        operation = step.op.value
        body = {"value": value, **await self.people.author_fields(step.by, operation)}
        path = f"{self.api.case_path(step.run_id, operation)}/comments"
        comment = await self.api.write("POST", path, body, wire.Comment, operation)
        return self._result(step, marker, comment, text)

    async def reconcile(self, step: Write, marker: WriteMarker) -> Reconciliation:
        text = self._text(step)
        if text is None:
            return Applied(WriteResult())
        result = await self.api.comments(step.run_id, step.op.value)
        comment = next((item for item in result.items if marker.is_in(item.value)), None)
        if comment is None:
            return NotApplied() if result.complete else Indeterminate()
        return Applied(self._result(step, marker, comment, text))

    def _text(self, step: Write) -> str | None:
        return comment_text(step, changed=step.part != NOTE or self.tasks.did_change(step))

    def _result(self, step: Write, marker: WriteMarker, item: wire.Comment, text: str) -> WriteResult:
        """A status is dated by Tines' clock, which also dates changes of the sub-status."""
        comment = Comment(id=item.id, text=text, by=marker.who, at=marker.at, task=step.target or None)
        if not isinstance(step, SetStatus):
            return WriteResult(id=item.id, comment=comment)
        health = self.views.of(step).health if step.health is None else step.health
        shown_health = health if health in self.colours else Health.UNSET
        at = max(marker.at, parse_timestamp(item.created_at) or marker.at)
        run_health = RunHealth(health=shown_health, text=step.text, by=marker.who, at=at, due=step.next_at)
        return WriteResult(id=item.id, comment=comment, health=run_health)


def comment_text(step: Write, *, changed: bool = True) -> str | None:
    """The text of a step's comment. If somebody else had done it (not ``changed``): only what was typed."""
    match step:
        case AddComment(text=text) | EndRun(text=text):
            return text
        case HoldTask(reason=reason):
            return f"On hold: {reason}"
        case SetStatus():
            return status_text(step)
        case FinishTask(note=typed):
            return _change_text("Finished", typed, changed)
        case SkipTask(reason=typed):
            return _change_text("Skipped", typed, changed)
        case BeginTask():
            return _change_text("Begun", "", changed)
        case ReopenTask():
            return _change_text("Reopened", "", changed)
        case AssignTask(person=person):
            return _change_text(f"Assigned to {person.shown}", "", changed)
    return None


def status_text(step: SetStatus) -> str:
    next_update = f"\nNext update {step.next_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if step.next_at else ""
    return f"{step.health_word}{step.text}{next_update}"


def _change_text(change: str, typed: str, changed: bool) -> str | None:
    if not changed:
        return typed.strip() or None
    return f"{change}: {typed}" if typed.strip() else change
