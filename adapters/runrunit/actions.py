"""The other actions on a run: its urgent flag, the next stage of its board, checklists, and taking people off.

All set a state that can be read back. Runrun.it's "Move to next stage" would move a run again if it were sent
twice, so the stage is set by its id instead.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from adapters.errors import Conflict
from adapters.models import PlatformAction, Run
from adapters.results import Baseline, Reconciliation, Recovery, WriteResult
from adapters.runrunit.api import RunrunitApi
from adapters.runrunit.checklists import Checklists, is_tick
from adapters.runrunit.wire import OPENED, WireStage, WireTask
from adapters.runrunit.writes.runs import RunWrites
from adapters.toolkit.reconciliation import applied_if
from adapters.toolkit.steps import reconciles, step
from adapters.writes import PerformAction, WriteMarker

URGENT, NOT_URGENT, STAGE_PREFIX, OFF_PREFIX = "urgent", "not_urgent", "stage:", "off:"
_OPERATION = "do"


@dataclass
class Actions:
    api: RunrunitApi
    runs: RunWrites
    checklists: Checklists

    async def available(self, run: Run) -> Sequence[PlatformAction]:
        """Those of the run come first, then those of its open tasks, which are read with the same request."""
        ids = [task.id for task in run.tasks if not task.state.is_over]
        found = await self.api.tasks_by_id([run.key.id], _OPERATION, others=ids)
        own = found[run.key.id]
        if own.is_closed:
            return ()
        steps = [found[id] for id in ids if id in found and id != own.id and not found[id].is_closed]
        next_stage = _next_stage(await self.runs.stages(own, _OPERATION), own)
        ticks = await self.checklists.actions([own, *steps])
        moves = [_move_action(next_stage)] if next_stage else []
        return [_flag_action(own), *moves, *ticks, *self._removals([own, *steps])]

    @step(PerformAction, recovery=Recovery.IDEMPOTENT)
    async def perform(self, step: PerformAction, marker: WriteMarker) -> WriteResult:
        if is_tick(step):
            return await self.checklists.perform(step)
        before = await self.api.task(_task_of(step), _OPERATION)
        if before.is_closed:
            raise Conflict(self.api.name, _OPERATION, key="runrunit.run_is_over", for_good=True)
        if _is_applied(step, before):
            return WriteResult(already=True, message="runrunit.offer_already")
        if step.action.startswith(OFF_PREFIX):
            return await self._take_off(step, before)
        if step.action in (URGENT, NOT_URGENT):
            verb = "mark_as_urgent" if step.action == URGENT else "unmark_as_urgent"
            await self.api.act(before.id, verb, _OPERATION)
            return WriteResult(message="runrunit.urgent" if step.action == URGENT else "runrunit.not_urgent")
        id = step.action.removeprefix(STAGE_PREFIX)
        stages = await self.runs.stages(before, _OPERATION)
        stage = next((item for item in stages if item.id == id and item.stage_group == OPENED), None)
        if stage is None:
            raise Conflict(self.api.name, _OPERATION, key="runrunit.stage_gone", for_good=True, label=step.label)
        await self.api.act(before.id, "change_status", _OPERATION, {"task_status_id": int(stage.id)})
        return WriteResult(message="runrunit.moved", facts={"stage": stage.name})

    @reconciles(PerformAction)
    async def find_action(self, step: PerformAction, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        if is_tick(step):
            return applied_if(await self.checklists.is_performed(step))
        return applied_if(_is_applied(step, await self.api.task(_task_of(step), _OPERATION)))

    async def _take_off(self, step: PerformAction, task: WireTask) -> WriteResult:
        """By the person's assignment, whose id may have changed since the actions were listed."""
        user = _user_of(step)
        assignment = task.assignment_of(user)
        assert assignment is not None, "not applied yet"
        await self.api.delete_assignment(task.id, assignment, _OPERATION)
        person = self.runs.people.person(user, assignment.assignee_name).shown
        return WriteResult(message="runrunit.off", facts={"person": person})

    def _removals(self, tasks: Iterable[WireTask]) -> Sequence[PlatformAction]:
        return [
            PlatformAction(
                id=f"{OFF_PREFIX}{task.id}:{assignment.assignee_id}",
                label="runrunit.offer_off",
                warning="runrunit.offer_off_does",
                facts={"person": self.runs.people.person(assignment.assignee_id, assignment.assignee_name).shown},
                task=task.id,
            )
            for task in tasks
            for assignment in task.open_assignments
            if assignment.assignee_id
        ]


def _task_of(step: PerformAction) -> str:
    """The task of a person who is taken off; otherwise the run."""
    if not step.action.startswith(OFF_PREFIX):
        return step.run_id
    return step.action.removeprefix(OFF_PREFIX).partition(":")[0]


def _user_of(step: PerformAction) -> str:
    return step.action.removeprefix(OFF_PREFIX).partition(":")[2]


def _is_applied(step: PerformAction, task: WireTask) -> bool:
    if step.action in (URGENT, NOT_URGENT):
        return task.is_urgent == (step.action == URGENT)
    if step.action.startswith(OFF_PREFIX):
        return task.assignment_of(_user_of(step)) is None
    return task.board_stage_id == step.action.removeprefix(STAGE_PREFIX)


def _flag_action(task: WireTask) -> PlatformAction:
    if task.is_urgent:
        return PlatformAction(id=NOT_URGENT, label="runrunit.offer_calm", warning="runrunit.offer_calm_does")
    return PlatformAction(id=URGENT, label="runrunit.offer_urgent", warning="runrunit.offer_urgent_does")


def _move_action(stage: WireStage) -> PlatformAction:
    return PlatformAction(
        id=f"{STAGE_PREFIX}{stage.id}",
        label="runrunit.offer_stage",
        warning="runrunit.offer_stage_does",
        facts={"stage": stage.name},
    )


def _next_stage(stages: Sequence[WireStage], task: WireTask) -> WireStage | None:
    """The open stage after the task's; None after the last one, where the run ends."""
    opened = sorted((stage for stage in stages if stage.stage_group == OPENED), key=lambda stage: stage.position)
    ids = [stage.id for stage in opened]
    if task.board_stage_id not in ids:
        return None
    return next(iter(opened[ids.index(task.board_stage_id) + 1 :]), None)
