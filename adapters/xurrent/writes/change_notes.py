"""Notes in the old API: a field of a task's PATCH, which can't be read and has no ID.

A change has no notes of its own. What is said about it goes to the task that people are working on.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from adapters.errors import AdapterError, NotFound
from adapters.models import Run, RunState, Task, TaskState
from adapters.results import Recovery, WriteResult
from adapters.toolkit.comments import PostedComment
from adapters.toolkit.guards import Fresh
from adapters.toolkit.steps import step
from adapters.writes import AddComment, SetStatus, Write, WriteMarker
from adapters.xurrent import mapping, wire
from adapters.xurrent.changes import ChangeReads
from adapters.xurrent.writes.notes import Notes

TASK = "task"
"""The option of a step about the change: the task that its note goes to."""
_PREFERENCE = (TaskState.RUNNING, TaskState.READY, TaskState.HELD, TaskState.WAITING)


@dataclass
class ChangeNotes(Notes):
    reads: ChangeReads | None = field(default=None, kw_only=True)

    def with_task(self, write: AddComment | SetStatus, run: Run | None) -> Write:
        """The write with the task that its note goes to, which stays the same when it is looked at again."""
        task = _current(run.tasks) if run is not None and not write.target else None
        return write.model_copy(update={"options": {**write.options, TASK: task}}) if task else write

    @step(AddComment, recovery=Recovery.MANUAL)
    async def write(self, step: AddComment, marker: WriteMarker) -> WriteResult:
        return await self._write_on(await self._task_of(step), step, marker)

    async def read_task(self, step: SetStatus) -> Fresh[str]:
        """The task that the note goes to: another one if that was finished meanwhile."""
        api, id = self.api_for(step), await self._task_of(step)
        if not mapping.task_state(await api.fetch(wire.Task, f"tasks/{id}", step.op)).is_over:
            return Fresh(id)
        tasks = await self._tasks(step)
        current = _current(tasks)
        return Fresh(current or id, run_state=RunState.ACTIVE if current else RunState.FINISHED)

    @step(SetStatus, recovery=Recovery.MANUAL, guard=read_task)
    async def write_status(self, step: SetStatus, marker: WriteMarker, fresh: Fresh[str]) -> WriteResult:
        return await self._write_on(fresh.record, step, marker)

    async def send_comment(self, step: Write, text: str, marker: WriteMarker) -> PostedComment:
        raise NotImplementedError  # notes are sent with the task

    async def _write_on(self, task: str, step: AddComment | SetStatus, marker: WriteMarker) -> WriteResult:
        text = self.text_of(step) or ""
        body = {"note": self.sign(step, text, marker)}
        updated = await self.api_for(step).update_task(task, step.op, body)
        result = self.result(step, text, marker, PostedComment(""))
        if step.target:
            return result
        title = updated.subject if updated and updated.subject else await self._title(task, step)
        comment = result.comment.model_copy(update={"task": task}) if result.comment else None
        said = {"comment": comment, "message": "xurrent.itrp_noted_on", "facts": {"title": title}}
        return result.model_copy(update=said)

    async def _title(self, task: str, step: Write) -> str:
        """For a response without the task."""
        try:
            return (await self.api_for(step).fetch(wire.Task, f"tasks/{task}", step.op)).subject or task
        except AdapterError:  # the note is written
            return task

    async def _task_of(self, step: AddComment | SetStatus) -> str:
        if id := step.target or step.options.get(TASK, ""):
            return self.api_for(step).path_id(id, step.op)
        if current := _current(await self._tasks(step)):
            return current
        raise NotFound(self.api_for(step).name, step.op, key="xurrent.itrp_name_a_task")

    async def _tasks(self, step: Write) -> Iterable[Task]:
        assert self.reads is not None
        return (await self.reads.read(step.run_id)).tasks


def _current(tasks: Iterable[Task]) -> str | None:
    """The first running task, else the first one that is open."""
    open_tasks = [task for task in tasks if task.state in _PREFERENCE]
    return min(open_tasks, key=lambda task: _PREFERENCE.index(task.state)).id if open_tasks else None
