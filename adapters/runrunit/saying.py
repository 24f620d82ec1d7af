"""What is written as a comment: comments, notes, reasons, the words of a status. Found again by our mark."""

from dataclasses import dataclass

from adapters.models import Comment, Health, HealthNote
from adapters.runrunit import words
from adapters.runrunit.api import Api
from adapters.writes import (
    AddComment,
    CannotTell,
    EndRun,
    FinishTask,
    HoldTask,
    Mark,
    NotThere,
    SetStatus,
    Settled,
    SkipTask,
    There,
    Told,
    Write,
)


@dataclass
class Saying:
    api: Api

    async def say(self, step: Write, said: str, mark: Mark) -> Told:
        due = step.next_at if isinstance(step, SetStatus) else None
        made = await self.api.comment(_about(step), words.sign(said, mark, due), step.op)
        return _told(step, made.id, said, mark)

    async def settle(self, step: Write, mark: Mark) -> Settled:
        listing = await self.api.comments(_about(step), step.op)
        for found in listing.items:
            if mark.is_in(found.text):
                return There(_told(step, found.id, words.unsign(found.text).text, mark))
        return NotThere() if listing.complete else CannotTell()


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


def _told(step: Write, id: str, said: str, mark: Mark) -> Told:
    made = Comment(id=id, text=said, by=mark.who, at=mark.at, task=step.target or None)
    if not isinstance(step, SetStatus):
        return Told(id=id, comment=made)
    health = step.health or Health.UNSET
    note = HealthNote(health=health, text=step.text, by=mark.who, at=mark.at, due=step.next_at)
    return Told(id=id, comment=made, health=note)
