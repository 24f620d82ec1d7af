"""The base class of adapters: what it checks when an adapter connects, and how it uses the table of steps."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from adapters.errors import Conflict, Unsupported
from adapters.models import Comment, Listing, Person, Run, Runbook, RunKey, RunSummary
from adapters.protocol import CheckResult
from adapters.results import Applied, Baseline, Indeterminate, NotApplied, Reconciliation, Recovery, WriteResult
from adapters.toolkit.base import PlatformAdapter
from adapters.toolkit.capabilities import declare_capabilities
from adapters.toolkit.guards import Guard
from adapters.toolkit.reconciliation import applied_if
from adapters.toolkit.steps import StepTableError, reconciles, step
from adapters.writes import READS, AddComment, FinishTask, Op, SkipTask, Write, WriteMarker

RUN = RunKey(platform="example", id="1")
MARKER = WriteMarker(code="7K2F", who="Ana via Slack", at=datetime(2026, 3, 4, tzinfo=UTC))
BASELINE = Baseline(sent_at=MARKER.at)
FINISH = FinishTask(run=RUN, by=Person(name="Ana"), task="1")


def offering(*ops: Op) -> Any:
    return declare_capabilities("example", unsupported=[op for op in Op if op not in (*READS, *ops)])


class Adapter(PlatformAdapter):
    async def runbooks(self, query: str) -> Listing[Runbook]:
        return Listing([])

    async def runbook(self, id: str) -> Runbook:
        raise NotImplementedError

    async def runs(self, query: str) -> Listing[RunSummary]:
        return Listing([])

    async def read(self, id: str) -> Run:
        raise NotImplementedError

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        return []

    async def check(self) -> Sequence[CheckResult]:
        return []


def by_note(_: object, step: Write) -> Recovery:
    return Recovery.LOOKUP if step.words else Recovery.IDEMPOTENT


class Tasks:
    """A handler. ``is_done`` is what it would read."""

    def __init__(self, *, notes: bool = False) -> None:
        self.is_done, self.notes = False, notes

    @step(FinishTask, recovery=by_note, guard=Guard.PLATFORM)
    async def finish(self, step: FinishTask, marker: WriteMarker) -> WriteResult:
        return WriteResult(id="finished")

    @reconciles(FinishTask)
    async def find_finish(self, step: FinishTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        return applied_if(self.is_done)

    @step(
        SkipTask,
        recovery=lambda tasks, step: Recovery.LOOKUP if tasks.notes else Recovery.MANUAL,
        guard=Guard.PLATFORM,
    )
    async def skip(self, step: SkipTask, marker: WriteMarker) -> WriteResult:
        return WriteResult(id="skipped")

    @reconciles(SkipTask)
    async def find_skip(self, step: SkipTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        return applied_if(True)


class TasksWithNote(Tasks):
    @step(FinishTask, part="note*", recovery=Recovery.MANUAL, guard=Guard.EARLIER_STEP)
    async def note(self, step: FinishTask, marker: WriteMarker) -> WriteResult:
        return WriteResult(id=step.part)


class PlansNote(Adapter):
    def plan(self, write: Write, run: Run | None) -> Sequence[Write]:
        return [write, write.as_part("note1")] if isinstance(write, FinishTask) and write.note else [write]


async def test_a_step_is_executed_and_reconciled_by_the_method_that_declares_it() -> None:
    tasks = TasksWithNote()
    adapter = PlansNote("example", offering(Op.FINISH, Op.SKIP), tasks)
    finish, note = adapter.steps(FINISH.model_copy(update={"note": "done"}), None)
    assert (await adapter.execute(finish, MARKER)).id == "finished"
    assert (await adapter.execute(note, MARKER)).id == "note1"
    assert await adapter.reconcile(finish, MARKER, BASELINE) == NotApplied()
    tasks.is_done = True
    assert isinstance(await adapter.reconcile(finish, MARKER, BASELINE), Applied)
    assert adapter.recovery(note) is Recovery.MANUAL
    assert await adapter.reconcile(note, MARKER, BASELINE) == Indeterminate()


async def test_recovery_can_depend_on_the_instance() -> None:
    skip = SkipTask(run=RUN, by=Person(), task="1")
    for notes, recovery in ((True, Recovery.LOOKUP), (False, Recovery.MANUAL)):
        adapter = Adapter("example", offering(Op.FINISH, Op.SKIP), Tasks(notes=notes))
        assert adapter.recovery(skip) is recovery
        expected = Applied if notes else Indeterminate
        assert isinstance(await adapter.reconcile(skip, MARKER, BASELINE), expected)


def test_an_undeclared_part_fails_when_the_adapter_connects() -> None:
    with pytest.raises(StepTableError, match="PlansNote: FinishTask part 'note1' is planned, but has no @step"):
        PlansNote("example", offering(Op.FINISH, Op.SKIP), Tasks())


def test_a_step_without_a_way_to_find_its_outcome_fails() -> None:
    class NoReconcile:
        @step(AddComment, recovery=Recovery.LOOKUP)
        async def comment(self, step: AddComment, marker: WriteMarker) -> WriteResult:
            return WriteResult()

    with pytest.raises(StepTableError, match=r"AddComment needs @reconciles, or Recovery.MANUAL"):
        Adapter("example", offering(Op.COMMENT), NoReconcile())


@pytest.mark.parametrize("kind", [FinishTask, AddComment])
def test_a_step_that_carries_a_text_cannot_be_idempotent(kind: type[Write]) -> None:
    class Repeats:
        @step(kind, recovery=Recovery.IDEMPOTENT, guard=Guard.PLATFORM)
        async def execute(self, step: Write, marker: WriteMarker) -> WriteResult:
            return WriteResult()

        @reconciles(kind)
        async def find(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
            return NotApplied()

    op = kind.model_fields["op"].default
    with pytest.raises(StepTableError, match=f"the text of {kind.__name__} is in a step that is declared IDEMPOT"):
        Adapter("example", offering(op), Repeats())


def test_a_reconcile_without_a_step_fails() -> None:
    class NoStep:
        @reconciles(AddComment)
        async def find(self, step: AddComment, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
            return NotApplied()

    with pytest.raises(StepTableError, match="AddComment has @reconciles, but no @step"):
        Adapter("example", offering(), NoStep())


def test_a_step_that_is_declared_twice_fails() -> None:
    with pytest.raises(StepTableError, match="FinishTask is declared twice"):
        Adapter("example", offering(Op.FINISH, Op.SKIP), Tasks(), Tasks())


def test_capabilities_and_steps_must_agree() -> None:
    with pytest.raises(StepTableError, match="capabilities offer add, but no @step"):
        Adapter("example", offering(Op.FINISH, Op.SKIP, Op.ADD), Tasks())
    with pytest.raises(StepTableError, match="skip has a @step, but capabilities say it is unsupported"):
        Adapter("example", offering(Op.FINISH), Tasks())
    capabilities = dict(offering(Op.FINISH, Op.SKIP))
    del capabilities[Op.ADD]
    with pytest.raises(StepTableError, match="must name every operation"):
        Adapter("example", capabilities, Tasks())


def test_an_override_keeps_the_declaration() -> None:
    class Quiet(Tasks):
        async def finish(self, step: FinishTask, marker: WriteMarker) -> WriteResult:
            return WriteResult(id="quietly")

    adapter = Adapter("example", offering(Op.FINISH, Op.SKIP), Quiet())
    assert adapter.recovery(FINISH) is Recovery.IDEMPOTENT


async def test_an_unsupported_write_is_refused_before_it_is_planned() -> None:
    adapter = Adapter("example", offering(Op.FINISH, Op.SKIP), Tasks())
    with pytest.raises(Unsupported) as refused:
        adapter.steps(AddComment(run=RUN, by=Person(), text="text"), None)
    assert refused.value.facts["instead"] == "example.capability.comment"


async def test_a_step_of_another_version_is_refused_and_not_found() -> None:
    adapter = Adapter("example", offering(Op.FINISH, Op.SKIP), Tasks())
    unknown = FINISH.as_part("from_another_version")
    assert adapter.recovery(unknown) is Recovery.MANUAL
    with pytest.raises(Unsupported):
        await adapter.execute(unknown, MARKER)
    assert await adapter.reconcile(unknown, MARKER, BASELINE) == Indeterminate()


def test_a_plan_may_refuse_a_write() -> None:
    class Refuses(Adapter):
        def plan(self, write: Write, run: Run | None) -> Sequence[Write]:
            raise Conflict(self.name, write.op)

    assert Refuses("example", offering(Op.FINISH, Op.SKIP), Tasks()).capabilities


async def test_nothing_is_executed_while_the_platform_limits_us() -> None:
    class Limited:
        def require_not_limited(self, operation: str) -> None:
            raise Conflict("example", operation)

    adapter = Adapter("example", offering(Op.FINISH, Op.SKIP), Tasks(), http=cast(Any, Limited()))
    with pytest.raises(Conflict):
        await adapter.execute(FINISH, MARKER)
