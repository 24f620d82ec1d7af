"""Somebody else works on the platform while a card shows what was last read: a write never undoes what they did.

Where the platform neither refuses a write nor offers a conditional one, an adapter reads just before it. What
changes between that read and the write cannot be prevented, but it is not passed over in silence.
"""

from dataclasses import dataclass

import pytest

from adapters.errors import AdapterError, Conflict, NotFound, OutcomeUnknown, Rejected, Unreachable
from adapters.models import Run, Task, TaskState
from adapters.results import WriteResult
from adapters.testing.fixtures import contract
from adapters.testing.harness import ForeignChange, Harness
from adapters.testing.observation import Observation, effects_of, observe
from adapters.testing.writes import ANA, PendingWrite, new_write
from adapters.writes import Op

pytestmark = pytest.mark.asyncio
ON_A_TASK = [Op.FINISH, Op.BEGIN, Op.SKIP, Op.HOLD, Op.REOPEN, Op.ASSIGN]
ON_A_RUN = [Op.STATUS, Op.END]
OVER = {
    ForeignChange.FINISHED: TaskState.DONE,
    ForeignChange.SKIPPED: TaskState.SKIPPED,
    ForeignChange.FAILED: TaskState.FAILED,
}
AS_ASKED = {Op.FINISH: TaskState.DONE, Op.SKIP: TaskState.SKIPPED}
ANY_WRITE = ("POST|PUT|PATCH|DELETE", r"(?<!/users/ids)$")


@dataclass(frozen=True)
class Attempt:
    """``result`` is that of the last step, or None if one raised ``error``."""

    pending: PendingWrite
    before: Observation
    after: Observation
    effects_before: dict[Op, int]
    result: WriteResult | None
    error: AdapterError | None

    @property
    def is_plain_success(self) -> bool:
        return self.result is not None and not self.result.already


async def _attempt(pending: PendingWrite) -> Attempt:
    """Executes the write, which was planned on what was read before the change."""
    before, effects = await observe(pending), dict(effects_of(pending.harness))
    error: AdapterError | None = None
    try:
        await pending.execute()
    except AdapterError as raised:
        error = raised
    result = pending.results[-1] if pending.results and error is None else None
    if isinstance(error, Conflict) and error.already:
        result, error = WriteResult(already=True), None
    return Attempt(pending, before, await observe(pending), effects, result, error)


async def _changed_there(harness: Harness, op: Op, change: ForeignChange) -> PendingWrite:
    pending = await new_write(harness, op)
    if not harness.change_there(pending.write.run_id, pending.write.target, change):
        pytest.skip("the platform has no such thing")
    return pending


@pytest.mark.parametrize("change", list(OVER), ids=str)
@contract([op for op in ON_A_TASK if op is not Op.REOPEN])
async def test_a_task_that_is_over_does_not_move(harness: Harness, op: Op, change: ForeignChange) -> None:
    pending = await _changed_there(harness, op, change)
    attempt = await _attempt(pending)
    task = _task(attempt.before, pending)
    if AS_ASKED.get(op) is task.state:
        assert attempt.result is not None
        assert attempt.result.already
        named = _result_task(attempt.result, task.id)
        assert named is not None
        assert named.finished_by == task.finished_by
    else:
        assert isinstance(attempt.error, Conflict), f"{attempt.result!r} {attempt.error!r}"
        assert attempt.error.facts.get("by") in (task.finished_by, task.finished_by or "")
        assert not attempt.error.may_pass, "[Try again] would only be refused again"
    _check_nothing_changed(attempt)


@contract(ON_A_TASK)
async def test_a_task_that_was_deleted_is_not_created_again(harness: Harness, op: Op) -> None:
    attempt = await _attempt(await _changed_there(harness, op, ForeignChange.DELETED))
    assert isinstance(attempt.error, NotFound | Conflict | Rejected), f"{attempt.result!r} {attempt.error!r}"
    _check_nothing_changed(attempt)


@contract([Op.COMMENT])
async def test_a_comment_on_a_task_that_was_deleted_is_refused(harness: Harness, op: Op) -> None:
    """It would be lost among those of the run, or nobody would ever see it."""
    on_run = await new_write(harness, op)
    assert on_run.run is not None
    task = on_run.run.tasks[0].id
    pending = PendingWrite(harness, on_run.write.model_copy(update={"task": task}), on_run.run)
    if not harness.change_there(on_run.write.run_id, task, ForeignChange.DELETED):
        pytest.skip("the platform has no such thing")
    attempt = await _attempt(pending)
    assert isinstance(attempt.error, NotFound | Conflict | Rejected), f"{attempt.result!r} {attempt.error!r}"
    _check_nothing_changed(attempt)


@contract([*ON_A_TASK, *ON_A_RUN])
async def test_a_run_that_has_ended_stays_as_it_is(harness: Harness, op: Op) -> None:
    attempt = await _attempt(await _changed_there(harness, op, ForeignChange.RUN_ENDED))
    if op is Op.END:
        assert attempt.result is not None
        assert attempt.result.already
    else:
        is_done_too = attempt.result is not None and attempt.result.already
        assert is_done_too or isinstance(attempt.error, Conflict | Rejected), (
            f"{attempt.result!r} {attempt.error!r}"
        )
    _check_nothing_changed(attempt)


@contract([Op.REOPEN])
async def test_a_reopen_does_not_stop_a_task_that_was_reopened_and_begun(harness: Harness, op: Op) -> None:
    attempt = await _attempt(await _changed_there(harness, op, ForeignChange.BEGUN))
    assert attempt.result is not None
    assert attempt.result.already
    _check_nothing_changed(attempt)


@contract([Op.FINISH, Op.BEGIN, Op.SKIP, Op.HOLD])
async def test_a_task_stays_with_whom_somebody_else_has_assigned(harness: Harness, op: Op) -> None:
    pending = await _changed_there(harness, op, ForeignChange.ASSIGNED)
    attempt = await _attempt(pending)
    before, after = (_task(observed, pending) for observed in (attempt.before, attempt.after))
    assert before.assignees
    assert {person.id for person in before.assignees} <= {person.id for person in after.assignees}


@contract([Op.ASSIGN])
async def test_an_assignment_made_since_is_not_replaced(harness: Harness, op: Op) -> None:
    """The person saw nobody's task, and somebody else has it by now. The refusal says who."""
    pending = await new_write(harness, op, person=ANA, expected=())
    if not harness.change_there(pending.write.run_id, pending.write.target, ForeignChange.ASSIGNED):
        pytest.skip("the platform has no such thing")
    attempt = await _attempt(pending)
    task = _task(attempt.before, pending)
    assert isinstance(attempt.error, Conflict), f"{attempt.result!r}"
    assert attempt.error.facts["people"] == ", ".join(person.shown for person in task.assignees)
    _check_nothing_changed(attempt)


@pytest.mark.parametrize("change", [ForeignChange.HELD, ForeignChange.BEGUN], ids=str)
@contract([Op.FINISH, Op.BEGIN, Op.SKIP, Op.HOLD, Op.ASSIGN])
async def test_a_task_that_still_may_change_changes_or_is_refused(
    harness: Harness, op: Op, change: ForeignChange
) -> None:
    pending = await _changed_there(harness, op, change)
    attempt = await _attempt(pending)
    assert not isinstance(attempt.error, OutcomeUnknown | Unreachable)
    if attempt.error is not None:
        _check_nothing_changed(attempt)
    elif attempt.is_plain_success:
        assert attempt.after.without_times != attempt.before.without_times


@pytest.mark.parametrize("change", [*OVER, ForeignChange.BEGUN], ids=str)
@contract(ON_A_TASK, network=True)
async def test_a_change_between_the_read_and_the_write_is_not_passed_over(
    harness: Harness, op: Op, change: ForeignChange
) -> None:
    """The write may replace it where the platform lets it, or have no effect. Then the result says so, or it is
    called no success."""
    if op is Op.REOPEN and change is not ForeignChange.BEGUN:
        pytest.skip("the write is meant to replace it")
    if op not in (Op.REOPEN, Op.BEGIN) and change is ForeignChange.BEGUN:
        pytest.skip("a task that runs may be finished, skipped, held and assigned")
    pending = await new_write(harness, op)
    run, task = pending.write.run_id, pending.write.target
    changed: list[bool] = []
    harness.fake.before_write(*ANY_WRITE, lambda: changed.append(harness.change_there(run, task, change)))
    attempt = await _attempt(pending)
    if changed != [True]:
        pytest.skip("the platform has no such thing")
    task_after = _task(attempt.after, pending)
    is_as_asked = AS_ASKED.get(op) is OVER.get(change, TaskState.RUNNING)
    if op is Op.FINISH and harness.shows_finishers:
        is_as_asked = False  # it isn't ours alone, so it isn't called plainly done
    if change is ForeignChange.BEGUN:  # a task that runs twice is not lost, unless it was the other's
        is_theirs = not (task_after.started_by or "").startswith("Ana")
        is_as_asked = is_theirs if op is Op.BEGIN else task_after.state is TaskState.RUNNING
    if not is_as_asked and attempt.is_plain_success and harness.shows_races:
        assert any(result.message or result.too_late for result in pending.results), (
            "nothing says that it was replaced, or too late"
        )


def _task(observed: Observation, pending: PendingWrite) -> Task:
    run: Run | None = observed.run
    assert run is not None
    task = run.task(pending.write.target)
    assert task is not None
    return task


def _result_task(result: WriteResult, id: str) -> Task | None:
    in_snapshot = result.snapshot.task(id) if result.snapshot else None
    return in_snapshot or next((task for task in result.tasks if task.id == id), None)


def _check_nothing_changed(attempt: Attempt) -> None:
    assert attempt.after.without_times == attempt.before.without_times
    assert effects_of(attempt.pending.harness) == attempt.effects_before
