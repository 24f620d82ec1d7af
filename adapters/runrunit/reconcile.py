"""Finds out whether a write with a lost response was applied, by reading Runrun.it. Sends nothing."""

from dataclasses import dataclass
from datetime import timedelta

from adapters.http.responses import ListResult
from adapters.models import Health, RunKey, RunState
from adapters.runrunit.text import add_code
from adapters.runrunit.wire import WireTask
from adapters.runrunit.workflows import chosen_step
from adapters.runrunit.writes.comments import CommentWrites, comment_text
from adapters.runrunit.writes.runs import RunWrites
from adapters.runrunit.writes.tasks import MINE, PART, TaskWrites, has_delivered, is_playing
from adapters.toolkit.timestamps import parse_timestamp
from adapters.writes import (
    AddTask,
    Applied,
    AssignTask,
    Baseline,
    BeginTask,
    EndRun,
    FinishTask,
    HoldTask,
    Indeterminate,
    NotApplied,
    Reconciliation,
    ReopenTask,
    SetStatus,
    SkipTask,
    StartRun,
    Write,
    WriteMarker,
    WriteResult,
)

MAX_CLOCK_SKEW = timedelta(minutes=10)  # between Runrun.it's clock and ours


@dataclass
class Reconciler:
    tasks: TaskWrites
    runs: RunWrites
    comments: CommentWrites

    def __post_init__(self) -> None:
        self.api = self.tasks.api
        self.people = self.tasks.people

    async def reconcile(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        if comment_text(step) is not None:
            return await self.comments.reconcile(step, marker)
        match step:
            case StartRun():
                return await self._start(step, marker)
            case SetStatus(part="stage"):
                return await self._move(step)
            case SetStatus():
                return await self._flag(step)
            case AddTask():
                return await self._added_task(step, baseline)
            case EndRun():
                return await self._end(step)
            case BeginTask(part="") if await self.people.find_by_email(step.by) is None:
                return await self.comments.reconcile(step, marker)
        return await self._task(step)

    async def _start(self, step: StartRun, marker: WriteMarker) -> Reconciliation:
        """Finds the run by its title, which no other task has. Open tasks come first, because they are few."""
        title = add_code(step.title, marker)
        listing = ListResult[WireTask](())
        for include_closed in (False, True):
            listing = await self.api.project_tasks(step.op, include_closed=include_closed)
            for task in listing.items:
                if task.title.strip() == title:
                    run = RunKey(platform=self.api.name, id=task.id)
                    return Applied(WriteResult(run=run, state=RunState.ACTIVE))
        return NotApplied() if listing.complete else Indeterminate()

    async def _move(self, step: SetStatus) -> Reconciliation:
        run = await self.api.task(step.run_id, step.op)
        stage = await self.runs.find_stage(step, run)
        is_there = stage is None or stage.id == run.board_stage_id
        return Applied(WriteResult()) if is_there else NotApplied()

    async def _flag(self, step: SetStatus) -> Reconciliation:
        run = await self.api.task(step.run_id, step.op)
        return Applied(WriteResult()) if run.is_urgent == (step.health is Health.RED) else NotApplied()

    async def _added_task(self, step: AddTask, baseline: Baseline) -> Reconciliation:
        """Finds a new task of that title among those that the run waits for."""
        oldest = baseline.sent_at - MAX_CLOCK_SKEW
        for task in await self.api.prerequisites(step.run_id, step.op):
            created_at = parse_timestamp(task.created_at)
            is_new = task.id not in baseline.ids and (not created_at or created_at >= oldest)
            if is_new and task.title.strip() == step.title.strip():
                return Applied(self.tasks.result(task, id=task.id))
        return NotApplied()

    async def _end(self, step: EndRun) -> Reconciliation:
        run = await self.api.task(step.run_id, step.op)
        return Applied(WriteResult(state=RunState.FINISHED)) if run.is_closed else NotApplied()

    async def _task(self, step: Write) -> Reconciliation:
        task = await self.api.task(step.target, step.op)
        is_applied = await self._is_applied(step, task)
        if is_applied is None:
            return Indeterminate()
        if not is_applied:
            return NotApplied()
        if isinstance(step, BeginTask) and not step.part:
            user = await self.people.find_by_email(step.by)
            if user and is_playing(task, user):
                return Applied(self.tasks.playing_result(step, user, task))
        return Applied(self.tasks.result(task))

    async def _is_applied(self, step: Write, task: WireTask) -> bool | None:
        match step:
            case FinishTask() if step.options.get(PART) == MINE:
                return has_delivered(task, await self.people.find_by_email(step.by))
            case FinishTask() if (element := chosen_step(step)) is not None:
                return task.is_closed or await self.tasks.workflows.is_past(step, element)
            case FinishTask() | SkipTask():
                return task.is_closed
            case ReopenTask():
                return not task.is_closed
            case BeginTask(part="take"):
                user = await self.people.find_by_email(step.by)
                return user is None or task.assignment_of(user) is not None
            case BeginTask():
                return task.is_closed or is_playing(task, await self.people.find_by_email(step.by))
            case HoldTask():
                return not is_playing(task, await self.people.find_by_email(step.by))
            case AssignTask(person=person):
                assignment = task.assignment_of(await self.people.find(person))
                return assignment is not None and (task.is_closed or not assignment.is_closed)
        return None
