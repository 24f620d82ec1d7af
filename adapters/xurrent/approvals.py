"""Approvals: a person's own decision, sent with that person's own token and no other.

An approval by one person is the task's status. For several people, each has a record of their own
(``/tasks/:id/approvals/:aid``, "Approvals"), which takes no text. The old API has neither these records nor
``me``: there a decision is the task's status too, which stays open until enough people have decided. Who is asked
is known from ``/tasks/approval_by_me``, the only list of approvals that it documents.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from adapters.errors import OPTIONAL_READ_ERRORS, AdapterError, Conflict, RateLimited, Rejected, Unreachable
from adapters.models import Task
from adapters.results import Applied, Baseline, NotApplied, Reconciliation, Recovery, WriteResult
from adapters.toolkit.steps import reconciles, step
from adapters.writes import NOTE, ApproveTask, Op, RejectTask, Write, WriteMarker
from adapters.xurrent import mapping, wire
from adapters.xurrent.api import Api
from adapters.xurrent.links import Links
from adapters.xurrent.writes.notes import Notes

Decision = ApproveTask | RejectTask
TARGET_STATUS: Mapping[Op, str] = {Op.APPROVE: "approved", Op.REJECT: "rejected"}


@dataclass(frozen=True)
class AskedFor:
    """An approval as one person sees it. ``own`` is their record among those of several people.

    ``is_recorded``: Liaison has sent this decision, and the old API does not ask the person any more.
    """

    api: Api
    task: wire.Task
    own: wire.Approval | None = None
    others: Sequence[wire.Approval] = ()
    is_recorded: bool = False

    @property
    def decision(self) -> str:
        return (self.own.status if self.own is not None else self.task.status) or ""

    @property
    def is_over(self) -> bool:
        return mapping.task_state(self.task).is_over


@dataclass
class Approvals:
    """``personal_api`` returns the API with the token of a chat user ID, or None if the settings have none.

    ``_sent``: decisions that were sent to the old API, answered or not. If it refuses the same one later, or does
    not ask the person any more, it has it.
    """

    platform: str
    personal_api: Callable[[str], Api | None]
    links: Links
    itrp: bool
    _person_ids: dict[str, str] = field(default_factory=dict)  # by chat user ID
    _sent: set[tuple[Op, str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._notes = Notes(self._api, self.itrp)

    def plan(self, write: Decision) -> Sequence[Write]:
        """Raises ``Rejected`` for a person without a token."""
        self._api(write)
        return self._notes.plan(write)

    @step(ApproveTask, RejectTask, recovery=lambda approvals, step: approvals.recovery(step))
    async def decide(self, step: Decision, marker: WriteMarker) -> WriteResult:
        asked = await self._read(step)
        if asked.is_recorded or asked.decision == TARGET_STATUS[step.op]:
            return self._result(asked).model_copy(update={"already": True})
        self._require_open(step, asked)
        if asked.own is None:
            return await self._set_status(step, asked.api, marker)
        path = f"tasks/{step.task}/approvals/{asked.own.id}"
        await asked.api.write("PATCH", path, step.op, {"status": TARGET_STATUS[step.op]}, wire.Wire)
        try:
            return self._result(await self._read(step))
        except AdapterError:  # the decision was accepted, and a later read shows what came of it
            partial = _waits_for_others(step, asked)
            return WriteResult(partial=partial, message="xurrent.your_part" if partial else "")

    def recovery(self, step: Decision) -> Recovery:
        return self._notes.recovery(step)

    @reconciles(ApproveTask, RejectTask)
    async def find_decision(self, step: Decision, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        api = self._api(step)
        if not self.itrp:
            asked = await self._read(step)
            return Applied(self._result(asked)) if asked.decision == TARGET_STATUS[step.op] else NotApplied()
        task = await self._fetch(api, step)
        if task.status == TARGET_STATUS[step.op]:
            return Applied(self._result(AskedFor(api, task)))
        if mapping.task_state(task).is_over or await self._is_asked(api, step):
            return NotApplied()
        return Applied(self._result(AskedFor(api, task)))  # decided: they are not asked any more

    @step(ApproveTask, RejectTask, part=NOTE, recovery=Recovery.LOOKUP)
    async def write_note(self, step: Decision, marker: WriteMarker) -> WriteResult:
        return await self._notes.write_words(step, marker)

    @reconciles(ApproveTask, RejectTask, part=NOTE)
    async def find_note(self, step: Decision, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        return await self._notes.find_comment(step, marker, baseline)

    async def _set_status(self, step: Decision, api: Api, marker: WriteMarker) -> WriteResult:
        """The decision of the only person, or on the old API of one of several."""
        is_second = _key(step) in self._sent
        self._sent.add(_key(step))
        try:
            updated = await self._notes.update_task(step, {"status": TARGET_STATUS[step.op]}, marker)
        except Conflict as error:
            if self.itrp and is_second:
                return WriteResult(partial=True, message="xurrent.your_part")
            self._sent.discard(_key(step))
            if self.itrp and error.key == "xurrent.status_refused":
                key = "xurrent.decision_refused"
                raise Conflict(self.platform, step.op, key=key, said=error.said) from error
            raise
        except (Rejected, Unreachable, RateLimited):
            self._sent.discard(_key(step))
            raise
        if updated is not None:
            return self._result(AskedFor(api, updated))
        try:  # the response was cut short, as ITRP's page prints it
            return self._result(AskedFor(api, await self._fetch(api, step)))
        except AdapterError:
            return WriteResult()

    async def _read(self, step: Decision) -> AskedFor:
        """Raises ``Rejected`` if this person is not asked."""
        api = self._api(step)
        if self.itrp:
            return await self._read_old(api, step)
        task = await self._fetch(api, step)
        if task.category != mapping.APPROVAL:
            return AskedFor(api, task)
        person = await self._person_id(api, step)
        if task.member is not None:
            if task.member.id == person:
                return AskedFor(api, task)
            raise self._not_asked(step, task)
        records = (await api.fetch_list(wire.Approval, f"tasks/{task.id}/approvals", step.op)).items
        own = next((item for item in records if item.approver and item.approver.id == person), None)
        if own is None:
            raise self._not_asked(step, task)
        return AskedFor(api, task, own, [item for item in records if item is not own])

    async def _read_old(self, api: Api, step: Decision) -> AskedFor:
        """The list of the person's approvals comes first: it tells a stranger at once."""
        is_asked = await self._is_asked(api, step)
        asked = AskedFor(api, await self._fetch(api, step))
        if not is_asked and asked.decision != TARGET_STATUS[step.op]:
            if _key(step) in self._sent and not asked.is_over:
                return replace(asked, is_recorded=True)
            self._require_open(step, asked)
            raise self._not_asked(step, asked.task)
        return asked

    async def _is_asked(self, api: Api, step: Decision) -> bool:
        """Also where the list can't be read, or goes on: the server decides then."""
        try:
            found = await api.fetch_list(wire.Task, "tasks/approval_by_me", step.op)
        except OPTIONAL_READ_ERRORS:
            return True
        return not found.complete or any(task.id == step.task for task in found)

    async def _fetch(self, api: Api, step: Decision) -> wire.Task:
        return await api.fetch(wire.Task, f"tasks/{api.path_id(step.task, step.op)}", step.op)

    async def _person_id(self, api: Api, step: Decision) -> str:
        if step.by.id not in self._person_ids:
            self._person_ids[step.by.id] = (await api.fetch(wire.Person, "me", step.op)).id
        return self._person_ids[step.by.id]

    def _require_open(self, step: Decision, asked: AskedFor) -> None:
        title, decision = asked.task.subject or asked.task.id, asked.decision
        if asked.task.category != mapping.APPROVAL:
            raise Rejected(self.platform, step.op, key="xurrent.no_approval", title=title)
        if asked.own is not None and decision in TARGET_STATUS.values() and not asked.is_over:
            raise Rejected(self.platform, step.op, key="xurrent.decided", title=title, status=decision)
        if asked.is_over or decision in ("approved", "rejected", "canceled"):
            status = decision or asked.task.status
            raise Conflict(self.platform, step.op, key="xurrent.over", for_good=True, title=title, status=status)
        if "registered" in (asked.task.status, decision):
            raise Conflict(self.platform, step.op, key="xurrent.waits", title=title)

    def _result(self, asked: AskedFor) -> WriteResult:
        """``partial`` while the others have not decided."""
        message = "" if asked.is_over else "xurrent.your_part"
        return WriteResult(partial=not asked.is_over, message=message, tasks=self._tasks(asked))

    def _tasks(self, asked: AskedFor) -> tuple[Task, ...]:
        records = [*asked.others, *([asked.own] if asked.own else [])]
        records.sort(key=lambda record: mapping.id_order(record.id))
        return (mapping.map_task(asked.task, self.links, records),)

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


def _waits_for_others(step: Decision, asked: AskedFor) -> bool:
    approved = sum(record.status == "approved" for record in asked.others) + 1
    return isinstance(step, ApproveTask) and approved < (asked.task.required_approvals or 1)


def _key(step: Decision) -> tuple[Op, str, str]:
    return step.op, step.task, step.by.id
