"""Writes to a whole run: added tasks, the board stage and urgent flag of a status, and the end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.errors import OPTIONAL_READ_ERRORS, Conflict, Rejected
from adapters.models import Health, RunState
from adapters.results import Applied, Baseline, Reconciliation, Recovery, WriteResult
from adapters.runrunit import mapping
from adapters.runrunit.api import RunrunitApi
from adapters.runrunit.errors import with_key
from adapters.runrunit.people import People
from adapters.runrunit.reads import Reads
from adapters.runrunit.start import new_task_body
from adapters.runrunit.text import TITLE_SIGNER, fold, health_of_stage
from adapters.runrunit.wire import OPENED, WireStage, WireTask
from adapters.runrunit.workflows import Workflows, chosen_step
from adapters.runrunit.writes.comments import STAGE, URGENT
from adapters.runrunit.writes.task_handler import TaskHandler
from adapters.runrunit.writes.tasks import PART, WHOLE
from adapters.toolkit.guards import Fresh
from adapters.toolkit.reconciliation import applied_if, find_by_code, read_or_raise
from adapters.toolkit.steps import reconciles, step
from adapters.writes import AddTask, EndRun, SetStatus, Write, WriteMarker

STAGES_MAX_AGE = timedelta(minutes=10)


@dataclass
class RunWrites:
    api: RunrunitApi
    people: People
    tasks: TaskHandler
    reads: Reads
    workflows: Workflows
    type_id: int
    now: Callable[[], datetime]
    _stages: dict[str, tuple[datetime, Sequence[WireStage]]] = field(default_factory=dict)  # by board id

    @step(AddTask, recovery=Recovery.LOOKUP)
    async def add(self, step: AddTask, marker: WriteMarker) -> WriteResult:
        """Adds a task that the run's task waits for, because a subtask can't be added later."""
        self.reads.expect_prerequisites(step.run_id)
        assignee = await self.people.find(step.assignee) if step.assignee else None
        project = await self.reads.project_of(step.run_id, step.op) or self.api.project
        body = new_task_body(TITLE_SIGNER.sign(step.title, marker), self.type_id, project)
        body["task_descendant_ids"] = self._numbers(step, (step.run_id, *step.before))
        if step.after:
            body["task_prerequisite_ids"] = self._numbers(step, step.after)
        if assignee:
            body["assignments"] = [{"assignee_id": assignee}]
        try:
            task = await self.api.create_task(body, step.op)
        except Rejected as error:
            raise with_key(error, "runrunit.add_refused") from error
        return self._added(step, task, assignee).model_copy(update={"complete": not step.before})

    def _added(self, step: AddTask, task: WireTask, assignee: str | None) -> WriteResult:
        result = self.tasks.result(task, id=task.id)
        if step.assignee and assignee is None:
            facts = {"person": step.assignee.shown}
            return result.model_copy(update={"message": "runrunit.nobody_assigned", "facts": facts})
        return result

    def _numbers(self, step: AddTask, ids: Sequence[str]) -> list[int]:
        return [int(self.api.number(id, step.op)) for id in dict.fromkeys(ids)]

    @reconciles(AddTask)
    async def find_added_task(self, step: AddTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        """By the code in its title: somebody else may have added a task with the same one."""
        assignee = await self.tasks.people.find(step.assignee) if step.assignee else None
        return find_by_code(
            await self.api.prerequisites(step.run_id, step.op),
            marker,
            text=lambda task: task.title,
            result=lambda task: self._added(step, task, assignee),
            existed=baseline.ids,
            id=lambda task: task.id,
        )

    async def read_run(self, step: Write) -> Fresh[WireTask]:
        return await self.reads.fresh_run(step)

    @step(SetStatus, part=STAGE, recovery=Recovery.IDEMPOTENT, guard=read_run)
    async def move(self, step: SetStatus, marker: WriteMarker, fresh: Fresh[WireTask]) -> WriteResult:
        """Moves the run to the board stage that the status names, if there is one."""
        before = fresh.record
        stage = await self._find_stage(step, before)
        if stage is None:
            return WriteResult(complete=True, already=True, message=await self._why_not_moved(step, before))
        if stage.id == before.board_stage_id:
            return WriteResult(complete=True, already=True)
        await self.api.act(before.id, "change_status", step.op, {"task_status_id": int(stage.id)})
        return _moved(stage)

    @reconciles(SetStatus, part=STAGE)
    async def find_move(self, step: SetStatus, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        run = await self.api.task(step.run_id, step.op)
        stage = await self._find_stage(step, run)
        return applied_if(stage is None or stage.id == run.board_stage_id, _moved(stage))

    @step(SetStatus, part=URGENT, recovery=Recovery.IDEMPOTENT, guard=read_run)
    async def flag(self, step: SetStatus, marker: WriteMarker, fresh: Fresh[WireTask]) -> WriteResult:
        """Red marks the run as urgent, green removes the mark, and amber leaves it as it is."""
        before = fresh.record
        is_urgent = step.health is Health.RED
        if before.is_urgent == is_urgent:
            return WriteResult(complete=True, already=True)
        await self.api.act(before.id, "mark_as_urgent" if is_urgent else "unmark_as_urgent", step.op)
        return _flagged(is_urgent)

    @reconciles(SetStatus, part=URGENT)
    async def find_flag(self, step: SetStatus, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        run = await self.api.task(step.run_id, step.op)
        is_urgent = step.health is Health.RED
        return applied_if(run.is_urgent == is_urgent, _flagged(is_urgent))

    def recovery_of_end(self, step: EndRun) -> Recovery:
        """Runrun.it refuses to deliver twice, but a second workflow step would be the next person's."""
        return Recovery.LOOKUP if chosen_step(step) else Recovery.IDEMPOTENT

    @step(EndRun, recovery=recovery_of_end, guard=read_run)
    async def end(self, step: EndRun, marker: WriteMarker, fresh: Fresh[WireTask]) -> WriteResult:
        """Asks whether the whole task ends if it passes from one person to the next."""
        before = fresh.record
        if before.opened_parent_ids:
            others = await self.tasks.open_prerequisites(before, step.op)
            raise Conflict(self.api.name, step.op, key="runrunit.run_waits", others=others)
        if before.workflow_id and step.options.get(PART) != WHOLE:
            completed = await self.workflows.finish(step, before)
            if completed is not None:
                return _handed_on(completed[1])
        try:
            after = await self.api.act(before.id, "deliver", step.op)
        except (Rejected, Conflict) as error:
            run = await read_or_raise(self.api.task(step.run_id, step.op), error)
            if run.is_closed:  # somebody else was faster
                return WriteResult(state=RunState.FINISHED, already=True)
            raise (with_key(error, "runrunit.end_refused") if isinstance(error, Rejected) else error) from None
        if not after.is_closed:
            return WriteResult(message="runrunit.still_open")
        return WriteResult(state=RunState.FINISHED)

    @reconciles(EndRun)
    async def find_end(self, step: EndRun, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        run = await self.api.task(step.run_id, step.op)
        element = chosen_step(step)
        if element and not run.is_closed and await self.workflows.is_past(step, element):
            return Applied(_handed_on(mapping.names(run.open_assignments, self.people)))
        return applied_if(run.is_closed, WriteResult(state=RunState.FINISHED))

    async def _find_stage(self, step: SetStatus, task: WireTask) -> WireStage | None:
        """The open stage whose name is the status text, or the only open one whose name has the colour."""
        opened = [stage for stage in await self.stages(task, step.op) if stage.stage_group == OPENED]
        named = [stage for stage in opened if fold(stage.name) == fold(step.text)]
        if named or step.health in (None, Health.UNSET):
            return named[0] if named else None
        coloured = [stage for stage in opened if health_of_stage(stage.name) is step.health]
        return coloured[0] if len(coloured) == 1 else None

    async def stages(self, task: WireTask, operation: str) -> Sequence[WireStage]:
        """The stages of the task's board, cached for a while; empty if Liaison's user can't see the board."""
        loaded_at, stages = self._stages.get(task.board_id, (None, ()))
        if not task.board_id or (loaded_at is not None and self.now() - loaded_at < STAGES_MAX_AGE):
            return stages
        try:
            stages = await self.api.stages(task.board_id, operation)
        except OPTIONAL_READ_ERRORS:
            stages = ()
        self._stages[task.board_id] = (self.now(), stages)
        return stages

    async def _why_not_moved(self, step: SetStatus, task: WireTask) -> str:
        """The message for a status that names a closed stage, or an amber one without a stage of its own.

        The urgent flag shows red and green.
        """
        if any(fold(stage.name) == fold(step.text) for stage in await self.stages(task, step.op)):
            return "runrunit.closed_stage"
        return "runrunit.no_stage" if step.health is Health.AMBER else ""


def _moved(stage: WireStage | None) -> WriteResult:
    return WriteResult(message="runrunit.moved", facts={"stage": stage.name}) if stage else WriteResult()


def _flagged(is_urgent: bool) -> WriteResult:
    return WriteResult(message="runrunit.urgent" if is_urgent else "runrunit.not_urgent")


def _handed_on(next_person: str) -> WriteResult:
    """The result of an end that completed only a step of the run's workflow."""
    return WriteResult(partial=True, message="runrunit.handed_on", facts={"person": next_person})
