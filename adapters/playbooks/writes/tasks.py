"""Changes to one task, made safe on a server that knows tasks by position only and has no versions.

The guard's read before the write finds the position of the task's id, and a read after it proves that this task
changed. If somebody moved the list in between, the result says which task was changed instead; if somebody changed
the task in between, it says who.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from adapters.errors import AdapterError, Conflict, OutcomeUnknown, Rejected, Unsupported
from adapters.playbooks import links, mapping
from adapters.playbooks import text as texts
from adapters.playbooks.api import Api, Position
from adapters.playbooks.errors import MESSAGES, NO_ROUTE
from adapters.playbooks.people import People
from adapters.playbooks.reads import Reads
from adapters.playbooks.wire import CLOSED, IN_PROGRESS, OPEN, SKIPPED, WireItem, WireRun
from adapters.results import Applied, Baseline, NotApplied, Reconciliation, Recovery, WriteResult
from adapters.toolkit.guards import Fresh, checked_after
from adapters.toolkit.messages import message_text
from adapters.toolkit.steps import reconciles, step
from adapters.writes import (
    AddTask,
    AssignTask,
    BeginTask,
    FinishTask,
    PerformAction,
    ReopenTask,
    SkipTask,
    TaskWrite,
    WriteMarker,
)

ASSIGN = "assign"  # the second part of a begin


@dataclass(frozen=True, slots=True)
class Change:
    """How a change of an item is requested, and how the item looks when it is applied."""

    field: str  # the last part of the path
    body: object
    is_applied: Callable[[WireItem], bool]


@dataclass
class TaskWrites:
    api: Api
    people: People
    reads: Reads

    async def read_fresh(self, step: TaskWrite) -> Fresh[WireRun]:
        return await self.reads.fresh(step)

    @step(FinishTask, BeginTask, SkipTask, ReopenTask, AssignTask, recovery=Recovery.IDEMPOTENT, guard=read_fresh)
    @step(BeginTask, part=ASSIGN, recovery=Recovery.IDEMPOTENT, guard=read_fresh)
    async def change(self, step: TaskWrite, marker: WriteMarker, fresh: Fresh[WireRun]) -> WriteResult:
        before = fresh.record
        position = self.reads.position(before, step)
        item = _item_at(before, position)
        change = await self._change(step, item)
        if change is None:
            facts = {"person": step.by.shown}
            return WriteResult(snapshot=fresh.snapshot, message="playbooks.nobody_assigned", facts=facts)
        if change.is_applied(item):
            return WriteResult(snapshot=fresh.snapshot, already=step.part != ASSIGN)
        after = await self._send(step, position, change)
        if isinstance(step, SkipTask) and self.api.features.can_skip is False:
            change = _set_state(CLOSED)
        self._require_applied(step, change, before, after)
        return await self._result(step, before, after)

    @reconciles(FinishTask, BeginTask, SkipTask, ReopenTask, AssignTask)
    @reconciles(BeginTask, part=ASSIGN)
    async def reconcile(self, step: TaskWrite, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        run = await self.api.run(step.run_id, step.op)
        item = _item_at(run, self.reads.position(run, step))
        change = await self._change(step, item)
        if change is not None and not change.is_applied(item):
            return NotApplied()
        is_closed = isinstance(step, SkipTask) and self.api.features.can_skip is False
        message = "playbooks.closed" if is_closed else ""
        is_state = isinstance(step, FinishTask | ReopenTask) or (isinstance(step, BeginTask) and not step.part)
        bot = await self.people.me()
        is_theirs = is_state and mapping.was_changed_by_others(run, step.task, bot.id)
        snapshot = await self.reads.to_run(run)
        return Applied(WriteResult(snapshot=snapshot, message=message, already=is_theirs))

    async def set_due_date(self, step: PerformAction, before: WireRun, at: datetime) -> WriteResult:
        """Playbooks 2 only, and not with every licence."""
        milliseconds = int(at.timestamp() * 1000)
        change = Change("duedate", {"due_date": milliseconds}, lambda item: item.due_date == milliseconds)
        after = await self._send(step, self.reads.position(before, step), change)
        self._require_applied(step, change, before, after)
        return WriteResult(snapshot=await self.reads.to_run(after))

    async def _change(self, step: TaskWrite, item: WireItem) -> Change | None:
        """None for a begin that should assign somebody without an account: the begin stands without it."""
        match step:
            case BeginTask(part="assign"):
                user = await self.people.user_id(step.by)
                if user is None and not item.assignee_id:
                    return None
                return _set_assignee(user or "", lambda item: bool(item.assignee_id))
            case AssignTask(person=person):
                user = await self.people.user_id(person)
                if user is None:
                    key, site = "playbooks.unknown_person", self.reads.site
                    raise Rejected(self.api.name, step.op, key=key, person=person.shown, site=site)
                return _set_assignee(user, lambda item: item.assignee_id == user)
            case FinishTask():
                return _set_state(CLOSED)
            case BeginTask():
                return _set_state(IN_PROGRESS)
            case SkipTask() if self.api.features.can_skip is False:
                return _set_state(CLOSED)
            case SkipTask():
                return Change("skip", None, lambda item: item.state == SKIPPED)
            case ReopenTask() if item.state == SKIPPED:
                return Change("restore", None, lambda item: item.state == OPEN)
        return _set_state(OPEN)

    async def _send(self, step: TaskWrite | PerformAction, position: Position, change: Change) -> WireRun:
        """Sends the change and returns the run as read after it. A 500 may have any cause, so the run decides."""
        try:
            await self.api.update_item(step.run_id, position, change.field, change.body, step.op)
        except Unsupported as error:
            if error.key != NO_ROUTE or change.field != "skip":
                raise
            self.api.features.can_skip = False
            return await self._send(step, position, _set_state(CLOSED))
        except OutcomeUnknown as error:
            if error.facts.get("status") != 500:
                raise
            after = await self._read_after(step)
            if not change.is_applied(_item_at(after, self.reads.position(after, step))):
                raise
            return after
        if change.field == "skip":
            self.api.features.can_skip = True
        return await self._read_after(step)

    async def _read_after(self, step: TaskWrite | AddTask | PerformAction) -> WireRun:
        try:
            return await self.api.run(step.run_id, step.op)
        except AdapterError as error:
            raise OutcomeUnknown(self.api.name, step.op, said=error.said) from error

    def _require_applied(
        self, step: TaskWrite | PerformAction, change: Change, before: WireRun, after: WireRun
    ) -> None:
        """Raises ``OutcomeUnknown`` if the task was not changed, with the task that was changed instead."""
        positions = mapping.find_positions(after, step.target)
        if any(change.is_applied(_item_at(after, position)) for position in positions):
            return
        items_before = {item.id: item for item in _items(before)}
        changed_instead = [
            item.title
            for item in _items(after)
            if item.id
            and change.is_applied(item)
            and item.id in items_before
            and not change.is_applied(items_before[item.id])
        ]
        link = links.run_link(self.reads.site, after.id)
        title = _item_at(before, mapping.find_positions(before, step.target)[0]).title
        if changed_instead:
            key, other = "playbooks.wrong_place", ", ".join(changed_instead)
            raise OutcomeUnknown(self.api.name, step.op, key=key, task=title, other=other, link=link)
        raise OutcomeUnknown(self.api.name, step.op, key="playbooks.overwritten", task=title, link=link)

    async def _result(self, step: TaskWrite, before: WireRun, after: WireRun) -> WriteResult:
        """Says so if this replaced a change that somebody made after the guard's read, or closed the task instead
        of skipping it.
        """
        run = await self.reads.to_run(after)
        changed = run.task(step.task)
        result = WriteResult(snapshot=run, tasks=(changed,) if changed else ())
        if isinstance(step, AssignTask) and (late := checked_after(step, result, changed)).too_late:
            return late  # Playbooks assigns tasks that are over too
        bot = await self.people.me()
        rival = mapping.find_rival_change(before, after, step.task, bot.id)
        if rival is None:
            return await self._with_omission(step, before, result)
        await self.people.load_names([rival])
        person = self.people.person(rival).shown if rival else message_text(MESSAGES, "playbooks.label.somebody")
        facts = {"person": person, "link": links.run_link(self.reads.site, after.id)}
        return result.model_copy(update={"message": "playbooks.raced", "facts": facts})

    async def _with_omission(self, step: TaskWrite, before: WireRun, result: WriteResult) -> WriteResult:
        """Says what the change could not keep: a skipped task that is only closed, or who had the task before."""
        if isinstance(step, SkipTask) and self.api.features.can_skip is False:
            return result.model_copy(update={"message": "playbooks.closed"})
        previous = _item_at(before, self.reads.position(before, step)).assignee_id
        if not isinstance(step, AssignTask) or not previous:
            return result
        await self.people.load_names([previous])
        facts = {"person": self.people.person(previous).shown}
        return result.model_copy(update={"message": "playbooks.replaced", "facts": facts})

    # A new task

    @step(AddTask, recovery=Recovery.LOOKUP)
    async def add(self, step: AddTask, marker: WriteMarker) -> WriteResult:
        before = await self.api.run(step.run_id, step.op)
        checklist = self._checklist(before, step)
        body = {"title": step.title, "description": f"Added by {texts.SIGNER.signature(marker)}"}
        assignee = await self.people.user_id(step.assignee) if step.assignee else None
        if assignee:
            body["assignee_id"] = assignee
        await self.api.add_item(step.run_id, checklist, body)
        after = await self._read_after(step)
        item = _find_added(after, step, marker, {item.id for item in _items(before)})
        if item is None:
            raise OutcomeUnknown(self.api.name, step.op)
        return await self._added(step, item, after, assignee)

    async def _added(self, step: AddTask, item: WireItem, after: WireRun, assignee: str | None) -> WriteResult:
        result = WriteResult(id=item.id, snapshot=await self.reads.to_run(after))
        if step.assignee and item.assignee_id != (assignee or "-"):
            key = "playbooks.not_assigned" if assignee else "playbooks.nobody_assigned"
            return result.model_copy(update={"message": key, "facts": {"person": step.assignee.shown}})
        return result

    @reconciles(AddTask)
    async def reconcile_add(self, step: AddTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        run = await self.api.run(step.run_id, step.op)
        item = _find_added(run, step, marker, baseline.ids)
        if item is None:
            return NotApplied()
        assignee = await self.people.user_id(step.assignee) if step.assignee else None
        return Applied(await self._added(step, item, run, assignee))

    def _checklist(self, run: WireRun, step: AddTask) -> int:
        link = links.run_link(self.reads.site, run.id)
        ids = [mapping.stage_id(checklist) for checklist in run.checklists]
        if not ids:
            raise Rejected(self.api.name, step.op, key="playbooks.no_checklist", run=run.name, link=link)
        if step.stage is None:
            return len(ids) - 1
        if ids.count(step.stage) != 1:
            raise Conflict(self.api.name, step.op, key="playbooks.stage_gone", run=run.name, link=link)
        return ids.index(step.stage)


def _set_assignee(user: str, is_applied: Callable[[WireItem], bool]) -> Change:
    return Change("assignee", {"assignee_id": user}, is_applied)


def _set_state(state: str) -> Change:
    return Change("state", {"new_state": state}, lambda item: item.state == state)


def _find_added(
    run: WireRun, step: AddTask, marker: WriteMarker, ids_before: set[str] | frozenset[str]
) -> WireItem | None:
    """The new item with the code in its description, else the new one with this title and no description."""
    new_items = [item for item in _items(run) if item.id and item.id not in ids_before]
    by_code = [item for item in new_items if marker.is_in(item.description)]
    by_title = [item for item in new_items if item.title.strip() == step.title.strip() and not item.description]
    return next(iter([*by_code, *by_title]), None)


def _items(run: WireRun) -> list[WireItem]:
    return [item for checklist in run.checklists for item in checklist.items]


def _item_at(run: WireRun, position: Position) -> WireItem:
    return run.checklists[position[0]].items[position[1]]
