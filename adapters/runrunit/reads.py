"""The read commands: runbooks, runs, a run with its tasks, instructions and comments."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from adapters.errors import AdapterError, Rejected
from adapters.models import Comment, Run, Runbook, RunSummary
from adapters.runrunit import mapping
from adapters.runrunit.api import RunrunitApi
from adapters.runrunit.links import Links
from adapters.runrunit.people import People
from adapters.runrunit.text import to_text
from adapters.runrunit.wire import WireTask
from adapters.toolkit.guards import Fresh
from adapters.writes import TaskWrite, Write

COMMENT_LIMIT = 20


@dataclass
class Reads:
    """Remembers the tasks of the runs that were read, to recognize their links."""

    api: RunrunitApi
    people: People
    links: Links
    now: Callable[[], datetime]
    run_of_task: dict[str, str] = field(default_factory=dict)
    _without_prerequisites: set[str] = field(default_factory=set)  # ids of runs

    async def runbooks(self) -> Sequence[Runbook]:
        """Runrun.it has no search: callers match the titles."""
        listing = await self.api.templates()
        return [mapping.runbook(self.api.name, item, self.people) for item in listing.items]

    async def runbook(self, id: str) -> Runbook:
        template, description = await asyncio.gather(
            self.api.template(id, "show"), self._text_or_empty(self.api.template_description(id, "show"))
        )
        return mapping.runbook(self.api.name, template, self.people, description)

    async def runs(self) -> Sequence[RunSummary]:
        listing = await self.api.project_tasks("runs")
        return [mapping.run_summary(self.api.name, item, self.links) for item in mapping.open_runs(listing.items)]

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
