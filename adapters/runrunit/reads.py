"""The read commands: runbooks, runs, a run with its tasks, instructions and comments."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from adapters.errors import AdapterError, Rejected
from adapters.models import Comment, Listing, Run, Runbook, RunSummary
from adapters.runrunit import mapping
from adapters.runrunit.api import PAGE_SIZE, RunrunitApi
from adapters.runrunit.links import Links
from adapters.runrunit.people import People
from adapters.runrunit.text import to_text
from adapters.runrunit.wire import WireTask
from adapters.toolkit.guards import Fresh
from adapters.writes import TaskWrite, Write

COMMENT_LIMIT = 20
MAX_REPORTS = 3  # of one difference: reading the run may fail


@dataclass
class Reads:
    """Remembers the tasks of the runs that were read, to recognize their links."""

    api: RunrunitApi
    people: People
    links: Links
    now: Callable[[], datetime]
    run_of_task: dict[str, str] = field(default_factory=dict)
    _without_prerequisites: set[str] = field(default_factory=set)  # ids of runs
    _reported: dict[str, tuple[int, int]] = field(default_factory=dict)  # run -> (version, times called changed)

    async def runbooks(self) -> Listing[Runbook]:
        """Runrun.it has no search: callers match the titles."""
        listing = await self.api.templates()
        return Listing([mapping.runbook(self.api.name, item, self.people) for item in listing], listing.complete)

    async def runbook(self, id: str) -> Runbook:
        template, description = await asyncio.gather(
            self.api.template(id, "show"), self._text_or_empty(self.api.template_description(id, "show"))
        )
        return mapping.runbook(self.api.name, template, self.people, description)

    async def runs(self) -> Listing[RunSummary]:
        listing = await self.api.project_tasks("runs")
        runs = mapping.open_runs(listing)
        return Listing([mapping.run_summary(self.api.name, run, self.links) for run in runs], listing.complete)

    async def run(self, id: str) -> Run:
        """Two requests, a third for a run that tasks were added to, and occasionally the users."""
        item, subtasks = await asyncio.gather(self.api.task(id, "show"), self.api.subtasks(id, "show"))
        if item.is_subtask:
            raise Rejected(self.api.name, "show", key="runrunit.is_subtask", title=item.title)
        prerequisites: Sequence[WireTask] = ()
        if item.opened_parent_ids or id not in self._without_prerequisites:
            prerequisites = await self.api.prerequisites(id, "show")
            if prerequisites:
                self._without_prerequisites.discard(id)
            else:
                self._without_prerequisites.add(id)
        await self.people.refresh()
        run = mapping.run(self.api.name, item, subtasks, prerequisites, self.people, self.links, self.now())
        self.run_of_task |= {task.id: run.key.id for task in run.tasks}
        return run

    async def check_changes(self, runs: Sequence[Run]) -> Mapping[str, bool]:
        """Compares as many runs as fit on one page, and their tasks, with what was read.

        A difference that stays after the run was read again is one between the API's lists, and no edit.
        """
        ids = _first_ids(runs)
        found = {
            task.id: task for task in await self.api.tasks([id for group in ids.values() for id in group], "show")
        }
        changed: dict[str, bool] = {}
        for run in runs[: len(ids)]:
            tasks = [found[id] for id in ids[run.key.id] if id in found]
            changed[run.key.id] = len(tasks) < len(ids[run.key.id]) or mapping.is_changed(
                run, tasks, self.people, self.links
            )
            if changed[run.key.id]:
                changed[run.key.id] = self._is_news(run.key.id, tasks)
        return changed

    def _is_news(self, run: str, tasks: Sequence[WireTask]) -> bool:
        version, times = hash(tuple(tasks)), 0
        if run in self._reported and self._reported[run][0] == version:
            times = self._reported[run][1]
        self._reported[run] = (version, times + 1)
        return times < MAX_REPORTS

    async def fresh_task(self, step: TaskWrite) -> Fresh[WireTask]:
        """The task and its run, in one request."""
        found = await self.api.tasks_by_id([step.task, step.run_id], step.op)
        item, run = found[step.task], found[step.run_id]
        return Fresh(item, task=mapping.task(item, self.people, self.links), run_state=mapping.run_state(run))

    async def fresh_run(self, step: Write) -> Fresh[WireTask]:
        run = await self.api.task(step.run_id, step.op)
        return Fresh(run, run_state=mapping.run_state(run))

    def expect_prerequisites(self, run: str) -> None:
        """The next read of this run looks for added tasks."""
        self._without_prerequisites.discard(run)

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        listing = await self.api.comments(task or id, "comments")
        return mapping.comments(listing.items, task, COMMENT_LIMIT)

    async def instructions(self, task: str) -> str:
        """One request for one task: reading a run does not include them. Empty if they can't be read."""
        return await self._text_or_empty(self.api.description(task, "show"))

    async def _text_or_empty(self, description: Awaitable[str]) -> str:
        try:
            return to_text(await description)
        except AdapterError:
            return ""


def _first_ids(runs: Sequence[Run]) -> Mapping[str, Sequence[str]]:
    """The ids of the first runs and of their tasks that fit on a page; of a long run, as many as fit."""
    ids: dict[str, Sequence[str]] = {}
    left = PAGE_SIZE
    for run in runs:
        group = [run.key.id, *(task.id for task in sorted(run.tasks, key=lambda task: task.state.is_over))]
        if ids and len(group) > left:
            break
        ids[run.key.id] = group[:left]
        left -= len(ids[run.key.id])
    return ids
