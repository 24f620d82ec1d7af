"""Comments: the comment command, notes, reasons, and the text of a status."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from adapters.models import Health, Listing
from adapters.results import Baseline, Reconciliation, Recovery, WriteResult
from adapters.runrunit.api import RunrunitApi
from adapters.runrunit.reads import Reads
from adapters.runrunit.text import SIGNER
from adapters.runrunit.wire import WireTask
from adapters.toolkit.comments import PostedComment, SignedComments
from adapters.toolkit.guards import Fresh, Guard, with_race
from adapters.toolkit.steps import reconciles, step
from adapters.writes import AddComment, EndRun, FinishTask, HoldTask, SetStatus, SkipTask, Write, WriteMarker

NOTE = "note"
STAGE, URGENT = "stage", "urgent"  # the parts of a status before its comment
MAX_STAGE_NAME = 60  # characters; a longer status names no stage


def status_parts(status: SetStatus) -> Sequence[str]:
    """The parts that a status has besides its comment. Depends on the write alone."""
    has_colour = status.health not in (None, Health.UNSET)
    move = [STAGE] if has_colour or len(status.text) <= MAX_STAGE_NAME else []
    return [*move, *([URGENT] if status.health in (Health.RED, Health.GREEN) else [])]


@dataclass
class Comments(SignedComments):
    """They go on the step's task, or on the run's own."""

    api: RunrunitApi
    reads: Reads
    signer = SIGNER
    just_read: set[str] = field(default_factory=set)  # tasks whose hold has been checked by its first part

    async def read_run(self, step: SetStatus) -> Fresh[WireTask] | None:
        """None if a part of the status that reads the run comes before."""
        return None if status_parts(step) else await self.reads.fresh_run(step)

    async def read_held_task(self, step: HoldTask) -> Fresh[WireTask] | None:
        """None right after the first part of the hold. What is sent again later needs a read of its own."""
        if step.task in self.just_read:
            self.just_read.discard(step.task)
            return None
        return await self.reads.fresh_task(step)

    @step(AddComment, recovery=Recovery.LOOKUP)
    @step(FinishTask, SkipTask, EndRun, part=NOTE, recovery=Recovery.LOOKUP, guard=Guard.EARLIER_STEP)
    async def write(self, step: Write, marker: WriteMarker) -> WriteResult:
        return _complete(await self.write_comment(step, marker))

    @step(SetStatus, recovery=Recovery.LOOKUP, guard=read_run)
    async def write_status(
        self, step: SetStatus, marker: WriteMarker, fresh: Fresh[WireTask] | None
    ) -> WriteResult:
        return _complete(await self.write_comment(step, marker))

    @step(HoldTask, recovery=Recovery.LOOKUP, guard=read_held_task)
    async def write_hold(self, step: HoldTask, marker: WriteMarker, fresh: Fresh[WireTask] | None) -> WriteResult:
        result = _complete(await self.write_comment(step, marker))
        return await with_race(step, result, self.reads.fresh_task)

    @reconciles(AddComment, HoldTask, SetStatus)
    @reconciles(FinishTask, SkipTask, EndRun, part=NOTE)
    async def find(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        return await self.find_comment(step, marker, baseline)

    def sign(self, step: Write, text: str, marker: WriteMarker) -> str:
        return self.signer.sign(text, marker, step.next_at if isinstance(step, SetStatus) else None)

    async def send_comment(self, step: Write, text: str, marker: WriteMarker) -> PostedComment:
        comment = await self.api.create_comment(step.target or step.run_id, text, step.op)
        self.reads.people.own_user = comment.user_id or self.reads.people.own_user
        return PostedComment(id=comment.id)

    async def list_comments(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Listing[PostedComment]:
        listing = await self.api.comments(step.target or step.run_id, step.op)
        posted = [PostedComment(id=item.id, text=item.text) for item in listing.items]
        return Listing(posted, complete=listing.complete)


def _complete(result: WriteResult) -> WriteResult:
    """A comment changes nothing else."""
    return result.model_copy(update={"complete": True})
