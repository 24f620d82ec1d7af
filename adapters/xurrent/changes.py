"""Reads through the old API, which only has tasks. A run is a change, and consists of the tasks that refer to it.

The ITRP page "Tasks" documents five lists, ``?fields=`` with any field of a task, and nothing that lists changes
or filters by one. So the lists are read with each task's change; where a server leaves it out, task by task.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime

from adapters.change_sources import EditPages
from adapters.errors import BadResponse, NotFound, Rejected, Unsupported
from adapters.models import Comment, Listing, Run, Runbook, RunKey, RunNote, RunState, RunSummary
from adapters.xurrent import mapping, wire
from adapters.xurrent.api import COMMON_TASK_FIELDS, MAX_PAGES, Api
from adapters.xurrent.links import Links
from adapters.xurrent.people import People

TASK_FIELDS = (*COMMON_TASK_FIELDS, "manager", "change")
EDIT_FIELDS = ("id", "status", "team", "member", "updated_at", "change")
OUR_LISTS = ("managed_by_me", "assigned_to_my_team", "assigned_to_me", "approval_by_me")
OPEN_STATUSES = "registered,declined,assigned,accepted,in_progress,waiting_for"
MAX_SINGLE_READS = 100
SHORT_LIST_PAGES = 5


@dataclass
class ChangeReads:
    api: Api
    links: Links
    people: People
    now: Callable[[], datetime]
    _supports_filter: bool | None = None  # whether this server takes `?change=`; None until a list was too long
    _supports_status: bool = True  # whether it takes `?status=`; no page says so
    _change_by_task: dict[str, wire.Reference] = field(default_factory=dict)  # a task's change never changes
    _hold_reasons: dict[str, str] = field(default_factory=dict)  # only those given here: notes can't be read

    async def runbooks(self, query: str) -> Listing[Runbook]:
        raise Unsupported(self.api.name, "runbooks", key="xurrent.itrp_runbooks")

    async def runbook(self, id: str) -> Runbook:
        raise Unsupported(self.api.name, "runbooks", key="xurrent.itrp_runbooks")

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        raise Unsupported(self.api.name, "comments", key="xurrent.itrp_comments")

    def remember_hold_reason(self, task: str, reason: str) -> None:
        self._hold_reasons[task] = reason

    async def approvals(self, task: str, operation: str) -> Sequence[wire.Approval]:
        """Empty: the old API has only the member of an approval task."""
        return ()

    async def runs(self, query: str) -> Listing[RunSummary]:
        """The changes with an open task that is ours to manage, do or approve."""
        first = await self.open_tasks(self.api, OUR_LISTS[0], "runs")  # alone, to find out what the server takes
        others = await asyncio.gather(*(self.open_tasks(self.api, name, "runs") for name in OUR_LISTS[1:]))
        lists = (first, *others)
        tasks = {task.id: task for found in lists for task in found}
        changes = await self._read_changes(list(tasks.values()), "runs")
        open_changes = {change.id: change for change in changes.values()}
        newest_first = sorted(open_changes.values(), key=lambda change: mapping.id_order(change.id), reverse=True)
        runs = [
            RunSummary(
                key=RunKey(platform=self.api.name, id=change.id),
                title=mapping.reference_title(change, "change"),
                link=self.links.run(change.id),
            )
            for change in newest_first
        ]
        is_read = all(found.complete for found in lists)
        # no open task that is ours does not mean that no change is under way
        return Listing(runs, is_read and bool(runs), gap="xurrent.itrp_only_ours" if is_read else "")

    async def open_tasks(
        self, api: Api, name: str, operation: str, *, pages: int | None = None
    ) -> Listing[wire.Task]:
        """One of the lists that are about the token's person, newest first, and without what is over."""
        found: Listing[wire.Task] | None = None
        if self._supports_status:
            try:
                found = await self._list_mine(api, name, operation, {"status": OPEN_STATUSES}, pages)
            except Rejected as error:
                if error.facts.get("status") not in (400, 422):
                    raise
                self._supports_status = False
        if found is None:
            found = await self._list_mine(api, name, operation, {}, pages)
        self.people.remember(found)
        return Listing([task for task in found if not mapping.task_state(task).is_over], found.complete)

    async def read(self, id: str) -> Run:
        records = await self.tasks(id, "show")
        change = self._change_by_task[records[0].id]
        tasks = mapping.map_tasks(records, mapping.TaskDetails(hold_reasons=self._hold_reasons), self.links)
        over = records.complete and all(task.state.is_over for task in tasks)
        return Run(
            key=RunKey(platform=self.api.name, id=id),
            title=mapping.reference_title(change, "change"),
            state=RunState.FINISHED if over else RunState.ACTIVE,
            tasks=tasks,
            link=self.links.run(id),
            notes=self._notes(records, over=over),
            read_at=self.now(),
        )

    def _notes(self, records: Listing[wire.Task], *, over: bool) -> tuple[RunNote, ...]:
        """A change can't be read: its impact is the highest one of its open tasks."""
        open_tasks = [task for task in records if not mapping.task_state(task).is_over]
        notes = () if over else mapping.run_notes(mapping.highest_impact(open_tasks), None, now=self.now())
        return notes if records.complete else (*notes, RunNote(key="xurrent.note_cut_short"))

    def edits(self, since: datetime) -> Sequence[EditPages]:
        """The page documents the order by ``updated_at``, and no filter by time."""
        return [self._edits(since)]

    async def _edits(self, since: datetime) -> EditPages:
        async with aclosing(self.api.edited(wire.Task, "tasks", EDIT_FIELDS)) as pages:
            async for page in pages:
                edits = [mapping.edit(task) for task in page]
                yield edits
                if edits and edits[-1].at is not None and edits[-1].at < since:
                    return

    async def tasks(self, run: str, operation: str) -> Listing[wire.Task]:
        """The tasks of one change. Checks each task's change: a server may ignore the filter."""
        candidates = await self._candidates(self.api.path_id(run, operation), operation)
        self.people.remember(candidates)
        changes = await self._read_changes(candidates, operation)
        tasks = [task for task in candidates if task.id in changes and changes[task.id].id == run]
        if tasks:
            return Listing(tasks, candidates.complete)
        if not candidates.complete:
            raise BadResponse(self.api.name, operation, key="xurrent.endless")
        raise NotFound(self.api.name, operation, key="xurrent.no_change", id=run)

    async def _candidates(self, run: str, operation: str) -> Listing[wire.Task]:
        """All tasks if the list is short. Only for a long one, tries the undocumented filter by change.

        A list that is too long, newest first, is completed by the older tasks of the run that are known already.
        """
        if self._supports_filter is None:
            result = await self._list(operation, pages=SHORT_LIST_PAGES)
            if result.complete:
                return result
        if self._supports_filter is not False:
            try:
                filtered = await self._list(operation, {"change": run})
            except Rejected as error:
                if error.facts.get("status") not in (400, 422):
                    raise
            else:
                self._supports_filter = True
                return filtered
        unfiltered = await self._list(operation)
        self._supports_filter = False  # the same request succeeded without it
        if unfiltered.complete:
            return unfiltered
        listed = {task.id for task in unfiltered}
        older = [id for id, change in self._change_by_task.items() if change.id == run and id not in listed]
        return Listing([*unfiltered, *await self._fetch_all(older[:MAX_SINGLE_READS], operation)], complete=False)

    async def _list(
        self, operation: str, params: Mapping[str, str] | None = None, *, pages: int | None = None
    ) -> Listing[wire.Task]:
        """Newest first, which is the documented order."""
        return await self.api.fetch_list(
            wire.Task, "tasks", operation, params, fields=TASK_FIELDS, pages=pages or MAX_PAGES
        )

    async def _list_mine(
        self, api: Api, name: str, operation: str, params: Mapping[str, str], pages: int | None
    ) -> Listing[wire.Task]:
        path, most = f"tasks/{name}", pages or MAX_PAGES
        return await api.fetch_list(wire.Task, path, operation, params, fields=TASK_FIELDS, pages=most)

    async def _fetch_all(self, ids: Sequence[str], operation: str) -> Sequence[wire.Task]:
        paths = [f"tasks/{self.api.path_id(id, operation)}" for id in ids]
        return await asyncio.gather(*(self.api.fetch(wire.Task, path, operation) for path in paths))

    async def _read_changes(self, tasks: Sequence[wire.Task], operation: str) -> Mapping[str, wire.Reference]:
        """The change of each task, by task ID."""
        self._change_by_task |= {task.id: task.run for task in tasks if task.run}
        missing = [task.id for task in tasks if task.id not in self._change_by_task]
        if len(missing) > MAX_SINGLE_READS:
            raise BadResponse(self.api.name, operation, key="xurrent.no_fields")
        found = await self._fetch_all(missing, operation)
        self._change_by_task |= {task.id: task.run for task in found if task.run}
        changes = {task.id: self._change_by_task[task.id] for task in tasks if task.id in self._change_by_task}
        self.links.run_by_task |= {id: change.id for id, change in changes.items()}
        return changes
