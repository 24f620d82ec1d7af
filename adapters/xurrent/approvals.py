"""Approvals: a person's own decision, sent with that person's own token and with no other (sheet, section 2).

Asked of one person, the approval is the task's status. Asked of several, each has an approval of their own on it
(``/tasks/:id/approvals/:aid``), which holds no words: those follow as a note, a step of its own. The old API knows
no approvals and no "me": there the task's status is set, and the server says whose it is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.errors import AdapterError, Conflict, Rejected
from adapters.writes import (
    Applied,
    ApproveTask,
    NotApplied,
    Op,
    Reconciliation,
    RejectTask,
    Write,
    WriteMarker,
    WriteResult,
)
from adapters.xurrent import mapping, wire
from adapters.xurrent import text as words
from adapters.xurrent.api import Api
from adapters.xurrent.links import Links

Decision = ApproveTask | RejectTask
WANTED: Mapping[Op, str] = {Op.APPROVE: "approved", Op.REJECT: "rejected"}
NOTE = "note"  # the part of a decision that only writes its words


@dataclass
class Approving:
    """``own``: the API as the person of this chat id, or None where Liaison has no token of theirs."""

    platform: str
    own: Callable[[str], Api | None]
    links: Links
    old: bool
    _ids: dict[str, str] = field(default_factory=dict)  # chat id -> person id

    def steps(self, write: Decision, alone: bool) -> Sequence[Write]:
        """``alone``: one person is asked, and words go with the status."""
        self._api(write)
        return [write] if alone or not said(write) else [write, write.as_part(NOTE)]

    async def execute(self, step: Decision, mark: WriteMarker) -> WriteResult:
        api = self._api(step)
        path = f"tasks/{api.id(step.task, step.op)}"
        if step.part == NOTE:
            note = {"text": words.signed(said(step), mark)}
            made = await api.write("POST", f"{path}/notes", step.op, note, wire.CreatedRecord)
            return WriteResult(id=made.id)
        task = await api.one(wire.Task, path, step.op)
        mine = await self._mine(api, step, task)
        if self._given(step, task, mine) == WANTED[step.op]:
            return WriteResult(already=True)
        self._refuse(step, task, mine)
        body: dict[str, Any] = {"status": WANTED[step.op]}
        if mine is not None:
            await api.write("PATCH", f"{path}/approvals/{mine.id}", step.op, body, wire.Wire)
            return WriteResult()
        if said(step):
            body["note"] = words.signed(said(step), mark)
        answer = await api.write("PATCH", path, step.op, body, wire.Task)
        return WriteResult(tasks=(mapping.single(answer, self.links),))

    async def reconcile(self, step: Decision, mark: WriteMarker) -> Reconciliation:
        api = self._api(step)
        path = f"tasks/{api.id(step.task, step.op)}"
        if step.part == NOTE:
            notes = await api.many(wire.Note, f"{path}/notes", step.op)
            ours = next((note for note in notes.items if mark.is_in(note.text)), None)
            return Applied(WriteResult(id=ours.id)) if ours else NotApplied()
        task = await api.one(wire.Task, path, step.op)
        mine = await self._mine(api, step, task)
        return Applied(WriteResult()) if self._given(step, task, mine) == WANTED[step.op] else NotApplied()

    async def _mine(self, api: Api, step: Decision, task: wire.Task) -> wire.Approval | None:
        """This person's part of an approval that several are asked for; None where it is the task's status.

        Raises ``Rejected`` where it is not theirs to give.
        """
        if self.old or task.category != mapping.APPROVAL:
            return None
        me = await self._me(api, step)
        if task.member is not None:
            if task.member.id == me:
                return None
            raise self._not_theirs(step, task)
        found = await api.many(wire.Approval, f"tasks/{task.id}/approvals", step.op)
        mine = next((one for one in found.items if one.approver and one.approver.id == me), None)
        if mine is None:
            raise self._not_theirs(step, task)
        return mine

    async def _me(self, api: Api, step: Decision) -> str:
        if step.by.id not in self._ids:
            self._ids[step.by.id] = (await api.one(wire.Person, "me", step.op)).id
        return self._ids[step.by.id]

    def _given(self, step: Decision, task: wire.Task, mine: wire.Approval | None) -> str:
        return (mine.status if mine is not None else task.status) or ""

    def _refuse(self, step: Decision, task: wire.Task, mine: wire.Approval | None) -> None:
        title, given = task.subject or task.id, self._given(step, task, mine)
        if task.category != mapping.APPROVAL:
            raise Rejected(self.platform, step.op, key="xurrent.no_approval", title=title)
        if mine is not None and given in WANTED.values() and not mapping.task_state(task).is_over:
            raise Rejected(self.platform, step.op, key="xurrent.decided", title=title, status=given)
        if mapping.task_state(task).is_over or given in ("approved", "rejected", "canceled"):
            raise Conflict(self.platform, step.op, key="xurrent.over", title=title, status=given or task.status)
        if "registered" in (task.status, given):
            raise Conflict(self.platform, step.op, key="xurrent.waits", title=title)

    def _not_theirs(self, step: Decision, task: wire.Task) -> AdapterError:
        title, who = task.subject or task.id, step.by.shown
        return Rejected(self.platform, step.op, key="xurrent.not_asked", title=title, person=who)

    def _api(self, step: Decision) -> Api:
        """Known by the chat's own id: a name, a handle or an e-mail address proves nothing here."""
        api = self.own(step.by.id) if step.by.id else None
        if api is None:
            link, id = self.links.task(step.task), step.by.id or step.by.shown
            key = "xurrent.no_token_at" if link else "xurrent.no_token"
            raise Rejected(self.platform, step.op, key=key, link=link, id=id)
        return api


def said(step: Decision) -> str:
    return (step.note if isinstance(step, ApproveTask) else step.reason).strip()
