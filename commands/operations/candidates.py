"""Which tasks a verb fits, by their state; and whose they are."""

from collections.abc import Mapping, Sequence

from adapters.models import Task, TaskState
from adapters.writes import Op
from commands.cards.task_row import is_asked, last_actor
from commands.model.messages import Actor
from commands.model.ports import Services
from commands.model.tracked_run import TrackedRun

_OPEN = (TaskState.RUNNING, TaskState.READY, TaskState.HELD, TaskState.WAITING, TaskState.FAILED)
_APPROVABLE = (TaskState.READY, TaskState.RUNNING, TaskState.HELD)
_STATES: Mapping[Op, Sequence[TaskState]] = {
    Op.FINISH: (TaskState.RUNNING, TaskState.READY, TaskState.HELD),
    Op.BEGIN: (TaskState.READY, TaskState.HELD),
    Op.SKIP: _OPEN,
    Op.HOLD: (TaskState.RUNNING, TaskState.READY, TaskState.WAITING),
    Op.REOPEN: (TaskState.DONE, TaskState.SKIPPED, TaskState.FAILED, TaskState.HELD),
    Op.ASSIGN: _OPEN,
    Op.APPROVE: _APPROVABLE,
    Op.REJECT: _APPROVABLE,
}


def is_candidate(task: Task, op: Op) -> bool:
    """Whether to offer the task for ``op``. Verbs that are not about a task's state fit all tasks."""
    states = _STATES.get(op)
    if states is not None and task.state not in states:
        return False
    if op in (Op.APPROVE, Op.REJECT):
        return task.approval
    return task.is_ours if op in (Op.FINISH, Op.BEGIN) else True


def is_mine(task: Task, tracked: TrackedRun, actor: Actor, services: Services) -> bool:
    """Whether the task is assigned to this person, or waits for their approval. An open task that the platform has
    assigned to nobody belongs to the person who began it through Liaison."""
    if not task.state.is_over and not task.assignees and (began := last_actor(tracked, task)):
        return began.same_as(actor)
    return is_asked(services.people.person(actor), task)
