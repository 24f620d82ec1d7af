"""Which of the tasks that were begun still run.

The note of a begin stays in the case's metadata when somebody completes the task in Tines and reopens it there. A
task that was seen completed, or that the history shows as reopened since, is not running any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.errors import OPTIONAL_READ_ERRORS
from adapters.tines import mapping, wire
from adapters.tines import text as texts
from adapters.tines.api import Api
from adapters.toolkit.timestamps import parse_timestamp

_SAME_TIME = timedelta(seconds=1)  # timestamps have no fractions
_MAX_NOTES = 5000


@dataclass
class RunningTasks:
    """``_ended`` are notes of tasks that have ended since, ``_checked`` when their tasks were last looked up."""

    api: Api
    _ended: dict[str, None] = field(default_factory=dict)
    _checked: dict[str, str] = field(default_factory=dict)

    async def current(self, case: wire.Case, tasks: Sequence[wire.Task], operation: str) -> wire.Case:
        """``case`` without the notes of tasks that have ended. Takes a request after such a task has changed."""
        begun = {task.id: note for task in tasks if (note := mapping.running_since(case, task.id)) is not None}
        for task in tasks:
            if task.id in begun and task.completed:
                self._end(case, task.id)
        open_tasks = [task for task in tasks if task.id in begun and not task.completed]
        unchecked = [task for task in open_tasks if self._must_check(case, task, begun[task.id])]
        if unchecked:
            reopenings = await self._reopenings(case.case_id, operation)
            for task in unchecked:
                self._checked[_key(case, task.id)] = task.updated_at
                if _is_reopened(task, begun[task.id], reopenings, tasks):
                    self._end(case, task.id)
        ended = {texts.running_key(task.id) for task in open_tasks if _key(case, task.id) in self._ended}
        if not ended:
            return case
        metadata = {key: value for key, value in case.metadata.items() if key not in ended}
        return case.model_copy(update={"metadata": metadata})

    def _must_check(self, case: wire.Case, task: wire.Task, note: texts.RunningSince) -> bool:
        changed, key = parse_timestamp(task.updated_at), _key(case, task.id)
        is_known = key in self._ended or self._checked.get(key) == task.updated_at
        return not is_known and changed is not None and changed > (note.changed or note.since)

    async def _reopenings(self, case: str, operation: str) -> Sequence[wire.Activity]:
        """Empty where the key cannot see the history."""
        try:
            return await self.api.activities(case, "TASK_INCOMPLETE", operation)
        except OPTIONAL_READ_ERRORS:
            return ()

    def _end(self, case: wire.Case, task: str) -> None:
        self._ended[_key(case, task)] = None
        for known in (self._ended, self._checked):
            while len(known) > _MAX_NOTES:
                known.pop(next(iter(known)))


def _key(case: wire.Case, task: str) -> str:
    """Differs for each begin."""
    return f"{case.case_id}:{task}:{case.metadata.get(texts.running_key(task), '')}"


def _is_reopened(
    task: wire.Task, note: texts.RunningSince, reopenings: Sequence[wire.Activity], tasks: Sequence[wire.Task]
) -> bool:
    """Whether a reopening since the begin is that of ``task``.

    No activity is documented to name its task. If it does not, it belongs to the task that last changed then, and
    otherwise may be that of any task that has changed again.
    """
    others = [other for other in tasks if other.id != task.id]
    for item in reopenings:
        at = parse_timestamp(item.created_at)
        if at is None or at <= (note.changed or note.since) or item.value in {other.id for other in others}:
            continue
        nearest = min((_distance(other, at) for other in others), default=timedelta.max)
        if item.value in (task.id, task.description) or _distance(task, at) <= nearest or nearest > _SAME_TIME:
            return True
    return False


def _distance(task: wire.Task, at: datetime) -> timedelta:
    changed = parse_timestamp(task.updated_at)
    return timedelta.max if changed is None else abs(changed - at)
