"""Other actions on a task: accept, decline, mark as urgent, report as failed, or hold it for another hour.

All are fields of the task's own PATCH, so each sets a state that can be read back. They are listed from the run as
last read; whether one is allowed in the task's present status is up to the server.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from adapters.errors import Conflict
from adapters.models import PlatformAction, Run, Task, TaskState
from adapters.results import Baseline, Reconciliation, WriteResult
from adapters.toolkit.reconciliation import applied_if
from adapters.toolkit.steps import reconciles, step
from adapters.toolkit.timestamps import parse_timestamp
from adapters.writes import PerformAction, WriteMarker
from adapters.xurrent import mapping, wire
from adapters.xurrent.api import Api
from adapters.xurrent.people import People
from adapters.xurrent.text import wire_time
from adapters.xurrent.writes.tasks import TaskWrites

ACCEPT, DECLINE, FAIL, URGENT, CALM, WAIT = "accept", "decline", "fail", "urgent", "calm", "wait"
_WITH_NOTE = (DECLINE, FAIL)
_MARKS = {ACCEPT: "accepted", DECLINE: "declined"}  # of a task that has this status already
_HOLD_DURATION = timedelta(hours=1)
_OPEN_STATES = (TaskState.READY, TaskState.RUNNING, TaskState.HELD)


@dataclass
class Actions:
    api: Api
    people: People
    tasks: TaskWrites

    def list_for(self, run: Run) -> Sequence[PlatformAction]:
        """Sends no request."""
        tasks = [task for task in run.tasks if task.is_ours and task.state in _OPEN_STATES]
        return [_action(kind, task) for task in tasks for kind in self._kinds(task)]

    @step(PerformAction, recovery=lambda actions, step: actions.tasks.notes.recovery(step))
    async def perform(self, step: PerformAction, marker: WriteMarker) -> WriteResult:
        task = await self._read_task(step)
        self._require_possible(step, task)
        changes = await self._changes(step, marker)
        if _has(task, changes):
            return WriteResult(tasks=self.tasks.mapped(task), already=True)
        updated = await self.tasks.notes.update_task(step, changes, marker)
        return WriteResult(tasks=self.tasks.mapped(updated))

    @reconciles(PerformAction)
    async def find_performed(self, step: PerformAction, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        task, changes = await self._read_task(step), await self._changes(step, marker)
        return applied_if(_has(task, changes), WriteResult(tasks=self.tasks.mapped(task)))

    def _kinds(self, task: Task) -> Sequence[str]:
        kinds = [CALM if task.urgent else URGENT, FAIL]
        if task.state is TaskState.READY:
            kinds[:0] = [kind for kind in (ACCEPT, DECLINE) if task.mark != _MARKS[kind]]
        if task.state is TaskState.HELD and task.expected_at is None:
            kinds.insert(0, WAIT)
        return kinds

    async def _read_task(self, step: PerformAction) -> wire.Task:
        """Raises ``NotFound`` for an action without a task."""
        return await self.api.fetch(wire.Task, f"tasks/{self.api.path_id(step.task or '', step.op)}", step.op)

    def _require_possible(self, step: PerformAction, record: wire.Task) -> None:
        task = mapping.map_task(record, self.tasks.links)
        facts: dict[str, Any] = {"title": task.title, "label": step.label}
        if task.state.is_over and not (_kind(step) == FAIL and task.state is TaskState.FAILED):
            raise Conflict(
                self.api.name, step.op, key="xurrent.over", for_good=True, status=record.status, **facts
            )
        not_held = _kind(step) == WAIT and task.state is not TaskState.HELD
        if not_held or not task.is_ours or task.state is TaskState.WAITING:
            raise Conflict(self.api.name, step.op, key="xurrent.offer_gone", **facts)

    async def _changes(self, step: PerformAction, marker: WriteMarker) -> dict[str, Any]:
        """The fields to change, without a note."""
        match _kind(step):
            case "accept":
                member = await self.people.require_body_id(step.by, step.op)
                return {"status": "accepted", "member_id": member}
            case "decline":
                return {"status": "declined"}
            case "fail":
                return {"status": "failed"}
            case "wait":
                return {"status": mapping.WAITING_FOR, "waiting_until": wire_time(marker.at + _HOLD_DURATION)}
            case "urgent" | "calm" as kind:
                return {"urgent": kind == URGENT}
        raise Conflict(
            self.api.name, step.op, key="xurrent.offer_gone", for_good=True, title=step.label, label=step.label
        )


def _action(kind: str, task: Task) -> PlatformAction:
    key = f"xurrent.offer_{kind}"
    return PlatformAction(
        id=f"{kind}:{task.id}",
        label=key,
        warning=f"{key}_does",
        facts={"title": task.title},
        task=task.id,
        takes_note=kind in _WITH_NOTE,
    )


def _kind(step: PerformAction) -> str:
    return step.action.partition(":")[0]


def _has(task: wire.Task, changes: dict[str, Any]) -> bool:
    """Whether the task has these values already. Some servers do not return ``urgent``: then it has not."""
    member, until = changes.get("member_id"), changes.get("waiting_until")
    return (
        changes.get("status", task.status) == task.status
        and (member is None or (task.member is not None and task.member.id == str(member)))
        and (until is None or parse_timestamp(task.waiting_until) == parse_timestamp(until))
        and changes.get("urgent", task.urgent) == task.urgent
    )
