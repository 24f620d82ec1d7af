"""What is written as a comment: comments, notes, reasons, the words of a status. Found again by our mark."""

from dataclasses import dataclass

from adapters.models import Comment, Health, RunHealth
from adapters.runrunit import text as words
from adapters.runrunit.api import Api
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
class Saying:
    api: Api

    async def say(self, step: Write, said: str, mark: WriteMarker) -> WriteResult:
        due = step.next_at if isinstance(step, SetStatus) else None
        made = await self.api.comment(_about(step), words.sign(said, mark, due), step.op)
        return _told(step, made.id, said, mark)

    async def reconcile(self, step: Write, mark: WriteMarker) -> Reconciliation:
        listing = await self.api.comments(_about(step), step.op)
        for found in listing.items:
            if mark.is_in(found.text):
                return Applied(_told(step, found.id, words.unsign(found.text).text, mark))
        return NotApplied() if listing.complete else Indeterminate()


def text_of(step: Write) -> str | None:
    """The text of a step that is a comment; None for every other step."""
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


def _about(step: Write) -> str:
    """The task that a comment is written on: a step, else the run's own."""
    return step.target or step.run_id


def _told(step: Write, id: str, said: str, mark: WriteMarker) -> WriteResult:
    made = Comment(id=id, text=said, by=mark.who, at=mark.at, task=step.target or None)
    if not isinstance(step, SetStatus):
        return WriteResult(id=id, comment=made)
    health = step.health or Health.UNSET
    note = RunHealth(health=health, text=step.text, by=mark.who, at=mark.at, due=step.next_at)
    return WriteResult(id=id, comment=made, health=note)
