"""Requests to Cutover's API: single resources, lists, and writes."""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel

from adapters.cutover import wire
from adapters.cutover.pages import Pages
from adapters.cutover.tasks import RunbookContext
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

M = TypeVar("M", bound=BaseModel)
R = TypeVar("R", bound=wire.Resource[Any])


@dataclass
class CutoverApi:
    """Each method takes the ``operation`` that its errors name. All raise ``adapters.errors``."""

    http: HttpClient
    _supports_forecast: bool = True  # until this server rejects the parameter
    _task_types: dict[str, wire.TaskTypeAttributes] = field(default_factory=dict)  # by id
    _pages: Pages = field(init=False)

    def __post_init__(self) -> None:
        self._pages = Pages(self.http)

    @property
    def platform(self) -> str:
        return self.http.platform

    async def runbook(self, id: str, operation: str) -> wire.Runbook:
        path = self.path(operation, "runbooks", id)
        return await self._get(wire.RunbookResponse, path, operation)

    async def all_runbooks(self, operation: str, params: Mapping[str, str]) -> Listing[wire.Runbook]:
        """To the last page, for a list that has to prove something."""
        return await self._list(wire.ListResponse[wire.Runbook], "core/runbooks", operation, params)

    async def newest_runbooks(self, operation: str, params: Mapping[str, str]) -> Listing[wire.Runbook]:
        """The newest hundreds: an instance may have thousands."""
        model = wire.ListResponse[wire.Runbook]
        return await self._pages.read_newest(model, "core/runbooks", operation, params)

    async def edited_runbooks(
        self, operation: str, params: Mapping[str, str]
    ) -> AsyncGenerator[Sequence[wire.Runbook], None]:
        """Pages of runbooks, the one that was edited last first, if this server sorts as asked."""
        query = {**params, "sort": "-updated_at"}
        model = wire.ListResponse[wire.Runbook]
        async for page in self._pages.follow(model, "core/runbooks", operation, query):
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

    async def tasks_of(self, run: str, user: str, operation: str) -> Listing[wire.Task]:
        """Those assigned to one user, which only newer versions can list."""
        path = self.path(operation, "runbooks", run, "tasks")
        return await self._list(wire.ListResponse[wire.Task], path, operation, {"user_id[]": user})

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
        is_cancelled = runbook.attributes.stage in ("canceled", "cancelled")
        context = RunbookContext(streams, dict(self._task_types), is_cancelled=is_cancelled)
        return runbook, tasks, context

    async def tasks_with_types(
        self, run: str, operation: str
    ) -> tuple[Sequence[wire.Task], Mapping[str, wire.TaskTypeAttributes]]:
        tasks = await self.tasks(run, operation)
        await self._load_task_types(tasks, operation)
        return tasks, dict(self._task_types)

    async def workspace(self, id: str, operation: str) -> wire.Workspace:
        path = self.path(operation, "workspaces", id)
        return await self._get(wire.SingleResponse[wire.Workspace], path, operation)

    async def folders(self, workspace: str, operation: str) -> Listing[wire.Folder]:
        path = self.path(operation, "workspaces", workspace, "folders")
        return await self._list(wire.ListResponse[wire.Folder], path, operation, {})

    async def runbook_types(self, operation: str) -> Listing[wire.RunbookType]:
        return await self._list(wire.ListResponse[wire.RunbookType], "core/runbook_types", operation, {})

    async def user(self, id: str, operation: str) -> wire.User:
        return await self._get(wire.UserResponse, self.path(operation, "users", id), operation)

    async def users(self, query: str, operation: str) -> Listing[wire.User]:
        """Only newer versions have ``query``. Where it is refused, everybody is read."""
        model = wire.ListResponse[wire.User]
        try:
            return await self._list(model, "core/users", operation, {"query": query})
        except (Rejected, Unsupported):
            return await self._list(model, "core/users", operation, {})

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
        missing = {type for task in tasks if (type := task.related_id("task_type"))} - self._task_types.keys()
        if not missing:
            return
        try:
            types = await self._list(wire.ListResponse[wire.TaskType], "core/task_types", operation, {})
            self._task_types |= {type.id: type.attributes for type in types}
        except OPTIONAL_READ_ERRORS:
            pass  # without permission to read types no task is known to branch; Cutover still rejects the finish
        self._task_types |= {type: wire.TaskTypeAttributes() for type in missing - self._task_types.keys()}

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
        return await self._pages.read_all(model, path, operation, params)

    def _parse(self, model: type[M], body: Any, operation: str, error_type: type[AdapterError] = BadResponse) -> M:
        return parse_model(model, body, self.platform, operation, error_type)
