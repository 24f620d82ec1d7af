"""One changing request each. Every function sends once, and returns what Cutover's answer told.

Where Cutover says that something was already so, the task or runbook is read to see what is really the case:
its codes say that a second action is too late, not who was first or what came of it.
"""

from dataclasses import dataclass
from typing import Any

from adapters.cutover import mapping, wire
from adapters.cutover import start as starting
from adapters.cutover.errors import codes
from adapters.cutover.mapping import EVERYONE_STARTS, STATUSES
from adapters.cutover.reads import Reads
from adapters.cutover.text import sign, to_html
from adapters.errors import AdapterError, Conflict, Rejected
from adapters.models import Comment, RunKey, RunState, Task, TaskState
from adapters.writes import (
    AddComment,
    AddTask,
    BeginTask,
    FinishTask,
    HoldTask,
    SetStatus,
    StartRun,
    TaskWrite,
    Write,
    WriteMarker,
    WriteResult,
)

RUNNING = (RunState.ACTIVE, RunState.PAUSED)
SUCCESSORS = "selected successor ids"  # the field in words, as a refusal names it
OVERRODE = "Done with a runbook administrator's override."
Remark = AddComment | HoldTask | FinishTask | BeginTask
"""What writes a comment: of a finish or begin, its part "note"."""


@dataclass
class Writes:
    reading: Reads
    workspace: str = ""

    async def copy(self, step: StartRun, template: bool | None) -> WriteResult:
        """Makes the run, in planning. A runbook that is no template is the run itself: nothing is written."""
        starting.check_messages(step)
        name, id = step.runbook.platform, step.runbook.id
        if template is None:
            found = await self.reading.runbook(id, "start")
            if not mapping.is_template(found):
                return WriteResult(run=RunKey(platform=name, id=id))
        body = await self._send("POST", "core/runbooks", "start", starting.copy_body(step, self.workspace))
        made = self.reading.written(wire.One[wire.Runbook], body, "start").data
        return WriteResult(run=RunKey(platform=name, id=made.id), state=RunState.STARTING)

    async def rename(self, step: StartRun) -> WriteResult:
        run = self.run_id(step)
        await self._change_runbook(run, {"name": step.title}, "start")
        return WriteResult(run=step.run)

    async def start(self, step: StartRun) -> WriteResult:
        starting.check_messages(step)
        run = self.run_id(step)
        path = f"core/runbooks/{self.reading.path(run, 'start')}/start"
        body = starting.start_body(step, copied=run != step.runbook.id)
        try:
            answer = await self._send("PATCH", path, "start", body)
        except (Rejected, Conflict) as error:
            if isinstance(error, Rejected) and error.key.startswith("cutover.start_checks"):
                raise starting.not_started(error, step, run) from error
            return await self._started_before(error, step, run)
        found = self.reading.written(wire.One[wire.Runbook], answer, "start").data
        return WriteResult(run=step.run, state=mapping.run_state(found))

    async def begin(self, step: TaskWrite) -> WriteResult:
        try:
            task = await self._act(step, "start", "begin", {"override": overrides(step)})
        except Conflict as error:
            return await self._begun_before(error, step)
        waits = task.state in (TaskState.READY, TaskState.WAITING)
        return (
            WriteResult(tasks=(task,), partial=True, message="cutover.start_recorded")
            if waits
            else WriteResult(tasks=(task,))
        )

    async def finish(self, step: FinishTask) -> WriteResult:
        meta: dict[str, Any] = {"override": overrides(step)}
        if step.then:
            if not step.then.isdecimal():
                raise Rejected(self._name, "finish", key="cutover.bad_branch")
            meta["selected_successor_ids"] = [int(step.then)]
        try:
            task = await self._act(step, "finish", "finish", meta)
        except Conflict as error:
            return await self._finished_before(error, step)
        except Rejected as error:
            if error.facts.get("field") != SUCCESSORS:
                raise
            raise Rejected(self._name, "finish", key="cutover.choose_branch", codes=codes(error)) from error
        if task.state.is_over:
            return WriteResult(tasks=(task,))
        return WriteResult(tasks=(task,), partial=True, message="cutover.finish_recorded")

    async def status(self, step: SetStatus, mark: WriteMarker) -> WriteResult:
        """Only what changes is sent: a missing ``status`` would otherwise fall back to its default, off."""
        changes: dict[str, Any] = {"status_message": sign(step.text, mark, step.next_at)}
        if step.health is not None:
            changes["status"] = STATUSES[step.health]
        found = await self._change_runbook(self.run_id(step), changes, "status")
        return WriteResult(health=mapping.health_note(found))

    async def comment(self, step: Remark, mark: WriteMarker) -> WriteResult:
        """On the task where there is one. Whoever reads it in Cutover sees the person's name in it."""
        words, task = comment_of(step)
        data: dict[str, Any] = {"type": "comment", "attributes": {"content": to_html(sign(words, mark))}}
        if task:
            data["relationships"] = {"task": {"data": {"id": task, "type": "task"}}}
        path = f"core/runbooks/{self.reading.path(self.run_id(step), 'comment')}/comments"
        answer = await self._send("POST", path, "comment", {"data": data})
        made = self.reading.written(wire.One[wire.Comment], answer, "comment").data
        said = Comment(id=made.id, text=words, by=mark.who, at=mark.at, task=task)
        return WriteResult(id=made.id, comment=said)

    async def add(self, step: AddTask, mark: WriteMarker) -> WriteResult:
        attributes = {"name": step.title, "description": sign("Added from chat", mark)}
        data: dict[str, Any] = {"type": "task", "attributes": attributes}
        if step.stage:
            data["relationships"] = {"stream": {"data": {"id": step.stage, "type": "stream"}}}
        path = f"core/runbooks/{self.reading.path(self.run_id(step), 'add')}/tasks"
        answer = await self._send("POST", path, "add", {"data": data})
        made = self.reading.written(wire.One[wire.Task], answer, "add").data
        return WriteResult(id=made.id, tasks=(mapping.single(made),))

    def run_id(self, step: Write) -> str:
        """A step that is carried out has its run: of a start, the one its copy made."""
        if step.run is None:
            raise Rejected(self._name, step.op.value, key="cutover.refused", said="the step names no runbook")
        return step.run.id

    @property
    def _name(self) -> str:
        return self.reading.caller.platform

    async def _send(self, method: str, path: str, operation: str, body: dict[str, Any]) -> Any:
        return await self.reading.caller.write(method, path, operation=operation, json=body)

    async def _change_runbook(self, id: str, attributes: dict[str, Any], operation: str) -> wire.Runbook:
        path = f"core/runbooks/{self.reading.path(id, operation)}"
        body = {"data": {"id": id, "type": "runbook", "attributes": attributes}}
        answer = await self._send("PATCH", path, operation, body)
        return self.reading.written(wire.One[wire.Runbook], answer, operation).data

    async def _act(self, step: TaskWrite, verb: str, operation: str, meta: dict[str, Any]) -> Task:
        run = self.reading.path(self.run_id(step), operation)
        path = f"core/runbooks/{run}/tasks/{self.reading.path(step.task, operation)}/{verb}"
        answer = await self._send("PATCH", path, operation, {"meta": meta})
        return mapping.single(self.reading.written(wire.One[wire.Task], answer, operation).data)

    async def _started_before(self, error: Rejected | Conflict, step: StartRun, run: str) -> WriteResult:
        """A second start is refused with no code of its own, so what the runbook is now decides."""
        try:
            found = await self.reading.runbook(run, "start")
        except AdapterError:
            raise error from None
        state = mapping.run_state(found)
        if state in RUNNING:
            return WriteResult(run=step.run, state=state, already=True)
        if state.is_over:
            raise Conflict(self._name, "start", key="cutover.run_is_over", said=error.said) from error
        if isinstance(error, Rejected):
            raise starting.not_started(error, step, run) from error
        raise error

    async def _begun_before(self, error: Conflict, step: TaskWrite) -> WriteResult:
        found = await self._now(step, error)
        if "task.user_already_started" in codes(error):
            partial = found.state is not TaskState.RUNNING
            says = "cutover.task.user_already_started" if partial else ""
            return WriteResult(tasks=(found,), already=True, partial=partial, message=says)
        if found.state is TaskState.RUNNING:
            return WriteResult(tasks=(found,), already=True)
        if found.state.is_over and isinstance(step, BeginTask):
            raise Conflict(self._name, "begin", key="cutover.task_is_over", said=error.said) from error
        if found.state.is_over:
            return WriteResult(tasks=(found,), already=True)  # the finish that follows says by whom
        raise await self._why_not(error, step)

    async def _finished_before(self, error: Conflict, step: FinishTask) -> WriteResult:
        found = await self._now(step, error)
        if "task.user_already_finished" in codes(error):
            partial = not found.state.is_over
            says = "cutover.task.user_already_finished" if partial else ""
            return WriteResult(tasks=(found,), already=True, partial=partial, message=says)
        if found.state.is_over:
            return WriteResult(tasks=(found,), already=True)
        if found.state is TaskState.READY and found.mark == EVERYONE_STARTS:
            raise Conflict(self._name, "finish", key="cutover.others_must_start", codes=codes(error)) from error
        raise await self._why_not(error, step)

    async def _why_not(self, refusal: Conflict, step: TaskWrite) -> Conflict:
        """Of a task that seems fit for it: it is the run that rests."""
        try:
            run = await self.reading.runbook(self.run_id(step), refusal.operation)
        except AdapterError:
            return refusal
        if mapping.run_state(run) is not RunState.PAUSED:
            return refusal
        return Conflict(self._name, refusal.operation, key="cutover.run_paused", codes=codes(refusal))

    async def _now(self, step: TaskWrite, refusal: Conflict) -> Task:
        """The task as it is. If it cannot be read, the refusal is all that is known, and it is certain."""
        try:
            return mapping.single(await self.reading.task(self.run_id(step), step.task, refusal.operation))
        except AdapterError:
            raise refusal from None


def comment_of(step: Remark) -> tuple[str, str | None]:
    """The text of the comment that a step writes, and the task it is written on."""
    match step:
        case HoldTask():
            return f"On hold: {step.reason}", step.task
        case FinishTask() | BeginTask():
            note = step.note.strip() if isinstance(step, FinishTask) else ""
            return "\n".join(filter(None, (note, OVERRODE if overrides(step) else ""))), step.task
    return step.text, step.task


def overrides(step: Write) -> bool:
    """Acting for somebody else needs a runbook administrator's token, and a person who may and confirmed it."""
    return step.options.get("override") == "true"
