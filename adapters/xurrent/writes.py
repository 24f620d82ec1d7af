"""Changes of tasks, and the notes: one changing request each.

A task is read before it is changed: an approval is never given here, whoever names it in a range, and what is
already so is not done again. The arrows between the statuses are the server's own: where a document is silent we
ask, and show its refusal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.errors import Conflict, Rejected
from adapters.models import Comment, RunHealth, Task, TaskState
from adapters.models import Health as HealthWord
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
from adapters.xurrent import text as words
from adapters.xurrent.api import Api
from adapters.xurrent.changes import Changes
from adapters.xurrent.links import Links
from adapters.xurrent.people import People
from adapters.xurrent.reads import Workflows

STATUSES: Mapping[Op, str] = {
    Op.FINISH: "completed",
    Op.BEGIN: "in_progress",
    Op.SKIP: "canceled",
    Op.HOLD: "waiting_for",
}
NOT_OF_APPROVALS = (Op.FINISH, Op.BEGIN, Op.SKIP, Op.ASSIGN)  # nobody is given one, who then gives it
NOT_OF_AUTOMATIC = (Op.FINISH, Op.BEGIN, Op.HOLD)
NOT_WHILE_WAITING = (Op.FINISH, Op.BEGIN, Op.HOLD)


@dataclass
class Writes:
    """``old``: the API of the tasks page, whose durations are hours (since 2019 they are minutes)."""

    api: Api
    reads: Workflows | Changes
    people: People
    links: Links
    team_id: str
    old: bool

    async def task(self, step: TaskWrite, mark: WriteMarker) -> WriteResult:
        path = f"tasks/{self.api.id(step.task, step.op)}"
        found = await self.api.one(wire.Task, path, step.op)
        self.refuse(step, await self._shown(found), automatic=found.category in mapping.AUTOMATIC)
        if self._is_so(step, found):
            return WriteResult(tasks=self.shown(found), already=True)
        body, says = await self._change(step, found, mark)
        answer = await self.api.change(step.task, step.op, body)
        reason = step.reason if isinstance(step, HoldTask) else ""
        if reason:
            self.reads.remember(step.task, reason)
        told = WriteResult(tasks=self.shown(answer, reason), message=says, facts={"person": step.by.shown})
        wanted = STATUSES.get(step.op)
        if wanted and answer and answer.status and answer.status != wanted:
            otherwise = {"status": answer.status.replace("_", " ")}
            return told.model_copy(update={"message": "xurrent.shows_otherwise", "facts": otherwise})
        return told

    def shown(self, answer: wire.Task | None, reason: str = "") -> tuple[Task, ...]:
        """The task as an answer tells it; nothing where that was cut short."""
        return (self.people.named(mapping.single(answer, self.links, reason=reason)),) if answer else ()

    def refuse(self, step: TaskWrite, task: Task, *, automatic: bool | None = None) -> None:
        """Raises what this task's kind or state forbids, by a snapshot or by what was read just now."""
        op, facts = step.op, _facts(title=task.title, link=task.link or "")
        if task.approval and op in NOT_OF_APPROVALS and not task.state.is_over:
            who = task.mark.removeprefix(mapping.APPROVAL).lstrip(": ") or "people"
            raise Rejected(self.api.name, op, key=_where("xurrent.approval", task), people=who, **facts)
        automatic = task.mark == mapping.AUTOMATIC_MARK if automatic is None else automatic
        if automatic and op in NOT_OF_AUTOMATIC and not task.state.is_over:
            raise Rejected(self.api.name, op, key="xurrent.automatic", **facts)
        if task.state is TaskState.WAITING and op in NOT_WHILE_WAITING:
            raise Conflict(self.api.name, op, key="xurrent.waits", **facts)

    async def add(self, step: AddTask, mark: WriteMarker) -> WriteResult:
        run = self.run_id(step)
        if len(step.title) > words.SUBJECT_LETTERS:
            raise Rejected(self.api.name, step.op, key="xurrent.title_long", most=words.SUBJECT_LETTERS)
        member = await self.people.id_if_shown(step.assignee, step.op) if step.assignee else None
        body: dict[str, Any] = {
            "subject": step.title,
            "category": "implementation",
            "planned_duration": 1 if self.old else 60,
            "team_id": self.api.number(await self._team(step, run), step.op),
            "impact": "none",
            "source": words.SOURCE,
            "sourceID": words.key(mark),
        }
        if step.stage:
            body["phase_id"] = self.api.number(step.stage, step.op)
        if member:
            body["member_id"] = self.api.number(member, step.op)
        for field, ids in (("predecessor_ids", step.after), ("successor_ids", step.before)):
            if ids:
                body[field] = [self.api.number(id, step.op) for id in ids]
        path = f"{self.links.noun}/{self.api.id(run, step.op)}/tasks"
        made = await self.api.write("POST", path, step.op, body, wire.Task)
        told = WriteResult(id=made.id, tasks=self.shown(made))
        if step.assignee and not member:
            facts = {"person": step.assignee.shown}
            return told.model_copy(update={"message": "xurrent.nobody_assigned", "facts": facts})
        return told

    async def status(self, step: SetStatus, mark: WriteMarker) -> WriteResult:
        await self._note(step, words.status_text(step), mark)
        return self.said(step, mark)

    async def comment(self, step: AddComment, mark: WriteMarker) -> WriteResult:
        """Of a task, or of the run. The old API takes a note with a change of the task, and tells no id."""
        if self.old:
            note = {"note": self._text(step, step.text, mark)}
            answer = await self.api.change(step.task or "", step.op, note)
            said = Comment(text=step.text, by=mark.who, at=mark.at, task=step.task)
            return WriteResult(comment=said, tasks=self.shown(answer))
        made = await self._note(step, step.text, mark)
        return WriteResult(id=made.id, comment=self.comment_of(step, mark, made.id))

    def comment_of(self, step: AddComment, mark: WriteMarker, id: str) -> Comment:
        return Comment(id=id, text=step.text, by=mark.who, at=mark.at, task=step.task)

    def said(self, step: SetStatus, mark: WriteMarker) -> WriteResult:
        health = step.health or HealthWord.UNSET
        note = RunHealth(health=health, text=step.text, by=mark.who, at=mark.at, due=step.next_at)
        return WriteResult(health=note)

    def run_id(self, step: Write) -> str:
        if step.run is None:
            raise Rejected(self.api.name, step.op, key="xurrent.refused", said="the step names no run")
        return step.run.id

    def is_done(self, step: TaskWrite, found: wire.Task, member: str | None) -> bool:
        """Whether the task is as this step wants it, whoever made it so."""
        if isinstance(step, AssignTask):
            return found.member is not None and found.member.id == member
        return found.status == STATUSES.get(step.op)

    def _is_so(self, step: TaskWrite, found: wire.Task) -> bool:
        """Raises ``Conflict`` where the task is over in another way."""
        state = mapping.task_state(found)
        if found.status == STATUSES.get(step.op):
            if not isinstance(step, HoldTask):
                return state.is_over or found.member is not None or self.old
            if self.old:  # there a new reason could not be told from the one that was given
                raise Conflict(self.api.name, step.op, key="xurrent.held", title=found.subject or found.id)
        if state.is_over and step.op in STATUSES:
            facts = _facts(title=found.subject or found.id, status=found.status or state.value)
            raise Conflict(self.api.name, step.op, key="xurrent.over", **facts)
        return False

    async def _change(self, step: TaskWrite, found: wire.Task, mark: WriteMarker) -> tuple[dict[str, Any], str]:
        """(the body, a sentence's key). A note goes along: some tasks cannot be completed without one."""
        if isinstance(step, AssignTask):
            return {"member_id": await self._member(step)}, ""
        body: dict[str, Any] = {"status": STATUSES[step.op]}
        note, says = note_of(step), ""
        if note:
            body["note"] = self._text(step, note, mark)
        if isinstance(step, BeginTask) and found.member is None:
            member = await self.people.id_if_shown(step.by, step.op)
            if member:
                body["member_id"] = self.api.number(member, step.op)
            else:
                says = "xurrent.not_taken"
        return body, says

    async def _member(self, step: AssignTask) -> int:
        member = await self.people.id(step.person, step.op)
        if member is None:
            raise Rejected(self.api.name, step.op, key="xurrent.unknown_person", person=step.person.shown)
        return self.api.number(member, step.op)

    async def _team(self, step: AddTask, run: str) -> str:
        """The one in the settings, else that of the run's last task (of the same stage, where one is named)."""
        if self.team_id:
            return self.team_id
        found = sorted(
            await self.reads.tasks(run, step.op), key=lambda task: mapping.number(task.id), reverse=True
        )
        teams = [task for task in found if task.team]
        alike = [task for task in teams if step.stage and task.phase and task.phase.id == step.stage]
        for task in (*alike, *teams):
            if task.team:
                return task.team.id
        raise Rejected(self.api.name, step.op, key="xurrent.no_team")

    async def _shown(self, found: wire.Task) -> Task:
        asked = found.category == mapping.APPROVAL and not found.member and not mapping.task_state(found).is_over
        approvals = await self.reads.approvals(found.id, "show") if asked else ()
        return mapping.single(found, self.links, approvals)

    async def _note(self, step: AddComment | SetStatus, text: str, mark: WriteMarker) -> wire.CreatedRecord:
        task = step.task if isinstance(step, AddComment) else None
        place = (
            f"tasks/{self.api.id(task, step.op)}"
            if task
            else f"workflows/{self.api.id(self.run_id(step), step.op)}"
        )
        body = {"text": self._text(step, text, mark)}
        return await self.api.write("POST", f"{place}/notes", step.op, body, wire.CreatedRecord)

    def _text(self, step: Write, text: str, mark: WriteMarker) -> str:
        whole = words.signed(text, mark)
        if words.too_long(whole):
            raise Rejected(self.api.name, step.op, key="xurrent.text_long", most="64 KB")
        return whole


def note_of(step: TaskWrite) -> str:
    """What is written on the task along with its new status."""
    match step:
        case FinishTask(note=note):
            return note.strip()
        case SkipTask(reason=reason) | HoldTask(reason=reason):
            return reason.strip()
    return ""


def _where(key: str, task: Task) -> str:
    return f"{key}_at" if task.link else key


def _facts(**facts: str) -> dict[str, Any]:
    return facts
