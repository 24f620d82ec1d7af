"""Cutover's GET side: single resources, and lists to their last page."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel

from adapters.cutover import wire
from adapters.cutover.mapping import MappingContext
from adapters.errors import (
    OPTIONAL_READ_ERRORS,
    AdapterError,
    BadResponse,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Unsupported,
)
from adapters.http.client import HttpClient
from adapters.http.responses import ListResult, parse_model

MAX_PAGES = 100

M = TypeVar("M", bound=BaseModel)
R = TypeVar("R", bound=wire.Resource[Any])


@dataclass
class Reads:
    caller: HttpClient
    _forecast: bool = True  # until this server turns the parameter down
    _branching: dict[str, bool] = field(default_factory=dict)  # task type id -> conditional_progression

    async def runbook(self, id: str, operation: str) -> wire.Runbook:
        return await self._one(wire.One[wire.Runbook], f"core/runbooks/{self.path(id, operation)}", operation)

    async def runbooks(self, operation: str, params: Mapping[str, str]) -> ListResult[wire.Runbook]:
        return await self._many(wire.Many[wire.Runbook], "core/runbooks", operation, params)

    async def task(self, run: str, id: str, operation: str) -> wire.Task:
        path = f"core/runbooks/{self.path(run, operation)}/tasks/{self.path(id, operation)}"
        return await self._one(wire.One[wire.Task], path, operation)

    async def tasks(self, run: str, operation: str) -> Sequence[wire.Task]:
        """All of them. ``forecast`` adds who comes before and after whom; a Core may not know it."""
        if not self._forecast:
            return await self._all_tasks(run, operation, {})
        try:
            return await self._all_tasks(run, operation, {"forecast": "true"})
        except (Rejected, Unsupported):
            found = await self._all_tasks(run, operation, {})
            self._forecast = False  # the same call without it went well
            return found

    async def comments(self, run: str, task: str | None, operation: str) -> ListResult[wire.Comment]:
        params = {"task_id": task} if task else {}
        path = f"core/runbooks/{self.path(run, operation)}/comments"
        return await self._many(wire.Many[wire.Comment], path, operation, params)

    async def whole(self, id: str, operation: str) -> tuple[wire.Runbook, Sequence[wire.Task], MappingContext]:
        """A runbook, its tasks, and what is needed to understand them."""
        runbook, tasks, streams = await asyncio.gather(
            self.runbook(id, operation), self.tasks(id, operation), self._streams(id, operation)
        )
        await self._learn_types(tasks, operation)
        return runbook, tasks, MappingContext(streams=streams, branching=dict(self._branching))

    async def workspace(self, id: str, operation: str) -> wire.Workspace:
        return await self._one(wire.One[wire.Workspace], f"core/workspaces/{self.path(id, operation)}", operation)

    async def first_page(self, path: str, operation: str, params: Mapping[str, str]) -> int:
        """How many things the first page of a list holds: the cheapest proof that it may be read."""
        body = await self.caller.read(path, operation=operation, params=params or None)
        return len(self._read(wire.Many[wire.Resource[wire.Wire]], body, operation).data)

    def path(self, id: str, operation: str) -> str:
        """``id`` if it can stand in an address. People type ids too (``cutover:7``)."""
        if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", id):
            return id
        raise NotFound(self.caller.platform, operation, key="cutover.not_an_id", id=id[:64])

    def written(self, model: type[M], body: Any, operation: str) -> M:
        """The answer to a write. What cannot be read there leaves the outcome unknown."""
        return self._read(model, body, operation, OutcomeUnknown)

    async def _streams(self, run: str, operation: str) -> Sequence[wire.Stream]:
        """Only names: a Core that does not give them leaves the tasks without stages."""
        path = f"core/runbooks/{self.path(run, operation)}/streams"
        try:
            return (await self._many(wire.Many[wire.Stream], path, operation, {})).items
        except OPTIONAL_READ_ERRORS:
            return ()

    async def _learn_types(self, tasks: Sequence[wire.Task], operation: str) -> None:
        wanted = {type for task in tasks if (type := task.related("task_type"))} - self._branching.keys()
        if not wanted:
            return
        try:
            listing = await self._many(wire.Many[wire.TaskType], "core/task_types", operation, {})
            self._branching |= {one.id: bool(one.attributes.conditional_progression) for one in listing.items}
        except OPTIONAL_READ_ERRORS:
            pass  # without the right to read types no task can be known to branch; Cutover still says so
        self._branching |= {type: False for type in wanted - self._branching.keys()}

    async def _all_tasks(self, run: str, operation: str, params: Mapping[str, str]) -> Sequence[wire.Task]:
        path = f"core/runbooks/{self.path(run, operation)}/tasks"
        listing = await self._many(wire.Many[wire.Task], path, operation, params)
        if not listing.complete:
            raise BadResponse(self.caller.platform, operation, key="cutover.endless")
        return listing.items

    async def _one(self, model: type[wire.One[R]], path: str, operation: str) -> R:
        body = await self.caller.read(path, operation=operation)
        return self._read(model, body, operation).data

    async def _many(
        self, model: type[wire.Many[R]], path: str, operation: str, params: Mapping[str, str]
    ) -> ListResult[R]:
        """Follows ``links.next`` as it is given. A link seen before ends the list: all it leads to was read."""
        items: dict[str, R] = {}
        followed: set[str] = set()
        body = await self.caller.read(path, operation=operation, params=params or None)
        for _ in range(MAX_PAGES):
            page = self._read(model, body, operation)
            items |= {one.id: one for one in page.data}
            link = self._next(page.links.next, operation)
            if link is None or link in followed:
                return ListResult(tuple(items.values()))
            followed.add(link)
            body = await self.caller.read(link, operation=operation)
        return ListResult(tuple(items.values()), complete=False)

    def _next(self, link: str | None, operation: str) -> str | None:
        """``link`` in full. Our token goes to no other site, whatever a page says."""
        if link is None:
            return None
        whole = self.caller.same_origin(link)
        if whole is None:
            raise BadResponse(self.caller.platform, operation, key="platform.foreign_link", said=link)
        return whole

    def _read(self, model: type[M], body: Any, operation: str, otherwise: type[AdapterError] = BadResponse) -> M:
        return parse_model(model, body, self.caller.platform, operation, otherwise)
