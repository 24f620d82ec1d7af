"""Writes to tasks and runs: begin, finish, added tasks, statuses and comments.

Cutover itself refuses to begin or finish a task that is over (Cutover Public API, "Error Codes"), so nothing is
read before. Then the task is read to find its real state: the error code only says that the action came too late.
A hold and a status are guarded by a read: a comment is always accepted, and no code is documented for a status.
"""

from dataclasses import dataclass
from typing import Any

from adapters.cutover import mapping, wire
from adapters.cutover.api import CutoverApi
from adapters.cutover.errors import error_codes
from adapters.cutover.options import custom_fields, shows_fields
from adapters.cutover.reads import Reads
from adapters.cutover.tasks import everyone_must_start, map_task, predecessors, task_state
from adapters.cutover.text import ADDED, SIGNER, to_html, to_text
from adapters.errors import AdapterError, Conflict, Rejected
from adapters.models import Listing, RunState, TaskState
from adapters.results import Applied, Baseline, Indeterminate, NotApplied, Reconciliation, Recovery, WriteResult
from adapters.toolkit.comments import PostedComment, SignedComments, comment_text
from adapters.toolkit.guards import Fresh, Guard, run_is_over, task_is_over, with_race
from adapters.toolkit.reconciliation import applied_if, read_or_raise
from adapters.toolkit.steps import reconciles, step
from adapters.toolkit.timestamps import parse_timestamp
from adapters.writes import (
    AddComment,
    AddTask,
    BeginTask,
    FinishTask,
    HoldTask,
    SetStatus,
    TaskWrite,
    Write,
    WriteMarker,
)

SUCCESSORS_FIELD = "selected successor ids"  # as ``errors`` names the field
OVERRIDE_NOTE = "Done with a runbook administrator's override."
BeginStep = BeginTask | FinishTask
"""A begin, or the part of a finish that begins the task first."""


@dataclass
class TaskWrites:
    """Cutover rejects a second begin or finish, so both can be sent again."""

    api: CutoverApi
    reads: Reads

    @step(BeginTask, recovery=Recovery.IDEMPOTENT, guard=Guard.PLATFORM)
    @step(FinishTask, part="begin", recovery=Recovery.IDEMPOTENT, guard=Guard.PLATFORM)
    async def begin(self, step: BeginStep, marker: WriteMarker) -> WriteResult:
        await self._require_decision(step)
        try:
            item = await self._act(step, "start", "begin", {"override": has_override(step)})
        except Conflict as error:
            return await self._resolve_begin_conflict(error, step)
        is_partial = task_state(item) in (TaskState.READY, TaskState.WAITING)
        return self._result(step, item, partial=is_partial, message="cutover.start_recorded")

    @step(FinishTask, recovery=Recovery.IDEMPOTENT, guard=Guard.PLATFORM)
    async def finish(self, step: FinishTask, marker: WriteMarker) -> WriteResult:
        meta: dict[str, Any] = {"override": has_override(step)}
        if step.then:
            if not step.then.isdecimal():
                raise Rejected(self.api.platform, "finish", key="cutover.bad_branch")
            await self._require_decision(step)
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
        is_partial = not task_state(item).is_over
        return self._result(step, item, partial=is_partial, message="cutover.finish_recorded")

    @step(BeginTask, FinishTask, part="fields", recovery=Recovery.IDEMPOTENT, guard=Guard.PLATFORM)
    async def set_fields(self, step: BeginStep, marker: WriteMarker) -> WriteResult:
        """Cutover refuses to change a task that is over."""
        path = self.api.path(step.op, "runbooks", step.run_id, "tasks", step.task)
        body = {"data": {"id": step.task, "type": "task", "attributes": custom_fields(step.fields)}}
        item = await self.api.write("PATCH", path, step.op, body, wire.TaskResponse)
        return self._result(step, item)

    @reconciles(BeginTask, FinishTask, part="fields")
    async def find_fields(self, step: BeginStep, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        item = await self.api.task(step.run_id, step.task, step.op)
        is_set = shows_fields(item.attributes.custom_field_values, step.fields)
        return applied_if(is_set, WriteResult(tasks=(map_task(item),)))

    @reconciles(BeginTask)
    @reconciles(FinishTask, part="begin")
    async def find_begin(self, step: BeginStep, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        """One person's part of a begin that everyone must do is invisible, but safe to send again."""
        task = map_task(await self.api.task(step.run_id, step.task, step.op))
        return applied_if(task.state.is_over or task.state is TaskState.RUNNING, WriteResult(tasks=(task,)))

    @reconciles(FinishTask)
    async def find_finish(self, step: FinishTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        """As for a begin, one person's part is invisible."""
        task = map_task(await self.api.task(step.run_id, step.task, step.op))
        return applied_if(task.state is TaskState.DONE, WriteResult(tasks=(task,)))

    async def _require_decision(self, step: BeginStep) -> None:
        """Cutover may ignore a branch that is named for a task that doesn't decide. Reads the run if need be."""
        if not isinstance(step, FinishTask) or not step.then:
            return
        if self.reads.decision(step.run_id, step.task).decides is None:
            await self.reads.run(step.run_id)
        decision = self.reads.decision(step.run_id, step.task)
        if decision.decides is False:
            raise Rejected(self.api.platform, "finish", key="changed.no_branches", task=decision.title)

    def _result(
        self, step: BeginStep, item: wire.Task, *, already: bool = False, partial: bool = False, message: str = ""
    ) -> WriteResult:
        """``message`` is for a partial result. Others have changed what is ``already`` so, and maybe more; with an
        override, tasks go on that still wait for others."""
        is_alone = not already and not has_override(step)
        extent = self.reads.changes_nothing_else(step.run_id) if is_alone else {}
        message = message if partial else ""
        return self.reads.result(step, item, already=already, partial=partial, message=message, **extent)

    async def _act(self, step: BeginStep, verb: str, operation: str, meta: dict[str, Any]) -> wire.Task:
        path = self.api.path(operation, "runbooks", step.run_id, "tasks", step.task, verb)
        return await self.api.write("PATCH", path, operation, {"meta": meta}, wire.TaskResponse)

    async def _resolve_begin_conflict(self, error: Conflict, step: BeginStep) -> WriteResult:
        item = await read_or_raise(self.api.task(step.run_id, step.task, error.operation), error)
        state = task_state(item)
        key = "cutover.task.user_already_started"
        if "task.user_already_started" in error_codes(error):
            is_partial = state is not TaskState.RUNNING
            return self._result(step, item, already=True, partial=is_partial, message=key)
        if state is TaskState.RUNNING:
            return self._result(step, item, already=True)
        if state.is_over and isinstance(step, BeginTask):
            raise task_is_over(self.api.platform, step, map_task(item)) from error
        if state.is_over:
            return self._result(step, item, already=True)  # the finish that follows reports who finished it
        raise await self._explain_conflict(error, step)

    async def _resolve_finish_conflict(self, error: Conflict, step: FinishTask) -> WriteResult:
        item = await read_or_raise(self.api.task(step.run_id, step.task, error.operation), error)
        state = task_state(item)
        key = "cutover.task.user_already_finished"
        if "task.user_already_finished" in error_codes(error):
            return self._result(step, item, already=True, partial=not state.is_over, message=key)
        if state is TaskState.DONE:
            return self._result(step, item, already=True)
        if state.is_over:
            raise task_is_over(self.api.platform, step, map_task(item)) from error
        if state is TaskState.READY and everyone_must_start(item):
            key = "cutover.others_must_start"
            raise Conflict(self.api.platform, "finish", key=key, codes=error_codes(error)) from error
        raise await self._explain_conflict(error, step)

    async def _explain_conflict(self, error: Conflict, step: BeginStep) -> Conflict:
        """If nothing about the task explains the conflict, a run that is paused or over does."""
        run = await read_or_raise(self.api.runbook(step.run_id, error.operation), error)
        if mapping.run_state(run).is_over:
            return run_is_over(self.api.platform, step)
        if mapping.run_state(run) is not RunState.PAUSED:
            return error
        codes = error_codes(error)
        return Conflict(self.api.platform, error.operation, key="cutover.run_paused", codes=codes)


@dataclass
class RunWrites:
    api: CutoverApi
    reads: Reads

    async def read_run(self, step: Write) -> Fresh[wire.Runbook]:
        return await self.reads.fresh_run(step)

    @step(SetStatus, recovery=Recovery.LOOKUP, guard=read_run)
    async def status(self, step: SetStatus, marker: WriteMarker, fresh: Fresh[wire.Runbook]) -> WriteResult:
        """Sends only what changes, because a missing ``status`` could be read as its default, "off"."""
        changes: dict[str, Any] = {"status_message": SIGNER.sign(step.text, marker, step.next_at)}
        if step.health is not None:
            changes["status"] = mapping.STATUSES[step.health]
        runbook = await self.api.update_runbook(step.run_id, changes, "status")
        return WriteResult(health=mapping.run_health(runbook), **self.reads.changes_nothing_else(step.run_id))

    @reconciles(SetStatus)
    async def find_status(self, step: SetStatus, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        """Sending again must not overwrite a status that somebody else has set since."""
        runbook = await self.api.runbook(step.run_id, "status")
        if marker.is_in(runbook.attributes.status_message):
            return Applied(WriteResult(health=mapping.run_health(runbook)))
        updated_at = parse_timestamp(runbook.attributes.status_updated_at)
        is_newer = updated_at is not None and updated_at > baseline.sent_at
        return Indeterminate() if is_newer else NotApplied()

    @step(AddTask, recovery=Recovery.LOOKUP)
    async def add(self, step: AddTask, marker: WriteMarker) -> WriteResult:
        attributes = {"name": step.title, "description": SIGNER.sign(ADDED, marker)}
        data: dict[str, Any] = {"type": "task", "attributes": attributes}
        relations: dict[str, Any] = {}
        if step.stage:
            relations["stream"] = {"data": {"id": step.stage, "type": "stream"}}
        if step.after:
            relations["predecessors"] = {"data": [{"id": id, "type": "task"} for id in step.after]}
        if relations:
            data["relationships"] = relations
        path = self.api.path("add", "runbooks", step.run_id, "tasks")
        item = await self.api.write("POST", path, "add", {"data": data}, wire.TaskResponse)
        return await self._added(step, item)

    async def _added(self, step: AddTask, item: wire.Task) -> WriteResult:
        """Says so if Cutover has ignored what the task waits for. A response without it says nothing."""
        result = WriteResult(id=item.id, tasks=(map_task(item),))
        if not step.after:
            return result
        try:
            listed = await self.api.tasks(step.run_id, "add") if not predecessors(item) else ()
        except AdapterError:
            return result  # the task was added; the next read shows what it waits for
        item = next((task for task in listed if task.id == item.id), item)
        is_linked = set(step.after) <= set(predecessors(item))
        return result if is_linked else result.model_copy(update={"message": "cutover.not_linked"})

    @reconciles(AddTask)
    async def find_added_task(self, step: AddTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        """By the code in its description, or by its title if the server drops descriptions."""
        tasks = await self.api.tasks(step.run_id, "add")
        found = next((task for task in tasks if marker.is_in(task.attributes.description)), None)
        if found is None and baseline.ids:
            new = [task for task in tasks if task.id not in baseline.ids and task.attributes.name == step.title]
            unsigned = (task for task in new if not SIGNER.read(task.attributes.description or "").code)
            found = next(unsigned, None)
        if found is None:
            return NotApplied()
        return Applied(await self._added(step, found))


@dataclass
class Comments(SignedComments):
    api: CutoverApi
    reads: Reads
    signer = SIGNER

    async def read_task(self, step: TaskWrite) -> Fresh[wire.Task]:
        return await self.reads.fresh_task(step)

    @step(AddComment, recovery=Recovery.LOOKUP)
    @step(BeginTask, FinishTask, part="note", recovery=Recovery.LOOKUP, guard=Guard.EARLIER_STEP)
    async def write(self, step: Write, marker: WriteMarker) -> WriteResult:
        written = await self.write_comment(step, marker)
        return written.model_copy(update=self.reads.changes_nothing_else(step.run_id))

    @step(HoldTask, recovery=Recovery.LOOKUP, guard=read_task)
    async def hold(self, step: HoldTask, marker: WriteMarker, fresh: Fresh[wire.Task]) -> WriteResult:
        return await with_race(step, await self.write_comment(step, marker), self.read_task)

    @reconciles(AddComment, HoldTask)
    @reconciles(BeginTask, FinishTask, part="note")
    async def find(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        return await self.find_comment(step, marker, baseline)

    def text_of(self, step: Write) -> str:
        """A note also says that an override was used."""
        if not isinstance(step, BeginTask | FinishTask):
            return comment_text(step)
        note = step.note.strip() if isinstance(step, FinishTask) else ""
        return "\n".join(filter(None, (note, OVERRIDE_NOTE if has_override(step) else "")))

    async def send_comment(self, step: Write, text: str, marker: WriteMarker) -> PostedComment:
        data: dict[str, Any] = {"type": "comment", "attributes": {"content": to_html(text)}}
        if step.target:
            data["relationships"] = {"task": {"data": {"id": step.target, "type": "task"}}}
        path = self.api.path("comment", "runbooks", step.run_id, "comments")
        item = await self.api.write("POST", path, "comment", {"data": data}, wire.CommentResponse)
        self.reads.people.own_user = item.related_id(mapping.AUTHOR) or self.reads.people.own_user
        return PostedComment(id=item.id)

    async def list_comments(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Listing[PostedComment]:
        listing = await self.api.comments(step.run_id, step.target or None, "comment")
        posted = [PostedComment(id=item.id, text=to_text(item.attributes.content)) for item in listing.items]
        return Listing(posted[::-1], complete=listing.complete)


def has_override(step: Write) -> bool:
    """Acting for somebody else needs a runbook administrator's token, and a permitted person's confirmation."""
    return step.options.get("override") == "true"
