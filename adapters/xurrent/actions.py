"""What else Xurrent can do about a task: accepted for oneself, urgent, failed, or left until a time.

All are fields of the task's own PATCH, so each sets a state that can be read back. They are offered from the run
as last read; whether one may follow the task's present status the server says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any

from adapters.errors import Conflict, Rejected
from adapters.models import PlatformAction, Run, Task, TaskState
from adapters.toolkit.timestamps import parse_timestamp
from adapters.writes import Applied, NotApplied, PerformAction, Reconciliation, WriteMarker, WriteResult
from adapters.xurrent import mapping, wire
from adapters.xurrent import text as words
from adapters.xurrent.api import Api
from adapters.xurrent.people import People
from adapters.xurrent.writes import Writes

ACCEPT, FAIL, URGENT, CALM, WAIT = "accept", "fail", "urgent", "calm", "wait"
_GOES_ON = timedelta(hours=1)
_WORKED_ON = (TaskState.READY, TaskState.RUNNING, TaskState.HELD)


@dataclass
class Offers:
    """``old``: the old API, which knows nobody by e-mail address, so nobody can accept."""

    api: Api
    people: People
    writing: Writes
    old: bool

    def of(self, run: Run) -> Sequence[PlatformAction]:
        """Asks nothing. What people work on first: the tasks that are ready, running or held."""
        tasks = [task for task in run.tasks if task.is_ours and task.state in _WORKED_ON]
        return [_offer(kind, task) for task in tasks for kind in self._kinds(task)]

    async def execute(self, step: PerformAction, mark: WriteMarker) -> WriteResult:
        found = await self._task(step)
        self._refuse(step, found)
        wanted = await self._wanted(step, mark)
        if _is_so(found, wanted):
            return WriteResult(tasks=self.writing.shown(found), already=True)
        if _kind(step) == FAIL:
            wanted["note"] = words.signed("Reported as failed from chat", mark)
        answer = await self.api.change(found.id, step.op, wanted)
        return WriteResult(tasks=self.writing.shown(answer))

    async def reconcile(self, step: PerformAction, mark: WriteMarker) -> Reconciliation:
        found, wanted = await self._task(step), await self._wanted(step, mark)
        return Applied(WriteResult(tasks=self.writing.shown(found))) if _is_so(found, wanted) else NotApplied()

    def _kinds(self, task: Task) -> Sequence[str]:
        kinds = [CALM if task.urgent else URGENT, FAIL]
        if task.state is TaskState.READY and not self.old and task.mark != "accepted":
            kinds.insert(0, ACCEPT)
        if task.state is TaskState.HELD and task.expected_at is None:
            kinds.insert(0, WAIT)
        return kinds

    async def _task(self, step: PerformAction) -> wire.Task:
        """Raises ``NotFound`` for an offer that names no task."""
        return await self.api.one(wire.Task, f"tasks/{self.api.id(step.task or '', step.op)}", step.op)

    def _refuse(self, step: PerformAction, found: wire.Task) -> None:
        task = mapping.single(found, self.writing.links)
        facts: dict[str, Any] = {"title": task.title, "label": step.label}
        if task.state.is_over and not (_kind(step) == FAIL and task.state is TaskState.FAILED):
            raise Conflict(self.api.name, step.op, key="xurrent.over", status=found.status, **facts)
        gone = _kind(step) == WAIT and task.state is not TaskState.HELD
        if gone or not task.is_ours or task.state is TaskState.WAITING:
            raise Conflict(self.api.name, step.op, key="xurrent.offer_gone", **facts)

    async def _wanted(self, step: PerformAction, mark: WriteMarker) -> dict[str, Any]:
        match _kind(step):
            case "accept":
                member = await self.people.id(step.by, step.op)
                if member is None:
                    raise Rejected(self.api.name, step.op, key="xurrent.unknown_person", person=step.by.shown)
                return {"status": "accepted", "member_id": self.api.number(member, step.op)}
            case "fail":
                return {"status": "failed"}
            case "wait":
                until = (mark.at.astimezone(UTC) + _GOES_ON).replace(microsecond=0)
                return {"status": mapping.WAITING_FOR, "waiting_until": until.strftime("%Y-%m-%dT%H:%M:%SZ")}
            case "urgent" | "calm" as kind:
                return {"urgent": kind == URGENT}
        raise Conflict(self.api.name, step.op, key="xurrent.offer_gone", title=step.label, label=step.label)


def _offer(kind: str, task: Task) -> PlatformAction:
    label = f"xurrent.offer_{kind}"
    return PlatformAction(
        id=f"{kind}:{task.id}", label=label, warning=f"{label}_does", facts={"title": task.title}, task=task.id
    )


def _kind(step: PerformAction) -> str:
    return step.action.partition(":")[0]


def _is_so(found: wire.Task, wanted: dict[str, Any]) -> bool:
    """Whether the task is as ``wanted``, whoever made it so. Some servers do not tell whether one is urgent."""
    member, until = wanted.get("member_id"), wanted.get("waiting_until")
    return (
        wanted.get("status", found.status) == found.status
        and (member is None or (found.member is not None and found.member.id == str(member)))
        and (until is None or parse_timestamp(found.waiting_until) == parse_timestamp(until))
        and wanted.get("urgent", found.urgent) == found.urgent
    )
