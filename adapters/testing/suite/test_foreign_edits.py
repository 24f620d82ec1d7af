"""Other people work on the platform too: their edits never make a write hit another task, or be taken for ours."""

import pytest

from adapters.errors import AdapterError, OutcomeUnknown, Unreachable
from adapters.models import Task, TaskState
from adapters.results import Applied
from adapters.testing.fixtures import contract
from adapters.testing.harness import Harness
from adapters.testing.observation import observe
from adapters.testing.suite.test_outcomes import fault_at
from adapters.testing.writes import PendingWrite, new_marker, new_write
from adapters.writes import Op

pytestmark = pytest.mark.asyncio
ON_A_TASK = [Op.FINISH, Op.BEGIN, Op.SKIP, Op.HOLD, Op.REOPEN, Op.ASSIGN]


@pytest.mark.parametrize("before_first", [True, False], ids=["before the first request", "before the last"])
@contract(ON_A_TASK, network=True)
async def test_an_edit_between_read_and_write_never_hits_another_task(
    harness: Harness, op: Op, before_first: bool
) -> None:
    """Where a platform knows tasks only by position it may happen, but then it is never called a success."""
    pending = await new_write(harness, op)
    run = pending.write.run_id
    before = (await observe(pending)).run
    method, path = ("POST|PUT|PATCH|DELETE", "") if before_first else harness.write_request(op)
    harness.fake.before_write(method, path, lambda: harness.insert_task(run))
    try:
        await pending.execute()
    except AdapterError:
        return
    after = (await observe(pending)).run
    assert before is not None
    assert after is not None
    assert after.task(pending.write.target) is not None
    for task in after.tasks:
        expected = before.task(task.id) or Task(id=task.id, title=task.title)
        if task.id != pending.write.target:
            assert _what_people_set(task) == _what_people_set(expected)


def _what_people_set(task: Task) -> object:
    """Whether it waits follows from other tasks."""
    is_running = task.state is TaskState.RUNNING
    return (task.title, task.state.is_over, is_running, task.reason, task.assignees)


@contract([Op.ADD], network=True)
async def test_an_added_task_is_found_by_its_code_and_not_by_its_title(harness: Harness, op: Op) -> None:
    """Somebody else adds a task with the same title while the response is lost."""
    pending = await new_write(harness, op)
    baseline = await pending.baseline()
    fault_at(harness, op, "cut_before")
    with pytest.raises((OutcomeUnknown, Unreachable)):
        await pending.execute()
    other = PendingWrite(harness, pending.write, pending.run, new_marker())
    await other.execute()
    assert not isinstance(await pending.reconcile(baseline), Applied)
