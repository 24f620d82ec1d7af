"""Requests to Cutover's API: single resources, lists to their last page, and writes."""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel

from adapters.cutover import wire
from adapters.cutover.mapping import RunbookContext
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
from adapters.http.responses import parse_model
from adapters.models import Listing

MAX_PAGES = 100

M = TypeVar("M", bound=BaseModel)
R = TypeVar("R", bound=wire.Resource[Any])


@dataclass
class CutoverApi:
    """Each method takes the ``operation`` that its errors name. All raise ``adapters.errors``."""

    http: HttpClient
    _supports_forecast: bool = True  # until this server rejects the parameter
    _branching_types: dict[str, bool] = field(default_factory=dict)  # task type id -> conditional_progression

    @property
    def platform(self) -> str:
        return self.http.platform

    async def runbook(self, id: str, operation: str) -> wire.Runbook:
        path = self.path(operation, "runbooks", id)
        return await self._get(wire.RunbookResponse, path, operation)

    async def runbooks(self, operation: str, params: Mapping[str, str]) -> Listing[wire.Runbook]:
        return await self._list(wire.ListResponse[wire.Runbook], "core/runbooks", operation, params)

    async def edited_runbooks(
        self, operation: str, params: Mapping[str, str]
    ) -> AsyncGenerator[Sequence[wire.Runbook], None]:
        """Pages of runbooks, the one that was edited last first, if this server sorts as asked."""
        query = {**params, "sort": "-updated_at"}
        async for page in self._pages(wire.ListResponse[wire.Runbook], "core/runbooks", operation, query):
            yield page.data

    async def task(self, run: str, id: str, operation: str) -> wire.Task:
        path = self.path(operation, "runbooks", run, "tasks", id)
        return await self._get(wire.TaskResponse, path, operation)

    async def tasks(self, run: str, operation: str) -> Sequence[wire.Task]:
        """All tasks. ``forecast`` adds their predecessors and successors, but a server may not know it."""
        if not self._supports_forecast:
            return await self._all_tasks(run, operation, {})
        try:
            return await self._all_tasks(run, operation, {"forecast": "true"})
        except (Rejected, Unsupported):
            tasks = await self._all_tasks(run, operation, {})
            self._supports_forecast = False  # only now: the same request succeeded without it
            return tasks

    async def comments(self, run: str, task: str | None, operation: str) -> Listing[wire.Comment]:
        params = {"task_id": task} if task else {}
        path = self.path(operation, "runbooks", run, "comments")
        return await self._list(wire.ListResponse[wire.Comment], path, operation, params)

    async def runbook_with_tasks(
        self, id: str, operation: str
    ) -> tuple[wire.Runbook, Sequence[wire.Task], RunbookContext]:
        runbook, tasks, streams = await asyncio.gather(
            self.runbook(id, operation), self.tasks(id, operation), self._streams(id, operation)
        )
        await self._load_task_types(tasks, operation)
        return runbook, tasks, RunbookContext(streams=streams, branching=dict(self._branching_types))

    async def workspace(self, id: str, operation: str) -> wire.Workspace:
        path = self.path(operation, "workspaces", id)
        return await self._get(wire.SingleResponse[wire.Workspace], path, operation)

    async def first_page_size(self, path: str, operation: str, params: Mapping[str, str]) -> int:
        """The number of items on a list's first page: the cheapest proof that the list can be read."""
        body = await self.http.read(path, operation=operation, params=params or None)
        return len(self._parse(wire.ListResponse[wire.Resource[wire.Wire]], body, operation).data)

    async def write(
        self, method: str, path: str, operation: str, body: Mapping[str, Any], model: type[wire.SingleResponse[R]]
    ) -> R:
        """Raises ``OutcomeUnknown`` if the response can't be read."""
        response = await self.http.write(method, path, operation=operation, json=body)
        return self._parse(model, response, operation, OutcomeUnknown).data

    async def update_runbook(self, id: str, attributes: Mapping[str, Any], operation: str) -> wire.Runbook:
        body = {"data": {"id": id, "type": "runbook", "attributes": attributes}}
        path = self.path(operation, "runbooks", id)
        return await self.write("PATCH", path, operation, body, wire.RunbookResponse)

    def path(self, operation: str, *parts: str) -> str:
        """``core/`` and the parts. Raises ``NotFound`` for an unsafe one: people can type ids (``cutover:7``)."""
        for part in parts:
            if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", part):
                raise NotFound(self.platform, operation, key="cutover.not_an_id", id=part[:64])
        return "/".join(("core", *parts))

    async def _streams(self, run: str, operation: str) -> Sequence[wire.Stream]:
        """Streams only name the stages: if they can't be read, tasks have no stage."""
        path = self.path(operation, "runbooks", run, "streams")
        try:
            return (await self._list(wire.ListResponse[wire.Stream], path, operation, {})).items
        except OPTIONAL_READ_ERRORS:
            return ()

    async def _load_task_types(self, tasks: Sequence[wire.Task], operation: str) -> None:
        missing = {type for task in tasks if (type := task.related_id("task_type"))} - self._branching_types.keys()
        if not missing:
            return
        try:
            types = await self._list(wire.ListResponse[wire.TaskType], "core/task_types", operation, {})
            self._branching_types |= {
                type.id: bool(type.attributes.conditional_progression) for type in types.items
            }
        except OPTIONAL_READ_ERRORS:
            pass  # without permission to read types no task is known to branch; Cutover still rejects the finish
        self._branching_types |= {type: False for type in missing - self._branching_types.keys()}

    async def _all_tasks(self, run: str, operation: str, params: Mapping[str, str]) -> Sequence[wire.Task]:
        path = self.path(operation, "runbooks", run, "tasks")
        listing = await self._list(wire.ListResponse[wire.Task], path, operation, params)
        if not listing.complete:
            raise BadResponse(self.platform, operation, key="cutover.endless")
        return listing.items

    async def _get(self, model: type[wire.SingleResponse[R]], path: str, operation: str) -> R:
        body = await self.http.read(path, operation=operation)
        return self._parse(model, body, operation).data

    async def _list(
        self, model: type[wire.ListResponse[R]], path: str, operation: str, params: Mapping[str, str]
    ) -> Listing[R]:
        """Follows ``links.next`` as given. A link seen before ends the list."""
        items: dict[str, R] = {}
        number = 0
        async with aclosing(self._pages(model, path, operation, params)) as pages:
            async for page in pages:
                number += 1
                items |= {item.id: item for item in page.data}
                if number == MAX_PAGES:
                    return Listing(tuple(items.values()), complete=False)
        return Listing(tuple(items.values()))

    async def _pages(
        self, model: type[wire.ListResponse[R]], path: str, operation: str, params: Mapping[str, str]
    ) -> "AsyncGenerator[wire.ListResponse[R], None]":
        followed: set[str] = set()
        body = await self.http.read(path, operation=operation, params=params or None)
        while True:
            page = self._parse(model, body, operation)
            yield page
            link = self._next_url(page.links.next, operation)
            if link is None or link in followed:
                return
            followed.add(link)
            body = await self.http.read(link, operation=operation)

    def _next_url(self, link: str | None, operation: str) -> str | None:
        """``link`` as an absolute URL. Raises ``BadResponse`` for another origin, which must not get the token."""
        if link is None:
            return None
        url = self.http.same_origin(link)
        if url is None:
            raise BadResponse(self.platform, operation, key="platform.foreign_link", said=link)
        return url

    def _parse(self, model: type[M], body: Any, operation: str, error_type: type[AdapterError] = BadResponse) -> M:
        return parse_model(model, body, self.platform, operation, error_type)
