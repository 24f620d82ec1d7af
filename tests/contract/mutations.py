"""The filled-in skeleton with one mistake each, of the kind that a declaration hides. The suite finds every
one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from adapters.errors import OutcomeUnknown
from adapters.http.responses import parse_model
from adapters.models import Run, RunState
from adapters.results import Baseline, Reconciliation, Recovery, WriteResult
from adapters.testing.fake_server import Seen
from adapters.testing.skeleton import PLATFORM, harness
from adapters.testing.skeleton.fake import ExampleFake
from adapters.toolkit.comments import PostedComment
from adapters.toolkit.guards import Fresh, Guard
from adapters.toolkit.reconciliation import applied_if
from adapters.toolkit.steps import reconciles, step
from adapters.writes import (
    AddComment,
    AddTask,
    AssignTask,
    BeginTask,
    EndRun,
    FinishTask,
    HoldTask,
    Op,
    ReopenTask,
    SetStatus,
    StartRun,
    TaskWrite,
    Write,
    WriteMarker,
)
from tests.contract.sample.adapter import ExampleAdapter
from tests.contract.sample.wire import WireRun, WireTask
from tests.contract.sample.writes import Comments, Writes, read_fresh


class _Mutated(ExampleAdapter):
    comments_type: ClassVar[type[Comments]] = Comments
    writes_type: ClassVar[type[Writes]] = Writes

    def handlers(self) -> tuple[Comments, Writes]:
        return self.comments_type(self._client), self.writes_type(self._client)


def _harness(adapter: type[_Mutated]) -> type[harness.PlatformHarness]:
    return type(adapter.__name__, (harness.PlatformHarness,), {"platform": replace(PLATFORM, connect=adapter)})


class _IdempotentComments(Comments):
    @step(AddComment, recovery=Recovery.IDEMPOTENT)
    async def comment(self, step: Write, marker: WriteMarker) -> WriteResult:
        return await self.write_comment(step, marker)


class _CommentDeclaredIdempotent(_Mutated):
    comments_type = _IdempotentComments


class _IdempotentAdd(Writes):
    @step(AddTask, recovery=Recovery.IDEMPOTENT)
    async def add(self, step: AddTask, marker: WriteMarker) -> WriteResult:
        return await super().add(step, marker)


class _AddDeclaredIdempotent(_Mutated):
    writes_type = _IdempotentAdd


class _IdempotentStart(Writes):
    @step(StartRun, recovery=Recovery.IDEMPOTENT)
    async def start(self, step: StartRun, marker: WriteMarker) -> WriteResult:
        return await super().start(step, marker)


class _StartDeclaredIdempotent(_Mutated):
    writes_type = _IdempotentStart


class _NoteNeverWritten(_Mutated):
    def plan(self, write: Write, run: Run | None) -> Sequence[Write]:
        return [write]


class _NoteThatFinishes(Comments):
    async def send_comment(self, step: Write, text: str, marker: WriteMarker) -> PostedComment:
        if isinstance(step, FinishTask):
            path = f"runs/{step.run_id}/tasks/{step.task}"
            await self.client.write("PATCH", path, operation=step.op, json={"state": "done"})
        return await super().send_comment(step, text, marker)


class _NoteSendsFinishAgain(_Mutated):
    comments_type = _NoteThatFinishes


class _AddToNobody(Writes):
    @step(AddTask, recovery=Recovery.LOOKUP)
    async def add(self, step: AddTask, marker: WriteMarker) -> WriteResult:
        return await super().add(step.model_copy(update={"assignee": None}), marker)


class _AddDropsItsAssignee(_Mutated):
    writes_type = _AddToNobody


class _SilentBegin(Comments):
    def text_of(self, step: Write) -> str | None:
        return None if isinstance(step, BeginTask) else super().text_of(step)


class _BeginLeavesNoTrace(_Mutated):
    comments_type = _SilentBegin


class _AddByTitle(Writes):
    @reconciles(AddTask)
    async def find_added(self, step: AddTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        run = await self._read_run(step)
        return applied_if(any(task.title == step.title for task in run.tasks))


class _AddFoundByTitle(_Mutated):
    writes_type = _AddByTitle


class _ByPosition(Writes):
    @step(FinishTask, ReopenTask, AssignTask, recovery=Recovery.IDEMPOTENT, guard=Writes.read_fresh)
    async def change_task(self, step: TaskWrite, marker: WriteMarker, fresh: Fresh[WireRun]) -> WriteResult:
        tasks = fresh.record.tasks
        position = [task.id for task in tasks].index(step.task)
        path = f"runs/{step.run_id}/positions/{position}"
        answer = await self.client.write("PATCH", path, operation=step.op, json=self._changes(step))
        task = parse_model(WireTask, answer, self.client.platform, step.op, OutcomeUnknown)
        return WriteResult(tasks=(task.mapped(),))


class _TaskByPosition(_Mutated):
    writes_type = _ByPosition


class _PositionsFake(ExampleFake):
    """This one lets a task be named by its position too."""

    def routes(self) -> list[Any]:
        return [*super().routes(), ("PATCH", r"/api/runs/(\d+)/positions/(\d+)", self._change_at)]

    def _change_at(self, seen: Seen, run: str, position: str) -> tuple[int, Any]:
        return 200, self.change_task(seen, self.account.runs[run]["tasks"][int(position)])


class TaskByPosition(_harness(_TaskByPosition)):  # type: ignore[misc]  # a base class made by a call
    @classmethod
    def new_fake(cls) -> ExampleFake:
        return _PositionsFake()

    def write_request(self, op: Op) -> tuple[str, str]:
        on_a_task = op in (Op.FINISH, Op.REOPEN, Op.ASSIGN)
        return ("PATCH", r"/positions/\d+$") if on_a_task else super().write_request(op)


class _UnguardedWrites(Writes):
    """Says that the platform refuses, which it does not."""

    @step(FinishTask, ReopenTask, AssignTask, recovery=Recovery.IDEMPOTENT, guard=Guard.PLATFORM)
    async def change_blindly(self, step: TaskWrite, marker: WriteMarker) -> WriteResult:
        path = f"runs/{step.run_id}/tasks/{step.task}"
        answer = await self.client.write("PATCH", path, operation=step.op, json=self._changes(step))
        task = parse_model(WireTask, answer, self.client.platform, step.op, OutcomeUnknown)
        return WriteResult(tasks=(task.mapped(),))

    @step(EndRun, recovery=Recovery.IDEMPOTENT, guard=Guard.PLATFORM)
    async def end_blindly(self, step: EndRun, marker: WriteMarker) -> WriteResult:
        await self.client.write("PATCH", f"runs/{step.run_id}", operation=step.op, json={"state": "closed"})
        return WriteResult(state=RunState.FINISHED)


class _TaskUnguarded(_Mutated):
    writes_type = _UnguardedWrites


class _UnguardedComments(Comments):
    @step(HoldTask, SetStatus, BeginTask, recovery=Recovery.LOOKUP, guard=Guard.PLATFORM)
    async def write_blindly(self, step: Write, marker: WriteMarker) -> WriteResult:
        return await self.write_comment(step, marker)


class _CommentUnguarded(_Mutated):
    comments_type = _UnguardedComments


class _RunNotRead(Writes):
    """Its guard reads the task only."""

    async def read_task(self, step: Write) -> Fresh[WireRun]:
        return replace(await self.read_fresh(step), run_state=None)

    @step(FinishTask, ReopenTask, AssignTask, recovery=Recovery.IDEMPOTENT, guard=read_task)
    async def change_task(self, step: TaskWrite, marker: WriteMarker, fresh: Fresh[WireRun]) -> WriteResult:
        return await super().change_task(step, marker, fresh)


class _RunUnguarded(_Mutated):
    writes_type = _RunNotRead


class _ImpatientComments(Comments):
    async def send_comment(self, step: Write, text: str, marker: WriteMarker) -> PostedComment:
        posted = await super().send_comment(step, text, marker)
        listing = await self.list_comments(step, marker, Baseline(sent_at=marker.at))
        if posted.id in [comment.id for comment in listing.items]:
            return posted
        return await super().send_comment(step, text, marker)


class _LateCommentSentAgain(_Mutated):
    comments_type = _ImpatientComments


class _ImpatientAdd(Writes):
    @step(AddTask, recovery=Recovery.LOOKUP)
    async def add(self, step: AddTask, marker: WriteMarker) -> WriteResult:
        result = await super().add(step, marker)
        if result.id in [task.id for task in (await self._read_run(step)).tasks]:
            return result
        return await super().add(step, marker)


class _LateAddSentAgain(_Mutated):
    writes_type = _ImpatientAdd


class _HalfAResult(Writes):
    """Returns the task as it was, and says that nothing else has changed."""

    @step(FinishTask, recovery=Recovery.IDEMPOTENT, guard=read_fresh)
    async def finish(self, step: FinishTask, marker: WriteMarker, fresh: Fresh[WireRun]) -> WriteResult:
        await self.change_task(step, marker, fresh)
        return WriteResult(complete=True)


class _FinishReturnsHalf(_Mutated):
    writes_type = _HalfAResult


CommentDeclaredIdempotent = _harness(_CommentDeclaredIdempotent)
AddDeclaredIdempotent = _harness(_AddDeclaredIdempotent)
StartDeclaredIdempotent = _harness(_StartDeclaredIdempotent)
NoteNeverWritten = _harness(_NoteNeverWritten)
NoteSendsFinishAgain = _harness(_NoteSendsFinishAgain)
BeginLeavesNoTrace = _harness(_BeginLeavesNoTrace)
AddDropsItsAssignee = _harness(_AddDropsItsAssignee)
AddFoundByTitle = _harness(_AddFoundByTitle)
LateCommentSentAgain = _harness(_LateCommentSentAgain)
LateAddSentAgain = _harness(_LateAddSentAgain)
TaskUnguarded = _harness(_TaskUnguarded)
CommentUnguarded = _harness(_CommentUnguarded)
RunUnguarded = _harness(_RunUnguarded)
FinishReturnsHalf = _harness(_FinishReturnsHalf)

SENT_AGAIN = "test_sent_again_an_idempotent_step_changes_nothing"
OVER = "test_a_task_that_is_over_does_not_move"
ENDED = "test_a_run_that_has_ended_stays_as_it_is"
NOTE = "test_the_note_of_a_finish_is_written_once"
FIELD = "test_a_field_is_taken_refused_or_said_to_be_left_out"
LATE = "test_a_write_that_shows_late_is_not_sent_again"
EDIT = "test_an_edit_between_read_and_write_never_hits_another_task"
CAUGHT_BY = {
    "CommentDeclaredIdempotent": f"{SENT_AGAIN}[example-comment]",
    "AddDeclaredIdempotent": f"{SENT_AGAIN}[example-add]",
    "StartDeclaredIdempotent": f"{SENT_AGAIN}[example-start]",
    "NoteNeverWritten": f"{NOTE}[example-finish]",
    "NoteSendsFinishAgain": f"{NOTE}[example-finish]",
    "BeginLeavesNoTrace": "test_an_emulated_write_leaves_a_trace[example-begin]",
    "AddFoundByTitle": "test_an_added_task_is_found_by_its_code_and_not_by_its_title[example-add]",
    "AddDropsItsAssignee": f"{FIELD}[example-add.assignee]",
    "TaskByPosition": f"{EDIT}[example-finish-before the last]",
    "LateCommentSentAgain": f"{LATE}[example-comment]",
    "LateAddSentAgain": f"{LATE}[example-add]",
    "TaskUnguarded": f"{OVER}[example-assign-finished]",
    "CommentUnguarded": f"{OVER}[example-begin-finished]",
    "RunUnguarded": f"{ENDED}[example-assign]",
    "FinishReturnsHalf": "test_a_complete_result_has_all_that_changed[example-finish]",
}
"""Each mutation, and the test of the suite that is about it."""
