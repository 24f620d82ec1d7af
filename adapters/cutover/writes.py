"""The write requests. Each method sends one request and returns what Cutover's response says.

When Cutover says that something was already done, the task or runbook is read to find its real state: the error
code only says that a second action came too late.
"""

from dataclasses import dataclass
from typing import Any

from adapters.cutover import mapping, wire
from adapters.cutover import start as starting
from adapters.cutover.api import CutoverApi
from adapters.cutover.errors import MESSAGES, error_codes
from adapters.cutover.text import add_signature, to_html
from adapters.errors import AdapterError, Conflict, Rejected
from adapters.models import Comment, RunKey, RunState, TaskState
from adapters.toolkit.messages import message_text
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
SUCCESSORS_FIELD = "selected successor ids"  # as ``errors`` names the field
OVERRIDE_NOTE = "Done with a runbook administrator's override."
CommentWrite = AddComment | HoldTask | FinishTask | BeginTask
"""The writes that post a comment. Of a finish or begin, it is the part "note"."""


@dataclass
class Writes:
    api: CutoverApi
    workspace: str = ""

    async def copy(self, step: StartRun, is_template: bool | None) -> WriteResult:
        """Copies a template into a runbook in planning. A planned runbook is the run itself: nothing is sent."""
        starting.require_comms_confirmed(step)
        platform, id = step.runbook.platform, step.runbook.id
        if is_template is None:
            found = await self.api.runbook(id, "start")
            if not mapping.is_template(found):
                return WriteResult(run=RunKey(platform=platform, id=id))
        body = starting.copy_body(step, self.workspace)
        response = await self.api.send("POST", "core/runbooks", "start", body)
        copy = self.api.parse_write_response(wire.SingleResponse[wire.Runbook], response, "start").data
        return WriteResult(run=RunKey(platform=platform, id=copy.id), state=RunState.STARTING)

    async def rename(self, step: StartRun) -> WriteResult:
        await self._update_runbook(self.run_id(step), {"name": step.title}, "start")
        return WriteResult(run=step.run)

    async def start(self, step: StartRun) -> WriteResult:
        starting.require_comms_confirmed(step)
        run = self.run_id(step)
        path = f"core/runbooks/{self.api.path_id(run, 'start')}/start"
        body = starting.start_body(step, is_copy=run != step.runbook.id)
        try:
            response = await self.api.send("PATCH", path, "start", body)
        except (Rejected, Conflict) as error:
            if isinstance(error, Rejected) and error.key.startswith("cutover.start_checks"):
                raise starting.start_rejected(error, step, run) from error
            return await self._resolve_failed_start(error, step, run)
        started = self.api.parse_write_response(wire.SingleResponse[wire.Runbook], response, "start").data
        return WriteResult(run=step.run, state=mapping.run_state(started))

    async def begin(self, step: TaskWrite) -> WriteResult:
        try:
            item = await self._act(step, "start", "begin", {"override": has_override(step)})
        except Conflict as error:
            return await self._resolve_begin_conflict(error, step)
        task = mapping.task(item)
        if task.state in (TaskState.READY, TaskState.WAITING):
            return WriteResult(tasks=(task,), partial=True, message="cutover.start_recorded")
        return WriteResult(tasks=(task,))

    async def finish(self, step: FinishTask) -> WriteResult:
        meta: dict[str, Any] = {"override": has_override(step)}
        if step.then:
            if not step.then.isdecimal():
                raise Rejected(self.api.platform, "finish", key="cutover.bad_branch")
            meta["selected_successor_ids"] = [int(step.then)]
        try:
            item = await self._act(step, "finish", "finish", meta)
        except Conflict as error:
            return await self._resolve_finish_conflict(error, step)
        except Rejected as error:
            if error.facts.get("field") != SUCCESSORS_FIELD:
                raise
            key = "cutover.choose_branch"
            raise Rejected(self.api.platform, "finish", key=key, codes=error_codes(error)) from error
        task = mapping.task(item)
        if task.state.is_over:
            return WriteResult(tasks=(task,))
        return WriteResult(tasks=(task,), partial=True, message="cutover.finish_recorded")

    async def status(self, step: SetStatus, marker: WriteMarker) -> WriteResult:
        """Sends only what changes, because a missing ``status`` could be read as its default, "off"."""
        changes: dict[str, Any] = {"status_message": add_signature(step.text, marker, step.next_at)}
        if step.health is not None:
            changes["status"] = mapping.STATUSES[step.health]
        runbook = await self._update_runbook(self.run_id(step), changes, "status")
        return WriteResult(health=mapping.run_health(runbook))

    async def comment(self, step: CommentWrite, marker: WriteMarker) -> WriteResult:
        """Posts the comment on the step's task, if it has one, otherwise on the runbook."""
        text, task = comment_content(step)
        content = to_html(add_signature(text, marker))
        data: dict[str, Any] = {"type": "comment", "attributes": {"content": content}}
        if task:
            data["relationships"] = {"task": {"data": {"id": task, "type": "task"}}}
        path = f"core/runbooks/{self.api.path_id(self.run_id(step), 'comment')}/comments"
        response = await self.api.send("POST", path, "comment", {"data": data})
        posted = self.api.parse_write_response(wire.SingleResponse[wire.Comment], response, "comment").data
        comment = Comment(id=posted.id, text=text, by=marker.who, at=marker.at, task=task)
        return WriteResult(id=posted.id, comment=comment)

    async def add(self, step: AddTask, marker: WriteMarker) -> WriteResult:
        attributes = {"name": step.title, "description": add_signature("Added from chat", marker)}
        data: dict[str, Any] = {"type": "task", "attributes": attributes}
        if step.stage:
            data["relationships"] = {"stream": {"data": {"id": step.stage, "type": "stream"}}}
        path = f"core/runbooks/{self.api.path_id(self.run_id(step), 'add')}/tasks"
        response = await self.api.send("POST", path, "add", {"data": data})
        task = self.api.parse_write_response(wire.SingleResponse[wire.Task], response, "add").data
        return WriteResult(id=task.id, tasks=(mapping.task(task),))

    def run_id(self, step: Write) -> str:
        """The id of the step's run. The later steps of a start have the run that the copy step made."""
        if step.run is None:
            said = message_text(MESSAGES, "cutover.label.no_runbook")
            raise Rejected(self.api.platform, step.op.value, key="cutover.refused", said=said)
        return step.run.id

    async def _update_runbook(self, id: str, attributes: dict[str, Any], operation: str) -> wire.Runbook:
        path = f"core/runbooks/{self.api.path_id(id, operation)}"
        body = {"data": {"id": id, "type": "runbook", "attributes": attributes}}
        response = await self.api.send("PATCH", path, operation, body)
        return self.api.parse_write_response(wire.SingleResponse[wire.Runbook], response, operation).data

    async def _act(self, step: TaskWrite, verb: str, operation: str, meta: dict[str, Any]) -> wire.Task:
        run = self.api.path_id(self.run_id(step), operation)
        path = f"core/runbooks/{run}/tasks/{self.api.path_id(step.task, operation)}/{verb}"
        response = await self.api.send("PATCH", path, operation, {"meta": meta})
        return self.api.parse_write_response(wire.SingleResponse[wire.Task], response, operation).data

    async def _resolve_failed_start(self, error: Rejected | Conflict, step: StartRun, run: str) -> WriteResult:
        """A second start is rejected without a code of its own, so the runbook's state decides."""
        try:
            runbook = await self.api.runbook(run, "start")
        except AdapterError:
            raise error from None
        state = mapping.run_state(runbook)
        if state in RUNNING:
            return WriteResult(run=step.run, state=state, already=True)
        if state.is_over:
            raise Conflict(self.api.platform, "start", key="cutover.run_is_over", said=error.said) from error
        if isinstance(error, Rejected):
            raise starting.start_rejected(error, step, run) from error
        raise error

    async def _resolve_begin_conflict(self, error: Conflict, step: TaskWrite) -> WriteResult:
        task = mapping.task(await self._reread_task(step, error))
        if "task.user_already_started" in error_codes(error):
            partial = task.state is not TaskState.RUNNING
            message = "cutover.task.user_already_started" if partial else ""
            return WriteResult(tasks=(task,), already=True, partial=partial, message=message)
        if task.state is TaskState.RUNNING:
            return WriteResult(tasks=(task,), already=True)
        if task.state.is_over and isinstance(step, BeginTask):
            raise Conflict(self.api.platform, "begin", key="cutover.task_is_over", said=error.said) from error
        if task.state.is_over:
            return WriteResult(tasks=(task,), already=True)  # the finish that follows reports who finished it
        raise await self._explain_conflict(error, step)

    async def _resolve_finish_conflict(self, error: Conflict, step: FinishTask) -> WriteResult:
        item = await self._reread_task(step, error)
        task = mapping.task(item)
        if "task.user_already_finished" in error_codes(error):
            partial = not task.state.is_over
            message = "cutover.task.user_already_finished" if partial else ""
            return WriteResult(tasks=(task,), already=True, partial=partial, message=message)
        if task.state.is_over:
            return WriteResult(tasks=(task,), already=True)
        if task.state is TaskState.READY and mapping.everyone_must_start(item):
            key = "cutover.others_must_start"
            raise Conflict(self.api.platform, "finish", key=key, codes=error_codes(error)) from error
        raise await self._explain_conflict(error, step)

    async def _explain_conflict(self, error: Conflict, step: TaskWrite) -> Conflict:
        """If nothing about the task explains the conflict, a paused run does."""
        try:
            run = await self.api.runbook(self.run_id(step), error.operation)
        except AdapterError:
            return error
        if mapping.run_state(run) is not RunState.PAUSED:
            return error
        codes = error_codes(error)
        return Conflict(self.api.platform, error.operation, key="cutover.run_paused", codes=codes)

    async def _reread_task(self, step: TaskWrite, error: Conflict) -> wire.Task:
        """Raises ``error``, which is certain, if the task can't be read."""
        try:
            return await self.api.task(self.run_id(step), step.task, error.operation)
        except AdapterError:
            raise error from None


def comment_content(step: CommentWrite) -> tuple[str, str | None]:
    """The text of the step's comment, and the id of the task to post it on."""
    match step:
        case HoldTask():
            return f"On hold: {step.reason}", step.task
        case FinishTask() | BeginTask():
            note = step.note.strip() if isinstance(step, FinishTask) else ""
            return "\n".join(filter(None, (note, OVERRIDE_NOTE if has_override(step) else ""))), step.task
    return step.text, step.task


def has_override(step: Write) -> bool:
    """Acting for somebody else needs a runbook administrator's token, and a permitted person's confirmation."""
    return step.options.get("override") == "true"
