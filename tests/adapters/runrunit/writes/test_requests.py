"""How many requests a write takes, and what it returns so that the run need not be read again."""

import pytest

from adapters.models import RunState, TaskState
from adapters.runrunit.adapter import Runrunit
from adapters.writes import AddTask, AssignTask, ReopenTask, Write
from tests.adapters.runrunit.fake import RunrunitFake
from tests.adapters.runrunit.helpers import ANA, BEN, begin, execute, finish, hold, run_key, skip, status
from tests.adapters.runrunit.world import FakeTask


async def count_requests(runrunit: Runrunit, fake: RunrunitFake, run: FakeTask, write: Write) -> int:
    """After its run was read. All its steps say that nothing else has changed, and a poll finds the same."""
    read = await runrunit.read(str(run.id))
    fake.seen.clear()
    results = await execute(runrunit, write)
    count = len(fake.seen)
    assert all(result.complete for result in results), results
    for result in results:
        read = read.merge(result.tasks)
    assert not any((await runrunit.check_changes([read])).values())
    return count


async def test_a_begin_takes_three_requests(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    first, second, *_ = fake.world.steps(run)
    assert await count_requests(runrunit, fake, run, begin(run, first)) == 3  # read, assign, play
    fake.world.add_assignment(second, "ana-reis")
    assert await count_requests(runrunit, fake, run, begin(run, second)) == 3  # read, play, instructions


async def test_a_finish_takes_two_requests_and_its_note_one(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    first, second, third, fourth = fake.world.steps(run)
    assert await count_requests(runrunit, fake, run, finish(run, first)) == 2
    assert await count_requests(runrunit, fake, run, finish(run, second, "seen from two zones")) == 3
    assert await count_requests(runrunit, fake, run, skip(run, third)) == 3
    assert await count_requests(runrunit, fake, run, hold(run, fourth)) == 3


async def test_other_writes_return_all_that_changed(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    assign = AssignTask(run=run_key(run), by=ANA, task=str(step.id), person=BEN)
    assert await count_requests(runrunit, fake, run, assign) == 2
    add = AddTask(run=run_key(run), by=ANA, title="Call support")
    assert await count_requests(runrunit, fake, run, add) == 1
    assert await count_requests(runrunit, fake, run, status(run, "lagging " * 10)) == 2


async def test_a_reopen_may_change_other_tasks(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    step = fake.world.step(run)
    fake.world.deliver(step)
    (result,) = await execute(runrunit, ReopenTask(run=run_key(run), by=ANA, task=str(step.id)))
    assert not result.complete


async def test_a_begin_shows_the_own_timer_that_it_paused(runrunit: Runrunit, fake: RunrunitFake) -> None:
    """Runrun.it pauses the person's other task: a card must not show both as running."""
    run = fake.world.run()
    first, second, *_ = fake.world.steps(run)
    await runrunit.read(str(run.id))
    await execute(runrunit, begin(run, first))
    results = await execute(runrunit, begin(run, second))
    assert [(task.id, task.state) for task in results[-1].tasks] == [
        (str(second.id), TaskState.RUNNING),
        (str(first.id), TaskState.READY),
    ]
    assert results[-1].complete


async def test_a_begin_in_an_unknown_run_asks_for_a_read(runrunit: Runrunit, fake: RunrunitFake) -> None:
    """After a restart nobody knows which of the person's tasks the timer has paused."""
    run = fake.world.run()
    assert not (await execute(runrunit, begin(run, fake.world.step(run))))[-1].complete


async def test_a_few_tasks_are_read_with_one_request(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.run()
    first, second, *_ = fake.world.steps(run)
    second.waits_for.append(first.id)
    tasks = await runrunit.read_tasks(str(run.id), [str(second.id), "99999"])
    assert [(task.id, task.state) for task in tasks] == [(str(second.id), TaskState.WAITING)]
    assert len(fake.seen) == 1


# A run without subtasks


async def test_a_run_without_subtasks_is_its_own_step(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.task("R9 Rotate keys [7K2F]")
    read = await runrunit.read(str(run.id))
    assert [(task.id, task.title) for task in read.tasks] == [(str(run.id), "R9 Rotate keys")]
    (summary,) = await runrunit.runs("")
    assert (summary.done, summary.total) == (0, 1)
    begun = await execute(runrunit, begin(run, run))
    assert begun[-1].tasks[0].state is TaskState.RUNNING
    assert begun[-1].snapshot is not None  # so it is not read again
    assert begun[-1].snapshot.owner is not None
    (result,) = await execute(runrunit, finish(run, run))
    assert result.snapshot is not None
    assert (result.tasks[0].state, result.state) == (TaskState.DONE, RunState.FINISHED)
    assert (await execute(runrunit, finish(run, run)))[0].already


async def test_the_own_step_waits_for_added_tasks(runrunit: Runrunit, fake: RunrunitFake) -> None:
    run = fake.world.task("R9 Rotate keys [7K2F]")
    await runrunit.read(str(run.id))
    await execute(runrunit, AddTask(run=run_key(run), by=ANA, title="Call support"))
    read = await runrunit.read(str(run.id))
    assert [(task.title, task.state) for task in read.tasks] == [
        ("Call support", TaskState.READY),
        ("R9 Rotate keys", TaskState.WAITING),
    ]


@pytest.mark.parametrize("link", [False, True])
async def test_the_own_step_is_linked_as_the_run(runrunit: Runrunit, fake: RunrunitFake, link: bool) -> None:
    run = fake.world.task("R9 Rotate keys [7K2F]")
    if link:
        await runrunit.read(str(run.id))
    assert runrunit.parse_link(f"{fake.url}/pt-BR/tasks/{run.id}") == run_key(run)
