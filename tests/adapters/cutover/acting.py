"""Carrying writes in tests as the effect log would: step by step, a start's run handed on."""

from collections.abc import Mapping
from datetime import UTC, datetime

from adapters.cutover.adapter import Cutover
from adapters.models import Person, Run, RunbookKey, RunKey, Task
from adapters.writes import Baseline, FinishTask, StartRun, Write, WriteMarker, WriteResult
from tests.adapters.cutover.fake import CutoverFake
from tests.adapters.cutover.world import FakeRunbook

ANA = Person(name="Ana", email="ana@example.com")
AT = datetime(2026, 7, 18, 14, 3, tzinfo=UTC)
MARK = WriteMarker(code="7K2F", who="Ana via Slack", at=AT)
KNOWN = Baseline(sent_at=AT)


def key(id: str) -> RunKey:
    return RunKey(platform="cutover", id=id)


def start(
    id: str, options: Mapping[str, str] | None = None, *, title: str = "R9 Primary down", rehearsal: bool = False
) -> StartRun:
    runbook = RunbookKey(platform="cutover", id=id)
    return StartRun(by=ANA, runbook=runbook, title=title, handle="R9", rehearsal=rehearsal, options=options or {})


async def execute(cutover: Cutover, write: Write, run: Run | None = None) -> list[WriteResult]:
    """Raises what the first step that fails raises."""
    told: list[WriteResult] = []
    made = write.run
    for step in cutover.steps(write, run):
        here = step if step.run or made is None else step.model_copy(update={"run": made})
        told.append(await cutover.execute(here, MARK))
        made = told[-1].run or made
    return told


def a_live_run(fake: CutoverFake) -> FakeRunbook:
    """Active, its first two tasks startable; nothing of it is in ``fake.effects``."""
    run = fake.world.copy(fake.template, "R7 Primary down", tasks=True)
    fake.world.start(run, run_type="live", comms="off", strict=True)
    fake.effects.clear()
    return run


def finish(run: Run, task: Task, note: str = "", then: str | None = None, **options: str) -> FinishTask:
    return FinishTask(run=run.key, by=ANA, task=task.id, note=note, then=then, options=options)
