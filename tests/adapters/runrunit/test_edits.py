"""Runrun.it lists no edits: many runs and tasks are compared with what was read, with one request."""

from adapters.models import Run
from adapters.runrunit.adapter import Runrunit
from tests.adapters.runrunit.fake import RunrunitFake


async def read_runs(fake: RunrunitFake, runrunit: Runrunit, number: int = 3) -> list[Run]:
    return [await runrunit.read(str(fake.world.run().id)) for _ in range(number)]


async def test_what_was_just_read_is_not_changed(fake: RunrunitFake, runrunit: Runrunit) -> None:
    runs = await read_runs(fake, runrunit)
    before = len(fake.seen)
    assert await runrunit.check_changes(runs) == dict.fromkeys([run.key.id for run in runs], False)
    assert len(fake.seen) == before + 1


async def test_a_change_of_a_task_or_of_the_run_itself_is_found(fake: RunrunitFake, runrunit: Runrunit) -> None:
    runs = await read_runs(fake, runrunit, 4)
    fake.world.deliver(fake.world.tasks[int(runs[0].tasks[1].id)])
    fake.world.tasks[int(runs[1].key.id)].urgent = True
    fake.world.task("Somebody else's", parent=int(runs[2].key.id))
    changed = await runrunit.check_changes(runs)
    assert [changed[run.key.id] for run in runs] == [True, True, True, False]


async def test_a_subtask_of_a_run_that_had_none_is_found(fake: RunrunitFake, runrunit: Runrunit) -> None:
    task = fake.world.task("R9 Rotate keys")
    run = await runrunit.read(str(task.id))
    assert await runrunit.check_changes([run]) == {run.key.id: False}
    fake.world.task("Somebody else's", parent=task.id)
    assert await runrunit.check_changes([run]) == {run.key.id: True}


async def test_as_many_runs_as_fit_on_one_page_are_checked(fake: RunrunitFake, runrunit: Runrunit) -> None:
    runs = await read_runs(fake, runrunit, 21)  # with 5 ids each
    assert list(await runrunit.check_changes(runs)) == [run.key.id for run in runs[:20]]


async def test_a_difference_that_reading_does_not_end_is_reported_a_few_times(
    fake: RunrunitFake, runrunit: Runrunit
) -> None:
    """Lists may show less than a task's own page: that must not have the run read every ten seconds."""
    (run,) = await read_runs(fake, runrunit, 1)
    del fake.world.tasks[int(run.tasks[0].id)]
    reports = [(await runrunit.check_changes([run]))[run.key.id] for _ in range(5)]
    assert reports == [True, True, True, False, False]
