"""The requests to Playbooks and Mattermost, one method each, and which of them this server supports.

Playbooks is at ``<site>/plugins/playbooks/api/v0``, Mattermost at ``<site>/api/v4``. Ids are checked before they
are put into a path.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

from adapters.errors import OPTIONAL_READ_ERRORS, BadResponse, NotFound, OutcomeUnknown, Rejected, Unsupported
from adapters.http.client import HttpClient
from adapters.http.responses import parse_model
from adapters.models import Listing
from adapters.playbooks.errors import NO_ROUTE
from adapters.playbooks.wire import (
    Wire,
    WirePage,
    WirePlaybook,
    WirePost,
    WirePosts,
    WireRun,
    WireTeam,
    WireUser,
    is_id,
)

PLAYBOOKS = "plugins/playbooks/api/v0"
CORE = "api/v4"
PER_PAGE = 100
EDITS_PER_PAGE = 1000  # the default of the API reference
MAX_PAGES = 10  # 1,000 playbooks or runs of one team

_ADD_PARTICIPANTS = (
    "mutation AddRunParticipants($runID: String!, $userIDs: [String!]!, $forceAddToChannel: Boolean = false)"
    " { addRunParticipants(runID: $runID, userIDs: $userIDs, forceAddToChannel: $forceAddToChannel) }"
)

W = TypeVar("W", bound=Wire)
Position = tuple[int, int]  # (checklist, item), counted from 0


@dataclass
class Features:
    """What this server supports, learned from its responses and kept for the lifetime of the process."""

    add_method: str = ""  # empty until a task was added
    finish_routes: tuple[str, ...] = ("finish", "end")  # the working one first
    can_skip: bool | None = None  # None until known; only Playbooks 2 can
    can_list_edits: bool | None = None  # None until a run had a time of its last edit
    has_update_request: bool = True  # False once the server did not know the route

    def learn(self, run: WireRun) -> None:
        if run.update_at and self.can_list_edits is None:
            self.can_list_edits = True
        if run.can_skip is not None and self.can_skip is not True:
            self.can_skip = run.can_skip

    @property
    def add_methods(self) -> tuple[str, str]:
        """The method that adds a task, and the one to try next. Playbooks 2 uses POST."""
        first = self.add_method or ("POST" if self.can_skip else "PUT")
        return first, "PUT" if first == "POST" else "POST"

    @property
    def can_request_update(self) -> bool:
        """Only Playbooks 2 can, and not every version of it."""
        return self.can_skip is True and self.has_update_request


@dataclass
class Api:
    """All methods raise ``adapters.errors``. ``operation`` is the short name that an error contains."""

    name: str
    http: HttpClient
    features: Features = field(default_factory=Features)
    posts_per_page: int = PER_PAGE

    # Playbooks: reads

    async def run(self, id: str, operation: str = "show") -> WireRun:
        path = self._run_path(id, operation)
        run = self._parse(WireRun, await self.http.read(path, operation=operation), operation)
        self.features.learn(run)
        return run

    async def playbook(self, id: str, operation: str = "runbooks") -> WirePlaybook:
        path = f"{PLAYBOOKS}/playbooks/{self.checked_id(id, operation)}"
        return self._parse(WirePlaybook, await self.http.read(path, operation=operation), operation)

    async def playbooks(self, team: str) -> Listing[WirePlaybook]:
        params = {"team_id": team, "sort": "title", "direction": "asc"}
        return await self._pages("playbooks", params, WirePlaybook, "runbooks", MAX_PAGES)

    async def runs(
        self, team: str, statuses: Sequence[str], pages: int = MAX_PAGES, participant: str = ""
    ) -> Listing[WireRun]:
        """Newest first. Statuses and order are always sent: servers and the API reference disagree on defaults.

        ``participant``: only this user's runs.
        """
        params: dict[str, Any] = {"team_id": team, "statuses": list(statuses)}
        params |= {"sort": "create_at", "direction": "desc"}
        if participant:
            params["participant_id"] = participant
        runs = await self._pages("runs", params, WireRun, "runs", pages)
        for run in runs:
            self.features.learn(run)
        return runs

    async def edited_runs(self, team: str, since: int) -> list[WireRun]:
        """Runs edited at or after ``since``, with one request. Raises ``Unsupported`` if the server is too old."""
        if not self.features.can_list_edits:
            raise Unsupported(self.name, "show", key=NO_ROUTE)
        params = {"since": since, "sort": "create_at", "direction": "desc", "page": 0, "per_page": EDITS_PER_PAGE}
        query = {**params, "team_id": team} if team else params
        page = self._parse(
            WirePage, await self.http.read(f"{PLAYBOOKS}/runs", operation="show", params=query), "show"
        )
        runs = [self._parse(WireRun, item, "show") for item in page.items]
        if any(run.update_at < since for run in runs):  # it ignored the parameter
            self.features.can_list_edits = False
            raise Unsupported(self.name, "show", key=NO_ROUTE)
        return runs

    # Playbooks: writes

    async def start(self, body: Mapping[str, Any]) -> str:
        """Returns the id of the new run."""
        response = await self.http.send("POST", f"{PLAYBOOKS}/runs", operation="start", write=True, json=body)
        content = response.json()
        id = content.get("id") if isinstance(content, dict) else None
        if not isinstance(id, str) or not is_id(id):
            id = response.headers.get("location", "").rstrip("/").rpartition("/")[2]
        if not is_id(id):
            raise OutcomeUnknown(self.name, "start", said=response.text)
        return id

    async def update_item(self, run: str, position: Position, field: str, body: Any, operation: str) -> None:
        """``field`` is the last part of the path: "state", "assignee", …"""
        await self._send("PUT", f"{self._item_path(run, position, operation)}/{field}", operation, body)

    async def add_item(self, run: str, checklist: int, body: Mapping[str, Any]) -> None:
        """PUT on Playbooks 1.20, POST on 2.x and in the API reference. The other method is 405."""
        path = f"{self._run_path(run, 'add')}/checklists/{checklist}/add"
        first, second = self.features.add_methods
        try:
            await self._send(first, path, "add", body)
            self.features.add_method = first
        except Unsupported as error:
            if error.key != NO_ROUTE:
                raise
            await self._send(second, path, "add", body)
            self.features.add_method = second

    async def post_status(self, run: str, body: Mapping[str, Any]) -> None:
        await self._send("POST", f"{self._run_path(run, 'status')}/status", "status", body)

    async def finish(self, run: str) -> None:
        path = self._run_path(run, "end")
        first, second = self.features.finish_routes
        try:
            await self._send("PUT", f"{path}/{first}", "end")
        except Unsupported as error:
            if error.key != NO_ROUTE:
                raise
            await self._send("PUT", f"{path}/{second}", "end")
            self.features.finish_routes = (second, first)

    async def run_command(self, run: str, position: Position) -> None:
        """Runs the slash command of an item. POST: the API reference says PUT, which is 405."""
        await self._send("POST", f"{self._item_path(run, position, 'do')}/run", "do")

    async def request_update(self, run: str) -> None:
        await self._send("POST", f"{self._run_path(run, 'do')}/request-update", "do")

    async def set_owner(self, run: str, user: str) -> None:
        await self._send("POST", f"{self._run_path(run, 'do')}/owner", "do", {"owner_id": user})

    async def restore(self, run: str) -> None:
        await self._send("PUT", f"{self._run_path(run, 'do')}/restore", "do")

    async def snooze(self, run: str, seconds: int) -> None:
        """Moves the reminder for the next update to ``seconds`` from now."""
        body = {"new_reminder_seconds": seconds}
        await self._send("POST", f"{self._run_path(run, 'do')}/reminder", "do", body)

    async def add_participant(self, run: str, user: str, operation: str) -> None:
        """Only GraphQL can do this, where a refusal has status 200. Raises ``Rejected``."""
        body = {
            "operationName": "AddRunParticipants",
            "query": _ADD_PARTICIPANTS,
            "variables": {"runID": self.checked_id(run, operation), "userIDs": [user], "forceAddToChannel": True},
        }
        response = await self.http.write("POST", f"{PLAYBOOKS}/query", operation=operation, json=body)
        if not isinstance(response, dict) or response.get("errors"):
            raise Rejected(self.name, operation, said=str(response))

    # Mattermost

    async def me(self) -> WireUser:
        return await self._user("me", "check")

    async def user_by_email(self, email: str) -> WireUser | None:
        return await self._user_or_none(f"email/{quote(email, safe='@')}")

    async def user_by_name(self, username: str) -> WireUser | None:
        if username.startswith("."):  # ".." would change the path
            return None
        return await self._user_or_none(f"username/{quote(username, safe='')}")

    async def users(self, ids: Sequence[str]) -> list[WireUser]:
        users = await self.http.read(f"{CORE}/users/ids", method="POST", json=list(ids), operation="people")
        return [self._parse(WireUser, user, "people") for user in self._list(users, "people")]

    async def teams(self) -> list[WireTeam]:
        teams = await self.http.read(f"{CORE}/users/me/teams", operation="check")
        return [self._parse(WireTeam, team, "check") for team in self._list(teams, "check")]

    async def posts(self, channel: str, page: int, operation: str) -> Sequence[WirePost]:
        """One page of a channel, newest first."""
        path = f"{CORE}/channels/{self.checked_id(channel, operation)}/posts"
        params = {"page": page, "per_page": PER_PAGE}
        body = await self.http.read(path, operation=operation, params=params)
        return self._parse(WirePosts, body, operation).newest_first

    async def create_post(self, body: Mapping[str, Any], operation: str) -> WirePost:
        response = await self.http.write("POST", f"{CORE}/posts", operation=operation, json=body)
        return parse_model(WirePost, response, self.name, operation, OutcomeUnknown)

    async def join_channel(self, channel: str, user: str, operation: str) -> None:
        path = f"{CORE}/channels/{self.checked_id(channel, operation)}/members"
        await self._send("POST", path, operation, {"user_id": user})

    # Helpers

    def checked_id(self, id: str, operation: str) -> str:
        """``id`` if it is safe in a URL path. Raises ``NotFound``."""
        if not is_id(id):
            raise NotFound(self.name, operation, key="playbooks.bad_id", id=id[:40])
        return id

    def _run_path(self, run: str, operation: str) -> str:
        return f"{PLAYBOOKS}/runs/{self.checked_id(run, operation)}"

    def _item_path(self, run: str, position: Position, operation: str) -> str:
        return f"{self._run_path(run, operation)}/checklists/{position[0]}/item/{position[1]}"

    async def _send(self, method: str, path: str, operation: str, body: Any = None) -> None:
        await self.http.write(method, path, operation=operation, json=body, expect_json=False)

    async def _user(self, path: str, operation: str) -> WireUser:
        user = await self.http.read(f"{CORE}/users/{path}", operation=operation)
        return self._parse(WireUser, user, operation)

    async def _user_or_none(self, path: str) -> WireUser | None:
        try:
            return await self._user(path, "people")
        except OPTIONAL_READ_ERRORS:  # missing, or hidden by the privacy settings
            return None

    async def _pages(
        self, path: str, params: Mapping[str, Any], model: type[W], operation: str, pages: int
    ) -> Listing[W]:
        items: list[W] = []
        has_more = True
        for number in range(pages):
            query = {**params, "page": number, "per_page": PER_PAGE}
            body = await self.http.read(f"{PLAYBOOKS}/{path}", operation=operation, params=query)
            page = self._parse(WirePage, body, operation)
            items += [self._parse(model, item, operation) for item in page.items]
            has_more = page.has_more and bool(page.items)
            if not has_more:
                break
        return Listing(items, complete=not has_more)

    def _list(self, body: Any, operation: str) -> list[Any]:
        if not isinstance(body, list):
            raise BadResponse(self.name, operation)
        return body

    def _parse(self, model: type[W], body: Any, operation: str) -> W:
        return parse_model(model, body, self.name, operation)
