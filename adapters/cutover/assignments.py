"""Who has which task, on Cutover versions newer than the reference. Used only with the setting ``extras``."""

from dataclasses import dataclass

from adapters.cutover import wire
from adapters.cutover.api import CutoverApi
from adapters.cutover.people import People
from adapters.cutover.reads import Reads
from adapters.cutover.tasks import USER, map_task
from adapters.errors import Rejected
from adapters.models import Person, Task
from adapters.toolkit.guards import Fresh
from adapters.toolkit.reconciliation import applied_if
from adapters.toolkit.steps import reconciles, step
from adapters.writes import (
    AssignTask,
    Baseline,
    Reconciliation,
    Recovery,
    WriteMarker,
    WriteResult,
)


@dataclass
class Assignments:
    api: CutoverApi
    reads: Reads
    people: People

    async def read_task(self, step: AssignTask) -> Fresh[wire.Task]:
        return await self.reads.fresh_task(step)

    @step(AssignTask, recovery=Recovery.IDEMPOTENT, guard=read_task)
    async def assign(self, step: AssignTask, marker: WriteMarker, fresh: Fresh[wire.Task]) -> WriteResult:
        """Adds the person to the assignees. Cutover ignores somebody who isn't in the runbook: the response shows
        it, or the task is read."""
        user = await self._user(step.person)
        path = self.api.path("assign", "runbooks", step.run_id, "tasks", step.task)
        assignees = {"data": [{"id": user.id, "type": USER}]}
        data = {"id": step.task, "type": "task", "attributes": {}, "relationships": {"assignees": assignees}}
        body = {"data": data, "meta": {"delete_excluded_assignees": False}}
        item = await self.api.write("PATCH", path, "assign", body, wire.TaskResponse)
        if item.related("assignees") is None:
            item = await self.api.task(step.run_id, step.task, "assign")
        if not _has(item, user):
            raise Rejected(self.api.platform, "assign", key="cutover.not_in_runbook", person=user.shown)
        return WriteResult(tasks=(await self._task(item),))

    @reconciles(AssignTask)
    async def find_assignment(self, step: AssignTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        user = await self._user(step.person)
        item = await self.api.task(step.run_id, step.task, "assign")
        return applied_if(_has(item, user), WriteResult(tasks=(await self._task(item),)))

    async def _user(self, person: Person) -> Person:
        user = await self.people.find(person, "assign")
        if user is None:
            raise Rejected(self.api.platform, "assign", key="cutover.no_user", person=person.shown)
        return user

    async def _task(self, item: wire.Task) -> Task:
        pairs = item.related("assignees") or ()
        people = await self.people.named([id for kind, id in pairs if kind == USER], "assign")
        return map_task(item).model_copy(update={"assignees": tuple(people.values())})


def _has(item: wire.Task, user: Person) -> bool:
    return (USER, user.id) in (item.related("assignees") or ())
