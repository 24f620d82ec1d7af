"""What else Runrun.it does about a run: its urgent flag, and the next stage of its board.

Both are states that are set and read back. Their "move to the next stage" would move again when sent again, so
the stage itself is named (sheet, section 2, RUN STATUS).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.errors import Conflict
from adapters.models import PlatformAction, Run
from adapters.runrunit.api import Api
from adapters.runrunit.runs import Runs
from adapters.runrunit.wire import OPENED, WireStage, WireTask
from adapters.writes import Applied, NotApplied, PerformAction, Reconciliation, WriteResult

URGENT, NOT_URGENT, STAGE = "urgent", "not_urgent", "stage:"
_OP = "do"


@dataclass
class Offers:
    api: Api
    runs: Runs

    async def of(self, run: Run) -> Sequence[PlatformAction]:
        task = await self.api.task(run.key.id, _OP)
        if task.is_closed:
            return ()
        following = _next(await self.runs.stages_of(task, _OP), task)
        return [_flag(task), *([_move(following)] if following else [])]

    async def execute(self, step: PerformAction) -> WriteResult:
        before = await self.api.task(step.run_id, _OP)
        if before.is_closed:
            raise Conflict(self.api.name, _OP, key="runrunit.run_is_over")
        if _is_so(step, before):
            return WriteResult(already=True, message="runrunit.offer_already")
        if step.action in (URGENT, NOT_URGENT):
            verb = "mark_as_urgent" if step.action == URGENT else "unmark_as_urgent"
            await self.api.act(before.id, verb, _OP)
            return WriteResult(message="runrunit.urgent" if step.action == URGENT else "runrunit.not_urgent")
        id = step.action.removeprefix(STAGE)
        stages = await self.runs.stages_of(before, _OP)
        stage = next((one for one in stages if one.id == id and one.stage_group == OPENED), None)
        if stage is None:
            raise Conflict(self.api.name, _OP, key="runrunit.stage_gone", label=step.label)
        await self.api.act(before.id, "change_status", _OP, {"task_status_id": int(stage.id)})
        return WriteResult(message="runrunit.moved", facts={"stage": stage.name})

    async def reconcile(self, step: PerformAction) -> Reconciliation:
        now = await self.api.task(step.run_id, _OP)
        return Applied(WriteResult()) if _is_so(step, now) else NotApplied()


def _is_so(step: PerformAction, task: WireTask) -> bool:
    if step.action in (URGENT, NOT_URGENT):
        return task.is_urgent == (step.action == URGENT)
    return task.board_stage_id == step.action.removeprefix(STAGE)


def _flag(task: WireTask) -> PlatformAction:
    if task.is_urgent:
        return PlatformAction(id=NOT_URGENT, label="runrunit.offer_calm", warning="runrunit.offer_calm_does")
    return PlatformAction(id=URGENT, label="runrunit.offer_urgent", warning="runrunit.offer_urgent_does")


def _move(stage: WireStage) -> PlatformAction:
    facts = {"stage": stage.name}
    return PlatformAction(
        id=f"{STAGE}{stage.id}", label="runrunit.offer_stage", warning="runrunit.offer_stage_does", facts=facts
    )


def _next(stages: Sequence[WireStage], task: WireTask) -> WireStage | None:
    """The open stage after the task's own; none after the last: there the run ends."""
    opened = sorted((one for one in stages if one.stage_group == OPENED), key=lambda one: one.position)
    ids = [one.id for one in opened]
    if task.board_stage_id not in ids:
        return None
    return next(iter(opened[ids.index(task.board_stage_id) + 1 :]), None)
