"""Starting a run: copies the template into one new task, because the API can't instantiate a template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.errors import AdapterError, Rejected
from adapters.models import Listing, RunKey, RunState
from adapters.results import Applied, Baseline, Indeterminate, NotApplied, Reconciliation, Recovery, WriteResult
from adapters.runrunit.api import RunrunitApi
from adapters.runrunit.errors import with_key
from adapters.runrunit.people import People
from adapters.runrunit.reads import Reads
from adapters.runrunit.text import add_code
from adapters.runrunit.wire import WireSubtaskAssignee, WireTask, WireTemplate
from adapters.toolkit.steps import reconciles, step
from adapters.writes import StartRun, WriteMarker


@dataclass
class Starts:
    api: RunrunitApi
    people: People
    reads: Reads
    type_id: int

    @step(StartRun, recovery=Recovery.LOOKUP)
    async def start(self, step: StartRun, marker: WriteMarker) -> WriteResult:
        if step.options:
            option = ", ".join(step.options)
            raise Rejected(self.api.name, step.op, key="runrunit.no_option", option=option)
        template = await self.api.template(step.runbook.id, step.op)
        owner = await self.people.find(step.owner) if step.owner else None
        try:
            task = await self.api.create_task(self._body(step, marker, template, owner), step.op)
        except Rejected as error:
            raise with_key(error, "runrunit.start_refused") from error
        result = WriteResult(run=RunKey(platform=self.api.name, id=task.id), state=RunState.ACTIVE)
        if step.owner and owner is None:
            facts = {"person": step.owner.shown}
            result = result.model_copy(update={"message": "runrunit.nobody_assigned", "facts": facts})
        elif template.workflow_id:
            result = result.model_copy(update={"message": "runrunit.no_workflow"})
        try:
            return result.model_copy(update={"snapshot": await self.reads.new_run(task)})
        except AdapterError:
            return result  # the run has started; the next read shows its tasks

    @reconciles(StartRun)
    async def find_start(self, step: StartRun, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        """By its title, which no other task has. Open tasks come first, because they are few."""
        title = add_code(step.title, marker)
        listing = Listing[WireTask](())
        for include_closed in (False, True):
            listing = await self.api.project_tasks(step.op, include_closed=include_closed)
            for task in listing.items:
                if task.title.strip() == title:
                    run = RunKey(platform=self.api.name, id=task.id)
                    return Applied(WriteResult(run=run, state=RunState.ACTIVE))
        return NotApplied() if listing.complete else Indeterminate()

    def _body(
        self, step: StartRun, marker: WriteMarker, template: WireTemplate, owner: str | None
    ) -> dict[str, Any]:
        """Copies titles and people. A template's dates are relative to the day it was written, so they are not."""
        body = new_task_body(add_code(step.title, marker), template.type_id or self.type_id, self.api.project)
        assignments = [
            _assignment(item) for item in template.assignments if item.assignee_id and item.assignee_id != owner
        ]
        if owner:
            assignments.insert(0, {"assignee_id": owner})
        body["assignments"] = assignments
        body["subtasks_data"] = [
            {"title": subtask.title}
            | ({"assignments_data": assigned} if (assigned := _assignments(subtask.assignments_data)) else {})
            for subtask in template.subtasks_data
        ]
        if template.follower_ids:
            body["follower_ids"] = list(template.follower_ids)
        return body


def new_task_body(title: str, type_id: int, project: int) -> dict[str, Any]:
    """The fields that every new task needs. ``desired_date`` is required, but null in the samples."""
    return {
        "title": title,
        "on_going": False,
        "type_id": type_id,
        "project_id": project,
        "desired_date": None,
    }


def _assignment(item: WireSubtaskAssignee) -> Mapping[str, str | int]:
    return {"assignee_id": item.assignee_id} | ({} if item.team_id is None else {"team_id": item.team_id})


def _assignments(items: Sequence[WireSubtaskAssignee]) -> list[Mapping[str, str | int]]:
    return [_assignment(item) for item in items if item.assignee_id]
