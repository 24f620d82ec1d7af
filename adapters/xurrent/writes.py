"""Writes to tasks, and notes: one changing request each.

A task is read before it is changed: approvals are never given here, and what is already as asked is not written
again. No document has a table of allowed status transitions, so the server decides, and its refusal is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.errors import Conflict, Rejected
from adapters.models import Comment, Health, RunHealth, Task, TaskState
from adapters.writes import (
    AddComment,
    AddTask,
    AssignTask,
    BeginTask,
    FinishTask,
    HoldTask,
    Op,
    SetStatus,
    SkipTask,
    TaskWrite,
    Write,
    WriteMarker,
    WriteResult,
)
from adapters.xurrent import mapping, wire
from adapters.xurrent.api import Api
from adapters.xurrent.changes import ChangeReads
from adapters.xurrent.links import Links
from adapters.xurrent.people import People
from adapters.xurrent.reads import WorkflowReads
from adapters.xurrent.text import MAX_SUBJECT_LENGTH, SOURCE, is_too_long, label, sign, source_id, status_text

TARGET_STATUS: Mapping[Op, str] = {
    Op.FINISH: "completed",
    Op.BEGIN: "in_progress",
    Op.SKIP: "canceled",
    Op.HOLD: "waiting_for",
}
# Assigning an approval is refused too: people could assign one to themselves and then give it.
REFUSED_FOR_APPROVALS = (Op.FINISH, Op.BEGIN, Op.SKIP, Op.ASSIGN)
REFUSED_FOR_AUTOMATIC = (Op.FINISH, Op.BEGIN, Op.HOLD)
REFUSED_WHILE_WAITING = (Op.FINISH, Op.BEGIN, Op.HOLD)


@dataclass
class Writes:
    """``itrp``: the old API, whose durations are in hours (minutes since 2019)."""

    api: Api
    reads: WorkflowReads | ChangeReads
    people: People
    links: Links
    team_id: str
    itrp: bool

    async def change_task(self, step: TaskWrite, marker: WriteMarker) -> WriteResult:
        path = f"tasks/{self.api.path_id(step.task, step.op)}"
        task = await self.api.fetch(wire.Task, path, step.op)
        self.require_allowed(step, await self._map_with_approvals(task))
        if self._is_already_done(step, task):
            return WriteResult(tasks=self.mapped(task), already=True)
        body, message = await self._task_body(step, task, marker)
        updated = await self.api.update_task(step.task, step.op, body)
        reason = step.reason if isinstance(step, HoldTask) else ""
        if reason:
            self.reads.remember_hold_reason(step.task, reason)
        result = WriteResult(tasks=self.mapped(updated, reason), message=message, facts={"person": step.by.shown})
        target = TARGET_STATUS.get(step.op)
        if target and updated and updated.status and updated.status != target:
            facts = {"status": updated.status.replace("_", " ")}
            return result.model_copy(update={"message": "xurrent.shows_otherwise", "facts": facts})
        return result

    def mapped(self, task: wire.Task | None, reason: str = "") -> tuple[Task, ...]:
        """For ``WriteResult.tasks``: empty if the response had no task."""
        return (self.people.with_emails(mapping.map_task(task, self.links, reason=reason)),) if task else ()

    def require_allowed(self, step: TaskWrite, task: Task) -> None:
        """Raises if the task's kind or state forbids this, as read now or in the snapshot."""
        op, facts = step.op, _facts(title=task.title, link=task.link or "")
        if task.approval and op in REFUSED_FOR_APPROVALS and not task.state.is_over:
            people = task.mark.removeprefix(mapping.APPROVAL).lstrip(": ") or label("approvers")
            key = "xurrent.approval_at" if task.link else "xurrent.approval"
            raise Rejected(self.api.name, op, key=key, people=people, **facts)
        if task.automatic and op in REFUSED_FOR_AUTOMATIC and not task.state.is_over:
            raise Rejected(self.api.name, op, key="xurrent.automatic", **facts)
        if task.state is TaskState.WAITING and op in REFUSED_WHILE_WAITING:
            raise Conflict(self.api.name, op, key="xurrent.waits", **facts)

    async def add(self, step: AddTask, marker: WriteMarker) -> WriteResult:
        run = self.run_id(step)
        if len(step.title) > MAX_SUBJECT_LENGTH:
            raise Rejected(self.api.name, step.op, key="xurrent.title_long", most=MAX_SUBJECT_LENGTH)
        member = await self.people.find_id_if_readable(step.assignee, step.op) if step.assignee else None
        body: dict[str, Any] = {
            "subject": step.title,
            "category": "implementation",
            "planned_duration": 1 if self.itrp else 60,
            "team_id": self.api.body_id(await self._team_id(step, run), step.op),
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
        path = f"{self.links.run_path}/{self.api.path_id(run, step.op)}/tasks"
        created = await self.api.write("POST", path, step.op, body, wire.Task)
        result = WriteResult(id=created.id, tasks=self.mapped(created))
        if step.assignee and not member:
            facts = {"person": step.assignee.shown}
            return result.model_copy(update={"message": "xurrent.nobody_assigned", "facts": facts})
        return result

    async def set_status(self, step: SetStatus, marker: WriteMarker) -> WriteResult:
        await self._create_note(step, status_text(step), marker)
        return self.status_result(step, marker)

    async def comment(self, step: AddComment, marker: WriteMarker) -> WriteResult:
        """The old API takes a note only with an update of a task, and does not return its ID."""
        if self.itrp:
            note = {"note": self._signed(step, step.text, marker)}
            updated = await self.api.update_task(step.task or "", step.op, note)
            return WriteResult(comment=self.comment_model(step, marker, ""), tasks=self.mapped(updated))
        created = await self._create_note(step, step.text, marker)
        return WriteResult(id=created.id, comment=self.comment_model(step, marker, created.id))

    def comment_model(self, step: AddComment, marker: WriteMarker, id: str) -> Comment:
        return Comment(id=id, text=step.text, by=marker.who, at=marker.at, task=step.task)

    def status_result(self, step: SetStatus, marker: WriteMarker) -> WriteResult:
        health = step.health or Health.UNSET
        return WriteResult(
            health=RunHealth(health=health, text=step.text, by=marker.who, at=marker.at, due=step.next_at)
        )

    def run_id(self, step: Write) -> str:
        if step.run is None:
            raise Rejected(self.api.name, step.op, key="xurrent.refused", said=label("no_run"))
        return step.run.id

    def is_done(self, step: TaskWrite, task: wire.Task, member: str | None) -> bool:
        """Whether the task is as this step wants it, whoever did it. ``member``: the ID of the new assignee."""
        if isinstance(step, AssignTask):
            return task.member is not None and task.member.id == member
        return task.status == TARGET_STATUS.get(step.op)

    def _is_already_done(self, step: TaskWrite, task: wire.Task) -> bool:
        """Raises ``Conflict`` if the task is over in another way."""
        state = mapping.task_state(task)
        if task.status == TARGET_STATUS.get(step.op):
            if not isinstance(step, HoldTask):
                return state.is_over or task.member is not None or self.itrp
            if self.itrp:  # notes can't be read there, so a lost second reason could not be told from the first
                raise Conflict(self.api.name, step.op, key="xurrent.held", title=task.subject or task.id)
        if state.is_over and step.op in TARGET_STATUS:
            facts = _facts(title=task.subject or task.id, status=task.status or state.value)
            raise Conflict(self.api.name, step.op, key="xurrent.over", **facts)
        return False

    async def _task_body(
        self, step: TaskWrite, task: wire.Task, marker: WriteMarker
    ) -> tuple[dict[str, Any], str]:
        """(body, message key). The note is in the same request: some tasks can't be completed without one."""
        if isinstance(step, AssignTask):
            return {"member_id": await self._member_id(step)}, ""
        body: dict[str, Any] = {"status": TARGET_STATUS[step.op]}
        note, message = note_text(step), ""
        if note:
            body["note"] = self._signed(step, note, marker)
        if isinstance(step, BeginTask) and task.member is None:
            member = await self.people.find_id_if_readable(step.by, step.op)
            if member:
                body["member_id"] = self.api.body_id(member, step.op)
            else:
                message = "xurrent.not_taken"
        return body, message

    async def _member_id(self, step: AssignTask) -> int:
        member = await self.people.find_id(step.person, step.op)
        if member is None:
            raise Rejected(self.api.name, step.op, key="xurrent.unknown_person", person=step.person.shown)
        return self.api.body_id(member, step.op)

    async def _team_id(self, step: AddTask, run: str) -> str:
        """The one in the settings, else that of the run's newest task, preferably one of the same stage."""
        if self.team_id:
            return self.team_id
        newest_first = sorted(
            await self.reads.tasks(run, step.op), key=lambda task: mapping.id_order(task.id), reverse=True
        )
        same_stage = [task for task in newest_first if step.stage and task.phase and task.phase.id == step.stage]
        for task in (*same_stage, *newest_first):
            if task.team:
                return task.team.id
        raise Rejected(self.api.name, step.op, key="xurrent.no_team")

    async def _map_with_approvals(self, task: wire.Task) -> Task:
        several = task.category == mapping.APPROVAL and not task.member and not mapping.task_state(task).is_over
        approvals = await self.reads.approvals(task.id, "show") if several else ()
        return mapping.map_task(task, self.links, approvals)

    async def _create_note(
        self, step: AddComment | SetStatus, text: str, marker: WriteMarker
    ) -> wire.CreatedRecord:
        if step.target:
            path = f"tasks/{self.api.path_id(step.target, step.op)}/notes"
        else:
            path = f"workflows/{self.api.path_id(self.run_id(step), step.op)}/notes"
        body = {"text": self._signed(step, text, marker)}
        return await self.api.write("POST", path, step.op, body, wire.CreatedRecord)

    def _signed(self, step: Write, text: str, marker: WriteMarker) -> str:
        signed = sign(text, marker)
        if is_too_long(signed):
            raise Rejected(self.api.name, step.op, key="xurrent.text_long", most="64 KB")
        return signed


def note_text(step: TaskWrite) -> str:
    """The note that is written with the new status."""
    match step:
        case FinishTask(note=note):
            return note.strip()
        case SkipTask(reason=reason) | HoldTask(reason=reason):
            return reason.strip()
    return ""


def _facts(**facts: str) -> dict[str, Any]:
    return facts
