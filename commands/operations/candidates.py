"""Which tasks a verb fits, by their state."""

from collections.abc import Mapping, Sequence

from adapters.models import Task, TaskState
from adapters.writes import Op

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
