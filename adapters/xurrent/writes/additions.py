"""Adds tasks to a run."""

from dataclasses import dataclass
from typing import Any

from adapters.errors import Rejected
from adapters.results import Applied, Baseline, Indeterminate, NotApplied, Reconciliation, Recovery, WriteResult
from adapters.toolkit.steps import reconciles, step
from adapters.writes import AddTask, WriteMarker
from adapters.xurrent import mapping, wire
from adapters.xurrent.text import MAX_SUBJECT_LENGTH, SOURCE, source_id
from adapters.xurrent.writes.tasks import TaskWrites


@dataclass
class Additions:
    """``itrp``: the old API, whose durations are in hours (minutes since 2019)."""

    tasks: TaskWrites
    team_id: str
    itrp: bool

    @step(AddTask, recovery=Recovery.LOOKUP)
    async def add(self, step: AddTask, marker: WriteMarker) -> WriteResult:
        api, people = self.tasks.api, self.tasks.people
        if len(step.title) > MAX_SUBJECT_LENGTH:
            raise Rejected(api.name, step.op, key="xurrent.title_long", most=MAX_SUBJECT_LENGTH)
        member = await people.find_id_if_readable(step.assignee, step.op) if step.assignee else None
        body: dict[str, Any] = {
            "subject": step.title,
            "category": "implementation",
            "planned_duration": 1 if self.itrp else 60,
            "team_id": api.body_id(await self._team_id(step), step.op),
            "impact": "none",
            "source": SOURCE,
            "sourceID": source_id(marker),
        }
        if step.stage:
            body["phase_id"] = api.body_id(step.stage, step.op)
        if member:
            body["member_id"] = api.body_id(member, step.op)
        for field, ids in (("predecessor_ids", step.after), ("successor_ids", step.before)):
            if ids:
                body[field] = [api.body_id(id, step.op) for id in ids]
        path = f"{self.tasks.links.run_path}/{api.path_id(step.run_id, step.op)}/tasks"
        created = await api.write("POST", path, step.op, body, wire.Task)
        return self._added(step, created, is_assigned=bool(member))

    @reconciles(AddTask)
    async def find_added(self, step: AddTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        """By ``sourceID``, which both generations of the API keep."""
        tasks = await self.tasks.reads.tasks(step.run_id, step.op)
        for task in tasks:
            if task.source_id == source_id(marker):
                return Applied(self._added(step, task, is_assigned=task.member is not None))
        return NotApplied() if tasks.complete else Indeterminate()

    def _added(self, step: AddTask, task: wire.Task, *, is_assigned: bool) -> WriteResult:
        result = WriteResult(id=task.id, tasks=self.tasks.mapped(task))
        if step.assignee is None or is_assigned:
            return result
        facts = {"person": step.assignee.shown}
        return result.model_copy(update={"message": self.tasks.key("nobody_assigned"), "facts": facts})

    async def _team_id(self, step: AddTask) -> str:
        """The one in the settings, else that of the run's newest task, preferably one of the same stage."""
        if self.team_id:
            return self.team_id
        tasks = await self.tasks.reads.tasks(step.run_id, step.op)
        newest_first = sorted(tasks, key=lambda task: mapping.id_order(task.id), reverse=True)
        same_stage = [task for task in newest_first if step.stage and task.phase and task.phase.id == step.stage]
        for task in (*same_stage, *newest_first):
            if task.team:
                return task.team.id
        raise Rejected(self.tasks.api.name, step.op, key="xurrent.no_team")
