"""The old API's reads: tasks alone. A run is a change, known by the tasks that name it.

The tasks page documents five lists, ``?fields=`` with any field of a task, and nothing that lists changes or
filters by one. So the lists are asked for with their change; a server that leaves it out is asked task by task.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from adapters.errors import BadResponse, NotFound, Rejected, Unsupported
from adapters.http.responses import ListResult
from adapters.models import Comment, Run, Runbook, RunKey, RunState, RunSummary
from adapters.xurrent import mapping, wire
from adapters.xurrent.api import MAX_PAGES, Api
from adapters.xurrent.links import Links

TASK_FIELDS = (
    "id",
    "sourceID",
    "subject",
    "category",
    "status",
    "team",
    "member",
    "completion_target_at",
    "finished_at",
    "required_approvals",
    "waiting_until",
    "anticipated_assignment_at",
    "urgent",
    "instructions",
    "change",
)
OURS = ("managed_by_me", "assigned_to_my_team", "assigned_to_me", "approval_by_me")
OLDEST_FIRST = {"sort": "id"}
MOST_ASKED = 100
FEW_PAGES = 5


@dataclass
class Changes:
    api: Api
    links: Links
    now: Callable[[], datetime]
    _filters: bool | None = None  # whether this server takes ``?change=``; None until a long list makes us ask
    _changes: dict[str, wire.Named] = field(default_factory=dict)  # task id -> its change, which never moves
    _reasons: dict[str, str] = field(default_factory=dict)  # why a task is held: our own words, none can be read

    async def runbooks(self, words: str) -> Sequence[Runbook]:
        raise self._lacking("runbooks")

    async def runbook(self, id: str) -> Runbook:
        raise self._lacking("runbooks")

    async def template(self, id: str, operation: str) -> wire.Template:
        raise self._lacking("start")

    async def started(self, key: str) -> wire.Workflow | None:
        raise self._lacking("start")

    async def notes(self, run: str, task: str | None, operation: str) -> ListResult[wire.Note]:
        raise self._lacking("comments")

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        raise self._lacking("comments")

    def remember(self, task: str, reason: str) -> None:
        self._reasons[task] = reason

    async def approvals(self, task: str, operation: str) -> Sequence[wire.Approval]:
        """Not in the old API: a member of an approval task is all that is known."""
        return ()

    async def runs(self, words: str) -> Sequence[RunSummary]:
        """The changes whose tasks are ours to manage, to do or to approve, while any of those is open."""
        lists = await asyncio.gather(*(self._listed(f"tasks/{name}", "runs") for name in OURS))
        tasks = {task.id: task for found in lists for task in found}
        changes = await self._with_changes(list(tasks.values()), "runs")
        open = {change.id: change for id, change in changes.items() if not mapping.task_state(tasks[id]).is_over}
        newest = sorted(open.values(), key=lambda change: mapping.number(change.id), reverse=True)
        return [
            RunSummary(
                key=RunKey(platform=self.api.name, id=change.id),
                title=_title(change),
                link=self.links.run(change.id),
            )
            for change in newest
        ]

    async def read(self, id: str) -> Run:
        found = await self.tasks(id, "show")
        change = self._changes[found[0].id]
        shown = mapping.tasks(found, mapping.MappingContext(reasons=self._reasons), self.links)
        over = all(task.state.is_over for task in shown)
        return Run(
            key=RunKey(platform=self.api.name, id=id),
            title=_title(change),
            state=RunState.FINISHED if over else RunState.ACTIVE,
            tasks=shown,
            link=self.links.run(id),
            read_at=self.now(),
        )

    async def tasks(self, run: str, operation: str) -> Sequence[wire.Task]:
        """Of one change. The filter is asked for, and not relied on: the old page names none."""
        found = await self._perhaps_of(self.api.id(run, operation), operation)
        changes = await self._with_changes(found, operation)
        ours = [task for task in found if task.id in changes and changes[task.id].id == run]
        if not ours:
            raise NotFound(self.api.name, operation, key="xurrent.no_change", id=run)
        return ours

    async def _perhaps_of(self, run: str, operation: str) -> Sequence[wire.Task]:
        """The documented list, where it is short; only of a long one the filter is tried that no page names."""
        if self._filters is None:
            found = await self._some("tasks", operation, pages=FEW_PAGES)
            if found.complete:
                return found.items
        if self._filters is not False:
            try:
                filtered = await self._listed("tasks", operation, {"change": run})
            except Rejected as error:
                if error.facts.get("status") not in (400, 422):
                    raise
            else:
                self._filters = True
                return filtered
        everything = await self._listed("tasks", operation)
        self._filters = False  # the same call without it went well
        return everything

    async def _listed(
        self, path: str, operation: str, params: Mapping[str, str] | None = None
    ) -> Sequence[wire.Task]:
        found = await self._some(path, operation, params)
        if not found.complete:
            raise BadResponse(self.api.name, operation, key="xurrent.endless")
        return found.items

    async def _some(
        self, path: str, operation: str, params: Mapping[str, str] | None = None, *, pages: int = MAX_PAGES
    ) -> ListResult[wire.Task]:
        asked = {**OLDEST_FIRST, **(params or {})}
        return await self.api.many(wire.Task, path, operation, asked, fields=TASK_FIELDS, pages=pages)

    async def _with_changes(self, found: Sequence[wire.Task], operation: str) -> Mapping[str, wire.Named]:
        self._changes |= {task.id: task.run for task in found if task.run}
        unknown = [task.id for task in found if task.id not in self._changes]
        if len(unknown) > MOST_ASKED:
            raise BadResponse(self.api.name, operation, key="xurrent.no_fields")
        asked = [self.api.one(wire.Task, f"tasks/{self.api.id(id, operation)}", operation) for id in unknown]
        self._changes |= {task.id: task.run for task in await asyncio.gather(*asked) if task.run}
        changes = {task.id: self._changes[task.id] for task in found if task.id in self._changes}
        self.links.runs |= {id: change.id for id, change in changes.items()}
        return changes

    def _lacking(self, operation: str) -> Unsupported:
        return Unsupported(self.api.name, operation, key=f"xurrent.itrp_{operation}")


def _title(change: wire.Named) -> str:
    return change.subject or change.name or f"Change {change.id}"
