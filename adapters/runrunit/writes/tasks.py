"""Finishing, skipping, reopening and assigning a task. Runrun.it calls finishing it "deliver".

A guard reads the task first: assignment ids change, and Runrun.it rejects without a reason.
"""

from dataclasses import dataclass
from typing import NoReturn

from adapters.errors import AdapterError, Conflict, Rejected
from adapters.results import Applied, Baseline, NotApplied, Reconciliation, Recovery, WriteResult
from adapters.runrunit import mapping
from adapters.runrunit.text import plain_title
from adapters.runrunit.wire import WireTask
from adapters.runrunit.workflows import Workflows, chosen_step
from adapters.runrunit.writes.task_handler import TaskHandler
from adapters.toolkit.guards import Fresh, checked_after
from adapters.toolkit.reconciliation import applied_if
from adapters.toolkit.steps import reconciles, step
from adapters.writes import AssignTask, FinishTask, ReopenTask, SkipTask, WriteMarker

PART, MINE, WHOLE = "part", "mine", "whole"  # the option that says how much of a task is finished
DESCENDANTS = "descendants"  # the option that lets a reopen pause or reopen the tasks that waited for it


@dataclass
class TaskWrites(TaskHandler):
    workflows: Workflows

    def recovery_of_finish(self, step: FinishTask | SkipTask) -> Recovery:
        """Runrun.it refuses to deliver twice, but a second workflow step would be the next person's."""
        return Recovery.LOOKUP if chosen_step(step) else Recovery.IDEMPOTENT

    @step(FinishTask, SkipTask, recovery=recovery_of_finish, guard=TaskHandler.read_task)
    async def finish(
        self, step: FinishTask | SkipTask, marker: WriteMarker, fresh: Fresh[WireTask]
    ) -> WriteResult:
        """Asks how much is finished if the task has several people or a workflow. A skip is for the whole task."""
        before = fresh.record
        await self.require_no_prerequisites(before, step.op)
        part = step.options.get(PART) if isinstance(step, FinishTask) else WHOLE
        if part == MINE:
            return await self._deliver_own_part(step, before)
        if part != WHOLE and before.workflow_id:
            completed = await self.workflows.finish(step, before)
            if completed is not None:
                return self._handed_on(step, *completed)
        elif part != WHOLE and len(before.open_assignments) > 1:
            await self._ask_which_part(step, before)
        try:
            after = await self.api.act(step.task, "deliver", step.op)
        except (Rejected, Conflict) as error:
            return await self.already_or_raise(error, step, lambda task: task.is_closed)
        if not after.is_closed:
            return self.result(after, partial=True, message="runrunit.still_open")
        return self._delivered(step, after)

    def _delivered(self, step: FinishTask | SkipTask, task: WireTask) -> WriteResult:
        is_skip = isinstance(step, SkipTask)
        return self.changed(step, task, message="runrunit.counts_as_delivered" if is_skip else "")

    @reconciles(FinishTask, SkipTask)
    async def find_finish(
        self, step: FinishTask | SkipTask, marker: WriteMarker, baseline: Baseline
    ) -> Reconciliation:
        """A part that is recorded is no finished task."""
        task = await self.api.task(step.task, step.op)
        if task.is_closed:
            return Applied(self._delivered(step, task))
        is_own_part = isinstance(step, FinishTask) and step.options.get(PART) == MINE
        if is_own_part and has_delivered(task, await self.people.find_by_email(step.by)):
            return Applied(self._part_recorded(step, task))
        element = chosen_step(step)
        if element is not None and await self.workflows.is_past(step, element):
            return Applied(self._handed_on(step, task, mapping.names(task.open_assignments, self.people)))
        return NotApplied()

    @step(ReopenTask, recovery=Recovery.IDEMPOTENT, guard=TaskHandler.read_task)
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
            return await self.already_or_raise(error, step, lambda task: not task.is_closed)

    @reconciles(ReopenTask)
    async def find_reopen(self, step: ReopenTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        task = await self.api.task(step.task, step.op)
        return applied_if(not task.is_closed, self.result(task))

    @step(AssignTask, recovery=Recovery.LOOKUP, guard=TaskHandler.read_task)
    async def assign(self, step: AssignTask, marker: WriteMarker, fresh: Fresh[WireTask]) -> WriteResult:
        """Adds an assignment. Others keep theirs, because their worked time would go with it.

        The response has all assignments, also those that somebody else has made meanwhile.
        """
        user = await self.people.find(step.person)
        if user is None:
            raise Rejected(self.api.name, step.op, key="runrunit.unknown_person", person=step.person.shown)
        before = fresh.record
        assignment = before.assignment_of(user)
        if assignment is not None and not assignment.is_closed:
            return self.result(before, already=True)
        after = await self.create_assignment(step, user)
        others = [assigned for assigned in after.open_assignments if assigned.assignee_id != user]
        if after.is_closed:  # Runrun.it assigns closed tasks too
            result = self.changed(step, after)
            return checked_after(step, result, next(iter(result.tasks), None))
        if not others:
            return self.changed(step, after)
        facts = {"person": mapping.names(others, self.people)}
        return self.changed(step, after, message="runrunit.still_with", facts=facts)

    @reconciles(AssignTask)
    async def find_assignment(self, step: AssignTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        user, task = await self.people.find(step.person), await self.api.task(step.task, step.op)
        assignment = task.assignment_of(user)
        is_applied = assignment is not None and (task.is_closed or not assignment.is_closed)
        return applied_if(is_applied, self.result(task))

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
            return await self.already_or_raise(error, step, lambda task: has_delivered(task, user))
        try:
            after = await self.api.task(step.task, step.op)  # a setting of the account may have closed the task
        except AdapterError:
            after = before.with_assignment(delivered)
        return self.changed(step, after) if after.is_closed else self._part_recorded(step, after)

    def _part_recorded(self, step: FinishTask | SkipTask, task: WireTask) -> WriteResult:
        return self.changed(step, task, partial=True, message="runrunit.my_part")

    def _handed_on(self, step: FinishTask | SkipTask, task: WireTask, next_person: str) -> WriteResult:
        facts = {"person": next_person}
        return self.changed(step, task, partial=True, message="runrunit.handed_on", facts=facts)

    async def _ask_which_part(self, step: FinishTask | SkipTask, before: WireTask) -> NoReturn:
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


def has_delivered(task: WireTask, user: str | None) -> bool:
    assignment = task.assignment_of(user)
    return task.is_closed or (assignment is not None and assignment.is_closed)
