"""Guards: a read just before a write, so that the write never undoes what somebody else has done meanwhile.

A card shows a run as it was last read. Each step that changes a task or a run therefore declares its guard, which
reads it again at the moment of writing. The guard says only how to read; what the result means for each kind of
write is decided here, for all platforms:

    async def read_task(self, step: TaskWrite) -> Fresh[WireTask]:
        record = await self.api.task(step.task, step.op)
        return Fresh(record, task=mapping.task(record))

    @step(BeginTask, recovery=Recovery.IDEMPOTENT, guard=read_task)
    async def begin(self, step: BeginTask, marker: WriteMarker, fresh: Fresh[WireTask]) -> WriteResult: ...

A guard returns None where an earlier step of the same write has read the task. A step that is never guarded says
why, with a ``Guard``: then its method gets no ``fresh``.

What changes between that read and the write cannot be prevented, but a read after it (``with_race``) or the
response (``checked_after``) shows it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from adapters.errors import AdapterError, Conflict
from adapters.models import Person, Run, RunState, Task, TaskState
from adapters.results import WriteResult
from adapters.toolkit.people import is_among, same_people
from adapters.writes import (
    AssignTask,
    BeginTask,
    EndRun,
    FinishTask,
    HoldTask,
    Op,
    ReopenTask,
    SetStatus,
    SkipTask,
    Write,
)

R = TypeVar("R")
W = TypeVar("W", bound=Write)

GUARDED: tuple[type[Write], ...] = (
    BeginTask,
    FinishTask,
    SkipTask,
    HoldTask,
    ReopenTask,
    AssignTask,
    SetStatus,
    EndRun,
)
"""The writes whose steps must declare a guard."""

_AS_ASKED: Mapping[Op, TaskState] = {Op.FINISH: TaskState.DONE, Op.SKIP: TaskState.SKIPPED}
_OVER: Mapping[TaskState, tuple[str, str]] = {  # message keys: where nobody knows who did it, and where they do
    TaskState.DONE: ("changed.done", "changed.done_by"),
    TaskState.SKIPPED: ("changed.skipped", "changed.skipped_by"),
    TaskState.FAILED: ("changed.failed", "changed.failed_by"),
}


class Guard(StrEnum):
    """Why a step needs no read before it."""

    PLATFORM = "platform"  # the platform refuses it itself, or makes the change only in the state that was read
    EARLIER_STEP = "earlier step"  # a guarded step of the same write comes before it


@dataclass(frozen=True, slots=True)
class Fresh(Generic[R]):
    """A task or a run as it is just before a write. ``record`` is the platform's own, for the write to use.

    ``task`` is that of the step; ``run_state`` is None where the run itself was not read. ``snapshot`` is the
    whole run, if it was read anyway.
    """

    record: R
    task: Task | None = None
    run_state: RunState | None = None
    snapshot: Run | None = None


GuardRule = Guard | Callable[[Any, Any], Awaitable[Fresh[Any] | None]]


def check_fresh(platform: str, step: Write, fresh: Fresh[Any]) -> WriteResult | None:
    """A result if all is as asked for already, or None if the step is still right. Raises ``Conflict``.

    That a task is running, held or assigned already is left to the step: what it means differs by platform.
    """
    task, is_run_over = fresh.task, fresh.run_state is not None and fresh.run_state.is_over
    if isinstance(step, EndRun) and is_run_over:
        return WriteResult(already=True, state=fresh.run_state, snapshot=fresh.snapshot)
    if task is not None and task.state is _AS_ASKED.get(step.op):
        return already_done(task, fresh.snapshot)
    if task is not None and task.state.is_over and not isinstance(step, ReopenTask):
        raise task_is_over(platform, step, task)
    if is_run_over:
        raise run_is_over(platform, step)
    if isinstance(step, AssignTask) and task is not None:
        require_expected(platform, step, task.title, task.assignees)
    is_open = task is not None and task.state is not TaskState.HELD and not task.state.is_over
    if isinstance(step, ReopenTask) and task is not None and is_open:
        return already_done(task, fresh.snapshot)
    return None


async def with_race(
    step: W, result: WriteResult, read: Callable[[W], Awaitable[Fresh[Any] | None]]
) -> WriteResult:
    """``result`` of a write that the platform takes whatever became of the task: reads it once more, to say so."""
    try:
        fresh = await read(step)
    except AdapterError:
        return result  # the write is done, and the next read shows what is true
    if fresh is None:
        return result
    checked = checked_after(step, result, fresh.task)
    return checked.model_copy(update={"snapshot": fresh.snapshot}) if fresh.snapshot else checked


def checked_after(step: Write, result: WriteResult, task: Task | None) -> WriteResult:
    """``result``, which was too late if ``task``, as read after the write, has been finished in the meantime."""
    if task is None or not task.state.is_over or task.state is _AS_ASKED.get(step.op):
        return result
    return result.model_copy(update={"too_late": True, "tasks": (task,)})


def already_done(task: Task, snapshot: Run | None = None) -> WriteResult:
    """The result of a write that somebody else was faster with."""
    return WriteResult(already=True, tasks=(task,), snapshot=snapshot)


def task_is_over(platform: str, step: Write, task: Task) -> Conflict:
    """Somebody finished, skipped or failed the task. ``by`` and ``at`` say who and when, if the platform does."""
    facts: dict[str, Any] = {"task": task.title, "by": task.finished_by or "", "at": task.finished_at}
    return Conflict(platform, step.op, key=_OVER[task.state][bool(task.finished_by)], for_good=True, **facts)


def require_expected(platform: str, step: AssignTask, task: str, assignees: Sequence[Person]) -> None:
    """Raises ``Conflict`` if somebody else has been given the task. ``people`` says who has it now."""
    if step.expected is None or is_among(step.person, assignees) or same_people(step.expected, assignees):
        return
    people = ", ".join(person.shown for person in assignees)
    key = "changed.assigned" if people else "changed.unassigned"
    raise Conflict(platform, step.op, key=key, for_good=True, task=task, people=people)


def run_is_over(platform: str, step: Write) -> Conflict:
    return Conflict(platform, step.op, key="changed.run_over", for_good=True)
