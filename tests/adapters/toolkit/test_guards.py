"""Guards: what a fresh read means for each kind of write, and that a step cannot do without one."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from adapters.errors import Conflict
from adapters.models import Person, RunKey, RunState, Task, TaskState
from adapters.results import Baseline, NotApplied, Reconciliation, Recovery, WriteResult
from adapters.toolkit.guards import Fresh, Guard, check_fresh
from adapters.toolkit.steps import StepTable, StepTableError, reconciles, step
from adapters.writes import (
    AssignTask,
    BeginTask,
    EndRun,
    FinishTask,
    HoldTask,
    ReopenTask,
    SetStatus,
    SkipTask,
    TaskWrite,
    Write,
    WriteMarker,
)

RUN = RunKey(platform="example", id="1")
ANA, BEN = Person(name="Ana"), Person(name="Ben")
MARKER = WriteMarker(code="7K2F", who="Ana via Slack", at=datetime(2026, 3, 4, tzinfo=UTC))
WRITES: dict[str, Write] = {
    "finish": FinishTask(run=RUN, by=ANA, task="1"),
    "begin": BeginTask(run=RUN, by=ANA, task="1"),
    "skip": SkipTask(run=RUN, by=ANA, task="1"),
    "hold": HoldTask(run=RUN, by=ANA, task="1", reason="waiting"),
    "reopen": ReopenTask(run=RUN, by=ANA, task="1"),
    "assign": AssignTask(run=RUN, by=ANA, task="1", person=BEN),
    "status": SetStatus(run=RUN, by=ANA, text="all well"),
    "end": EndRun(run=RUN, by=ANA),
}
GO, ALREADY, CONFLICT = "go", "already", "conflict"
EXPECTED: dict[str, dict[TaskState, str]] = {
    "finish": {TaskState.DONE: ALREADY, TaskState.SKIPPED: CONFLICT, TaskState.FAILED: CONFLICT},
    "skip": {TaskState.DONE: CONFLICT, TaskState.SKIPPED: ALREADY, TaskState.FAILED: CONFLICT},
    "reopen": {TaskState.READY: ALREADY, TaskState.RUNNING: ALREADY, TaskState.WAITING: ALREADY},
    **{
        verb: {TaskState.DONE: CONFLICT, TaskState.SKIPPED: CONFLICT, TaskState.FAILED: CONFLICT}
        for verb in ("begin", "hold", "assign")
    },
}


def outcome(step: Write, fresh: Fresh[None]) -> str:
    try:
        result = check_fresh("example", step, fresh)
    except Conflict:
        return CONFLICT
    return ALREADY if result is not None and result.already else GO


@pytest.mark.parametrize("state", list(TaskState))
@pytest.mark.parametrize("verb", list(EXPECTED))
def test_a_task_in_each_state_allows_or_forbids_each_write(verb: str, state: TaskState) -> None:
    fresh = Fresh(None, task=Task(id="1", title="Page the DBA", state=state), run_state=RunState.ACTIVE)
    assert outcome(WRITES[verb], fresh) == EXPECTED[verb].get(state, GO)


@pytest.mark.parametrize("state", [RunState.FINISHED, RunState.CANCELLED])
@pytest.mark.parametrize("verb", list(WRITES))
def test_a_run_that_is_over_takes_nothing_any_more(verb: str, state: RunState) -> None:
    task = Task(id="1", title="Page the DBA") if isinstance(WRITES[verb], TaskWrite) else None
    assert outcome(WRITES[verb], Fresh(None, task=task, run_state=state)) == (
        ALREADY if verb == "end" else CONFLICT
    )


def test_a_conflict_says_who_was_faster() -> None:
    task = Task(id="1", title="Page the DBA", state=TaskState.DONE, finished_by="Ben", finished_at=MARKER.at)
    with pytest.raises(Conflict) as refused:
        check_fresh("example", WRITES["begin"], Fresh(None, task=task))
    assert refused.value.key == "changed.done_by"
    assert refused.value.facts.items() >= {"task": "Page the DBA", "by": "Ben", "at": MARKER.at}.items()
    already = check_fresh("example", WRITES["finish"], Fresh(None, task=task))
    assert already == WriteResult(already=True, tasks=(task,))


class Tasks:
    """``state`` is what its guard reads."""

    def __init__(self, state: TaskState | None) -> None:
        self.state = state
        self.sent: list[Fresh[str] | None] = []

    async def read_task(self, step: TaskWrite) -> Fresh[str] | None:
        return Fresh("record", task=Task(id="1", title="A", state=self.state)) if self.state else None

    @step(FinishTask, recovery=Recovery.IDEMPOTENT, guard=read_task)
    async def finish(self, step: FinishTask, marker: WriteMarker, fresh: Fresh[str] | None) -> WriteResult:
        self.sent.append(fresh)
        return WriteResult(id="finished")

    @reconciles(FinishTask)
    async def find(self, step: FinishTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        return NotApplied()


class Overriding(Tasks):
    async def read_task(self, step: TaskWrite) -> Fresh[str] | None:
        return Fresh("another", task=Task(id="1", title="A"))


async def execute(tasks: Tasks) -> WriteResult:
    declared = StepTable("Adapter", [tasks]).find(WRITES["finish"])
    assert declared is not None
    return await declared.execute("example", WRITES["finish"], MARKER)


async def test_a_step_gets_what_its_guard_has_read() -> None:
    tasks = Tasks(TaskState.RUNNING)
    assert (await execute(tasks)).id == "finished"
    assert [fresh.record for fresh in tasks.sent if fresh] == ["record"]
    overriding = Overriding(None)
    await execute(overriding)
    assert [fresh.record for fresh in overriding.sent if fresh] == ["another"]


async def test_a_step_is_not_sent_where_its_guard_finds_it_done_or_wrong() -> None:
    tasks = Tasks(TaskState.DONE)
    assert (await execute(tasks)).already
    tasks.state = TaskState.SKIPPED
    with pytest.raises(Conflict):
        await execute(tasks)
    assert tasks.sent == []


async def test_a_guard_that_reads_nothing_forbids_nothing() -> None:
    tasks = Tasks(None)
    assert (await execute(tasks)).id == "finished"
    assert tasks.sent == [None]


@pytest.mark.parametrize("kind", [type(write) for write in WRITES.values()])
def test_a_step_without_a_guard_fails(kind: type[Write]) -> None:
    def handler(guard: Guard | None) -> object:
        class Handler:
            @step(kind, recovery=Recovery.MANUAL, guard=guard)
            async def send(self, step: Write, marker: WriteMarker) -> WriteResult:
                return WriteResult()

        return Handler()

    check: Callable[[object], None] = lambda handler: StepTable("Adapter", [handler]).check({})  # noqa: E731
    with pytest.raises(StepTableError, match=f"{kind.__name__} needs a guard"):
        check(handler(None))
    with pytest.raises(StepTableError, match="capabilities must name every operation"):
        check(handler(Guard.PLATFORM))
