"""The read commands: runbooks, runs, a run with its tasks, and comments."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from adapters.cutover import mapping, wire
from adapters.cutover.api import CutoverApi
from adapters.cutover.changes import Changes
from adapters.cutover.links import Links
from adapters.cutover.options import START_OPTIONS
from adapters.cutover.people import People
from adapters.cutover.tasks import USER, RunbookContext, is_order_known, map_task
from adapters.errors import OPTIONAL_READ_ERRORS, NotFound, Rejected, Unsupported
from adapters.models import Comment, Listing, Run, Runbook, RunState, RunSummary, Task
from adapters.results import WriteResult
from adapters.toolkit.guards import Fresh
from adapters.toolkit.timestamps import parse_timestamp
from adapters.writes import TaskWrite, Write

COMMENT_LIMIT = 20
OPEN_STATES = (RunState.ACTIVE, RunState.PAUSED)
RUNS = {"is_template": "false"}
STARTED = ({**RUNS, "run_type": "live"}, {**RUNS, "run_type": "rehearsal"})  # only a started runbook has one
OPEN = ({**RUNS, "stage": "active"}, {**RUNS, "stage": "paused"})  # newer versions
Filter = Mapping[str, str]


@dataclass(frozen=True)
class TaskDecision:
    """``branches``: the tasks that may come next, where the server lists them."""

    decides: bool | None  # None: unknown
    branches: tuple[str, ...] = ()
    title: str = ""  # of the task


@dataclass(frozen=True)
class LastRead:
    """A run as last read: what the response to an action on one of its tasks lacks."""

    context: RunbookContext
    tasks: Mapping[str, Task]
    decisions: Mapping[str, TaskDecision]
    has_order: bool  # whether the server says which tasks wait for which
    has_forecast: bool


_NOT_READ = LastRead(RunbookContext(), {}, {}, has_order=False, has_forecast=False)


@dataclass
class Reads:
    """Remembers which runbooks are templates, and the runs that were read."""

    api: CutoverApi
    people: People
    changes: Changes
    links: Links
    filters: Filter
    now: Callable[[], datetime]
    filters_by_stage: bool = False  # until this server refuses it
    _sources: dict[str, wire.Runbook] = field(default_factory=dict)  # runbooks as last read, by id
    _last_reads: dict[str, LastRead] = field(default_factory=dict)  # by run
    _folders: dict[str, Mapping[str, str]] = field(default_factory=dict)  # names by workspace and id

    async def runbooks(self, query: str) -> Listing[Runbook]:
        """Approved templates, then runbooks in planning, the newest first."""
        templates = {"is_template": "true", "template_status": "approved"}
        listings = await self._search(
            "runbooks", query, (templates, RUNS), (templates, {**RUNS, "stage": "planning"})
        )
        approved, others = listings
        found = [item for item in approved if mapping.is_template(item) and not item.attributes.archived]
        found += sorted(filter(_is_planned, others), key=_started_at, reverse=True)
        self._remember(found)
        folders = await self._folder_names(_of_one_title(found), "runbooks")
        runbooks = [
            mapping.runbook(
                self.api.platform, item, self.links, start_options=START_OPTIONS, folder=folders.get(item.id, "")
            )
            for item in found
        ]
        return Listing(runbooks, all(listing.complete for listing in listings))

    async def runbook(self, id: str) -> Runbook:
        item, tasks, context = await self.api.runbook_with_tasks(id, "show")
        self._remember([item])
        return mapping.runbook(self.api.platform, item, self.links, tasks, context, START_OPTIONS)

    async def runs(self, query: str) -> Listing[RunSummary]:
        items = await self.open_runs(query, "runs")
        return Listing(
            [mapping.run_summary(self.api.platform, item, self.links) for item in items], items.complete
        )

    async def open_runs(self, query: str, operation: str) -> Listing[wire.Runbook]:
        """Those that started last first."""
        listings = await self._search(operation, query, STARTED, OPEN)
        found = {item.id: item for listing in listings for item in listing if _is_open(item)}
        newest = sorted(found.values(), key=_started_at, reverse=True)
        return Listing(newest, all(listing.complete for listing in listings))

    async def run(self, id: str) -> Run:
        item, tasks, context = await self.api.runbook_with_tasks(id, "show")
        self._remember([item])
        if mapping.is_template(item):
            raise NotFound(self.api.platform, "show")  # it is a runbook
        self.changes.compare(item, tasks)
        context = await self._with_people(context, tasks)
        run = mapping.run(self.api.platform, item, tasks, context, self.links)
        self._last_reads[item.id] = _last_read(context, tasks, run.tasks, bool(item.attributes.end_forecast))
        return run.model_copy(update={"read_at": self.now()})

    async def tasks(self, id: str) -> Sequence[Task]:
        """All tasks of a run. Empty if a task was added or removed, or the run was not read yet."""
        last = self._last_reads.get(id)
        if last is None:
            return ()
        items, types = await self.api.tasks_with_types(id, "show")
        if last.tasks.keys() != {item.id for item in items}:
            return ()
        context = await self._with_people(replace(last.context, types=types), items)
        mapped = context.tasks(items)
        self._last_reads[id] = _last_read(context, items, mapped, last.has_forecast)
        return mapped

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        """The reference names no order."""
        listing = await self.api.comments(id, task, "comments")
        found = [item for item in listing.items if task is None or item.related_id("task") in (task, None)]
        if all(item.id.isdecimal() for item in found):
            found.sort(key=lambda item: int(item.id))
        last = found[-COMMENT_LIMIT:]
        people = await self.people.named(_ids(item.related_id(mapping.AUTHOR) for item in last), "comments")
        return [mapping.comment(item, people, self.people.own_user) for item in last]

    async def fresh_task(self, step: TaskWrite) -> Fresh[wire.Task]:
        item, run = await asyncio.gather(
            self.api.task(step.run_id, step.task, step.op), self.api.runbook(step.run_id, step.op)
        )
        return Fresh(item, task=self.with_branches(step.run_id, map_task(item)), run_state=mapping.run_state(run))

    async def fresh_run(self, step: Write) -> Fresh[wire.Runbook]:
        run = await self.api.runbook(step.run_id, step.op)
        return Fresh(run, run_state=mapping.run_state(run))

    def source(self, id: str) -> wire.Runbook | None:
        """A runbook as last read, or None if it has not been read since the process started."""
        return self._sources.get(id)

    def is_template(self, id: str) -> bool | None:
        source = self.source(id)
        return None if source is None else mapping.is_template(source)

    def decision(self, run: str, task: str) -> TaskDecision:
        return self._last_reads.get(run, _NOT_READ).decisions.get(task, TaskDecision(None))

    def with_branches(self, run: str, task: Task) -> Task:
        """``task`` with the branches of the last read, which the response to an action on one task lacks."""
        branches = self.decision(run, task.id).branches
        return task if task.state.is_over or not branches else task.model_copy(update={"branches": branches})

    def result(self, step: Write, item: wire.Task, **fields: Any) -> WriteResult:
        """Of an action, which returns its task. What else the task has is as in the last read of its run."""
        last = self._last_reads.get(step.run_id, _NOT_READ)
        before = last.tasks.get(item.id)
        if before is None:
            return WriteResult(tasks=(map_task(item),), **fields)
        return WriteResult(tasks=(last.context.changed_task(item, before),), **fields)

    def changes_nothing_else(self, run: str) -> Mapping[str, bool]:
        """The fields of the result of a write that changed only its task, or nothing.

        A run is still read again if it has not been read yet, or if that shows whether the server lists edits.
        """
        last = self._last_reads.get(run, _NOT_READ)
        is_complete = last.has_order and not self.changes.wants_read(self.now())
        return {"complete": is_complete, "moves_notes": is_complete and last.has_forecast}

    async def _search(
        self, operation: str, query: str, kinds: Sequence[Filter], by_stage: Sequence[Filter]
    ) -> Sequence[Listing[wire.Runbook]]:
        """Cutover's search does not tolerate typos. If it finds nothing, this returns everything, unfiltered.

        ``by_stage``: better filters, which only newer versions have.
        """
        search = {"query": query.strip()} if query.strip() else {}
        try:
            listings = await self._lists(operation, by_stage if self.filters_by_stage else kinds, search)
        except (Rejected, Unsupported):
            if not self.filters_by_stage:
                raise
            listings = await self._lists(operation, kinds, search)
            self.filters_by_stage = False  # only now: the same request succeeded without it
        if search and not any(listings):
            return await self._search(operation, "", kinds, by_stage)
        return listings

    async def _lists(
        self, operation: str, kinds: Sequence[Filter], search: Filter
    ) -> Sequence[Listing[wire.Runbook]]:
        requests = (self.api.newest_runbooks(operation, {**kind, **self.filters, **search}) for kind in kinds)
        return await asyncio.gather(*requests)

    async def _with_people(self, context: RunbookContext, tasks: Sequence[wire.Task]) -> RunbookContext:
        """With the names of the assignees, whom only newer versions send."""
        assigned = [pair for task in tasks for pair in task.related("assignees") or ()]
        if not assigned:
            return context
        people = await self.people.named([id for kind, id in assigned if kind == USER], "show")
        return replace(context, people=people)

    async def _folder_names(self, items: Sequence[wire.Runbook], operation: str) -> Mapping[str, str]:
        """By runbook id. Only needed to tell runbooks of one title apart: empty if they can't be read."""
        workspaces = _ids(item.related_id("workspace") for item in items)
        for workspace in workspaces:
            if workspace not in self._folders:
                try:
                    folders = await self.api.folders(workspace, operation)
                except OPTIONAL_READ_ERRORS:
                    folders = Listing(())
                self._folders[workspace] = {folder.id: folder.attributes.name or "" for folder in folders}
        names = {id: name for workspace in workspaces for id, name in self._folders[workspace].items()}
        return {item.id: names.get(item.related_id("folder") or "", "") for item in items}

    def _remember(self, items: Iterable[wire.Runbook]) -> None:
        self._sources |= {item.id: item for item in items}


def _last_read(
    context: RunbookContext, items: Sequence[wire.Task], tasks: Sequence[Task], has_forecast: bool
) -> LastRead:
    decisions = {
        item.id: TaskDecision(context.decides(item), task.branches, task.title)
        for item, task in zip(items, tasks, strict=True)
    }
    by_id = {task.id: task for task in tasks}
    has_order = any(is_order_known(item) for item in items)
    return LastRead(context, by_id, decisions, has_order=has_order, has_forecast=has_forecast)


def _is_planned(item: wire.Runbook) -> bool:
    attributes = item.attributes
    return not attributes.is_template and not attributes.archived and mapping.run_state(item) is RunState.PLANNED


def _is_open(item: wire.Runbook) -> bool:
    is_run = not mapping.is_template(item) and not item.attributes.archived
    return is_run and mapping.run_state(item) in OPEN_STATES


def _of_one_title(items: Sequence[wire.Runbook]) -> Sequence[wire.Runbook]:
    counts = Counter(mapping.title(item).casefold() for item in items)
    return [item for item in items if counts[mapping.title(item).casefold()] > 1]


def _ids(ids: Iterable[str | None]) -> Collection[str]:
    return list(dict.fromkeys(filter(None, ids)))


def _started_at(item: wire.Runbook) -> tuple[float, int]:
    """Or created. Ids are numbers in practice."""
    at = parse_timestamp(item.attributes.start_actual) or parse_timestamp(item.attributes.created_at)
    return (at.timestamp() if at else 0.0, int(item.id) if item.id.isdecimal() else 0)
