"""Executes writes in tests as the effect log would, and sets up runs and approvals on the fake."""

from collections.abc import Mapping
from datetime import UTC, datetime

from adapters.models import Person, Run, RunbookKey, RunKey
from adapters.results import Baseline, WriteResult
from adapters.writes import FinishTask, StartRun, Write, WriteMarker
from adapters.xurrent.adapter import XurrentAdapter
from tests.adapters.xurrent.fake import XurrentFake
from tests.adapters.xurrent.fake_account import FakeApproval, FakeRun, FakeTask

ANA = Person(name="Ana", email="Ana@Example.com")
BEN = Person(name="Ben", email="ben@example.com")
UNKNOWN_PERSON = Person(name="Nobody", email="nobody@example.com")
AT = datetime(2026, 7, 18, 14, 3, tzinfo=UTC)
MARKER = WriteMarker(code="7K2F", who="Ana via Slack", at=AT)
OTHER_MARKER = WriteMarker(code="9P5R", who="Ben via Slack", at=AT)
BASELINE = Baseline(sent_at=AT)


def run_key(run: FakeRun) -> RunKey:
    return RunKey(platform="xurrent", id=str(run.id))


def start_write(
    fake: XurrentFake, options: Mapping[str, str] | None = None, *, owner: Person | None = None
) -> StartRun:
    runbook = RunbookKey(platform="xurrent", id=str(fake.template.id))
    return StartRun(
        by=ANA, runbook=runbook, title="R9 Primary down", handle="R9", owner=owner, options=options or {}
    )


async def execute(
    adapter: XurrentAdapter, write: Write, run: Run | None = None, marker: WriteMarker = MARKER
) -> WriteResult:
    """Executes all steps, as the effect log does. The result is that of the first one."""
    first, *others = adapter.steps(write, run)
    result = await adapter.execute(first, marker)
    for step in () if result.already else others:
        await adapter.execute(step, marker)
    return result


def create_run(fake: XurrentFake) -> FakeRun:
    """In progress, with its first two tasks assigned. Leaves ``effects`` empty."""
    run = fake.account.start(fake.template, "R7 Primary down")
    fake.account.create(run)
    return run


def find_run(fake: XurrentFake, handle: str) -> FakeRun:
    return next(run for run in fake.account.runs.values() if run.subject.startswith(f"{handle} "))


def add_approval(fake: XurrentFake, run: FakeRun, *people: int, required: int = 1) -> FakeTask:
    """An open approval by these people; a single one is the task's member."""
    account = fake.account
    task = FakeTask(account.id(), run.id, "Release manager's approval", "approval", "assigned", team=None)
    task.required_approvals = required
    if len(people) == 1:
        task.member = people[0]
    else:
        task.approvals = [FakeApproval(account.id(), person) for person in people]
    account.tasks[task.id] = task
    return task


def finish_write(run: FakeRun, task: FakeTask, note: str = "") -> FinishTask:
    return FinishTask(run=run_key(run), by=ANA, task=str(task.id), note=note)
