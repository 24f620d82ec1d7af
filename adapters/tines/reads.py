"""Tines' GET side: single things, and lists to their last page.

Pages are counted by ``next_page_number``; the addresses in ``meta`` are never followed (sheet 1: they show other
hosts). Filters of cases go as a JSON body on GET (L10472-10492). Something between us and Tines may drop such a
body, so whoever filters checks the answer too.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from adapters.errors import AdapterError, BadResponse, NotFound, OutcomeUnknown
from adapters.http.client import HttpClient
from adapters.http.responses import ListResult, parse_model
from adapters.tines import wire

CASES = "api/v2/cases"
MAX_PAGES = 100
CASES_A_PAGE = 50  # each is heavy: its activities and records are in it
MOST_A_PAGE = 50  # the cap of a case's tasks (L18312)
COMMENTS_A_PAGE = 100
STORIES_A_PAGE = 100


class WithId(Protocol):
    @property
    def id(self) -> str: ...


M = TypeVar("M", bound=BaseModel)
P = TypeVar("P", bound=wire.Page)
W = TypeVar("W", bound=WithId)


@dataclass
class Reads:
    caller: HttpClient
    team: str = ""

    async def case(self, id: str, operation: str) -> wire.Case:
        return self._read(
            wire.Case, await self.caller.read(self.path(id, operation), operation=operation), operation
        )

    async def cases(
        self, filters: Mapping[str, Any], operation: str, order: str = "CREATED_DESC"
    ) -> ListResult[wire.Case]:
        """Filters as in the document's table; the team of the settings is always asked for."""
        params = {"order": order} | ({"team_id": self.team} if self.team else {})
        return await self._pages(
            CASES, wire.Cases, lambda page: page.cases, CASES_A_PAGE, operation, params, {"filters": dict(filters)}
        )

    async def task(self, case: str, id: str, operation: str) -> wire.Task:
        path = f"{self.path(case, operation)}/tasks/{self.safe(id, operation)}"
        return self._read(wire.OneTask, await self.caller.read(path, operation=operation), operation).task

    async def tasks(self, case: str, operation: str) -> Sequence[wire.Task]:
        """All of them, in Tines' order."""
        path = f"{self.path(case, operation)}/tasks"
        listing = await self._pages(path, wire.Tasks, lambda page: page.tasks, MOST_A_PAGE, operation)
        if not listing.complete:
            raise BadResponse(self.caller.platform, operation, key="tines.endless")
        return listing.items

    async def comments(self, case: str, operation: str) -> ListResult[wire.Comment]:
        """Oldest first: their order is not stated, so their times decide."""
        path = f"{self.path(case, operation)}/comments"
        found = await self._pages(path, wire.Comments, lambda page: page.comments, COMMENTS_A_PAGE, operation)
        return ListResult(sorted(found.items, key=_age), found.complete)

    async def activities(self, case: str, kind: str, operation: str) -> Sequence[wire.Activity]:
        """Those of one kind, oldest first (L12186-12235). Arrays in a query are ``name[]``."""
        path = f"{self.path(case, operation)}/activities"
        found = await self._pages(
            path, wire.Activities, lambda page: page.activities, MOST_A_PAGE, operation, {"activity_type[]": kind}
        )
        return sorted((one for one in found.items if one.activity_type == kind), key=_age)

    async def actions(self, case: str, operation: str) -> Sequence[wire.Button]:
        """The buttons of a case."""
        path = f"{self.path(case, operation)}/actions"
        return (await self._pages(path, wire.Actions, lambda page: page.actions, MOST_A_PAGE, operation)).items

    async def members(self, team: str, operation: str) -> Sequence[wire.User]:
        path = f"api/v1/teams/{self.safe(team, operation)}/members"
        return (await self._pages(path, wire.Members, lambda page: page.members, MOST_A_PAGE, operation)).items

    async def inputs(self, team: str, operation: str) -> Sequence[wire.CaseInput]:
        """The fields that cases of the team may have."""
        params = {"team_id": team} if team else {}
        return (
            await self._pages(
                "api/v1/case_inputs",
                wire.CaseInputs,
                lambda page: page.case_inputs,
                MOST_A_PAGE,
                operation,
                params,
            )
        ).items

    async def subscribers(self, case: str, operation: str) -> Sequence[wire.Subscriber]:
        path = f"{self.path(case, operation)}/subscribers"
        found = await self._pages(path, wire.Subscribers, lambda page: page.subscribers, MOST_A_PAGE, operation)
        return found.items

    async def stories(self, operation: str) -> Sequence[wire.Story]:
        """The team's live stories, with what is going on in them (L3257-3390)."""
        params = {"include_live_activity": "true", "order": "NAME"}
        params |= {"team_id": self.team} if self.team else {}
        found = await self._pages(
            "api/v1/stories", wire.Stories, lambda page: page.stories, STORIES_A_PAGE, operation, params
        )
        return found.items

    async def sub_statuses(self, operation: str) -> Sequence[wire.SubStatus]:
        """Those of open cases: of a newer API than the document's (sheet 7). ``NotFound`` where there is none."""
        params = {"parent_status": "OPEN"} | ({"team_id": self.team} if self.team else {})
        path = "api/v1/case_sub_statuses"
        found = await self._pages(
            path, wire.SubStatuses, lambda page: page.case_sub_statuses, MOST_A_PAGE, operation, params
        )
        return found.items

    async def first_cases(self, filters: Mapping[str, Any], operation: str) -> Sequence[wire.Case]:
        """One small page: the cheapest proof that cases may be read."""
        params = {"per_page": "1", "page": "1"} | ({"team_id": self.team} if self.team else {})
        body = await self.caller.read(CASES, operation=operation, params=params, json={"filters": dict(filters)})
        return self._read(wire.Cases, body, operation).cases

    def path(self, case: str, operation: str) -> str:
        return f"{CASES}/{self.safe(case, operation)}"

    def safe(self, id: str, operation: str) -> str:
        """``id`` if it can stand in an address. People type ids too (``tines:42``)."""
        if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", id):
            return id
        raise NotFound(self.caller.platform, operation, key="tines.not_an_id", id=id[:64])

    def written(self, model: type[M], body: Any, operation: str) -> M:
        """The answer to a write. What cannot be read there leaves the outcome unknown."""
        return self._read(model, body, operation, OutcomeUnknown)

    async def _pages(
        self,
        path: str,
        model: type[P],
        items: Callable[[P], Sequence[W]],
        per_page: int,
        operation: str,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> ListResult[W]:
        found: dict[str, W] = {}
        number = 1
        for _ in range(MAX_PAGES):
            asked = {**(params or {}), "per_page": str(per_page), "page": str(number)}
            page = self._read(
                model, await self.caller.read(path, operation=operation, params=asked, json=body), operation
            )
            before = len(found)
            found |= {one.id: one for one in items(page)}
            following = page.meta.next_page_number
            if following is None:
                return ListResult(tuple(found.values()))
            if following <= number or len(found) == before:
                break
            number = following
        return ListResult(tuple(found.values()), complete=False)

    def _read(self, model: type[M], body: Any, operation: str, otherwise: type[AdapterError] = BadResponse) -> M:
        return parse_model(model, body, self.caller.platform, operation, otherwise)


def _age(said: wire.Comment | wire.Activity) -> tuple[str, int, str]:
    """ISO times in one zone sort as text; ids break a tie."""
    return said.created_at, int(said.id) if said.id.isdecimal() else 0, said.id
