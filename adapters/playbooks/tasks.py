"""Changes to one task, made safe on a server that knows tasks only by position and has no versions.

One read before the write finds the position from the task's id; one read after it proves that this very task
changed (DESIGN section 6, point 5). Between the two somebody may have moved the list: that is found and said.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from adapters.errors import AdapterError, Conflict, NotFound, OutcomeUnknown, Rejected, Unsupported
from adapters.models import Run
from adapters.playbooks import mapping
from adapters.playbooks import text as words
from adapters.playbooks.api import Api
from adapters.playbooks.errors import NO_ROUTE
from adapters.playbooks.people import People
from adapters.playbooks.wire import CLOSED, IN_PROGRESS, OPEN, SKIPPED, WireItem, WireRun
from adapters.writes import (
    AddTask,
    Applied,
    AssignTask,
    Baseline,
    BeginTask,
    FinishTask,
    NotApplied,
    PerformAction,
    Reconciliation,
    ReopenTask,
    SkipTask,
    TaskWrite,
    WriteMarker,
    WriteResult,
)

Place = tuple[int, int]
Show = Callable[[WireRun], Awaitable[Run]]
ASSIGN = "assign"  # the second step of a begin


@dataclass(frozen=True, slots=True)
class Change:
    """What a write wants of an item: how it is asked for, and how it looks when it is so."""

    what: str  # the last word of the path
    body: object
    wanted: Callable[[WireItem], bool]


@dataclass
class Tasks:
    api: Api
    people: People
    site: str
    show: Show

    async def execute(self, step: TaskWrite) -> WriteResult:
        run = step.run_id
        before = await self.api.run(run, step.op)
        place = self.place(before, step)
        item = _at(before, place)
        change = await self._change(step, item)
        if change is None:
            facts = {"person": step.by.shown}
            return WriteResult(snapshot=await self.show(before), message="playbooks.nobody_assigned", facts=facts)
        if isinstance(step, SkipTask) and item.state == CLOSED and self.api.features.skip is False:
            link = mapping.run_link(self.site, run)
            raise Conflict(self.api.name, step.op, key="playbooks.done", task=item.title, link=link)
        if change.wanted(item):
            return WriteResult(snapshot=await self.show(before), already=step.part != ASSIGN)
        after = await self._sent(step, place, change, run)
        if isinstance(step, SkipTask) and self.api.features.skip is False:
            change = _state(CLOSED)
        self._prove(step, change, before, after)
        return WriteResult(snapshot=await self.show(after))

    async def due(self, step: PerformAction, at: datetime) -> WriteResult:
        """Says until when the task is to be done (Playbooks 2; some licences do not have it)."""
        run, milliseconds = step.run_id, int(at.timestamp() * 1000)
        before = await self.api.run(run, step.op)
        change = Change("duedate", {"due_date": milliseconds}, lambda now: now.due_date == milliseconds)
        after = await self._sent(step, self.place(before, step), change, run)
        self._prove(step, change, before, after)
        return WriteResult(snapshot=await self.show(after))

    async def reconcile(self, step: TaskWrite) -> Reconciliation:
        run = await self.api.run(step.run_id, step.op)
        item = _at(run, self.place(run, step))
        change = await self._change(step, item)
        if change is None or change.wanted(item):
            return Applied(WriteResult(snapshot=await self.show(run)))
        return NotApplied()

    def place(self, run: WireRun, step: TaskWrite | PerformAction) -> Place:
        """Raises ``NotFound``, or ``Rejected`` where the server shows no ids and two titles are alike."""
        found = mapping.places(run, step.target)
        link = mapping.run_link(self.site, run.id)
        if not found:
            raise NotFound(self.api.name, step.op, key="playbooks.task_gone", run=run.name, link=link)
        if len(found) > 1:
            title = _at(run, found[0]).title
            raise Rejected(self.api.name, step.op, key="playbooks.alike", task=title, link=link)
        return found[0]

    async def _change(self, step: TaskWrite, item: WireItem) -> Change | None:
        """None where the person who should get the task has no account here, and that is no reason to fail."""
        match step:
            case BeginTask(part="assign"):
                user = await self.people.user_id(step.by)
                if user is None and not item.assignee_id:
                    return None
                return _assign(user or "", lambda now: bool(now.assignee_id))
            case AssignTask(person=person):
                user = await self.people.user_id(person)
                if user is None:
                    key = "playbooks.unknown_person"
                    raise Rejected(self.api.name, step.op, key=key, person=person.shown, site=self.site)
                return _assign(user, lambda now: now.assignee_id == user)
            case FinishTask():
                return _state(CLOSED)
            case BeginTask():
                return _state(IN_PROGRESS)
            case SkipTask() if self.api.features.skip is False:
                return _state(CLOSED)
            case SkipTask():
                return Change("skip", None, lambda now: now.state == SKIPPED)
            case ReopenTask() if item.state == SKIPPED:
                return Change("restore", None, lambda now: now.state == OPEN)
        return _state(OPEN)

    async def _sent(self, step: TaskWrite | PerformAction, place: Place, change: Change, run: str) -> WireRun:
        """Sends the change; the run as read after it. Only a read tells what a 500 means here."""
        try:
            await self.api.item(run, place, change.what, change.body, step.op)
        except Unsupported as error:
            if error.key != NO_ROUTE or change.what != "skip":
                raise
            self.api.features.skip = False
            return await self._sent(step, place, _state(CLOSED), run)
        except OutcomeUnknown as error:
            if error.facts.get("status") != 500:
                raise
            after = await self._read_after(step, run)
            if not change.wanted(_at(after, self.place(after, step))):
                raise
            return after
        if change.what == "skip":
            self.api.features.skip = True
        return await self._read_after(step, run)

    async def _read_after(self, step: TaskWrite | PerformAction, run: str) -> WireRun:
        try:
            return await self.api.run(run, step.op)
        except AdapterError as error:
            raise OutcomeUnknown(self.api.name, step.op, said=error.said) from error

    def _prove(self, step: TaskWrite | PerformAction, change: Change, before: WireRun, after: WireRun) -> None:
        found = mapping.places(after, step.target)
        if any(change.wanted(_at(after, place)) for place in found):
            return
        old = {item.id: item for item in _items(before)}
        wrong = [
            item.title
            for item in _items(after)
            if item.id and change.wanted(item) and item.id in old and not change.wanted(old[item.id])
        ]
        link = mapping.run_link(self.site, after.id)
        title = _at(before, mapping.places(before, step.target)[0]).title
        if wrong:
            key, other = "playbooks.wrong_place", ", ".join(wrong)
            raise OutcomeUnknown(self.api.name, step.op, key=key, task=title, other=other, link=link)
        raise OutcomeUnknown(self.api.name, step.op, key="playbooks.overwritten", task=title, link=link)

    # Adding one

    async def add(self, step: AddTask, mark: WriteMarker) -> WriteResult:
        run = step.run_id
        before = await self.api.run(run, step.op)
        checklist = self._checklist(before, step)
        body = {"title": step.title, "description": f"Added by {words.signature(mark)}"}
        assignee = await self.people.user_id(step.assignee) if step.assignee else None
        if assignee:
            body["assignee_id"] = assignee
        await self.api.add_item(run, checklist, body)
        try:
            after = await self.api.run(run, step.op)
        except AdapterError as error:
            raise OutcomeUnknown(self.api.name, step.op, said=error.said) from error
        known = {item.id for item in _items(before)}
        item = _added(after, step, mark, known)
        if item is None:
            raise OutcomeUnknown(self.api.name, step.op)
        told = WriteResult(id=item.id, snapshot=await self.show(after))
        if step.assignee and not assignee:
            says = {"message": "playbooks.nobody_assigned", "facts": {"person": step.assignee.shown}}
            return told.model_copy(update=says)
        return told

    async def settle_add(self, step: AddTask, mark: WriteMarker, known: Baseline) -> Reconciliation:
        run = await self.api.run(step.run_id, step.op)
        item = _added(run, step, mark, known.ids)
        return Applied(WriteResult(id=item.id, snapshot=await self.show(run))) if item else NotApplied()

    def _checklist(self, run: WireRun, step: AddTask) -> int:
        link = mapping.run_link(self.site, run.id)
        ids = [mapping.stage_id(checklist) for checklist in run.checklists]
        if not ids:
            raise Rejected(self.api.name, step.op, key="playbooks.no_checklist", run=run.name, link=link)
        if step.stage is None:
            return len(ids) - 1
        if ids.count(step.stage) != 1:
            raise Conflict(self.api.name, step.op, key="playbooks.stage_gone", run=run.name, link=link)
        return ids.index(step.stage)


def _assign(user: str, wanted: Callable[[WireItem], bool]) -> Change:
    return Change("assignee", {"assignee_id": user}, wanted)


def _state(state: str) -> Change:
    return Change("state", {"new_state": state}, lambda item: item.state == state)


def _added(run: WireRun, step: AddTask, mark: WriteMarker, known: set[str] | frozenset[str]) -> WireItem | None:
    """The item we added: by the mark in its description, else as one of this title that was not there before."""
    fresh = [item for item in _items(run) if item.id and item.id not in known]
    marked = [item for item in fresh if mark.is_in(item.description)]
    alike = [item for item in fresh if item.title.strip() == step.title.strip() and not item.description]
    return next(iter([*marked, *alike]), None)


def _items(run: WireRun) -> list[WireItem]:
    return [item for checklist in run.checklists for item in checklist.items]


def _at(run: WireRun, place: Place) -> WireItem:
    return run.checklists[place[0]].items[place[1]]
