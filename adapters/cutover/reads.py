"""The read commands: runbooks, runs, a run with its tasks, and comments."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from adapters.cutover import mapping, wire
from adapters.cutover.api import CutoverApi
from adapters.cutover.links import Links
from adapters.cutover.start import START_OPTIONS
from adapters.errors import NotFound
from adapters.models import Comment, Run, Runbook, RunState, RunSummary, Task
from adapters.toolkit.guards import Fresh
from adapters.toolkit.timestamps import parse_timestamp
from adapters.writes import TaskWrite, Write

COMMENT_LIMIT = 20


@dataclass
class Reads:
    """Remembers which runbooks are templates, and where the tasks of the runs that were read branch."""

    api: CutoverApi
    links: Links
    filters: Mapping[str, str]
    now: Callable[[], datetime]
    _templates: dict[str, bool] = field(default_factory=dict)  # runbook id -> is it a template
    _branches: dict[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)  # run -> task -> next tasks

    async def runbooks(self, query: str) -> Sequence[Runbook]:
        """Approved templates, then runbooks in planning."""
        kinds = ({"is_template": "true", "template_status": "approved"}, {"is_template": "false"})
        templates, others = await self._search("runbooks", query, *kinds)
        found = [item for item in templates if mapping.is_template(item) and not item.attributes.archived]
        found += [item for item in others if _is_planned(item)]
        self._templates |= {item.id: mapping.is_template(item) for item in found}
        return [
            mapping.runbook(self.api.platform, item, self.links, start_options=START_OPTIONS) for item in found
        ]

    async def runbook(self, id: str) -> Runbook:
        item, tasks, context = await self.api.runbook_with_tasks(id, "show")
        self._templates[item.id] = mapping.is_template(item)
        return mapping.runbook(self.api.platform, item, self.links, tasks, context, START_OPTIONS)

    async def runs(self, query: str) -> Sequence[RunSummary]:
        (items,) = await self._search("runs", query, {"is_template": "false"})
        open_states = (RunState.ACTIVE, RunState.PAUSED)
        found = [item for item in items if not mapping.is_template(item) and not item.attributes.archived]
        found = [item for item in found if mapping.run_state(item) in open_states]
        found.sort(key=_started_at, reverse=True)
        return [mapping.run_summary(self.api.platform, item, self.links) for item in found]

    async def run(self, id: str) -> Run:
        item, tasks, context = await self.api.runbook_with_tasks(id, "show")
        if mapping.is_template(item):
            self._templates[item.id] = True
            raise NotFound(self.api.platform, "show")  # it is a runbook
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
    ) -> Sequence[Sequence[wire.Runbook]]:
        """Cutover's search does not tolerate typos. If it finds nothing, this returns everything, unfiltered."""
        search = {"query": query.strip()} if query.strip() else {}
        requests = (self.api.runbooks(operation, {**kind, **self.filters, **search}) for kind in kinds)
        listings = await asyncio.gather(*requests)
        if search and not any(listing.items for listing in listings):
            return await self._search(operation, "", *kinds)
        return [listing.items for listing in listings]


def _is_planned(item: wire.Runbook) -> bool:
    attributes = item.attributes
    return not attributes.is_template and not attributes.archived and mapping.run_state(item) is RunState.PLANNED


def _started_at(item: wire.Runbook) -> float:
    at = parse_timestamp(item.attributes.start_actual) or parse_timestamp(item.attributes.created_at)
    return at.timestamp() if at else 0.0
