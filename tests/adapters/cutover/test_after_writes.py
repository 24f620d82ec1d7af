"""After a write only what it may have changed is read again: its result shows the rest."""

import pytest

from adapters.cutover.adapter import Cutover
from adapters.http.client import HttpClients
from adapters.models import Run, TaskState
from adapters.results import WriteResult
from adapters.writes import AddComment, BeginTask, SetStatus, Write
from tests.adapters.cutover.fake import CutoverFake
from tests.adapters.cutover.harness import PlatformHarness
from tests.adapters.cutover.helpers import ANA, execute, finish
from tests.adapters.cutover.world import FakeRunbook

FIRST, SECOND, THIRD = 0, 1, 2


@pytest.fixture
async def run(fake: CutoverFake, cutover: Cutover, http: HttpClients) -> Run:
    return await cutover.read((await PlatformHarness(fake, http).new_run()).key.id)


def runbook_of(fake: CutoverFake, run: Run) -> FakeRunbook:
    return fake.world.runbooks[run.key.id]


async def last_result(cutover: Cutover, write: Write, run: Run) -> WriteResult:
    return (await execute(cutover, write, run))[-1]


async def test_a_result_has_all_that_a_read_would_show(fake: CutoverFake, cutover: Cutover, run: Run) -> None:
    runbook_of(fake, run).task(run.tasks[FIRST].title).assignees = [("user", "902"), ("runbook_team", "5")]
    run = await cutover.read(run.key.id)
    result = await last_result(cutover, BeginTask(run=run.key, by=ANA, task=run.tasks[FIRST].id), run)
    assert result.complete
    assert result.tasks == ((await cutover.read(run.key.id)).tasks[FIRST],)


async def test_a_note_and_a_status_change_no_task(cutover: Cutover, run: Run) -> None:
    assert (await last_result(cutover, AddComment(run=run.key, by=ANA, text="Hi"), run)).complete
    assert (await last_result(cutover, SetStatus(run=run.key, by=ANA, text="Slow"), run)).complete


async def test_what_waited_for_a_task_is_read_with_one_request(
    fake: CutoverFake, cutover: Cutover, run: Run
) -> None:
    for task in run.tasks[:2]:
        assert (await last_result(cutover, finish(run, task), run)).complete
    requests = len(fake.seen)
    tasks = await cutover.read_tasks(run.key.id, [run.tasks[THIRD].id])
    assert len(fake.seen) == requests + 1
    assert list(tasks) == list((await cutover.read(run.key.id)).tasks)
    assert tasks[THIRD].state is TaskState.READY


async def test_the_run_is_read_if_its_tasks_are_others_now(fake: CutoverFake, cutover: Cutover, run: Run) -> None:
    runbook_of(fake, run).tasks.popitem()
    assert not await cutover.read_tasks(run.key.id, [run.tasks[THIRD].id])


@pytest.mark.parametrize("forecast", ["refused", "bare"])
async def test_the_run_is_read_where_nobody_knows_what_waits(
    forecast: str, fake: CutoverFake, cutover: Cutover, run: Run
) -> None:
    fake.forecast = forecast  # type: ignore[assignment]
    run = await cutover.read(run.key.id)
    assert not (await last_result(cutover, finish(run, run.tasks[FIRST]), run)).complete


async def test_the_run_is_read_if_somebody_else_was_faster(fake: CutoverFake, cutover: Cutover, run: Run) -> None:
    fake.world.begin(runbook_of(fake, run), runbook_of(fake, run).task(run.tasks[FIRST].title))
    begin = BeginTask(run=run.key, by=ANA, task=run.tasks[FIRST].id)
    result = await last_result(cutover, begin, run)
    assert (result.already, result.complete) == (True, False)


async def test_the_run_is_read_after_an_override(cutover: Cutover, run: Run) -> None:
    write = finish(run, run.tasks[FIRST], override="true")
    begun, finished, _ = await execute(cutover, write, run)
    assert not begun.complete
    assert not finished.complete


async def test_the_run_is_read_after_a_restart(cutover: Cutover, run: Run) -> None:
    cutover._reads._last_reads.clear()
    assert not (await last_result(cutover, finish(run, run.tasks[FIRST]), run)).complete


async def test_a_forecast_moves_with_what_is_done(fake: CutoverFake, cutover: Cutover, run: Run) -> None:
    runbook_of(fake, run).end_forecast = "2026-07-18T16:00:00Z"
    run = await cutover.read(run.key.id)
    assert (await last_result(cutover, finish(run, run.tasks[FIRST]), run)).moves_notes
