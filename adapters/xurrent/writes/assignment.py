"""Assigns tasks."""

from dataclasses import dataclass

from adapters.errors import Rejected
from adapters.results import Baseline, Reconciliation, Recovery, WriteResult
from adapters.toolkit.guards import Fresh, already_done, checked_after
from adapters.toolkit.reconciliation import applied_if
from adapters.toolkit.steps import reconciles, step
from adapters.writes import AssignTask, TaskWrite, WriteMarker
from adapters.xurrent import wire
from adapters.xurrent.writes.tasks import MEMBER_REFUSED, TaskWrites


@dataclass
class Assignment:
    tasks: TaskWrites

    async def read_task(self, step: TaskWrite) -> Fresh[wire.Task]:
        return await self.tasks.read_task(step)

    @step(AssignTask, recovery=Recovery.IDEMPOTENT, guard=read_task)
    async def assign(self, step: AssignTask, marker: WriteMarker, fresh: Fresh[wire.Task]) -> WriteResult:
        self.tasks.require_allowed(step, fresh.task)
        member = await self.tasks.people.require_body_id(step.person, step.op)
        record = fresh.record
        if fresh.task is not None and record.member and record.member.id == str(member):
            return already_done(fresh.task)
        try:
            updated = await self.tasks.api.update_task(step.task, step.op, {"member_id": member})
        except Rejected as error:
            if error.key != MEMBER_REFUSED:
                raise
            raise self.tasks.not_in_team(step, record, step.person, error) from error
        result = WriteResult(tasks=self.tasks.mapped(updated))
        return checked_after(step, result, next(iter(result.tasks), None))

    @reconciles(AssignTask)
    async def find_assigned(self, step: AssignTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        task, member = await self.tasks.fetch(step), await self.tasks.people.find_id(step.person, step.op)
        is_assigned = task.member is not None and task.member.id == member
        return applied_if(is_assigned, WriteResult(tasks=self.tasks.mapped(task)))
