"""Writes to tasks: one changing request each.

A guard reads the task before it is changed: approvals are never given here, and what is already as asked is not
written again. The run is not read: it ends when all of its tasks are over. No document has a table of allowed
status transitions, so the server decides, and its refusal is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.errors import Conflict, Rejected
from adapters.models import Task, TaskState
from adapters.toolkit.guards import Fresh, already_done
from adapters.toolkit.reconciliation import applied_if
from adapters.toolkit.steps import reconciles, step
from adapters.writes import (
    AddTask,
    AssignTask,
    Baseline,
    BeginTask,
    FinishTask,
    HoldTask,
    Op,
    Reconciliation,
    Recovery,
    SkipTask,
    TaskWrite,
    WriteMarker,
    WriteResult,
)
from adapters.xurrent import mapping, wire
from adapters.xurrent.api import Api
from adapters.xurrent.changes import ChangeReads
from adapters.xurrent.links import Links
from adapters.xurrent.people import People
from adapters.xurrent.reads import WorkflowReads
from adapters.xurrent.text import MAX_SUBJECT_LENGTH, SOURCE, label, source_id
from adapters.xurrent.writes.notes import Notes

TARGET_STATUS: Mapping[Op, str] = {
    Op.FINISH: "completed",
    Op.BEGIN: "in_progress",
    Op.SKIP: "canceled",
    Op.HOLD: "waiting_for",
}
# Assigning an approval is refused too: people could assign one to themselves and then give it.
REFUSED_FOR_APPROVALS = (Op.FINISH, Op.BEGIN, Op.SKIP, Op.HOLD, Op.ASSIGN)
REFUSED_FOR_AUTOMATIC = (Op.FINISH, Op.BEGIN, Op.HOLD)
REFUSED_WHILE_WAITING = (Op.FINISH, Op.BEGIN, Op.HOLD)


@dataclass
class TaskWrites:
    """``itrp``: the old API, whose durations are in hours (minutes since 2019)."""

    api: Api
    reads: WorkflowReads | ChangeReads
    people: People
    links: Links
    notes: Notes
    team_id: str
    itrp: bool

    async def read_task(self, step: TaskWrite) -> Fresh[wire.Task]:
        """With the approvers of an open approval, for the message that says whose it is."""
        task = await self.fetch(step)
        several = task.category == mapping.APPROVAL and not task.member and not mapping.task_state(task).is_over
        approvals = await self.reads.approvals(task.id, "show") if several else ()
        mapped = mapping.map_task(task, self.links, approvals)
        return Fresh(task, task=self.people.with_emails(mapped))

    @step(
        *(FinishTask, BeginTask, SkipTask, HoldTask),
        recovery=lambda writes, step: writes.notes.recovery(step),
        guard=read_task,
    )
    async def set_status(self, step: TaskWrite, marker: WriteMarker, fresh: Fresh[wire.Task]) -> WriteResult:
        task = fresh.record
        self.require_allowed(step, fresh.task)
        if self._is_already_done(step, task):
            return WriteResult(tasks=self.mapped(task), already=True)
        target = TARGET_STATUS[step.op]
        body: dict[str, Any] = {"status": target}
        result = WriteResult()
        if isinstance(step, BeginTask) and task.member is None:
            member = await self.people.find_id_if_readable(step.by, step.op)
            if member:
                body["member_id"] = self.api.body_id(member, step.op)
            else:
                result = WriteResult(message="xurrent.not_taken", facts={"person": step.by.shown})
        updated = await self.notes.update_task(step, body, marker)
        reason = step.reason if isinstance(step, HoldTask) else ""
        if reason:
            self.reads.remember_hold_reason(step.task, reason)
        if updated and updated.status and updated.status != target:
            facts = {"status": updated.status.replace("_", " ")}
            result = WriteResult(message="xurrent.shows_otherwise", facts=facts)
        return result.model_copy(update={"tasks": self.mapped(updated, reason)})

    @reconciles(FinishTask, BeginTask, SkipTask, HoldTask)
    async def find_status(self, step: TaskWrite, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        task = await self.fetch(step)
        return applied_if(task.status == TARGET_STATUS[step.op], WriteResult(tasks=self.mapped(task)))

    @step(AddTask, recovery=Recovery.LOOKUP)
    async def add(self, step: AddTask, marker: WriteMarker) -> WriteResult:
        if len(step.title) > MAX_SUBJECT_LENGTH:
            raise Rejected(self.api.name, step.op, key="xurrent.title_long", most=MAX_SUBJECT_LENGTH)
        member = await self.people.find_id_if_readable(step.assignee, step.op) if step.assignee else None
        body: dict[str, Any] = {
            "subject": step.title,
            "category": "implementation",
            "planned_duration": 1 if self.itrp else 60,
            "team_id": self.api.body_id(await self._team_id(step), step.op),
            "impact": "none",
            "source": SOURCE,
            "sourceID": source_id(marker),
        }
        if step.stage:
            body["phase_id"] = self.api.body_id(step.stage, step.op)
        if member:
            body["member_id"] = self.api.body_id(member, step.op)
        for field, ids in (("predecessor_ids", step.after), ("successor_ids", step.before)):
            if ids:
                body[field] = [self.api.body_id(id, step.op) for id in ids]
        path = f"{self.links.run_path}/{self.api.path_id(step.run_id, step.op)}/tasks"
        created = await self.api.write("POST", path, step.op, body, wire.Task)
        result = WriteResult(id=created.id, tasks=self.mapped(created))
        if step.assignee and not member:
            facts = {"person": step.assignee.shown}
            return result.model_copy(update={"message": "xurrent.nobody_assigned", "facts": facts})
        return result

    @reconciles(AddTask)
    async def find_added(self, step: AddTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        """By ``sourceID``, which both generations of the API keep."""
        for task in await self.reads.tasks(step.run_id, step.op):
            if task.source_id == source_id(marker):
                return applied_if(True, WriteResult(id=task.id, tasks=self.mapped(task)))
        return applied_if(False)

    async def fetch(self, step: TaskWrite) -> wire.Task:
        return await self.api.fetch(wire.Task, f"tasks/{self.api.path_id(step.task, step.op)}", step.op)

    def require_allowed(self, step: TaskWrite, task: Task | None) -> None:
        """Raises if the task's kind or state forbids this, as read now or in the snapshot."""
        op = step.op
        if task is None:
            return
        facts: dict[str, Any] = {"title": task.title, "link": task.link or ""}
        if task.approval and op in REFUSED_FOR_APPROVALS and not task.state.is_over:
            people = task.mark.removeprefix(mapping.APPROVAL).lstrip(": ") or label("approvers")
            key = "xurrent.approval_at" if task.link else "xurrent.approval"
            raise Rejected(self.api.name, op, key=key, people=people, **facts)
        if task.automatic and op in REFUSED_FOR_AUTOMATIC and not task.state.is_over:
            raise Rejected(self.api.name, op, key="xurrent.automatic", **facts)
        if task.state is TaskState.WAITING and op in REFUSED_WHILE_WAITING:
            raise Conflict(self.api.name, op, key="xurrent.waits", **facts)

    def mapped(self, task: wire.Task | None, reason: str = "") -> tuple[Task, ...]:
        """For ``WriteResult.tasks``: empty if the response had no task."""
        return (self.people.with_emails(mapping.map_task(task, self.links, reason=reason)),) if task else ()

    def _is_already_done(self, step: TaskWrite, task: wire.Task) -> bool:
        if task.status != TARGET_STATUS[step.op]:
            return False
        if not isinstance(step, HoldTask):
            return task.member is not None or self.itrp
        if self.itrp:  # notes can't be read there, so a lost second reason could not be told from the first
            raise Conflict(self.api.name, step.op, key="xurrent.held", title=task.subject or task.id)
        return False

    async def _team_id(self, step: AddTask) -> str:
        """The one in the settings, else that of the run's newest task, preferably one of the same stage."""
        if self.team_id:
            return self.team_id
        tasks = await self.reads.tasks(step.run_id, step.op)
        newest_first = sorted(tasks, key=lambda task: mapping.id_order(task.id), reverse=True)
        same_stage = [task for task in newest_first if step.stage and task.phase and task.phase.id == step.stage]
        for task in (*same_stage, *newest_first):
            if task.team:
                return task.team.id
        raise Rejected(self.api.name, step.op, key="xurrent.no_team")


@dataclass
class Assignment:
    """Assigns tasks, in the new API: the old one can't look people up."""

    tasks: TaskWrites
    people: People

    async def read_task(self, step: TaskWrite) -> Fresh[wire.Task]:
        return await self.tasks.read_task(step)

    @step(AssignTask, recovery=Recovery.IDEMPOTENT, guard=read_task)
    async def assign(self, step: AssignTask, marker: WriteMarker, fresh: Fresh[wire.Task]) -> WriteResult:
        self.tasks.require_allowed(step, fresh.task)
        body = {"member_id": await self.people.require_body_id(step.person, step.op)}
        if fresh.task is not None and fresh.record.member and fresh.record.member.id == str(body["member_id"]):
            return already_done(fresh.task)
        return WriteResult(tasks=self.tasks.mapped(await self.tasks.api.update_task(step.task, step.op, body)))

    @reconciles(AssignTask)
    async def find_assigned(self, step: AssignTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        task, member = await self.tasks.fetch(step), await self.people.find_id(step.person, step.op)
        is_assigned = task.member is not None and task.member.id == member
        return applied_if(is_assigned, WriteResult(tasks=self.tasks.mapped(task)))
