"""Everything that is written as a comment: comments, notes, reasons and, on some platforms, status updates."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

from adapters.models import Comment, Health, Listing, RunHealth
from adapters.results import Applied, Baseline, Reconciliation, WriteResult
from adapters.toolkit.reconciliation import find_by_code
from adapters.toolkit.signing import TextSigner
from adapters.writes import AddComment, EndRun, FinishTask, HoldTask, SetStatus, SkipTask, Write, WriteMarker


@dataclass(frozen=True, slots=True)
class PostedComment:
    """A comment as the platform has it, signature and all. ``at`` is None where the platform does not say."""

    id: str
    text: str = ""
    at: datetime | None = None


class SignedComments(ABC):
    """Writes the text of a step as one signed comment, and finds it again by the receipt's code.

    A subclass says how a comment is sent and listed, and declares which steps are comments:

        @step(AddComment, HoldTask, recovery=Recovery.LOOKUP)
        @step(FinishTask, part="note", recovery=Recovery.LOOKUP)
        async def write(self, step: Write, marker: WriteMarker) -> WriteResult:
            return await self.write_comment(step, marker)

        @reconciles(AddComment, HoldTask)
        @reconciles(FinishTask, part="note")
        async def find(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
            return await self.find_comment(step, marker, baseline)
    """

    signer: TextSigner

    @abstractmethod
    async def send_comment(self, step: Write, text: str, marker: WriteMarker) -> PostedComment:
        """Sends ``text``, which is signed, as a comment on ``step.target`` or else on the run."""

    @abstractmethod
    async def list_comments(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Listing[PostedComment]:
        """The comments among which that of ``step`` would be, with their texts as ``send_comment`` got them."""

    def text_of(self, step: Write) -> str | None:
        """The text of a step's comment, without its signature. None: there is nothing to write."""
        return comment_text(step)

    def sign(self, step: Write, text: str, marker: WriteMarker) -> str:
        return self.signer.sign(text, marker)

    async def write_comment(self, step: Write, marker: WriteMarker, *, text: str | None = None) -> WriteResult:
        """``text`` replaces ``text_of(step)``."""
        text = self.text_of(step) if text is None else text
        if text is None:
            return WriteResult()
        posted = await self.send_comment(step, self.sign(step, text, marker), marker)
        return self.result(step, text, marker, posted)

    async def find_comment(
        self, step: Write, marker: WriteMarker, baseline: Baseline, *, text: str | None = None
    ) -> Reconciliation:
        text = self.text_of(step) if text is None else text
        if text is None:
            return Applied(WriteResult())
        listing = await self.list_comments(step, marker, baseline)
        return find_by_code(
            listing.items,
            marker,
            text=lambda comment: comment.text,
            result=lambda comment: self.result(step, text, marker, comment),
            complete=listing.complete,
            existed=baseline.ids,
            id=lambda comment: comment.id,
        )

    def result(self, step: Write, text: str, marker: WriteMarker, posted: PostedComment) -> WriteResult:
        at = posted.at or marker.at
        comment = Comment(id=posted.id, text=text, by=marker.who, at=at, task=step.target or None)
        if not isinstance(step, SetStatus):
            return WriteResult(id=posted.id, comment=comment)
        health = step.health or Health.UNSET
        status = RunHealth(health=health, text=step.text, by=marker.who, at=at, due=step.next_at)
        return WriteResult(id=posted.id, comment=comment, health=status)


def comment_text(step: Write) -> str:
    """What the comment of a step says on every platform, unless its adapter says otherwise."""
    match step:
        case AddComment(text=text) | EndRun(text=text) | FinishTask(note=text):
            return text
        case HoldTask(reason=reason):
            return f"On hold: {reason}"
        case SkipTask(reason=reason):
            return f"Skipped: {reason}" if reason.strip() else "Skipped"
        case SetStatus(text=text):
            return f"{step.health_word}{text}"
    raise TypeError(f"{type(step).__name__} has no comment text of its own")
