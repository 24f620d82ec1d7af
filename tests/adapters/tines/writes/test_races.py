"""Somebody changes the same task in Tines between the read just before a write and the write."""

from collections.abc import Callable

import pytest

from adapters.results import WriteResult
from adapters.tines import text as texts
from adapters.tines.adapter import Tines
from adapters.writes import AddTask, AssignTask, BeginTask, FinishTask, ReopenTask, SkipTask, Write
from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.harness import CLEO
from tests.adapters.tines.helpers import ANA, BEN, STRANGER, add_open_case, execute_steps, run_key
from tests.adapters.tines.world import FakeCase, FakeTask


async def raced(
    fake: TinesFake, tines: Tines, write: Write, change: Callable[[], object], path: str = r"/tasks/\d+$"
) -> WriteResult:
    """The result of the first step that has a message."""
    run = await tines.read(write.run_id)
    fake.before_write("PUT", path, lambda: (change(), None)[1])
    results = await execute_steps(tines, write, run)
    return next((result for result in results if result.message), WriteResult())


def there(fake: TinesFake) -> tuple[FakeCase, FakeTask]:
    case = add_open_case(fake)
    return case, case.task("Page the DBA")


async def test_a_skip_that_replaces_a_completion_says_so(fake: TinesFake, tines: Tines) -> None:
    case, task = there(fake)
    skip = SkipTask(run=run_key(case), by=ANA, task=str(task.id), reason="not needed")
    result = await raced(fake, tines, skip, lambda: fake.world.complete(case, task, True, fake.world.users[2]))
    assert (result.message, dict(result.facts)) == ("tines.raced_task_completed", {"by": "Cleo Marsh"})


async def test_a_skip_without_a_race_says_nothing(fake: TinesFake, tines: Tines) -> None:
    """An earlier completion, one by an API key and one that names another task are no race."""
    case, task = there(fake)
    other = case.task("Promote the replica")
    fake.world.complete(case, other, True, fake.world.users[2])
    for _ in range(30):
        fake.world.now()
    skip = SkipTask(run=run_key(case), by=ANA, task=str(task.id), reason="not needed")
    result = await raced(
        fake, tines, skip, lambda: fake.world.log(case, "TASK_COMPLETED", fake.world.users[1], str(other.id))
    )
    assert result.message == ""


async def test_an_assignment_that_replaces_another_says_so(fake: TinesFake, tines: Tines) -> None:
    case, task = there(fake)

    def assign() -> None:
        task.assignees = [fake.world.users[2]]
        fake.world.log(case, "TASK_ASSIGNED", fake.world.users[2])

    result = await raced(fake, tines, AssignTask(run=run_key(case), by=ANA, task=str(task.id), person=BEN), assign)
    assert (result.message, dict(result.facts)) == ("tines.raced_task_assigned", {"by": "Cleo Marsh"})


async def test_a_finish_of_a_task_that_was_skipped_at_that_moment_says_so(fake: TinesFake, tines: Tines) -> None:
    case, task = there(fake)

    def skip() -> None:
        fake.world.complete(case, task, True, fake.world.users[2])
        task.description = f"[SKIPPED: not needed] {task.description}"

    result = await raced(fake, tines, FinishTask(run=run_key(case), by=ANA, task=str(task.id)), skip)
    assert result.message == "tines.raced_skip"


async def test_a_reopen_leaves_a_begin_that_came_in_between(fake: TinesFake, tines: Tines) -> None:
    case, task = there(fake)
    begin = BeginTask(run=run_key(case), by=ANA, task=str(task.id))
    await execute_steps(tines, begin, await tines.read(str(case.id)))
    await execute_steps(tines, FinishTask(run=run_key(case), by=ANA, task=str(task.id)))

    def begin_there() -> None:
        case.metadata[texts.running_key(str(task.id))] = texts.format_running(CLEO)

    result = await raced(fake, tines, ReopenTask(run=run_key(case), by=ANA, task=str(task.id)), begin_there)
    assert (result.message, dict(result.facts)) == ("tines.raced_begin", {"by": "Cleo via Slack"})
    assert texts.parse_running(case.metadata[texts.running_key(str(task.id))]) is not None


@pytest.mark.parametrize("hides_members", [False, True])
async def test_an_added_task_that_got_no_assignee_says_so(
    fake: TinesFake, tines: Tines, hides_members: bool
) -> None:
    fake.hides_members = hides_members
    case, _ = there(fake)
    add = AddTask(run=run_key(case), by=ANA, title="Tell support", assignee=STRANGER)
    (result,) = await execute_steps(tines, add)
    assert (result.message, dict(result.facts)) == ("tines.nobody_assigned", {"person": "Zoe"})
