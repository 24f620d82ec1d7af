"""The requests to Tines: single objects, lists read to their last page, and writes.

Pages are counted by ``next_page_number``. The links in ``meta`` are not followed, because the samples point to
other hosts (Tines API, Pagination, "The 'meta' object"). Case filters are a JSON body on GET (Tines API, Cases v2,
List). Proxies may drop such a body, so callers that filter also check the result.
"""

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from adapters.errors import AdapterError, BadResponse, NotFound, OutcomeUnknown
from adapters.http.client import HttpClient
from adapters.http.responses import parse_model
from adapters.models import Listing
from adapters.tines import wire

CASES = "api/v2/cases"
MOST_PAGES = 10  # of a list; one that has more is cut short, and that is said
ALL_PAGES = 100  # of a list that is of use only in full
CASES_PER_PAGE = 50  # a case in a list contains its activities and records
DEFAULT_PER_PAGE = 50  # the maximum for the tasks of a case (Tines API, Case tasks, List)
COMMENTS_PER_PAGE = 100
STORIES_PER_PAGE = 100
TEMPLATES_PER_PAGE = 100  # the maximum


class WithId(Protocol):
    @property
    def id(self) -> str: ...


class Dated(WithId, Protocol):
    @property
    def created_at(self) -> str: ...


D = TypeVar("D", bound=Dated)
M = TypeVar("M", bound=BaseModel)
W = TypeVar("W", bound=WithId)


@dataclass
class Api:
    http: HttpClient
    team: str = ""

    @property
    def platform(self) -> str:
        return self.http.platform

    # Cases

    async def case(self, id: str, operation: str) -> wire.Case:
        return self._parse(
            wire.Case, await self.http.read(self.case_path(id, operation), operation=operation), operation
        )

    async def cases(self, filters: Mapping[str, Any], operation: str) -> Listing[wire.Case]:
        """``filters`` as in the table of Cases v2, List; always limited to the team in the settings."""
        params = {"order": "CREATED_DESC", **self._team_params()}
        body = {"filters": dict(filters)}
        return await self._pages(CASES, wire.Cases, operation, CASES_PER_PAGE, params, body)

    async def edited_cases(
        self, filters: Mapping[str, Any], operation: str
    ) -> AsyncGenerator[Sequence[wire.Case], None]:
        """Pages of cases, the one that was edited last first."""
        params = {"order": "RECENTLY_EDITED", **self._team_params()}
        body = {"filters": dict(filters)}
        async for page in self._read_pages(CASES, wire.Cases, operation, CASES_PER_PAGE, params, body, ALL_PAGES):
            yield page.items

    async def last_edited(self, filters: Mapping[str, Any], operation: str, *, pages: int) -> Listing[wire.Case]:
        """The cases that were edited last, from a few pages."""
        items: dict[str, wire.Case] = {}
        body, params = {"filters": dict(filters)}, {"order": "RECENTLY_EDITED", **self._team_params()}
        found = self._read_pages(CASES, wire.Cases, operation, CASES_PER_PAGE, params, body)
        async with aclosing(found):
            async for page in found:
                items |= {case.id: case for case in page.items}
                pages -= 1
                if page.meta.next_page_number is None or pages == 0:
                    return Listing(tuple(items.values()), page.meta.next_page_number is None)
        return Listing(tuple(items.values()), complete=False)

    async def first_cases(self, filters: Mapping[str, Any], operation: str) -> Sequence[wire.Case]:
        """One page of one case: the cheapest proof that cases can be read."""
        params = {"per_page": "1", "page": "1", **self._team_params()}
        body = await self.http.read(CASES, operation=operation, params=params, json={"filters": dict(filters)})
        return self._parse(wire.Cases, body, operation).items

    async def update_case(self, id: str, body: Mapping[str, Any], operation: str) -> wire.Case:
        return await self.write("PUT", self.case_path(id, operation), body, wire.Case, operation)

    async def set_metadata(self, case: str, metadata: Mapping[str, str], operation: str) -> None:
        """Adds or replaces keys (Tines API, Case metadata, Update)."""
        path = f"{self.case_path(case, operation)}/metadata"
        await self.write("PUT", path, {"metadata": dict(metadata)}, wire.Metadata, operation)

    async def actions(self, case: str, operation: str) -> Sequence[wire.CaseAction]:
        """The buttons of a case."""
        path = f"{self.case_path(case, operation)}/actions"
        return (await self._pages(path, wire.CaseActions, operation)).items

    async def linked_cases(self, case: str, operation: str) -> Sequence[wire.LinkedCase]:
        path = f"{self.case_path(case, operation)}/linked_cases"
        return (await self._pages(path, wire.LinkedCases, operation)).items

    async def files(self, case: str, operation: str) -> Sequence[wire.Activity]:
        """Attached files, oldest first: each is the activity that attached it."""
        path = f"{self.case_path(case, operation)}/files"
        return sorted((await self._pages(path, wire.Files, operation)).items, key=_age)

    async def activities(self, case: str, kind: str, operation: str) -> Sequence[wire.Activity]:
        """Those of one ``activity_type``, oldest first. Array parameters are written ``name[]``."""
        path, params = f"{self.case_path(case, operation)}/activities", {"activity_type[]": kind}
        result = await self._pages(path, wire.Activities, operation, params=params)
        return sorted((activity for activity in result.items if activity.activity_type == kind), key=_age)

    async def recent_activities(self, case: str, operation: str, kind: str = "") -> Sequence[wire.Activity]:
        """The newest of one kind or of all, in three requests at most."""
        path, params = f"{self.case_path(case, operation)}/activities", {"activity_type[]": kind} if kind else {}
        found = await self._newest(path, wire.Activities, operation, DEFAULT_PER_PAGE, params)
        return [item for item in found if not kind or item.activity_type == kind]

    async def recent_comments(self, case: str, operation: str) -> Sequence[wire.Comment]:
        """The newest, in two or three requests at most."""
        path = f"{self.case_path(case, operation)}/comments"
        return await self._newest(path, wire.Comments, operation, COMMENTS_PER_PAGE)

    async def subscribers(self, case: str, operation: str) -> Sequence[wire.Subscriber]:
        path = f"{self.case_path(case, operation)}/subscribers"
        return (await self._pages(path, wire.Subscribers, operation)).items

    # Tasks and comments

    async def task(self, case: str, id: str, operation: str) -> wire.Task:
        path = self.task_path(case, id, operation)
        return self._parse(wire.TaskResponse, await self.http.read(path, operation=operation), operation).task

    async def tasks(self, case: str, operation: str) -> Sequence[wire.Task]:
        """All tasks, in Tines' order. Raises ``BadResponse`` if the list has no end."""
        path = f"{self.case_path(case, operation)}/tasks"
        result = await self._pages(path, wire.Tasks, operation, most=ALL_PAGES)
        if not result.complete:
            raise BadResponse(self.platform, operation, key="tines.endless")
        return result.items

    async def comments(self, case: str, operation: str) -> Listing[wire.Comment]:
        """Oldest first. The API does not state the order of the list, so it is sorted by time."""
        path = f"{self.case_path(case, operation)}/comments"
        result = await self._pages(path, wire.Comments, operation, COMMENTS_PER_PAGE, most=ALL_PAGES)
        return Listing(sorted(result.items, key=_age), result.complete)

    # The team

    async def members(self, team: str, operation: str) -> Sequence[wire.User]:
        path = f"api/v1/teams/{self.checked_id(team, operation)}/members"
        return (await self._pages(path, wire.Members, operation, most=ALL_PAGES)).items

    async def case_inputs(self, team: str, operation: str) -> Sequence[wire.CaseInput]:
        """The fields that cases of the team can have."""
        params = {"team_id": team} if team else {}
        result = await self._pages("api/v1/case_inputs", wire.CaseInputs, operation, params=params)
        return result.items

    async def stories(self, operation: str) -> Sequence[wire.Story]:
        """The live stories of the team with their activity (Tines API, Stories, List)."""
        params = {"include_live_activity": "true", "order": "NAME", **self._team_params()}
        result = await self._pages("api/v1/stories", wire.Stories, operation, STORIES_PER_PAGE, params)
        return result.items

    async def sub_statuses(self, team: str, operation: str) -> Sequence[wire.SubStatus]:
        """Those of open cases. Older tenants do not have this endpoint: raises ``NotFound``."""
        params = {"parent_status": "OPEN", **({"team_id": team} if team else {})}
        path = "api/v1/case_sub_statuses"
        result = await self._pages(path, wire.SubStatuses, operation, params=params)
        return result.items

    async def case_templates(self, team: str, operation: str) -> Listing[wire.CaseTemplate]:
        """Older tenants do not have this endpoint: raises ``NotFound``."""
        path, params = "api/v1/case_templates", {"team_id": team}
        return await self._pages(path, wire.CaseTemplates, operation, TEMPLATES_PER_PAGE, params)

    async def case_template(self, id: str, operation: str) -> wire.CaseTemplate:
        path = f"api/v1/case_templates/{self.checked_id(id, operation)}"
        return self._parse(wire.CaseTemplate, await self.http.read(path, operation=operation), operation)

    async def template_preview(self, id: str, operation: str) -> wire.TemplatePreview:
        path = f"api/v1/case_templates/{self.checked_id(id, operation)}/preview"
        return self._parse(wire.TemplatePreview, await self.http.read(path, operation=operation), operation)

    # Building blocks

    async def write(self, method: str, path: str, body: Mapping[str, Any], model: type[M], operation: str) -> M:
        """Sends once. A response that cannot be parsed leaves the outcome unknown."""
        response = await self.http.write(method, path, operation=operation, json=dict(body))
        return self._parse(model, response, operation, OutcomeUnknown)

    def case_path(self, case: str, operation: str) -> str:
        return f"{CASES}/{self.checked_id(case, operation)}"

    def task_path(self, case: str, task: str, operation: str) -> str:
        return f"{self.case_path(case, operation)}/tasks/{self.checked_id(task, operation)}"

    def checked_id(self, id: str, operation: str) -> str:
        """``id`` if it is safe in a URL path. People type ids too (``tines:42``). Raises ``NotFound``."""
        if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", id):
            return id
        raise NotFound(self.platform, operation, key="tines.not_an_id", id=id[:64])

    def _team_params(self) -> dict[str, str]:
        return {"team_id": self.team} if self.team else {}

    async def _pages(
        self,
        path: str,
        model: "type[wire.Page[W]]",
        operation: str,
        per_page: int = DEFAULT_PER_PAGE,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        most: int = MOST_PAGES,
    ) -> Listing[W]:
        items: dict[str, W] = {}
        async with aclosing(self._read_pages(path, model, operation, per_page, params, body, most)) as pages:
            async for page in pages:
                count_before = len(items)
                items |= {item.id: item for item in page.items}
                if page.meta.next_page_number is None:
                    return Listing(tuple(items.values()))
                if len(items) == count_before:
                    break
        return Listing(tuple(items.values()), complete=False)

    async def _newest(
        self,
        path: str,
        model: "type[wire.Page[D]]",
        operation: str,
        per_page: int,
        params: Mapping[str, str] | None = None,
    ) -> Sequence[D]:
        """Oldest first. The API does not state an order: the newest are on the first page, or on the last ones."""

        async def page(number: int) -> "wire.Page[D]":
            query = {**(params or {}), "per_page": str(per_page), "page": str(number)}
            return self._parse(model, await self.http.read(path, operation=operation, params=query), operation)

        first = await page(1)
        items = list(first.items)
        last = first.meta.pages or 1
        if first.meta.next_page_number is not None and not _is_newest_first(items):
            for number in sorted({max(2, last - 1), max(2, last)}):
                items += (await page(number)).items
        return sorted({item.id: item for item in items}.values(), key=_age)

    async def _read_pages(
        self,
        path: str,
        model: "type[wire.Page[W]]",
        operation: str,
        per_page: int,
        params: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
        most: int = MOST_PAGES,
    ) -> "AsyncGenerator[wire.Page[W], None]":
        number = 1
        for _ in range(most):
            query = {**(params or {}), "per_page": str(per_page), "page": str(number)}
            response = await self.http.read(path, operation=operation, params=query, json=body)
            page = self._parse(model, response, operation)
            yield page
            next_number = page.meta.next_page_number
            if next_number is None or next_number <= number:
                return
            number = next_number

    def _parse(self, model: type[M], body: Any, operation: str, error_type: type[AdapterError] = BadResponse) -> M:
        return parse_model(model, body, self.platform, operation, error_type)


def _is_newest_first(items: Sequence[Dated]) -> bool:
    return len(items) > 1 and _age(items[0]) > _age(items[-1])


def _age(item: Dated) -> tuple[str, int, str]:
    """A sort key. ISO times in one zone sort as text; ids break a tie."""
    return item.created_at, int(item.id) if item.id.isdecimal() else 0, item.id
