"""Assigns tasks."""

from collections.abc import Mapping
from dataclasses import dataclass

from adapters.errors import Conflict, Rejected
from adapters.models import Task
from adapters.toolkit.guards import Fresh, already_done
from adapters.toolkit.reconciliation import applied_if
from adapters.toolkit.steps import reconciles, step
from adapters.writes import AssignTask, Baseline, Reconciliation, Recovery, TaskWrite, WriteMarker, WriteResult
from adapters.xurrent import wire
from adapters.xurrent.writes.tasks import MEMBER_REFUSED, TaskWrites

SEEN = "member"
"""The option that says whose task it was when the person saw it: an ID, or "" for nobody's."""


@dataclass
class Assignment:
    tasks: TaskWrites

    def plan(self, write: AssignTask, task: Task | None) -> AssignTask:
        if task is None:
            return write
        seen: Mapping[str, str] = {SEEN: task.assignees[0].id if task.assignees else ""}
        return write.model_copy(update={"options": {**write.options, **seen}})

    async def read_task(self, step: TaskWrite) -> Fresh[wire.Task]:
        return await self.tasks.read_task(step)

    @step(AssignTask, recovery=Recovery.IDEMPOTENT, guard=read_task)
    async def assign(self, step: AssignTask, marker: WriteMarker, fresh: Fresh[wire.Task]) -> WriteResult:
        self.tasks.require_allowed(step, fresh.task)
        member = await self.tasks.people.require_body_id(step.person, step.op)
        record = fresh.record
        if fresh.task is not None and record.member and record.member.id == str(member):
            return already_done(fresh.task)
        if record.member and step.options.get(SEEN, record.member.id) != record.member.id:
            title, member_name = record.subject or record.id, record.member.shown
            key = "xurrent.assigned_meanwhile"
            raise Conflict(self.tasks.api.name, step.op, key=key, title=title, person=member_name)
        try:
            updated = await self.tasks.api.update_task(step.task, step.op, {"member_id": member})
        except Rejected as error:
            if error.key != MEMBER_REFUSED:
                raise
            raise self.tasks.not_in_team(step, record, step.person, error) from error
        return WriteResult(tasks=self.tasks.mapped(updated))

    @reconciles(AssignTask)
    async def find_assigned(self, step: AssignTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        task, member = await self.tasks.fetch(step), await self.tasks.people.find_id(step.person, step.op)
        is_assigned = task.member is not None and task.member.id == member
        return applied_if(is_assigned, WriteResult(tasks=self.tasks.mapped(task)))
