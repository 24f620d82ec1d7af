"""Requests to Runrun.it's API, one method each, and its paging. Ids are checked before they go into a path.

Pages (API documentation, "Pagination"): a page out of range returns page 1, so reading "until it is empty" never
ends. The ``Link`` header is relative and lacks the version, so only its page number is used. The default limit
is given as 100 and, for tasks, as 1000, so it is always sent.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from adapters.errors import AdapterError, BadResponse, NotFound, OutcomeUnknown
from adapters.http.client import HttpClient
from adapters.http.responses import parse_model
from adapters.models import Listing
from adapters.runrunit.errors import MESSAGES
from adapters.runrunit.wire import (
    Wire,
    WireAssignment,
    WireChecklistItem,
    WireComment,
    WireDashboard,
    WireDescription,
    WireElement,
    WireProjectTemplate,
    WireStage,
    WireTask,
    WireTemplate,
    WireUser,
    WireWorkflow,
)
from adapters.toolkit.messages import message_text

PAGE_SIZE = 100
MAX_ITEMS = 1000  # an account has 80 requests a minute in all
MAX_PAGES = 20  # for servers whose pages are smaller than requested
MAX_PAGES_WITH_CLOSED = 3

_NEXT = re.compile(r'<([^<>]*)>\s*;[^,<]*\brel="?next\b"?', re.IGNORECASE)
_RANGE = re.compile(r"\b(\d{1,9})\s{0,9}-\s{0,9}(\d{1,9})\s{0,9}/\s{0,9}(\d{1,9})")

W = TypeVar("W", bound=Wire)


@dataclass
class RunrunitApi:
    """Each method takes the ``operation`` that its errors name. All raise ``adapters.errors``."""

    name: str
    http: HttpClient
    project_template: int
    project: int

    # Reads

    async def templates(self, operation: str = "runbooks") -> Listing[WireTemplate]:
        path = f"project_templates/{self.project_template}/task_templates"
        return await self._list(WireTemplate, path, operation)

    async def template(self, id: str, operation: str) -> WireTemplate:
        path = f"project_templates/{self.project_template}/task_templates/{self.number(id, operation)}"
        return await self._get(WireTemplate, path, operation)

    async def project_template_name(self, operation: str) -> str:
        path = f"project_templates/{self.project_template}"
        return (await self._get(WireProjectTemplate, path, operation)).name

    async def project_tasks(
        self, operation: str, *, include_closed: bool = False, max_pages: int = MAX_PAGES
    ) -> Listing[WireTask]:
        """The tasks of the project for runs. Closed ones are hidden unless ``bypass_status_default`` is set.

        There are many closed ones, in no documented order, so only a few pages of them are read.
        """
        filters = {"bypass_status_default": "true"} if include_closed else {"is_closed": "false"}
        params = {"project_id": self.project, **filters}
        if include_closed:
            max_pages = MAX_PAGES_WITH_CLOSED
        return await self._list(WireTask, "tasks", operation, params, max_pages)

    async def open_tasks_of(self, user: str, operation: str) -> Listing[WireTask]:
        """One page of a user's open tasks. ``responsible_id`` is only in the sample of "Query tasks"."""
        params = {"responsible_id": user, "is_closed": "false"}
        return await self._list(WireTask, "tasks", operation, params, max_pages=1)

    async def tasks(self, ids: Sequence[str], operation: str) -> Sequence[WireTask]:
        """Up to ``PAGE_SIZE`` open and closed tasks, in one request ("Query tasks", ``ids``)."""
        numbers = [self.number(id, operation) for id in dict.fromkeys(ids)]
        params = {"ids": ",".join(numbers), "bypass_status_default": "true"}
        return (await self._list(WireTask, "tasks", operation, params, max_pages=1)).items

    async def template_description(self, id: str, operation: str) -> str:
        params = {"task_template_id": self.number(id, operation)}
        return (await self._get(WireDescription, "descriptions", operation, params)).description

    async def description(self, task: str, operation: str) -> str:
        path = f"tasks/{self.number(task, operation)}/description"
        return (await self._get(WireDescription, path, operation)).description

    async def task(self, id: str, operation: str) -> WireTask:
        return await self._get(WireTask, f"tasks/{self.number(id, operation)}", operation)

    async def tasks_by_id(
        self, ids: Sequence[str], operation: str, *, others: Sequence[str] = ()
    ) -> Mapping[str, WireTask]:
        """Like ``tasks``. One of ``ids`` that the list leaves out is read alone, one of ``others`` is not."""
        wanted = [*dict.fromkeys((*ids, *others))][:PAGE_SIZE]
        found = {task.id: task for task in await self.tasks(wanted, operation) if task.id in wanted}
        missing = [id for id in dict.fromkeys(ids) if id not in found]
        return found | {id: await self.task(id, operation) for id in missing}

    async def subtasks(self, id: str, operation: str) -> Sequence[WireTask]:
        listing = await self._list(WireTask, f"tasks/{self.number(id, operation)}/subtasks", operation)
        return self._require_complete(listing, operation)

    async def prerequisites(self, id: str, operation: str) -> Sequence[WireTask]:
        listing = await self._list(WireTask, f"tasks/{self.number(id, operation)}/prerequisites", operation)
        return self._require_complete(listing, operation)

    async def comments(self, task: str, operation: str) -> Listing[WireComment]:
        return await self._list(WireComment, f"tasks/{self.number(task, operation)}/comments", operation)

    async def checklist_items(self, checklist: str, operation: str) -> Listing[WireChecklistItem]:
        path = f"checklists/{self.number(checklist, operation)}/items"
        return await self._list(WireChecklistItem, path, operation, max_pages=1)

    async def checklist_item(self, checklist: str, id: str, operation: str) -> WireChecklistItem:
        return await self._get(WireChecklistItem, self._item_path(checklist, id, operation), operation)

    async def stages(self, board: str, operation: str) -> Sequence[WireStage]:
        path = f"boards/{self.number(board, operation)}/stages"
        return (await self._list(WireStage, path, operation)).items

    async def users(self) -> Listing[WireUser]:
        """An administrator's token sees all users, any other token only those of its teams."""
        return await self._list(WireUser, "users", "people")

    async def dashboards(self, operation: str) -> Listing[WireDashboard]:
        """Those of the token's user."""
        return await self._list(WireDashboard, "dashboards", operation, max_pages=1)

    async def workflow(self, task: str, operation: str) -> WireWorkflow:
        return await self._get(WireWorkflow, "workflows", operation, {"task_id": self.number(task, operation)})

    async def workflow_elements(self, workflow: str, operation: str) -> Sequence[WireElement]:
        path = f"workflows/{self.number(workflow, operation)}/workflow_elements"
        return (await self._list(WireElement, path, operation)).items

    # Writes

    async def create_task(self, task: Mapping[str, Any], operation: str) -> WireTask:
        body = await self.http.write("POST", "tasks", operation=operation, json={"task": task})
        return self._parse_write_response(WireTask, body, operation)

    async def act(self, id: str, verb: str, operation: str, body: Mapping[str, Any] | None = None) -> WireTask:
        """``POST /tasks/:id/VERB``. Most verbs take no body."""
        path = f"tasks/{self.number(id, operation)}/{verb}"
        response = await self.http.write("POST", path, operation=operation, json=body)
        return self._parse_write_response(WireTask, response, operation)

    async def act_on_assignment(
        self, task: str, assignment: WireAssignment, verb: str, operation: str
    ) -> WireAssignment:
        """``POST /tasks/:task_id/assignments/:id/VERB``."""
        id = self._assignment_id(assignment.id, operation)
        path = f"tasks/{self.number(task, operation)}/assignments/{id}/{verb}"
        response = await self.http.write("POST", path, operation=operation)
        return self._parse_write_response(WireAssignment, response, operation)

    async def delete_assignment(self, task: str, assignment: WireAssignment, operation: str) -> None:
        """Takes one person off a task. Their worked time is kept. The response is empty."""
        id = self._assignment_id(assignment.id, operation)
        path = f"tasks/{self.number(task, operation)}/assignments/{id}"
        body = {"destroy_worked_time": False}
        await self.http.write("DELETE", path, operation=operation, json=body, expect_json=False)

    async def check_item(self, checklist: str, id: str, is_checked: bool, operation: str) -> WireChecklistItem:
        body = {"checklist_item": {"checked": is_checked}}
        path = self._item_path(checklist, id, operation)
        response = await self.http.write("PUT", path, operation=operation, json=body)
        return self._parse_write_response(WireChecklistItem, response, operation)

    async def create_comment(self, task: str, text: str, operation: str) -> WireComment:
        body = {"task_id": int(self.number(task, operation)), "text": text}
        response = await self.http.write("POST", "comments", operation=operation, json=body)
        return self._parse_write_response(WireComment, response, operation)

    def number(self, id: str, operation: str) -> str:
        """``id`` if it is a number. Raises ``NotFound``."""
        if re.fullmatch(r"[0-9]{1,18}", id, re.ASCII):
            return id
        raise NotFound(self.name, operation, key="runrunit.not_an_id", id=id[:40])

    def _item_path(self, checklist: str, id: str, operation: str) -> str:
        return f"checklists/{self.number(checklist, operation)}/items/{self.number(id, operation)}"

    def _assignment_id(self, id: str, operation: str) -> str:
        if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", id, re.ASCII):
            return id
        said = message_text(MESSAGES, "runrunit.label.assignment", id=id[:40])
        raise BadResponse(self.name, operation, said=said)

    async def _get(self, model: type[W], path: str, operation: str, params: Mapping[str, Any] | None = None) -> W:
        return self._parse(model, await self.http.read(path, operation=operation, params=params), operation)

    async def _list(
        self,
        model: type[W],
        path: str,
        operation: str,
        params: Mapping[str, Any] | None = None,
        max_pages: int = MAX_PAGES,
    ) -> Listing[W]:
        """Up to ``max_pages`` pages or ``MAX_ITEMS`` items. A page without new items is page 1 again: the end."""
        items: dict[str, W] = {}
        page = 1
        for _ in range(max_pages):
            query = {**(params or {}), "limit": PAGE_SIZE, **({"page": page} if page > 1 else {})}
            response = await self.http.read_response(path, operation=operation, params=query)
            body = response.json()
            if not isinstance(body, list):
                said = message_text(MESSAGES, "runrunit.label.not_a_list")
                raise BadResponse(self.name, operation, said=said)
            parsed = {_id(item): item for item in (self._parse(model, entry, operation) for entry in body)}
            new = {id: item for id, item in parsed.items() if id not in items}
            items |= new
            link = next_link(response.headers)
            if link is not None and self.http.same_origin(link) is None:
                raise BadResponse(self.name, operation, key="platform.foreign_link", said=link)
            following = next_page(response.headers, page)
            if following is None or not new:
                return Listing(tuple(items.values()))
            if len(items) >= MAX_ITEMS:
                break
            page = following
        return Listing(tuple(items.values()), complete=False)

    def _require_complete(self, listing: Listing[W], operation: str) -> Sequence[W]:
        if not listing.complete:
            raise BadResponse(self.name, operation, key="runrunit.endless")
        return listing.items

    def _parse(self, model: type[W], body: Any, operation: str, error_type: type[AdapterError] = BadResponse) -> W:
        return parse_model(model, body, self.name, operation, error_type)

    def _parse_write_response(self, model: type[W], body: Any, operation: str) -> W:
        """Raises ``OutcomeUnknown`` if the response to a write can't be read."""
        return self._parse(model, body, operation, OutcomeUnknown)


def next_link(headers: Mapping[str, str]) -> str | None:
    match = _NEXT.search(headers.get("link", ""))
    return match[1] if match else None


def next_page(headers: Mapping[str, str], page: int) -> int | None:
    """The number of the page after ``page``, or None if the headers say that it is the last one."""
    link = next_link(headers)
    item_range = _RANGE.search(headers.get("x-item-range", ""))
    if item_range is not None and int(item_range[2]) >= int(item_range[3]):
        return None
    if link is None:
        return page + 1 if item_range is not None and "link" not in headers else None
    try:
        numbers = parse_qs(urlsplit(link).query).get("page", [])
    except ValueError:
        numbers = []
    number = int(numbers[0]) if numbers and re.fullmatch(r"[0-9]{1,9}", numbers[0]) else 0
    return number if number > page else None


def _id(item: Wire) -> str:
    return str(getattr(item, "id"))  # noqa: B009
