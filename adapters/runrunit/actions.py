"""The other actions on a run: its urgent flag, and moving it to the next stage of its board.

Both set a state that can be read back. Runrun.it's "Move to next stage" would move a run again if it were sent
twice, so the stage is set by its id instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.errors import Conflict
from adapters.models import PlatformAction, Run
from adapters.runrunit.api import RunrunitApi
from adapters.runrunit.wire import OPENED, WireStage, WireTask
from adapters.runrunit.writes.runs import RunWrites
from adapters.toolkit.reconciliation import applied_if
from adapters.toolkit.steps import reconciles, step
from adapters.writes import Baseline, PerformAction, Reconciliation, Recovery, WriteMarker, WriteResult

URGENT, NOT_URGENT, STAGE_PREFIX = "urgent", "not_urgent", "stage:"
_OPERATION = "do"


@dataclass
class Actions:
    api: RunrunitApi
    runs: RunWrites

    async def available(self, run: Run) -> Sequence[PlatformAction]:
        task = await self.api.task(run.key.id, _OPERATION)
        if task.is_closed:
            return ()
        next_stage = _next_stage(await self.runs.stages(task, _OPERATION), task)
        return [_flag_action(task), *([_move_action(next_stage)] if next_stage else [])]

    @step(PerformAction, recovery=Recovery.IDEMPOTENT)
    async def perform(self, step: PerformAction, marker: WriteMarker) -> WriteResult:
        before = await self.api.task(step.run_id, _OPERATION)
        if before.is_closed:
            raise Conflict(self.api.name, _OPERATION, key="runrunit.run_is_over")
        if _is_applied(step, before):
            return WriteResult(already=True, message="runrunit.offer_already")
        if step.action in (URGENT, NOT_URGENT):
            verb = "mark_as_urgent" if step.action == URGENT else "unmark_as_urgent"
            await self.api.act(before.id, verb, _OPERATION)
            return WriteResult(message="runrunit.urgent" if step.action == URGENT else "runrunit.not_urgent")
        id = step.action.removeprefix(STAGE_PREFIX)
        stages = await self.runs.stages(before, _OPERATION)
        stage = next((item for item in stages if item.id == id and item.stage_group == OPENED), None)
        if stage is None:
            raise Conflict(self.api.name, _OPERATION, key="runrunit.stage_gone", label=step.label)
        await self.api.act(before.id, "change_status", _OPERATION, {"task_status_id": int(stage.id)})
        return WriteResult(message="runrunit.moved", facts={"stage": stage.name})

    @reconciles(PerformAction)
    async def find_action(self, step: PerformAction, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        return applied_if(_is_applied(step, await self.api.task(step.run_id, _OPERATION)))


def _is_applied(step: PerformAction, task: WireTask) -> bool:
    if step.action in (URGENT, NOT_URGENT):
        return task.is_urgent == (step.action == URGENT)
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
