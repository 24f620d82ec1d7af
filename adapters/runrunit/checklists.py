"""Checklists of tasks: shown with a task's instructions, and ticked as actions.

A task names its checklist (``checklist_id``), and a list of items is one request. The field table of "Show task"
has the former; that ``checked`` can be written is in no sample, so the response is compared with what was asked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from adapters.errors import OPTIONAL_READ_ERRORS, AdapterError, Rejected
from adapters.models import PlatformAction
from adapters.results import WriteResult
from adapters.runrunit.api import RunrunitApi
from adapters.runrunit.wire import WireChecklistItem, WireTask
from adapters.writes import PerformAction

TICK, UNTICK = "tick", "untick"
MAX_READ = 5  # checklists for one list of actions: each is a request
_CHECKED, _OPEN = "☑", "☐"


@dataclass
class Checklists:
    api: RunrunitApi
    _of_task: dict[str, str] = field(default_factory=dict)

    def remember(self, task: WireTask) -> None:
        self._of_task[task.id] = task.checklist_id

    async def text(self, task: str) -> str:
        """One line for each item; empty if the task has no checklist, or it can't be read."""
        if task not in self._of_task:  # its run was not read since the start
            try:
                self.remember(await self.api.task(task, "show"))
            except AdapterError:
                return ""
        items = await self._items(self._of_task[task])
        return "\n".join(f"{_CHECKED if item.checked else _OPEN} {item.description}" for item in items)

    async def actions(self, tasks: Iterable[WireTask]) -> Sequence[PlatformAction]:
        """One for each item of the first few checklists of ``tasks``."""
        with_checklist = [task for task in tasks if task.checklist_id][:MAX_READ]
        found = [(task, await self._items(task.checklist_id)) for task in with_checklist]
        return [_action(task, item) for task, items in found for item in items]

    async def perform(self, step: PerformAction) -> WriteResult:
        verb, checklist, id = _parts(step)
        if (await self.api.checklist_item(checklist, id, step.op)).checked is (verb == TICK):
            return WriteResult(already=True, message="runrunit.offer_already")
        item = await self.api.check_item(checklist, id, verb == TICK, step.op)
        if item.checked is not (verb == TICK):
            raise Rejected(self.api.name, step.op, key="runrunit.not_ticked", item=item.description)
        message = "runrunit.ticked" if item.checked else "runrunit.unticked"
        return WriteResult(complete=True, message=message, facts={"item": item.description})

    async def is_performed(self, step: PerformAction) -> bool:
        verb, checklist, id = _parts(step)
        return (await self.api.checklist_item(checklist, id, step.op)).checked is (verb == TICK)

    async def _items(self, checklist: str) -> Sequence[WireChecklistItem]:
        if not checklist:
            return ()
        try:
            items = await self.api.checklist_items(checklist, "show")
        except OPTIONAL_READ_ERRORS:
            return ()
        return sorted(items, key=lambda item: (item.position is None, item.position or 0, len(item.id), item.id))


def is_tick(step: PerformAction) -> bool:
    return step.action.partition(":")[0] in (TICK, UNTICK)


def _parts(step: PerformAction) -> tuple[str, str, str]:
    verb, _, rest = step.action.partition(":")
    checklist, _, id = rest.partition(":")
    return verb, checklist, id


def _action(task: WireTask, item: WireChecklistItem) -> PlatformAction:
    rest, facts = f"{task.checklist_id}:{item.id}", {"item": item.description}
    if item.checked:
        label, warning = "runrunit.offer_untick", "runrunit.offer_untick_does"
        return PlatformAction(id=f"{UNTICK}:{rest}", label=label, warning=warning, facts=facts, task=task.id)
    label, warning = "runrunit.offer_tick", "runrunit.offer_tick_does"
    return PlatformAction(id=f"{TICK}:{rest}", label=label, warning=warning, facts=facts, task=task.id)
