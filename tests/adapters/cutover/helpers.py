"""Executes writes in tests as the effect log does: step by step, passing on the run that a start made."""

from collections.abc import Mapping
from datetime import UTC, datetime

from adapters.cutover.adapter import Cutover
from adapters.models import Person, Run, RunbookKey, RunKey, Task
from adapters.results import Baseline, WriteResult
from adapters.writes import FinishTask, StartRun, Write, WriteMarker
from tests.adapters.cutover.fake import CutoverFake
from tests.adapters.cutover.world import FakeRunbook

ANA = Person(name="Ana", email="ana@example.com")
AT = datetime(2026, 7, 18, 14, 3, tzinfo=UTC)
MARKER = WriteMarker(code="7K2F", who="Ana via Slack", at=AT)
BASELINE = Baseline(sent_at=AT)


def run_key(id: str) -> RunKey:
    return RunKey(platform="cutover", id=id)


def start(
    id: str, options: Mapping[str, str] | None = None, *, title: str = "R9 Primary down", rehearsal: bool = False
) -> StartRun:
    runbook = RunbookKey(platform="cutover", id=id)
    return StartRun(by=ANA, runbook=runbook, title=title, handle="R9", rehearsal=rehearsal, options=options or {})


def finish(run: Run, task: Task, note: str = "", then: str | None = None, **options: str) -> FinishTask:
    return FinishTask(run=run.key, by=ANA, task=task.id, note=note, then=then, options=options)


async def execute(cutover: Cutover, write: Write, run: Run | None = None) -> list[WriteResult]:
    """Executes all steps. Raises the error of the first step that fails."""
    results: list[WriteResult] = []
    key = write.run
    for step in cutover.steps(write, run):
        step_with_run = step if step.run or key is None else step.model_copy(update={"run": key})
        results.append(await cutover.execute(step_with_run, MARKER))
        key = results[-1].run or key
    return results


def create_active_run(fake: CutoverFake) -> FakeRunbook:
    """An active run whose first two tasks are startable. Leaves ``fake.effects`` empty."""
    run = fake.world.copy(fake.template, "R7 Primary down", tasks=True)
    fake.world.start(run, run_type="live", comms="off", strict=True)
    fake.effects.clear()
    return run
