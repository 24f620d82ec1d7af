"""Comments: the comment command, notes, reasons, and the text of a status."""

from dataclasses import dataclass

from adapters.http.responses import ListResult
from adapters.runrunit.api import RunrunitApi
from adapters.runrunit.text import SIGNER
from adapters.toolkit.comments import PostedComment, SignedComments
from adapters.toolkit.steps import reconciles, step
from adapters.writes import (
    AddComment,
    Baseline,
    EndRun,
    FinishTask,
    HoldTask,
    Reconciliation,
    Recovery,
    SetStatus,
    SkipTask,
    Write,
    WriteMarker,
    WriteResult,
)

NOTE = "note"


@dataclass
class Comments(SignedComments):
    """They go on the step's task, or on the run's own."""

    api: RunrunitApi
    signer = SIGNER

    @step(AddComment, HoldTask, SetStatus, recovery=Recovery.LOOKUP)
    @step(FinishTask, SkipTask, EndRun, part=NOTE, recovery=Recovery.LOOKUP)
    async def write(self, step: Write, marker: WriteMarker) -> WriteResult:
        return await self.write_comment(step, marker)

    @reconciles(AddComment, HoldTask, SetStatus)
    @reconciles(FinishTask, SkipTask, EndRun, part=NOTE)
    async def find(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        return await self.find_comment(step, marker, baseline)

    def sign(self, step: Write, text: str, marker: WriteMarker) -> str:
        return self.signer.sign(text, marker, step.next_at if isinstance(step, SetStatus) else None)

    async def send_comment(self, step: Write, text: str, marker: WriteMarker) -> PostedComment:
        comment = await self.api.create_comment(step.target or step.run_id, text, step.op)
        return PostedComment(id=comment.id)

    async def list_comments(
        self, step: Write, marker: WriteMarker, baseline: Baseline
    ) -> ListResult[PostedComment]:
        listing = await self.api.comments(step.target or step.run_id, step.op)
        posted = [PostedComment(id=item.id, text=item.text) for item in listing.items]
        return ListResult(posted, complete=listing.complete)
