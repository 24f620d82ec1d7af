"""Writes to tasks: one changing request each.

A guard reads the task before it is changed: approvals are never given here, and what is already as asked is not
written again. The run is not read: it ends when all of its tasks are over. No document has a table of allowed
status transitions, so the server decides, and its refusal is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.errors import Conflict, Rejected
from adapters.models import Person, Task, TaskState
from adapters.results import Baseline, Reconciliation, WriteResult
from adapters.toolkit.guards import Fresh
from adapters.toolkit.reconciliation import applied_if
from adapters.toolkit.steps import reconciles, step
from adapters.toolkit.timestamps import parse_timestamp
from adapters.writes import BeginTask, FinishTask, HoldTask, Op, SkipTask, TaskWrite, WriteMarker
from adapters.xurrent import mapping, wire
from adapters.xurrent.api import Api
from adapters.xurrent.changes import ChangeReads
from adapters.xurrent.links import Links
from adapters.xurrent.people import People
from adapters.xurrent.reads import WorkflowReads
from adapters.xurrent.text import label, wire_time
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


MEMBER_REFUSED = "xurrent.member"


@dataclass
class TaskWrites:
    """``itrp``: the old API, which can't look people up."""

    api: Api
    reads: WorkflowReads | ChangeReads
    people: People
    links: Links
    notes: Notes
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
        takes = isinstance(step, BeginTask) and task.member is None
        member = await self.people.find_id_if_readable(step.by, step.op) if takes else None
        if isinstance(step, BeginTask) and task.member is not None:  # whose it is, by the address
            await self.people.load_emails([task.member.id], step.op)
        if member is None and self._is_already_done(step, task):
            return WriteResult(tasks=self.mapped(task), already=True)
        target = TARGET_STATUS[step.op]
        body: dict[str, Any] = {"status": target}
        if isinstance(step, HoldTask) and step.until:
            body["waiting_until"] = wire_time(step.until)
        result = WriteResult()
        if member:
            body["member_id"] = self.api.body_id(member, step.op)
        elif takes:
            result = self._not_taken(step)
        try:
            updated = await self.notes.update_task(step, body, marker)
        except Rejected as error:
            if error.key != MEMBER_REFUSED:
                raise
            updated = await self._assign_first(step, task, body, marker, error)
            result = WriteResult(message="xurrent.assigned_first", facts={"person": step.by.shown})
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
        until = step.until if isinstance(step, HoldTask) else None
        is_until = until is None or parse_timestamp(task.waiting_until) == parse_timestamp(wire_time(until))
        is_set = task.status == TARGET_STATUS[step.op] and is_until
        is_nobodys = isinstance(step, BeginTask) and task.member is None
        result = self._not_taken(step) if is_nobodys else WriteResult()
        return applied_if(is_set, result.model_copy(update={"tasks": self.mapped(task)}))

    def _not_taken(self, step: TaskWrite) -> WriteResult:
        """A begin by somebody who is not known there, of a task that is nobody's."""
        return WriteResult(message=self.key("not_taken"), facts={"person": step.by.shown})

    async def _assign_first(
        self, step: TaskWrite, task: wire.Task, body: dict[str, Any], marker: WriteMarker, error: Rejected
    ) -> wire.Task | None:
        """Sends a change that was refused for want of a member again, with the person who makes it as member.

        Raises ``Rejected`` where that is not possible, with the next step.
        """
        if "member_id" in body:
            raise self.not_in_team(step, task, step.by, error) from error
        member = await self.people.find_id_if_readable(step.by, step.op) if task.member is None else None
        if member is None:
            facts: dict[str, Any] = {"title": task.subject or task.id, "team": _team_name(task)}
            key = "xurrent.member_needed" if task.member is None else "xurrent.member_stale"
            raise Rejected(self.api.name, step.op, key=key, said=error.said, assign_first=True, **facts) from error
        try:
            return await self.notes.update_task(
                step, {**body, "member_id": self.api.body_id(member, step.op)}, marker
            )
        except Rejected as again:
            if again.key != MEMBER_REFUSED:
                raise
            raise self.not_in_team(step, task, step.by, again) from again

    def not_in_team(self, step: TaskWrite, task: wire.Task, person: Person, error: Rejected) -> Rejected:
        facts: dict[str, Any] = {
            "title": task.subject or task.id,
            "team": _team_name(task),
            "person": person.shown,
        }
        key = "xurrent.not_in_team"
        return Rejected(self.api.name, step.op, key=key, said=error.said, assign_first=True, **facts)

    def key(self, name: str) -> str:
        """The key of a message about somebody who is not known there, which differs on the old API."""
        return f"xurrent.itrp_{name}" if self.itrp else f"xurrent.{name}"

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
        if task.status != TARGET_STATUS[step.op] or not isinstance(step, HoldTask):
            return task.status == TARGET_STATUS[step.op]
        if self.itrp:  # notes can't be read there, so a lost second reason could not be told from the first
            raise Conflict(self.api.name, step.op, key="xurrent.held", title=task.subject or task.id)
        return False


def _team_name(task: wire.Task) -> str:
    return task.team.shown if task.team else label("its_team")
