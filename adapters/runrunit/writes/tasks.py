"""Writes to one task. A guard reads it first: assignment ids change, and Runrun.it rejects without a reason.

``play`` and ``pause`` control a person's real working time, so they are only sent for the person who asked, and
never for somebody without a Runrun.it user. Runrun.it calls finishing a task "deliver".
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from adapters.errors import AdapterError, Conflict, NotFound, Rejected
from adapters.runrunit import mapping
from adapters.runrunit.api import RunrunitApi
from adapters.runrunit.errors import with_key
from adapters.runrunit.links import Links
from adapters.runrunit.people import People
from adapters.runrunit.reads import Reads
from adapters.runrunit.text import plain_title
from adapters.runrunit.wire import WireTask
from adapters.runrunit.workflows import Workflows, chosen_step
from adapters.runrunit.writes.comments import Comments
from adapters.toolkit.guards import Fresh, Guard, task_is_over
from adapters.toolkit.reconciliation import applied_if, read_or_raise
from adapters.toolkit.steps import reconciles, step
from adapters.writes import (
    AssignTask,
    Baseline,
    BeginTask,
    FinishTask,
    HoldTask,
    Reconciliation,
    Recovery,
    ReopenTask,
    SkipTask,
    TaskWrite,
    WriteMarker,
    WriteResult,
)

TAKE, PAUSE = "take", "pause"  # the first parts of a begin and of a hold
PART, MINE, WHOLE = "part", "mine", "whole"  # the option that says how much of a task is finished
WITHOUT_USER = "Being worked on"  # the comment of a begin by a person without a user
DESCENDANTS = "descendants"  # the option that lets a reopen pause or reopen the tasks that waited for it


@dataclass(frozen=True, slots=True)
class Taken:
    """A task as the first half of a begin left it, and whether that has just assigned it."""

    task: WireTask
    was_assigned_now: bool = False


@dataclass
class TaskWrites:
    api: RunrunitApi
    people: People
    links: Links
    workflows: Workflows
    reads: Reads
    comments: Comments
    _taken: dict[tuple[str, str], Taken] = field(default_factory=dict)  # by (task, receipt)
    _timer_notices: set[tuple[str, str]] = field(default_factory=set)  # (run, user) who were told about timers

    async def read_task(self, step: TaskWrite) -> Fresh[WireTask]:
        return await self.reads.fresh_task(step)

    @step(FinishTask, SkipTask, recovery=Recovery.IDEMPOTENT, guard=read_task)
    async def finish(
        self, step: FinishTask | SkipTask, marker: WriteMarker, fresh: Fresh[WireTask]
    ) -> WriteResult:
        """Asks how much is finished if the task has several people or a workflow. A skip is for the whole task."""
        before = fresh.record
        await self._require_no_prerequisites(before, step.op)
        part = step.options.get(PART) if isinstance(step, FinishTask) else WHOLE
        if part == MINE:
            return await self._deliver_own_part(step, before)
        if part != WHOLE and before.workflow_id:
            completed = await self.workflows.finish(step, before)
            if completed is not None:
                after, next_person = completed
                facts = {"person": next_person}
                return self.result(after, partial=True, message="runrunit.handed_on", facts=facts)
        elif part != WHOLE and len(before.open_assignments) > 1:
            await self._ask_which_part(step, before)
        try:
            after = await self.api.act(step.task, "deliver", step.op)
        except (Rejected, Conflict) as error:
            return await self._already_or_raise(error, step, lambda task: task.is_closed)
        if not after.is_closed:
            return self.result(after, partial=True, message="runrunit.still_open")
        return self.result(after, message="runrunit.counts_as_delivered" if isinstance(step, SkipTask) else "")

    @reconciles(FinishTask, SkipTask)
    async def find_finish(
        self, step: FinishTask | SkipTask, marker: WriteMarker, baseline: Baseline
    ) -> Reconciliation:
        task = await self.api.task(step.task, step.op)
        if task.is_closed or not isinstance(step, FinishTask):
            return applied_if(task.is_closed, self.result(task))
        if step.options.get(PART) == MINE:
            user = await self.people.find_by_email(step.by)
            result = self.result(task, partial=True, message="runrunit.my_part")
            return applied_if(has_delivered(task, user), result)
        element = chosen_step(step)
        is_past = element is not None and await self.workflows.is_past(step, element)
        return applied_if(is_past, self.result(task, partial=True))

    @step(BeginTask, part=TAKE, recovery=Recovery.LOOKUP, guard=read_task)
    async def take(self, step: BeginTask, marker: WriteMarker, fresh: Fresh[WireTask]) -> WriteResult:
        """The first half of a begin: assigns the task to the person, unless they have it.

        For a person without a user it only checks that the task can begin.
        """
        user, before = await self.people.find_by_email(step.by), fresh.record
        await self._require_no_prerequisites(before, step.op)
        if user is None:
            return self.result(before)
        if before.assignment_of(user) is not None:
            self._taken[step.task, marker.code] = Taken(before)
            return self.result(before)
        others = mapping.names(before.open_assignments, self.people) if before.open_assignments else ""
        after = await self._create_assignment(step, user)
        self._taken[step.task, marker.code] = Taken(after, was_assigned_now=True)
        return self.result(after, message="runrunit.joined" if others else "", facts={"person": others})

    @reconciles(BeginTask, part=TAKE)
    async def find_take(self, step: BeginTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        user, task = await self.people.find_by_email(step.by), await self.api.task(step.task, step.op)
        return applied_if(user is None or task.assignment_of(user) is not None, self.result(task))

    @step(BeginTask, recovery=Recovery.LOOKUP, guard=Guard.EARLIER_STEP)
    async def begin(self, step: BeginTask, marker: WriteMarker) -> WriteResult:
        """The second half of a begin: starts the person's timer. Without a user, it only posts a comment."""
        user = await self.people.find_by_email(step.by)
        if user is None:
            result = await self.comments.write_comment(step, marker, text=WITHOUT_USER)
            facts = {"person": step.by.shown}
            return result.model_copy(update={"message": "runrunit.no_timer", "facts": facts})
        before = self._taken.pop((step.task, marker.code), None)
        result = await self._play(step, user, before.task if before else None)
        if result.already or (before is not None and before.was_assigned_now):
            return result  # a third request was sent already; reading the task shows the instructions
        instructions = await self.reads.instructions(step.task)
        tasks = tuple(task.model_copy(update={"instructions": instructions}) for task in result.tasks)
        return result.model_copy(update={"tasks": tasks})

    @reconciles(BeginTask)
    async def find_begin(self, step: BeginTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        user = await self.people.find_by_email(step.by)
        if user is None:
            return await self.comments.find_comment(step, marker, baseline, text=WITHOUT_USER)
        task = await self.api.task(step.task, step.op)
        if is_playing(task, user):
            return applied_if(True, self._playing_result(step, user, task))
        return applied_if(task.is_closed, self.result(task))

    async def _play(self, step: BeginTask, user: str, before: WireTask | None) -> WriteResult:
        """Starting a timer pauses the person's other one.

        ``before`` is the task as the first half of the begin left it. It is read again where that is not known
        (after a restart), or where the assignment has a new id since.
        """
        current = before or await self._open_task(step)
        assignment = current.assignment_of(user)
        if assignment is None:
            raise Conflict(self.api.name, step.op, key="runrunit.no_part", person=step.by.shown)
        if assignment.is_closed:
            raise Conflict(self.api.name, step.op, key="runrunit.part_is_over", person=step.by.shown)
        if assignment.is_working_on:
            return self.result(current, already=True)
        await self._require_no_prerequisites(current, step.op)
        try:
            playing = await self.api.act_on_assignment(step.task, assignment, "play", step.op)
        except (Rejected, Conflict, NotFound) as error:
            now = await self._read_after_refusal(step, error)
            if is_playing(now, user):
                return self.result(now, already=True)
            own = now.assignment_of(user)
            if before is None or own is None or own.id == assignment.id:
                raise
            return await self._play(step, user, None)
        return self._playing_result(step, user, current.with_assignment(playing))

    def _playing_result(self, step: BeginTask, user: str, task: WireTask) -> WriteResult:
        """Explains timers once per run and person."""
        notice = (step.run_id, user)
        message = "" if notice in self._timer_notices else "runrunit.timer"
        self._timer_notices.add(notice)
        return self.result(task, message=message)

    @step(HoldTask, part=PAUSE, recovery=Recovery.IDEMPOTENT, guard=read_task)
    async def pause(self, step: HoldTask, marker: WriteMarker, fresh: Fresh[WireTask]) -> WriteResult:
        """Pauses only the timer of the person who holds the task."""
        user, before = await self.people.find_by_email(step.by), fresh.record
        assignment = before.assignment_of(user)
        if assignment is None or not assignment.is_working_on:
            others = [other for other in before.assignments if other.is_working_on]
            if not others:
                return self.result(before)
            facts = {"person": mapping.names(others, self.people)}
            return self.result(before, message="runrunit.others_run", facts=facts)
        try:
            paused = await self.api.act_on_assignment(step.task, assignment, "pause", step.op)
        except (Rejected, Conflict) as error:
            return await self._already_or_raise(error, step, lambda task: not is_playing(task, user))
        return self.result(before.with_assignment(paused), message="runrunit.paused")

    @reconciles(HoldTask, part=PAUSE)
    async def find_pause(self, step: HoldTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        user, task = await self.people.find_by_email(step.by), await self.api.task(step.task, step.op)
        return applied_if(not is_playing(task, user), self.result(task))

    @step(ReopenTask, recovery=Recovery.IDEMPOTENT, guard=read_task)
    async def reopen(self, step: ReopenTask, marker: WriteMarker, fresh: Fresh[WireTask]) -> WriteResult:
        """A task that running or closed tasks waited for only reopens together with them, which is asked first."""
        with_descendants = step.options.get(DESCENDANTS) == "true"
        body = {"reopen_or_pause_descendant_tasks": True} if with_descendants else None
        try:
            return self.result(await self.api.act(step.task, "reopen", step.op, body))
        except (Rejected, Conflict) as refusal:
            error: AdapterError = refusal
            if isinstance(refusal, Rejected) and not with_descendants and refusal.key != "runrunit.forbidden":
                retry_with, key = (f"{DESCENDANTS}=true",), "runrunit.reopen_refused"
                error = Rejected(self.api.name, step.op, key=key, said=refusal.said, retry_with=retry_with)
            return await self._already_or_raise(error, step, lambda task: not task.is_closed)

    @reconciles(ReopenTask)
    async def find_reopen(self, step: ReopenTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        task = await self.api.task(step.task, step.op)
        return applied_if(not task.is_closed, self.result(task))

    @step(AssignTask, recovery=Recovery.LOOKUP, guard=read_task)
    async def assign(self, step: AssignTask, marker: WriteMarker, fresh: Fresh[WireTask]) -> WriteResult:
        """Adds an assignment. Others keep theirs, because their worked time would go with it."""
        user = await self.people.find(step.person)
        if user is None:
            raise Rejected(self.api.name, step.op, key="runrunit.unknown_person", person=step.person.shown)
        before = fresh.record
        assignment = before.assignment_of(user)
        if assignment is not None and not assignment.is_closed:
            return self.result(before, already=True)
        after = await self._create_assignment(step, user)
        if not before.open_assignments:
            return self.result(after)
        facts = {"person": mapping.names(before.open_assignments, self.people)}
        return self.result(after, message="runrunit.still_with", facts=facts)

    @reconciles(AssignTask)
    async def find_assignment(self, step: AssignTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        user, task = await self.people.find(step.person), await self.api.task(step.task, step.op)
        assignment = task.assignment_of(user)
        is_applied = assignment is not None and (task.is_closed or not assignment.is_closed)
        return applied_if(is_applied, self.result(task))

    def result(self, task: WireTask, **fields: Any) -> WriteResult:
        """``fields`` are other fields of ``WriteResult``."""
        return WriteResult(tasks=(mapping.task(task, self.people, self.links),), **fields)

    async def open_prerequisites(self, task: WireTask, operation: str) -> str:
        """The titles of what a task waits for, or the numbers of those that can't be read."""
        try:
            titles = {
                item.id: plain_title(item.title) for item in await self.api.prerequisites(task.id, operation)
            }
        except AdapterError:
            titles = {}
        return ", ".join(titles.get(id) or f"#{id}" for id in task.opened_parent_ids)

    async def _deliver_own_part(self, step: FinishTask | SkipTask, before: WireTask) -> WriteResult:
        user = await self.people.find_by_email(step.by)
        assignment = before.assignment_of(user)
        if assignment is None:
            raise Rejected(self.api.name, step.op, key="runrunit.no_part", person=step.by.shown)
        if assignment.is_closed:
            return self.result(before, already=True)
        try:
            delivered = await self.api.act_on_assignment(step.task, assignment, "deliver", step.op)
        except (Rejected, Conflict) as error:
            return await self._already_or_raise(error, step, lambda task: has_delivered(task, user))
        try:
            after = await self.api.task(step.task, step.op)  # a setting of the account may have closed the task
        except AdapterError:
            after = before.with_assignment(delivered)
        if after.is_closed:
            return self.result(after)
        return self.result(after, partial=True, message="runrunit.my_part")

    async def _ask_which_part(self, step: TaskWrite, before: WireTask) -> NoReturn:
        assignment = before.assignment_of(await self.people.find_by_email(step.by))
        has_open_part = assignment is not None and not assignment.is_closed
        own_part = {"runrunit.button.my_part": (f"{PART}={MINE}",)} if has_open_part else {}
        raise Rejected(
            self.api.name,
            step.op,
            key="runrunit.several",
            choices={**own_part, "runrunit.button.whole": (f"{PART}={WHOLE}",)},
            task=plain_title(before.title),
            people=mapping.names(before.open_assignments, self.people),
        )

    async def _create_assignment(self, step: TaskWrite, user: str) -> WireTask:
        body = {"assignments": [{"assignee_id": user}]}
        try:
            return await self.api.act(step.task, "create_assignments", step.op, body)
        except Rejected as error:
            person = self.people.person(user).shown
            raise with_key(error, "runrunit.assign_refused", person=person) from error

    async def _open_task(self, step: TaskWrite) -> WireTask:
        task = await self.api.task(step.task, step.op)
        if task.is_closed:
            raise task_is_over(self.api.name, step, mapping.task(task, self.people, self.links))
        return task

    async def _read_after_refusal(self, step: TaskWrite, error: AdapterError) -> WireTask:
        """The task as it is now, which the refusal does not say. Raises where that explains it."""
        task = await read_or_raise(self.api.task(step.task, step.op), error)
        if task.is_closed and isinstance(step, BeginTask | HoldTask):
            raise task_is_over(self.api.name, step, mapping.task(task, self.people, self.links)) from error
        return task

    async def _require_no_prerequisites(self, task: WireTask, operation: str) -> None:
        """Runrun.it rejects playing or delivering a task that waits for others, without giving that reason."""
        if task.opened_parent_ids:
            others = await self.open_prerequisites(task, operation)
            raise Conflict(
                self.api.name, operation, key="runrunit.waits", task=plain_title(task.title), others=others
            )

    async def _already_or_raise(
        self, error: AdapterError, step: TaskWrite, is_done: Callable[[WireTask], bool]
    ) -> WriteResult:
        """Somebody else may have been faster: reads the task again, and raises ``error`` unless it ``is_done``."""
        task = await self._read_after_refusal(step, error)
        if is_done(task):
            return self.result(task, already=True)
        raise error


def is_playing(task: WireTask, user: str | None) -> bool:
    assignment = task.assignment_of(user)
    return assignment is not None and assignment.is_working_on


def has_delivered(task: WireTask, user: str | None) -> bool:
    assignment = task.assignment_of(user)
    return task.is_closed or (assignment is not None and assignment.is_closed)
