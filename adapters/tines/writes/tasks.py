"""Changes to one task. A Tines task has a description, assignees and "completed"; other states are built from
these.

Each change is guarded by a read of the task and its case: an assignment replaces the whole list of assignees
(Tines API, Case tasks, Update), a skip is written into the description, and only a read shows that somebody else
was faster.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

from adapters.errors import AdapterError, OutcomeUnknown, Rejected
from adapters.models import Person, TaskState
from adapters.results import Baseline, Reconciliation, Recovery, WriteResult
from adapters.tines import mapping, wire
from adapters.tines import text as texts
from adapters.tines.api import Api
from adapters.tines.errors import MESSAGES
from adapters.tines.people import People
from adapters.tines.running import RunningTasks
from adapters.tines.writes.races import Races, is_noted_twice
from adapters.tines.writes.views import ReadTask, TaskViews
from adapters.toolkit.guards import Fresh, Guard, already_done, checked_after, with_race
from adapters.toolkit.messages import message_text
from adapters.toolkit.reconciliation import applied_if, find_by_code
from adapters.toolkit.steps import reconciles, step
from adapters.writes import (
    AddTask,
    AssignTask,
    BeginTask,
    FinishTask,
    ReopenTask,
    SkipTask,
    TaskWrite,
    Write,
    WriteMarker,
)

ASSIGN = "assign"  # the part of a begin that assigns the task
MARK = "mark"  # the part of a reopen that removes "running"


@dataclass
class TaskWrites:
    api: Api
    people: People
    views: TaskViews
    running: RunningTasks
    races: Races = field(init=False)

    def __post_init__(self) -> None:
        self.races = Races(self.api, self.views)

    async def read_task(self, step: TaskWrite) -> Fresh[ReadTask]:
        began = monotonic()
        case, task = await asyncio.gather(
            self.api.case(step.run_id, step.op.value), self.api.task(step.run_id, step.task, step.op.value)
        )
        others = [other for other in case.tasks if other.id != task.id]
        case = await self.running.current(case, [task, *others], step.op.value)
        running = mapping.running_since(case, step.task)
        self.views.set_running(step, running)
        read = ReadTask(task, began, case.activities, mapping.last_change(case, [task, *others]))
        return Fresh(read, task=mapping.task(task, running), run_state=mapping.run_state(case))

    async def read_after(self, step: TaskWrite) -> Fresh[ReadTask]:
        """After a write. Says who has completed the task, if anybody has."""
        fresh = await self.read_task(step)
        if fresh.task is None or not fresh.task.state.is_over:
            return fresh
        by = await self.races.finisher(step, fresh.record.task)
        return replace(fresh, task=fresh.task.model_copy(update={"finished_by": by}))

    # Finish, skip, reopen

    @step(FinishTask, ReopenTask, recovery=Recovery.IDEMPOTENT, guard=read_task)
    @step(SkipTask, recovery=Recovery.LOOKUP, guard=read_task)
    async def set_state(self, step: TaskWrite, marker: WriteMarker, fresh: Fresh[ReadTask]) -> WriteResult:
        before = fresh.record.task
        changed = await self._update(step, _state_change(step, before))
        if changed.completed is isinstance(step, ReopenTask):  # the next read shows what is true
            said = message_text(MESSAGES, "tines.label.change_not_shown")
            raise OutcomeUnknown(self.api.platform, step.op.value, said=said)
        result = WriteResult(tasks=(self.views.task(step, changed),))
        was_skipped, is_skipped = (texts.skip_reason(task.description) is not None for task in (before, changed))
        if is_skipped and not was_skipped and not isinstance(step, SkipTask):
            return result.model_copy(update={"message": "tines.raced_skip"})
        if isinstance(step, ReopenTask):
            return result
        return await self.races.with_race(result, step, fresh.record, changed, "TASK_COMPLETED")

    @reconciles(FinishTask, SkipTask, ReopenTask)
    async def reconcile_state(self, step: TaskWrite, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        task = await self.api.task(step.run_id, step.task, step.op.value)
        return self._reconciled(step, task, _has_state(step, task))

    # Begin, and its undoing by a reopen: a note in the case's metadata

    @step(BeginTask, recovery=Recovery.LOOKUP, guard=read_task)
    async def begin(self, step: BeginTask, marker: WriteMarker, fresh: Fresh[ReadTask]) -> WriteResult:
        if fresh.task is not None and fresh.task.state is TaskState.RUNNING:
            return already_done(fresh.task)
        value = texts.format_running(marker, fresh.record.changed)
        await self.api.set_metadata(step.run_id, {texts.running_key(step.task): value}, "begin")
        self.views.set_running(step, texts.parse_running(value))
        return await self._check_begun(step, fresh.record)

    async def _check_begun(self, step: BeginTask, before: ReadTask) -> WriteResult:
        """Somebody may have finished the task meanwhile, or begun it too: the later note replaces the earlier."""
        result = WriteResult(tasks=(self.views.task(step, before.task),))
        try:
            now = await self.read_after(step)
        except AdapterError:
            return result  # the begin is done
        result = checked_after(step, result, now.task)
        if not result.too_late and is_noted_twice(before.activities, now.record.activities):
            return result.model_copy(update={"message": "tines.raced_metadata"})
        return result

    @reconciles(BeginTask)
    async def reconcile_begin(self, step: BeginTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        """Found by the receipt's code: an older note may be that of a task that was reopened since."""
        case = await self.api.case(step.run_id, "begin")
        is_applied = marker.is_in(case.metadata.get(texts.running_key(step.task), ""))
        if is_applied:
            self.views.set_running(step, mapping.running_since(case, step.task))
        return applied_if(is_applied)

    @step(ReopenTask, part=MARK, recovery=Recovery.LOOKUP, guard=Guard.EARLIER_STEP)
    async def clear_running(self, step: ReopenTask, marker: WriteMarker) -> WriteResult:
        """Unless somebody has begun it again since the step before."""
        note = mapping.running_since(await self.api.case(step.run_id, "reopen"), step.task)
        before = self.views.of(step).running.get(step.task)
        if note is not None and (note.since > marker.at if before is None else note != before):
            self.views.set_running(step, note)
            return WriteResult(message="tines.raced_begin", facts={"by": note.by})
        value = texts.format_reopened(marker)
        await self.api.set_metadata(step.run_id, {texts.running_key(step.task): value}, "reopen")
        self.views.set_running(step, None)
        return WriteResult()

    @reconciles(ReopenTask, part=MARK)
    async def reconcile_clear_running(
        self, step: ReopenTask, marker: WriteMarker, baseline: Baseline
    ) -> Reconciliation:
        running = mapping.running_since(await self.api.case(step.run_id, "reopen"), step.task)
        return applied_if(running is None)

    # Assignees

    @step(BeginTask, part=ASSIGN, recovery=Recovery.IDEMPOTENT, guard=read_task)
    async def assign_to_beginner(
        self, step: BeginTask, marker: WriteMarker, fresh: Fresh[ReadTask]
    ) -> WriteResult:
        """Assigns an unassigned task to whoever begins it. The begin stands if Tines does not know them."""
        task = fresh.record.task
        unchanged = WriteResult(tasks=(self.views.task(step, task),))
        if task.assignees:
            return unchanged
        email = await self.people.email(step.by, "begin")
        if not email:
            return _nobody_assigned(unchanged, step.by)
        try:
            changed = await self._update(step, {"assignee_emails": [email]})
        except Rejected as error:
            said = error.said or message_text(MESSAGES, "tines.label.no_reason")
            return unchanged.model_copy(update={"message": "tines.assign_refused", "facts": {"said": said}})
        result = WriteResult(tasks=(self.views.task(step, changed),))
        return result if changed.assignees else _nobody_assigned(result, step.by)

    @reconciles(BeginTask, part=ASSIGN)
    async def reconcile_assign_to_beginner(
        self, step: BeginTask, marker: WriteMarker, baseline: Baseline
    ) -> Reconciliation:
        task = await self.api.task(step.run_id, step.task, "begin")
        return self._reconciled(step, task, bool(task.assignees))

    @step(AssignTask, recovery=Recovery.IDEMPOTENT, guard=read_task)
    async def assign(self, step: AssignTask, marker: WriteMarker, fresh: Fresh[ReadTask]) -> WriteResult:
        """Tines replaces the list of assignees. So the present ones are sent too, unless it is taken over."""
        task = fresh.record.task
        email = await self._required_email(step)
        if await self._is_assigned(step, task, email):
            return already_done(self.views.task(step, task))
        kept = () if step.take_over else await self.people.required_emails(task.assignees, "assign")
        changed = await self._update(step, {"assignee_emails": [*kept, email]})
        emails = [user.email.casefold() for user in changed.assignees]
        if all(emails) and email.casefold() not in emails:
            raise Rejected(self.api.platform, "assign", key="tines.not_a_member", person=step.person.shown)
        result = WriteResult(tasks=(self.views.task(step, changed),))
        if changed.completed:
            return await with_race(step, result, self.read_after)
        return await self.races.with_race(result, step, fresh.record, changed, "TASK_ASSIGNED")

    @reconciles(AssignTask)
    async def reconcile_assign(self, step: AssignTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        task = await self.api.task(step.run_id, step.task, "assign")
        return self._reconciled(step, task, await self._is_assigned(step, task, await self._required_email(step)))

    async def _is_assigned(self, step: AssignTask, task: wire.Task, email: str) -> bool:
        """Whether they have the task; alone, if they take it over."""
        if step.take_over:
            return [user.email.casefold() for user in task.assignees] == [email.casefold()]
        present = await self.people.required_emails(task.assignees, "assign")
        return email.casefold() in (address.casefold() for address in present)

    async def _required_email(self, step: AssignTask) -> str:
        email = await self.people.email(step.person, "assign")
        if not email:
            raise Rejected(self.api.platform, "assign", key="tines.no_email", person=step.person.shown)
        return email

    async def set_assignees(self, step: Write, task: str, emails: Sequence[str]) -> wire.Task:
        """Replaces all of them."""
        path = self.api.task_path(step.run_id, task, step.op.value)
        body = {"assignee_emails": list(emails)}
        return (await self.api.write("PUT", path, body, wire.TaskResponse, step.op.value)).task

    # A new task

    @step(AddTask, recovery=Recovery.LOOKUP)
    async def add(self, step: AddTask, marker: WriteMarker) -> WriteResult:
        """The description says who added it, and ``reconcile_add`` finds it by that signature."""
        added_by = f"Added by {texts.SIGNER.signature(marker)}"
        body: dict[str, Any] = {"description": f"{texts.escape_mentions(step.title)}\n\n{added_by}"}
        email = await self.people.email(step.assignee, "add") if step.assignee else ""
        if email:
            body["assignee_emails"] = [email]
        path = f"{self.api.case_path(step.run_id, 'add')}/tasks"
        task = (await self.api.write("POST", path, body, wire.TaskResponse, "add")).task
        return _added(step, task)

    @reconciles(AddTask)
    async def reconcile_add(self, step: AddTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        return find_by_code(
            await self.api.tasks(step.run_id, "add"),
            marker,
            text=lambda task: task.description,
            result=lambda task: _added(step, task),
        )

    async def _update(self, step: TaskWrite, body: dict[str, Any]) -> wire.Task:
        path = self.api.task_path(step.run_id, step.task, step.op.value)
        return (await self.api.write("PUT", path, body, wire.TaskResponse, step.op.value)).task

    def _reconciled(self, step: TaskWrite, task: wire.Task, is_applied: bool) -> Reconciliation:
        return applied_if(is_applied, WriteResult(tasks=(self.views.task(step, task),)))


def _has_state(step: TaskWrite, task: wire.Task) -> bool:
    match step:
        case FinishTask():  # what is skipped was completed by somebody else
            return task.completed and texts.skip_reason(task.description) is None
        case SkipTask():
            return task.completed and texts.skip_reason(task.description) is not None
    return not task.completed


def _state_change(step: TaskWrite, task: wire.Task) -> dict[str, Any]:
    match step:
        case SkipTask():
            return {"description": texts.add_skip_prefix(task.description, step.reason), "completed": True}
        case ReopenTask() if texts.skip_reason(task.description) is not None:
            return {"description": texts.remove_skip_prefix(task.description), "completed": False}
    return {"completed": not isinstance(step, ReopenTask)}


def _added(step: AddTask, task: wire.Task) -> WriteResult:
    result = WriteResult(id=task.id, tasks=(mapping.task(task),))
    return _nobody_assigned(result, step.assignee) if step.assignee and not task.assignees else result


def _nobody_assigned(result: WriteResult, person: Person) -> WriteResult:
    return result.model_copy(update={"message": "tines.nobody_assigned", "facts": {"person": person.shown}})
