"""Carrying writes in tests as the effect log would, and setting the fake's scene."""

from collections.abc import Mapping
from datetime import UTC, datetime

from adapters.models import Person, Run, RunbookKey, RunKey
from adapters.writes import Baseline, FinishTask, StartRun, Write, WriteMarker, WriteResult
from adapters.xurrent.adapter import Xurrent
from tests.adapters.xurrent.fake import XurrentFake
from tests.adapters.xurrent.world import FakeApproval, FakeRun, FakeTask

ANA = Person(name="Ana", email="Ana@Example.com")
BEN = Person(name="Ben", email="ben@example.com")
NOBODY = Person(name="Nobody", email="nobody@example.com")
AT = datetime(2026, 7, 18, 14, 3, tzinfo=UTC)
MARK = WriteMarker(code="7K2F", who="Ana via Slack", at=AT)
OTHER = WriteMarker(code="9P5R", who="Ben via Slack", at=AT)
KNOWN = Baseline(sent_at=AT)


def key(run: FakeRun) -> RunKey:
    return RunKey(platform="xurrent", id=str(run.id))


def start(fake: XurrentFake, options: Mapping[str, str] | None = None, *, owner: Person | None = None) -> StartRun:
    runbook = RunbookKey(platform="xurrent", id=str(fake.template.id))
    return StartRun(
        by=ANA, runbook=runbook, title="R9 Primary down", handle="R9", owner=owner, options=options or {}
    )


async def execute(adapter: Xurrent, write: Write, run: Run | None = None, mark: WriteMarker = MARK) -> WriteResult:
    """The only step of a write."""
    (step,) = adapter.steps(write, run)
    return await adapter.execute(step, mark)


def a_run(fake: XurrentFake) -> FakeRun:
    """In progress, its first two tasks assigned; nothing of it is in ``effects``."""
    run = fake.world.start(fake.template, "R7 Primary down")
    fake.world.create(run)
    return run


def the_run(fake: XurrentFake, handle: str) -> FakeRun:
    return next(run for run in fake.world.runs.values() if run.subject.startswith(f"{handle} "))


def an_approval(fake: XurrentFake, run: FakeRun, *people: int, required: int = 1) -> FakeTask:
    """Open, to be given by these people; with one of them it is theirs as a member."""
    world = fake.world
    task = FakeTask(world.id(), run.id, "Release manager's approval", "approval", "assigned", team=None)
    task.required_approvals = required
    if len(people) == 1:
        task.member = people[0]
    else:
        task.approvals = [FakeApproval(world.id(), person) for person in people]
    world.tasks[task.id] = task
    return task


def finish(run: FakeRun, task: FakeTask, note: str = "") -> FinishTask:
    return FinishTask(run=key(run), by=ANA, task=str(task.id), note=note)
