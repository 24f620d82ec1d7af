"""Who has which task, on Cutover versions newer than the reference. Used only with the setting ``extras``."""

from dataclasses import dataclass, replace

from adapters.cutover import wire
from adapters.cutover.api import CutoverApi
from adapters.cutover.people import People
from adapters.cutover.reads import Reads
from adapters.cutover.tasks import USER, assignee, map_task
from adapters.errors import Rejected
from adapters.models import Person, Task
from adapters.results import Baseline, Reconciliation, Recovery, WriteResult
from adapters.toolkit.guards import Fresh, Guard, checked_after
from adapters.toolkit.reconciliation import applied_if
from adapters.toolkit.steps import reconciles, step
from adapters.writes import AssignTask, WriteMarker

ALONE = "alone"  # the second part of a take-over


@dataclass
class Assignments:
    api: CutoverApi
    reads: Reads
    people: People

    async def read_task(self, step: AssignTask) -> Fresh[wire.Task]:
        """With who has the task, which the guard compares with who had it."""
        fresh = await self.reads.fresh_task(step)
        return replace(fresh, task=await self._task(fresh.record))

    @step(AssignTask, recovery=Recovery.IDEMPOTENT, guard=read_task)
    async def assign(self, step: AssignTask, marker: WriteMarker, fresh: Fresh[wire.Task]) -> WriteResult:
        """Adds the person to the assignees. Cutover ignores somebody who isn't in the runbook: the response shows
        it, or the task is read."""
        user = await self._user(step.person)
        item = await self._set_assignee(step, user, delete_others=False)
        if item.related("assignees") is None:
            item = await self.api.task(step.run_id, step.task, "assign")
        if not _has(item, user):
            raise Rejected(self.api.platform, "assign", key="cutover.not_in_runbook", person=user.shown)
        task = await self._task(item)
        return checked_after(step, WriteResult(tasks=(task,)), task)

    @step(AssignTask, part=ALONE, recovery=Recovery.IDEMPOTENT, guard=Guard.EARLIER_STEP)
    async def remove_others(self, step: AssignTask, marker: WriteMarker) -> WriteResult:
        """The second half of a take-over: only after the first has shown that Cutover takes the person."""
        item = await self._set_assignee(step, await self._user(step.person), delete_others=True)
        if item.related("assignees") is None:
            return WriteResult()
        return WriteResult(tasks=(await self._task(item),))

    @reconciles(AssignTask, part=ALONE)
    async def find_removal(self, step: AssignTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        user = await self._user(step.person)
        item = await self.api.task(step.run_id, step.task, "assign")
        is_alone = tuple(item.related("assignees") or ()) == ((USER, user.id),)
        return applied_if(is_alone, WriteResult(tasks=(await self._task(item),)))

    @reconciles(AssignTask)
    async def find_assignment(self, step: AssignTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        user = await self._user(step.person)
        item = await self.api.task(step.run_id, step.task, "assign")
        return applied_if(_has(item, user), WriteResult(tasks=(await self._task(item),)))

    async def _set_assignee(self, step: AssignTask, user: Person, *, delete_others: bool) -> wire.Task:
        path = self.api.path("assign", "runbooks", step.run_id, "tasks", step.task)
        assignees = {"data": [{"id": user.id, "type": USER}]}
        data = {"id": step.task, "type": "task", "attributes": {}, "relationships": {"assignees": assignees}}
        body = {"data": data, "meta": {"delete_excluded_assignees": delete_others}}
        return await self.api.write("PATCH", path, "assign", body, wire.TaskResponse)

    async def _user(self, person: Person) -> Person:
        user = await self.people.find(person, "assign")
        if user is None:
            raise Rejected(self.api.platform, "assign", key="cutover.no_user", person=person.shown)
        return user

    async def _task(self, item: wire.Task) -> Task:
        pairs = item.related("assignees") or ()
        people = await self.people.named([id for kind, id in pairs if kind == USER], "assign")
        assignees = tuple(assignee(kind, id, people) for kind, id in pairs)
        return map_task(item).model_copy(update={"assignees": assignees})


def _has(item: wire.Task, user: Person) -> bool:
    return (USER, user.id) in (item.related("assignees") or ())
