"""Comments: the comment command, notes, reasons, and the text of a status. Found again by their receipt code."""

from dataclasses import dataclass

from adapters.models import Comment, Health, RunHealth
from adapters.runrunit.api import RunrunitApi
from adapters.runrunit.text import add_signature, parse_signature
from adapters.writes import (
    AddComment,
    Applied,
    EndRun,
    FinishTask,
    HoldTask,
    Indeterminate,
    NotApplied,
    Reconciliation,
    SetStatus,
    SkipTask,
    Write,
    WriteMarker,
    WriteResult,
)


@dataclass
class CommentWrites:
    api: RunrunitApi

    async def post(self, step: Write, text: str, marker: WriteMarker) -> WriteResult:
        due = step.next_at if isinstance(step, SetStatus) else None
        posted = await self.api.create_comment(_commented_task(step), add_signature(text, marker, due), step.op)
        return _result(step, posted.id, text, marker)

    async def reconcile(self, step: Write, marker: WriteMarker) -> Reconciliation:
        listing = await self.api.comments(_commented_task(step), step.op)
        for item in listing.items:
            if marker.is_in(item.text):
                return Applied(_result(step, item.id, parse_signature(item.text).text, marker))
        return NotApplied() if listing.complete else Indeterminate()


def comment_text(step: Write) -> str | None:
    """The text of a step that posts a comment; None for any other step."""
    match step:
        case AddComment(text=text):
            return text
        case SetStatus(part="", text=text):
            return f"{step.health_word}{text}"
        case HoldTask(part="", reason=reason):
            return f"On hold: {reason}"
        case FinishTask(part="note", note=text) | EndRun(part="note", text=text):
            return text
        case SkipTask(part="note", reason=reason):
            return f"Skipped: {reason}" if reason.strip() else "Skipped"
    return None


def _commented_task(step: Write) -> str:
    """The id of the task that the comment goes on: the step's task, or the run's own."""
    return step.target or step.run_id


def _result(step: Write, id: str, text: str, marker: WriteMarker) -> WriteResult:
    comment = Comment(id=id, text=text, by=marker.who, at=marker.at, task=step.target or None)
    if not isinstance(step, SetStatus):
        return WriteResult(id=id, comment=comment)
    health = step.health or Health.UNSET
    status = RunHealth(health=health, text=step.text, by=marker.who, at=marker.at, due=step.next_at)
    return WriteResult(id=id, comment=comment, health=status)
