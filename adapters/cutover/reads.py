"""The read commands: runbooks, runs, a run with its tasks, and comments."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.cutover import mapping, wire
from adapters.cutover.api import CutoverApi
from adapters.cutover.links import Links
from adapters.cutover.start import START_OPTIONS
from adapters.errors import NotFound, Rejected, Unsupported
from adapters.models import Comment, Listing, Run, Runbook, RunState, RunSummary, Task
from adapters.protocol import Edit, EditPages
from adapters.toolkit.guards import Fresh
from adapters.toolkit.timestamps import parse_timestamp
from adapters.writes import TaskWrite, Write

COMMENT_LIMIT = 20
SAME_EDIT = timedelta(seconds=1)  # at most between the times of one edit on the task and on its runbook
MIN_SHARED_EDITS = 2


@dataclass
class Reads:
    """Remembers which runbooks are templates, and where the tasks of the runs that were read branch."""

    api: CutoverApi
    links: Links
    filters: Mapping[str, str]
    now: Callable[[], datetime]
    _templates: dict[str, bool] = field(default_factory=dict)  # runbook id -> is it a template
    _branches: dict[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)  # run -> task -> next tasks
    _shared_edits: int = 0  # that were dated the same on a task and on its runbook
    _last_shared: datetime | None = None
    _sorts_by_edit: bool = True  # until this server refuses or ignores that order

    async def runbooks(self, query: str) -> Listing[Runbook]:
        """Approved templates, then runbooks in planning."""
        kinds = ({"is_template": "true", "template_status": "approved"}, {"is_template": "false"})
        templates, others = await self._search("runbooks", query, *kinds)
        found = [item for item in templates if mapping.is_template(item) and not item.attributes.archived]
        found += [item for item in others if _is_planned(item)]
        self._templates |= {item.id: mapping.is_template(item) for item in found}
        runbooks = [
            mapping.runbook(self.api.platform, item, self.links, start_options=START_OPTIONS) for item in found
        ]
        return Listing(runbooks, templates.complete and others.complete)

    async def runbook(self, id: str) -> Runbook:
        item, tasks, context = await self.api.runbook_with_tasks(id, "show")
        self._templates[item.id] = mapping.is_template(item)
        return mapping.runbook(self.api.platform, item, self.links, tasks, context, START_OPTIONS)

    async def runs(self, query: str) -> Listing[RunSummary]:
        (items,) = await self._search("runs", query, {"is_template": "false"})
        open_states = (RunState.ACTIVE, RunState.PAUSED)
        found = [item for item in items if not mapping.is_template(item) and not item.attributes.archived]
        found = [item for item in found if mapping.run_state(item) in open_states]
        found.sort(key=_started_at, reverse=True)
        runs = [mapping.run_summary(self.api.platform, item, self.links) for item in found]
        return Listing(runs, items.complete)

    async def run(self, id: str) -> Run:
        item, tasks, context = await self.api.runbook_with_tasks(id, "show")
        if mapping.is_template(item):
            self._templates[item.id] = True
            raise NotFound(self.api.platform, "show")  # it is a runbook
        self._compare_edit_times(item, _last_edit_of_tasks(tasks))
        run = mapping.run(self.api.platform, item, tasks, context, self.links)
        branches = {task.id: task.branches for task in run.tasks if task.branches}
        if branches or item.id in self._branches:
            self._branches[item.id] = branches
        return run.model_copy(update={"read_at": self.now()})

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        listing = await self.api.comments(id, task, "comments")
        found = [item for item in listing.items if task is None or item.related_id("task") in (task, None)]
        if all(item.id.isdecimal() for item in found):
            found.sort(key=lambda item: int(item.id))
        return [mapping.comment(item) for item in found[-COMMENT_LIMIT:]]

    @property
    def lists_edits(self) -> bool:
        """Whether this server sorts runbooks by their last edit and dates them by their tasks, as far as known."""
        return self._sorts_by_edit and self._shared_edits >= MIN_SHARED_EDITS

    async def edits(self, since: datetime) -> EditPages:
        """Runbooks, the one that was edited last first. The reference documents neither that order nor that an
        edit of a task counts as one of its runbook, so both are checked: raises ``Unsupported`` otherwise."""
        if not self.lists_edits:
            raise Unsupported(self.api.platform, "show")
        try:
            async with aclosing(
                self.api.edited_runbooks("show", {"is_template": "false", **self.filters})
            ) as pages:
                async for page in pages:
                    edits = [edit for item in page if (edit := _edit(item)) and edit.at and edit.at >= since]
                    times = [parse_timestamp(item.attributes.updated_at) for item in page]
                    if None in times or times != sorted(filter(None, times), reverse=True):
                        raise Unsupported(self.api.platform, "show")
                    yield edits
                    if len(edits) < len(page):
                        return
        except (Rejected, Unsupported) as error:
            self._sorts_by_edit = False
            raise Unsupported(self.api.platform, "show", said=error.said) from error

    def _compare_edit_times(self, item: wire.Runbook, last: datetime | None) -> None:
        """Learns whether the server dates a runbook by its tasks. One edit in common may be a coincidence."""
        edited_at = parse_timestamp(item.attributes.updated_at)
        started_at = parse_timestamp(item.attributes.start_actual)  # edits the runbook and its tasks
        if edited_at is None or last is None or last > edited_at + SAME_EDIT:
            self._shared_edits = 0
        elif edited_at <= last + SAME_EDIT and started_at is not None and last > started_at + SAME_EDIT:
            self._shared_edits += last != self._last_shared
            self._last_shared = last

    async def fresh_task(self, step: TaskWrite) -> Fresh[wire.Task]:
        item, run = await asyncio.gather(
            self.api.task(step.run_id, step.task, step.op), self.api.runbook(step.run_id, step.op)
        )
        task = self.with_branches(step.run_id, mapping.task(item))
        return Fresh(item, task=task, run_state=mapping.run_state(run))

    async def fresh_run(self, step: Write) -> Fresh[wire.Runbook]:
        run = await self.api.runbook(step.run_id, step.op)
        return Fresh(run, run_state=mapping.run_state(run))

    def is_template(self, id: str) -> bool | None:
        """None for a runbook that has not been read since the process started."""
        return self._templates.get(id)

    def with_branches(self, run: str, task: Task) -> Task:
        """``task`` with the branches of the last read, which the response to an action on one task lacks."""
        branches = self._branches.get(run, {}).get(task.id, ())
        return task if task.state.is_over or not branches else task.model_copy(update={"branches": branches})

    async def _search(
        self, operation: str, query: str, *kinds: Mapping[str, str]
    ) -> Sequence[Listing[wire.Runbook]]:
        """Cutover's search does not tolerate typos. If it finds nothing, this returns everything, unfiltered."""
        search = {"query": query.strip()} if query.strip() else {}
        requests = (self.api.runbooks(operation, {**kind, **self.filters, **search}) for kind in kinds)
        listings = await asyncio.gather(*requests)
        if search and not any(listings):
            return await self._search(operation, "", *kinds)
        return listings


def _is_planned(item: wire.Runbook) -> bool:
    attributes = item.attributes
    return not attributes.is_template and not attributes.archived and mapping.run_state(item) is RunState.PLANNED


def _started_at(item: wire.Runbook) -> float:
    at = parse_timestamp(item.attributes.start_actual) or parse_timestamp(item.attributes.created_at)
    return at.timestamp() if at else 0.0


def _edit(item: wire.Runbook) -> Edit:
    attributes = item.attributes
    return Edit(item.id, attributes.updated_at or "", parse_timestamp(attributes.updated_at))


def _last_edit_of_tasks(tasks: Sequence[wire.Task]) -> datetime | None:
    return max(filter(None, (parse_timestamp(task.attributes.updated_at) for task in tasks)), default=None)
