"""Beginning a task and putting it on hold: ``play`` and ``pause`` control a person's real working time.

They are only sent for the person who asked, and never for somebody without a Runrun.it user.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from adapters.errors import Conflict, NotFound, Rejected
from adapters.results import Applied, Baseline, Reconciliation, Recovery, WriteResult
from adapters.runrunit import mapping
from adapters.runrunit.wire import WireAssignment, WireTask
from adapters.runrunit.writes.comments import Comments
from adapters.runrunit.writes.task_handler import TaskHandler
from adapters.toolkit.guards import Fresh, Guard
from adapters.toolkit.reconciliation import applied_if
from adapters.toolkit.steps import reconciles, step
from adapters.writes import BeginTask, HoldTask, WriteMarker

TAKE, PAUSE = "take", "pause"  # the first parts of a begin and of a hold
WITHOUT_USER = "Being worked on"  # the comment of a begin by a person without a user


@dataclass(frozen=True, slots=True)
class Taken:
    """A task as the first half of a begin left it.

    ``others`` are the other tasks of its run; None if not all of them are known.
    """

    task: WireTask
    others: Sequence[WireTask] | None = ()
    was_assigned_now: bool = False


@dataclass
class Timers(TaskHandler):
    comments: Comments
    _taken: dict[tuple[str, str, datetime], Taken] = field(
        default_factory=dict
    )  # by (task, user, time of the message)
    _notices: set[tuple[str, str]] = field(default_factory=set)  # (run, user) who were told about timers

    async def read_run(self, step: BeginTask) -> Fresh[Taken]:
        """With the run's other tasks: a timer that starts pauses the person's other one."""
        fresh, others = await self.reads.fresh_run_of_task(step)
        return Fresh(Taken(fresh.record, others), task=fresh.task, run_state=fresh.run_state)

    @step(BeginTask, part=TAKE, recovery=Recovery.LOOKUP, guard=read_run)
    async def take(self, step: BeginTask, marker: WriteMarker, fresh: Fresh[Taken]) -> WriteResult:
        """The first half of a begin: assigns the task to the person, unless they have it.

        For a person without a user it only checks that the task can begin.
        """
        user, before, others = await self.people.find_by_email(step.by), fresh.record.task, fresh.record.others
        await self.require_no_prerequisites(before, step.op)
        if user is None:
            return self.changed(step, before, already=True)
        if before.assignment_of(user) is not None:
            self._taken[step.task, user, marker.at] = Taken(before, others)
            return self.changed(step, before, already=True)
        after = await self.create_assignment(step, user)
        self._taken[step.task, user, marker.at] = Taken(after, others, was_assigned_now=True)
        joined = _of_others(after, user)
        names = mapping.names(joined, self.people) if joined else ""
        return self.changed(step, after, message="runrunit.joined" if joined else "", facts={"person": names})

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
            return _without_timer(step, result).model_copy(update={"complete": True})
        taken = self._taken.pop((step.task, user, marker.at), None)
        result = await self._play(step, user, taken)
        if result.already or (taken is not None and taken.was_assigned_now):
            return result  # a third request was sent already; reading the task shows the instructions
        instructions = await self.reads.instructions(step.task)
        task, *others = result.tasks
        task = task.model_copy(update={"instructions": instructions})
        snapshot = result.snapshot.merge((task,)) if result.snapshot else None
        return result.model_copy(update={"tasks": (task, *others), "snapshot": snapshot})

    @reconciles(BeginTask)
    async def find_begin(self, step: BeginTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        user = await self.people.find_by_email(step.by)
        if user is None:
            found = await self.comments.find_comment(step, marker, baseline, text=WITHOUT_USER)
            return Applied(_without_timer(step, found.result)) if isinstance(found, Applied) else found
        task = await self.api.task(step.task, step.op)
        if is_playing(task, user):
            return applied_if(True, self._playing(step, user, Taken(task, None)))
        return applied_if(task.is_closed, self.result(task))

    async def _play(self, step: BeginTask, user: str, taken: Taken | None) -> WriteResult:
        """``taken`` is the task as the first half of the begin left it.

        It is read again where that is not known (after a restart), or where the assignment has a new id since.
        """
        current = taken.task if taken else await self.read_open_task(step)
        assignment = current.assignment_of(user)
        if assignment is None:
            raise Conflict(self.api.name, step.op, key="runrunit.no_part", person=step.by.shown)
        if assignment.is_closed:
            raise Conflict(self.api.name, step.op, key="runrunit.part_is_over", person=step.by.shown)
        if assignment.is_working_on:
            return self.result(current, already=True)
        await self.require_no_prerequisites(current, step.op)
        try:
            playing = await self.api.act_on_assignment(step.task, assignment, "play", step.op)
        except (Rejected, Conflict, NotFound) as error:
            now = await self.read_after_refusal(step, error)
            if is_playing(now, user):
                return self.result(now, already=True)
            own = now.assignment_of(user)
            if taken is None or own is None or own.id == assignment.id:
                raise
            return await self._play(step, user, Taken(now, taken.others))
        others = taken.others if taken else None
        return self._playing(step, user, Taken(current.with_assignment(playing), others))

    def _playing(self, step: BeginTask, user: str, begun: Taken) -> WriteResult:
        """Explains timers once per run and person. Starting one has paused the person's other one."""
        notice = (step.run_id, user)
        message = "" if notice in self._notices else "runrunit.timer"
        self._notices.add(notice)
        if begun.others is None:
            return self.result(begun.task, message=message)
        result = self.changed(step, begun.task, message=message)
        paused = [self.result(_paused(task, user)).tasks[0] for task in begun.others if is_playing(task, user)]
        return result.model_copy(update={"tasks": (*result.tasks, *paused)})

    @step(HoldTask, part=PAUSE, recovery=Recovery.IDEMPOTENT, guard=TaskHandler.read_task)
    async def pause(self, step: HoldTask, marker: WriteMarker, fresh: Fresh[WireTask]) -> WriteResult:
        """Pauses only the timer of the person who holds the task."""
        user, before = await self.people.find_by_email(step.by), fresh.record
        self.comments.just_read.add(step.task)
        assignment = before.assignment_of(user)
        if assignment is None or not assignment.is_working_on:
            others = [other for other in before.assignments if other.is_working_on]
            if not others:
                return self.changed(step, before, already=True)
            facts = {"person": mapping.names(others, self.people)}
            return self.changed(step, before, already=True, message="runrunit.others_run", facts=facts)
        try:
            paused = await self.api.act_on_assignment(step.task, assignment, "pause", step.op)
        except (Rejected, Conflict) as error:
            return await self.already_or_raise(error, step, lambda task: not is_playing(task, user))
        return self.changed(step, before.with_assignment(paused), message="runrunit.paused")

    @reconciles(HoldTask, part=PAUSE)
    async def find_pause(self, step: HoldTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        user, task = await self.people.find_by_email(step.by), await self.api.task(step.task, step.op)
        return applied_if(not is_playing(task, user), self.result(task))


def is_playing(task: WireTask, user: str | None) -> bool:
    assignment = task.assignment_of(user)
    return assignment is not None and assignment.is_working_on


def _without_timer(step: BeginTask, comment: WriteResult) -> WriteResult:
    return comment.model_copy(update={"message": "runrunit.no_timer", "facts": {"person": step.by.shown}})


def _paused(task: WireTask, user: str) -> WireTask:
    assignment = task.assignment_of(user)
    if assignment is None:
        return task
    return task.with_assignment(assignment.model_copy(update={"is_working_on": False}))


def _of_others(task: WireTask, user: str) -> Sequence[WireAssignment]:
    return [assignment for assignment in task.open_assignments if assignment.assignee_id != user]
