"""Approvals: a person's own decision, sent with that person's own token and no other.

An approval by one person is the task's status. For several people, each has a record of their own
(``/tasks/:id/approvals/:aid``, "Approvals"), which takes no text: a note follows as a step of its own. The old API
has no approval records and no ``me``: there the task's status is set, and the server checks whose approval it is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.errors import AdapterError, Conflict, Rejected
from adapters.models import Run
from adapters.toolkit.reconciliation import applied_if
from adapters.toolkit.steps import reconciles, step
from adapters.writes import (
    ApproveTask,
    Baseline,
    Indeterminate,
    Op,
    Reconciliation,
    Recovery,
    RejectTask,
    Write,
    WriteMarker,
    WriteResult,
)
from adapters.xurrent import mapping, wire
from adapters.xurrent.api import Api
from adapters.xurrent.links import Links
from adapters.xurrent.writes.notes import Notes

Decision = ApproveTask | RejectTask
TARGET_STATUS: Mapping[Op, str] = {Op.APPROVE: "approved", Op.REJECT: "rejected"}
NOTE_PART = "note"


@dataclass
class Approvals:
    """``personal_api`` returns the API with the token of a chat user ID, or None if the settings have none."""

    platform: str
    personal_api: Callable[[str], Api | None]
    links: Links
    itrp: bool
    _person_ids: dict[str, str] = field(default_factory=dict)  # by chat user ID

    def __post_init__(self) -> None:
        self._notes = Notes(self._api)

    def plan(self, write: Decision, run: Run | None) -> Sequence[Write]:
        """Raises ``Rejected`` for a person without a token."""
        self._api(write)
        task = run.task(write.task) if run else None
        single_approver = self.itrp or bool(task and task.assignees)
        return [write] if single_approver or not self._notes.text_of(write) else [write, write.as_part(NOTE_PART)]

    @step(ApproveTask, RejectTask, recovery=lambda approvals, step: approvals.recovery(step))
    async def decide(self, step: Decision, marker: WriteMarker) -> WriteResult:
        api, task, own = await self._read(step)
        if _decision(task, own) == TARGET_STATUS[step.op]:
            return WriteResult(already=True)
        self._require_open(step, task, own)
        body: dict[str, Any] = {"status": TARGET_STATUS[step.op]}
        path = f"tasks/{step.task}"
        if own is not None:
            await api.write("PATCH", f"{path}/approvals/{own.id}", step.op, body, wire.Wire)
            return WriteResult()
        if note := self._notes.text_of(step):
            body["note"] = self._notes.sign(step, note, marker)
        updated = await api.write("PATCH", path, step.op, body, wire.Task)
        is_partial = not mapping.task_state(updated).is_over  # one of several approvals, in the old API
        return WriteResult(tasks=(mapping.map_task(updated, self.links),), partial=is_partial)

    def recovery(self, step: Decision) -> Recovery:
        """A decision can be sent again, but a note in the same request would be written again."""
        return Recovery.LOOKUP if self._notes.text_of(step) else Recovery.IDEMPOTENT

    @reconciles(ApproveTask, RejectTask)
    async def find_decision(self, step: Decision, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        """The old API does not show who of several people has decided."""
        _, task, own = await self._read(step)
        is_decided = _decision(task, own) == TARGET_STATUS[step.op]
        if not is_decided and self.itrp and task.member is None and not mapping.task_state(task).is_over:
            return Indeterminate()
        return applied_if(is_decided)

    @step(ApproveTask, RejectTask, part=NOTE_PART, recovery=Recovery.LOOKUP)
    async def write_note(self, step: Decision, marker: WriteMarker) -> WriteResult:
        return await self._notes.write_comment(step, marker)

    @reconciles(ApproveTask, RejectTask, part=NOTE_PART)
    async def find_note(self, step: Decision, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        return await self._notes.find_comment(step, marker, baseline)

    async def _read(self, step: Decision) -> tuple[Api, wire.Task, wire.Approval | None]:
        """(personal API, task, this person's record). Raises ``Rejected`` if this person is not asked."""
        api = self._api(step)
        task = await api.fetch(wire.Task, f"tasks/{api.path_id(step.task, step.op)}", step.op)
        return api, task, await self._own_approval(api, step, task)

    async def _own_approval(self, api: Api, step: Decision, task: wire.Task) -> wire.Approval | None:
        """This person's record in an approval by several people; None if the decision is the task's status.

        Raises ``Rejected`` if this person is not asked.
        """
        if self.itrp or task.category != mapping.APPROVAL:
            return None
        person = await self._person_id(api, step)
        if task.member is not None:
            if task.member.id == person:
                return None
            raise self._not_asked(step, task)
        approvals = await api.fetch_list(wire.Approval, f"tasks/{task.id}/approvals", step.op)
        for approval in approvals.items:
            if approval.approver and approval.approver.id == person:
                return approval
        raise self._not_asked(step, task)

    async def _person_id(self, api: Api, step: Decision) -> str:
        if step.by.id not in self._person_ids:
            self._person_ids[step.by.id] = (await api.fetch(wire.Person, "me", step.op)).id
        return self._person_ids[step.by.id]

    def _require_open(self, step: Decision, task: wire.Task, own: wire.Approval | None) -> None:
        title, decision = task.subject or task.id, _decision(task, own)
        over = mapping.task_state(task).is_over
        if task.category != mapping.APPROVAL:
            raise Rejected(self.platform, step.op, key="xurrent.no_approval", title=title)
        if own is not None and decision in TARGET_STATUS.values() and not over:
            raise Rejected(self.platform, step.op, key="xurrent.decided", title=title, status=decision)
        if over or decision in ("approved", "rejected", "canceled"):
            status = decision or task.status
            raise Conflict(self.platform, step.op, key="xurrent.over", title=title, status=status)
        if "registered" in (task.status, decision):
            raise Conflict(self.platform, step.op, key="xurrent.waits", title=title)

    def _not_asked(self, step: Decision, task: wire.Task) -> AdapterError:
        title, person = task.subject or task.id, step.by.shown
        return Rejected(self.platform, step.op, key="xurrent.not_asked", title=title, person=person)

    def _api(self, step: Write) -> Api:
        """Looks up by chat user ID only: a name, handle or email address does not prove who somebody is."""
        api = self.personal_api(step.by.id) if step.by.id else None
        if api is None:
            link, id = self.links.task(step.target), step.by.id or step.by.shown
            key = "xurrent.no_token_at" if link else "xurrent.no_token"
            raise Rejected(self.platform, step.op, key=key, link=link, id=id)
        return api


def _decision(task: wire.Task, own: wire.Approval | None) -> str:
    return (own.status if own is not None else task.status) or ""
