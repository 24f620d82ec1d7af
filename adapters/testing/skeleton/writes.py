"""What each write sends to Example, and how an unknown outcome is found out.

IDEMPOTENT is for a request that only sets a state, or that the platform refuses the second time. LOOKUP is for one
that creates something or carries a text: it bears the receipt's code, and is found by it. The guard reads what
somebody may have changed since the last read; say ``Guard.PLATFORM`` instead where your platform refuses such a
write itself. The contract suite tests these promises.
"""

from dataclasses import dataclass
from typing import Any

from adapters.http.client import HttpClient
from adapters.models import Listing
from adapters.results import Baseline, Reconciliation, Recovery, WriteResult
from adapters.testing.skeleton.text import SIGNER
from adapters.toolkit.comments import PostedComment, SignedComments
from adapters.toolkit.guards import Fresh, Guard, with_race
from adapters.toolkit.steps import reconciles, step
from adapters.writes import (
    AddComment,
    AddTask,
    AssignTask,
    BeginTask,
    EndRun,
    FinishTask,
    HoldTask,
    ReopenTask,
    SetStatus,
    StartRun,
    Write,
    WriteMarker,
)


@dataclass
class Writes:
    client: HttpClient

    @step(StartRun, recovery=Recovery.LOOKUP)
    async def start(self, step: StartRun, marker: WriteMarker) -> WriteResult:
        raise NotImplementedError("TODO 10: start the runbook, with the receipt's code in a text of the run")

    @reconciles(StartRun)
    async def find_start(self, step: StartRun, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        raise NotImplementedError("TODO 11: find the run by the code")

    async def read_fresh(self, step: Write) -> Fresh[Any]:
        raise NotImplementedError("TODO 12: read the run, and the task of the step, as it is just before a write")

    @step(FinishTask, ReopenTask, AssignTask, recovery=Recovery.IDEMPOTENT, guard=read_fresh)
    async def change_task(self, step: Write, marker: WriteMarker, fresh: Fresh[Any]) -> WriteResult:
        raise NotImplementedError("TODO 13: set the state or assignee unless it is so already; ``checked_after``")

    @reconciles(FinishTask, ReopenTask, AssignTask)
    async def find_change(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        raise NotImplementedError("TODO 14: read the task, and compare")

    @step(AddTask, recovery=Recovery.LOOKUP)
    async def add(self, step: AddTask, marker: WriteMarker) -> WriteResult:
        raise NotImplementedError("TODO 15: add a task, with the receipt's code in a text of it")

    @reconciles(AddTask)
    async def find_added(self, step: AddTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        raise NotImplementedError("TODO 16: find the task by the code")

    @step(EndRun, recovery=Recovery.IDEMPOTENT, guard=read_fresh)
    async def end(self, step: EndRun, marker: WriteMarker, fresh: Fresh[Any]) -> WriteResult:
        raise NotImplementedError("TODO 17: end the run")

    @reconciles(EndRun)
    async def find_end(self, step: EndRun, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        raise NotImplementedError("TODO 18: read the run, and see whether it is over")


@dataclass
class Comments(SignedComments):
    client: HttpClient
    writes: Writes
    signer = SIGNER

    async def read_fresh(self, step: Write) -> Fresh[Any]:
        return await self.writes.read_fresh(step)

    @step(AddComment, recovery=Recovery.LOOKUP)
    @step(FinishTask, EndRun, part="note", recovery=Recovery.LOOKUP, guard=Guard.EARLIER_STEP)
    async def write(self, step: Write, marker: WriteMarker) -> WriteResult:
        return await self.write_comment(step, marker)

    @step(HoldTask, SetStatus, BeginTask, recovery=Recovery.LOOKUP, guard=read_fresh)
    async def write_guarded(self, step: Write, marker: WriteMarker, fresh: Fresh[Any]) -> WriteResult:
        return await with_race(step, await self.write_comment(step, marker), self.read_fresh)

    @reconciles(AddComment, HoldTask, SetStatus, BeginTask)
    @reconciles(FinishTask, EndRun, part="note")
    async def find(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        return await self.find_comment(step, marker, baseline)

    def text_of(self, step: Write) -> str | None:
        return "Being worked on" if isinstance(step, BeginTask) else super().text_of(step)

    async def send_comment(self, step: Write, text: str, marker: WriteMarker) -> PostedComment:
        raise NotImplementedError("TODO 19: send a comment")

    async def list_comments(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Listing[PostedComment]:
        raise NotImplementedError("TODO 20: list the comments among which it would be")
