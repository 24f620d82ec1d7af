"""What all writes to one task share: the read before them, their results, and what a refusal means."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from adapters.errors import AdapterError, Conflict, Rejected
from adapters.models import RunState
from adapters.results import WriteResult
from adapters.runrunit import mapping
from adapters.runrunit.api import RunrunitApi
from adapters.runrunit.errors import with_key
from adapters.runrunit.links import Links
from adapters.runrunit.people import People
from adapters.runrunit.reads import Reads
from adapters.runrunit.text import plain_title
from adapters.runrunit.wire import WireTask
from adapters.toolkit.guards import Fresh, task_is_over
from adapters.toolkit.reconciliation import read_or_raise
from adapters.writes import BeginTask, HoldTask, TaskWrite


@dataclass
class TaskHandler:
    api: RunrunitApi
    people: People
    links: Links
    reads: Reads

    async def read_task(self, step: TaskWrite) -> Fresh[WireTask]:
        return await self.reads.fresh_task(step)

    def result(self, task: WireTask, **fields: Any) -> WriteResult:
        """``fields`` are other fields of ``WriteResult``."""
        return WriteResult(tasks=(mapping.task(task, self.people, self.links),), **fields)

    def changed(self, step: TaskWrite, task: WireTask, **fields: Any) -> WriteResult:
        """The result of a step that changed only this task, which needs no read of the run.

        The run's own task, which is a step if the run has no subtasks, is also the run.
        """
        if task.id != step.run_id:
            return self.result(task, complete=True, **fields)
        state = RunState.FINISHED if task.is_closed else RunState.ACTIVE
        return self.result(task, state=state, snapshot=self.reads.run_of_one_step(task), **fields)

    async def open_prerequisites(self, task: WireTask, operation: str) -> str:
        """The titles of what a task waits for, or the numbers of those that can't be read."""
        try:
            titles = {
                item.id: plain_title(item.title) for item in await self.api.prerequisites(task.id, operation)
            }
        except AdapterError:
            titles = {}
        return ", ".join(titles.get(id) or f"#{id}" for id in task.opened_parent_ids)

    async def require_no_prerequisites(self, task: WireTask, operation: str) -> None:
        """Runrun.it rejects playing or delivering a task that waits for others, without giving that reason."""
        if task.opened_parent_ids:
            others = await self.open_prerequisites(task, operation)
            raise Conflict(
                self.api.name, operation, key="runrunit.waits", task=plain_title(task.title), others=others
            )

    async def create_assignment(self, step: TaskWrite, user: str) -> WireTask:
        body = {"assignments": [{"assignee_id": user}]}
        try:
            return await self.api.act(step.task, "create_assignments", step.op, body)
        except Rejected as error:
            person = self.people.person(user).shown
            raise with_key(error, "runrunit.assign_refused", person=person) from error

    async def read_open_task(self, step: TaskWrite) -> WireTask:
        task = await self.api.task(step.task, step.op)
        if task.is_closed:
            raise task_is_over(self.api.name, step, mapping.task(task, self.people, self.links))
        return task

    async def read_after_refusal(self, step: TaskWrite, error: AdapterError) -> WireTask:
        """The task as it is now, which the refusal does not say. Raises where that explains it."""
        task = await read_or_raise(self.api.task(step.task, step.op), error)
        if task.is_closed and isinstance(step, BeginTask | HoldTask):
            raise task_is_over(self.api.name, step, mapping.task(task, self.people, self.links)) from error
        return task

    async def already_or_raise(
        self, error: AdapterError, step: TaskWrite, is_done: Callable[[WireTask], bool]
    ) -> WriteResult:
        """Somebody else may have been faster: reads the task again, and raises ``error`` unless it ``is_done``."""
        task = await self.read_after_refusal(step, error)
        if is_done(task):
            return self.result(task, already=True)
        raise error
