"""Changes to a whole run, which there is one task with subtasks: start, status, added tasks, end."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from adapters.errors import OPTIONAL_READ_ERRORS, AdapterError, Conflict, Rejected
from adapters.http.responses import ListResult
from adapters.models import Health, RunKey, RunState
from adapters.runrunit import text as words
from adapters.runrunit.api import Api
from adapters.runrunit.people import People
from adapters.runrunit.tasks import Tasks
from adapters.runrunit.wire import (
    OPENED,
    WireStage,
    WireSubtaskAssignee,
    WireTask,
    WireTemplate,
)
from adapters.toolkit.timestamps import parse_timestamp
from adapters.writes import (
    AddTask,
    Applied,
    Baseline,
    EndRun,
    Indeterminate,
    NotApplied,
    Reconciliation,
    SetStatus,
    StartRun,
    WriteMarker,
    WriteResult,
)

CLOCKS_APART = timedelta(minutes=10)
STAGES_KEPT = timedelta(minutes=10)


@dataclass
class Runs:
    api: Api
    people: People
    tasks: Tasks
    type_id: int
    now: Callable[[], datetime]
    _stages: dict[str, tuple[datetime, Sequence[WireStage]]] = field(
        default_factory=dict
    )  # board id -> when, which

    # Start: the template is read and copied into one task, because nothing there instantiates it

    async def start(self, step: StartRun, mark: WriteMarker) -> WriteResult:
        if step.options:
            option = ", ".join(step.options)
            raise Rejected(self.api.name, step.op, key="runrunit.no_option", option=option)
        template = await self.api.template(step.runbook.id, step.op)
        owner = await self.people.named(step.owner) if step.owner else None
        try:
            made = await self.api.create(self._start_body(step, mark, template, owner), step.op)
        except Rejected as refused:
            raise _rekeyed(refused, "runrunit.start_refused") from refused
        told = WriteResult(run=RunKey(platform=self.api.name, id=made.id), state=RunState.ACTIVE)
        if step.owner and owner is None:
            says = {"message": "runrunit.nobody_assigned", "facts": {"person": step.owner.shown}}
            return told.model_copy(update=says)
        return told

    async def settle_start(self, step: StartRun, mark: WriteMarker) -> Reconciliation:
        """By its title, which no other task has. Open tasks first: they are few."""
        title = words.keyed(step.title, mark)
        listing = ListResult[WireTask](())
        for closed_too in (False, True):
            listing = await self.api.project_tasks(step.op, closed_too=closed_too)
            for found in listing.items:
                if found.title.strip() == title:
                    key = RunKey(platform=self.api.name, id=found.id)
                    return Applied(WriteResult(run=key, state=RunState.ACTIVE))
        return NotApplied() if listing.complete else Indeterminate()

    def _start_body(
        self, step: StartRun, mark: WriteMarker, template: WireTemplate, owner: str | None
    ) -> dict[str, Any]:
        """Dates of a template are of the day it was written; they and all names and pictures stay behind."""
        people = [_assignment(one) for one in template.assignments if one.assignee_id and one.assignee_id != owner]
        if owner:
            people.insert(0, {"assignee_id": owner})
        body = self._body(words.keyed(step.title, mark), template.type_id)
        body["assignments"] = people
        body["subtasks_data"] = [
            {"title": one.title}
            | ({"assignments_data": given} if (given := _assignments(one.assignments_data)) else {})
            for one in template.subtasks_data
        ]
        if template.follower_ids:
            body["follower_ids"] = list(template.follower_ids)
        return body

    # Added tasks: the run's task waits for them, because nothing adds a subtask later

    async def add(self, step: AddTask) -> WriteResult:
        run = self.api.number(step.run_id, step.op)
        assignee = await self.people.named(step.assignee) if step.assignee else None
        body = self._body(step.title, None)
        body["task_descendant_ids"] = [int(run)]
        if assignee:
            body["assignments"] = [{"assignee_id": assignee}]
        try:
            made = await self.api.create(body, step.op)
        except Rejected as refused:
            raise _rekeyed(refused, "runrunit.add_refused") from refused
        told = self.tasks.told(made).model_copy(update={"id": made.id})
        if step.assignee and assignee is None:
            says = {"message": "runrunit.nobody_assigned", "facts": {"person": step.assignee.shown}}
            return told.model_copy(update=says)
        return told

    async def settle_add(self, step: AddTask, known: Baseline) -> Reconciliation:
        """One of this title among those that the run waits for, that was not there before."""
        oldest = known.sent_at - CLOCKS_APART
        for one in await self.api.prerequisites(step.run_id, step.op):
            made = parse_timestamp(one.created_at)
            if (
                one.title.strip() == step.title.strip()
                and one.id not in known.ids
                and (not made or made >= oldest)
            ):
                return Applied(self.tasks.told(one).model_copy(update={"id": one.id}))
        return NotApplied()

    # Status: the board's stage of that name, the urgent flag, and then the words

    async def move(self, step: SetStatus) -> WriteResult:
        before = await self._open_run(step)
        stage = await self._stage(step, before)
        if stage is None:
            return WriteResult(message="runrunit.closed_stage" if await self._names_the_end(step, before) else "")
        if stage.id == before.board_stage_id:
            return WriteResult()
        await self.api.act(before.id, "change_status", step.op, {"task_status_id": int(stage.id)})
        return WriteResult(message="runrunit.moved", facts={"stage": stage.name})

    async def settle_move(self, step: SetStatus) -> Reconciliation:
        now = await self.api.task(step.run_id, step.op)
        stage = await self._stage(step, now)
        return Applied(WriteResult()) if stage is None or stage.id == now.board_stage_id else NotApplied()

    async def flag(self, step: SetStatus) -> WriteResult:
        """Red is urgent there, green is not; amber leaves the flag to people."""
        before = await self._open_run(step)
        urgent = step.health is Health.RED
        if before.is_urgent == urgent:
            return WriteResult()
        await self.api.act(before.id, "mark_as_urgent" if urgent else "unmark_as_urgent", step.op)
        return WriteResult(message="runrunit.urgent" if urgent else "runrunit.not_urgent")

    async def settle_flag(self, step: SetStatus) -> Reconciliation:
        now = await self.api.task(step.run_id, step.op)
        return Applied(WriteResult()) if now.is_urgent == (step.health is Health.RED) else NotApplied()

    async def _stage(self, step: SetStatus, task: WireTask) -> WireStage | None:
        """The open stage whose name is what was said, else the only one whose name says the colour."""
        opened = [one for one in await self.stages_of(task, step.op) if one.stage_group == OPENED]
        said = words.folded(step.text)
        named = [one for one in opened if words.folded(one.name) == said]
        if named or step.health in (None, Health.UNSET):
            return named[0] if named else None
        coloured = [one for one in opened if words.health_of(one.name) is step.health]
        return coloured[0] if len(coloured) == 1 else None

    async def _names_the_end(self, step: SetStatus, task: WireTask) -> bool:
        """Whether what was said is the name of a closed stage. ``end`` goes there, and only if it is asked to."""
        said = words.folded(step.text)
        return any(words.folded(one.name) == said for one in await self.stages_of(task, step.op))

    async def stages_of(self, task: WireTask, op: str) -> Sequence[WireStage]:
        """Kept for a while. A board that is not shown to us has none: the words are said all the same."""
        read_at, found = self._stages.get(task.board_id, (None, ()))
        if not task.board_id or (read_at is not None and self.now() - read_at < STAGES_KEPT):
            return found
        try:
            found = await self.api.stages(task.board_id, op)
        except OPTIONAL_READ_ERRORS:
            found = ()
        self._stages[task.board_id] = (self.now(), found)
        return found

    # End

    async def end(self, step: EndRun) -> WriteResult:
        before = await self.api.task(step.run_id, step.op)
        if before.is_closed:
            return WriteResult(state=RunState.FINISHED, already=True)
        if before.opened_parent_ids:
            others = await self.tasks.open_before(before, step.op)
            raise Conflict(self.api.name, step.op, key="runrunit.run_waits", others=others)
        try:
            after = await self.api.act(before.id, "deliver", step.op)
        except (Rejected, Conflict) as refused:
            return await self._ended_before(refused, step)
        return (
            WriteResult(state=RunState.FINISHED) if after.is_closed else WriteResult(message="runrunit.still_open")
        )

    async def settle_end(self, step: EndRun) -> Reconciliation:
        now = await self.api.task(step.run_id, step.op)
        return Applied(WriteResult(state=RunState.FINISHED)) if now.is_closed else NotApplied()

    async def _ended_before(self, refused: Rejected | Conflict, step: EndRun) -> WriteResult:
        try:
            now = await self.api.task(step.run_id, step.op)
        except AdapterError:
            raise refused from None
        if now.is_closed:
            return WriteResult(state=RunState.FINISHED, already=True)
        raise _rekeyed(refused, "runrunit.end_refused") if isinstance(refused, Rejected) else refused

    # Parts

    def _body(self, title: str, type_id: int | None) -> dict[str, Any]:
        """What every task needs there; ``desired_date`` is required, and null in the samples."""
        return {
            "title": title,
            "on_going": False,
            "type_id": type_id or self.type_id,
            "project_id": self.api.project,
            "desired_date": None,
        }

    async def _open_run(self, step: SetStatus) -> WireTask:
        found = await self.api.task(step.run_id, step.op)
        if found.is_closed:
            raise Conflict(self.api.name, step.op, key="runrunit.run_is_over")
        return found


def _assignment(one: WireSubtaskAssignee) -> Mapping[str, str | int]:
    return {"assignee_id": one.assignee_id} | ({} if one.team_id is None else {"team_id": one.team_id})


def _assignments(listed: Sequence[WireSubtaskAssignee]) -> list[Mapping[str, str | int]]:
    return [_assignment(one) for one in listed if one.assignee_id]


def _rekeyed(refused: Rejected, key: str) -> Rejected:
    """Their refusals have no words: what was asked says better what may be wrong."""
    if refused.key == "runrunit.forbidden":
        return refused
    return Rejected(refused.platform, refused.operation, key=key, said=refused.said)
