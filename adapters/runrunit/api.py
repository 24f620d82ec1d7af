"""The requests that the adapter makes, one method each. Ids are checked before they are put into a path."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from adapters.errors import AdapterError, BadResponse, NotFound, OutcomeUnknown
from adapters.http.client import HttpClient
from adapters.http.responses import ListResult, parse_model
from adapters.runrunit.paging import LIMIT, MAX_PAGES, MOST, PAGES_OF_ALL, next_link, next_page
from adapters.runrunit.wire import (
    Wire,
    WireAssignment,
    WireComment,
    WireDescription,
    WireElement,
    WireStage,
    WireTask,
    WireTemplate,
    WireUser,
    WireWorkflow,
)

W = TypeVar("W", bound=Wire)


@dataclass
class Api:
    """All methods raise ``adapters.errors``. ``operation`` is the short word that an error carries."""

    name: str
    caller: HttpClient
    project_template: int
    project: int

    # Reads

    async def templates(self, operation: str = "runbooks") -> ListResult[WireTemplate]:
        path = f"project_templates/{self.project_template}/task_templates"
        return await self._list(WireTemplate, path, operation)

    async def template(self, id: str, operation: str) -> WireTemplate:
        path = f"project_templates/{self.project_template}/task_templates/{self.number(id, operation)}"
        return self._read(WireTemplate, await self.caller.read(path, operation=operation), operation)

    async def project_tasks(self, operation: str, *, closed_too: bool = False) -> ListResult[WireTask]:
        """Of the project of runs. Without ``bypass_status_default`` the closed ones are hidden.

        Closed ones are many, and of no known order: only a few pages are looked at.
        """
        which = {"bypass_status_default": "true"} if closed_too else {"is_closed": "false"}
        params = {"project_id": self.project, **which}
        return await self._list(WireTask, "tasks", operation, params, PAGES_OF_ALL if closed_too else MAX_PAGES)

    async def description_of_template(self, id: str, operation: str) -> str:
        params = {"task_template_id": self.number(id, operation)}
        body = await self.caller.read("descriptions", operation=operation, params=params)
        return self._read(WireDescription, body, operation).description

    async def description(self, task: str, operation: str) -> str:
        path = f"tasks/{self.number(task, operation)}/description"
        return self._read(
            WireDescription, await self.caller.read(path, operation=operation), operation
        ).description

    async def task(self, id: str, operation: str) -> WireTask:
        path = f"tasks/{self.number(id, operation)}"
        return self._read(WireTask, await self.caller.read(path, operation=operation), operation)

    async def subtasks(self, id: str, operation: str) -> Sequence[WireTask]:
        listing = await self._list(WireTask, f"tasks/{self.number(id, operation)}/subtasks", operation)
        return self._whole(listing, operation)

    async def prerequisites(self, id: str, operation: str) -> Sequence[WireTask]:
        listing = await self._list(WireTask, f"tasks/{self.number(id, operation)}/prerequisites", operation)
        return self._whole(listing, operation)

    async def comments(self, task: str, operation: str) -> ListResult[WireComment]:
        return await self._list(WireComment, f"tasks/{self.number(task, operation)}/comments", operation)

    async def stages(self, board: str, operation: str) -> Sequence[WireStage]:
        path = f"boards/{self.number(board, operation)}/stages"
        return (await self._list(WireStage, path, operation)).items

    async def users(self) -> ListResult[WireUser]:
        """An administrator's token sees all, another one only its teams."""
        return await self._list(WireUser, "users", "people")

    async def workflow(self, task: str, operation: str) -> WireWorkflow:
        params = {"task_id": self.number(task, operation)}
        body = await self.caller.read("workflows", operation=operation, params=params)
        return self._read(WireWorkflow, body, operation)

    async def elements(self, workflow: str, operation: str) -> Sequence[WireElement]:
        path = f"workflows/{self.number(workflow, operation)}/workflow_elements"
        return (await self._list(WireElement, path, operation)).items

    # Writes

    async def create(self, task: Mapping[str, Any], operation: str) -> WireTask:
        body = await self.caller.write("POST", "tasks", operation=operation, json={"task": task})
        return self._written(WireTask, body, operation)

    async def act(self, id: str, verb: str, operation: str, body: Mapping[str, Any] | None = None) -> WireTask:
        """``POST /tasks/:id/VERB``. Most verbs take no body."""
        path = f"tasks/{self.number(id, operation)}/{verb}"
        answer = await self.caller.write("POST", path, operation=operation, json=body)
        return self._written(WireTask, answer, operation)

    async def act_for(self, task: str, part: WireAssignment, verb: str, operation: str) -> WireAssignment:
        """``POST /tasks/:task_id/assignments/:id/VERB``."""
        path = f"tasks/{self.number(task, operation)}/assignments/{self._hex(part.id, operation)}/{verb}"
        answer = await self.caller.write("POST", path, operation=operation)
        return self._written(WireAssignment, answer, operation)

    async def comment(self, task: str, text: str, operation: str) -> WireComment:
        body = {"task_id": int(self.number(task, operation)), "text": text}
        answer = await self.caller.write("POST", "comments", operation=operation, json=body)
        return self._written(WireComment, answer, operation)

    # Inside

    def number(self, id: str, operation: str) -> str:
        if re.fullmatch(r"[0-9]{1,18}", id, re.ASCII):
            return id
        raise NotFound(self.name, operation, key="runrunit.not_an_id", id=id[:40])

    def _hex(self, id: str, operation: str) -> str:
        if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", id, re.ASCII):
            return id
        raise BadResponse(self.name, operation, said=f"assignment id {id[:40]}")

    async def _list(
        self,
        model: type[W],
        path: str,
        operation: str,
        params: Mapping[str, Any] | None = None,
        pages: int = MAX_PAGES,
    ) -> ListResult[W]:
        """Up to ``pages`` pages, or ``MOST`` things. A page with nothing new on it is page 1 again: the end."""
        found: dict[str, W] = {}
        page = 1
        for _ in range(pages):
            query = {**(params or {}), "limit": LIMIT, **({"page": page} if page > 1 else {})}
            reply = await self.caller.read_response(path, operation=operation, params=query)
            body = reply.json()
            if not isinstance(body, list):
                raise BadResponse(self.name, operation, said="a list was expected")
            fresh = [one for one in (self._read(model, one, operation) for one in body) if _id(one) not in found]
            found |= {_id(one): one for one in fresh}
            link = next_link(reply.headers)
            if link is not None and self.caller.same_origin(link) is None:
                raise BadResponse(self.name, operation, key="platform.foreign_link", said=link)
            after = next_page(reply.headers, page)
            if after is None or not fresh:
                return ListResult(tuple(found.values()))
            if len(found) >= MOST:
                break
            page = after
        return ListResult(tuple(found.values()), complete=False)

    def _whole(self, listing: ListResult[W], operation: str) -> Sequence[W]:
        if not listing.complete:
            raise BadResponse(self.name, operation, key="runrunit.endless")
        return listing.items

    def _read(self, model: type[W], body: Any, operation: str, otherwise: type[AdapterError] = BadResponse) -> W:
        return parse_model(model, body, self.name, operation, otherwise)

    def _written(self, model: type[W], body: Any, operation: str) -> W:
        """The answer to a write. What cannot be read there leaves the outcome unknown."""
        return self._read(model, body, operation, OutcomeUnknown)


def _id(one: Wire) -> str:
    return str(getattr(one, "id"))  # noqa: B009
