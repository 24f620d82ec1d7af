"""The requests that the adapter makes, one method each, and what this server turned out to understand.

Playbooks lives at ``<site>/plugins/playbooks/api/v0``, Mattermost itself at ``<site>/api/v4``. Ids are checked
before they are put into a path.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import ValidationError

from adapters.errors import OPTIONAL_READ_ERRORS, BadResponse, NotFound, OutcomeUnknown, Rejected, Unsupported
from adapters.http.client import HttpClient
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
MAX_PAGES = 10  # 1,000 playbooks or runs of one team; a server that always has more ends here

_ADD_PARTICIPANTS = (
    "mutation AddRunParticipants($runID: String!, $userIDs: [String!]!, $forceAddToChannel: Boolean = false)"
    " { addRunParticipants(runID: $runID, userIDs: $userIDs, forceAddToChannel: $forceAddToChannel) }"
)

W = TypeVar("W", bound=Wire)


@dataclass
class Features:
    """What differs between servers, found out by the first answer and kept while the process lives.

    ``add`` (a method) is empty and ``skip`` None until something told. ``finish`` holds the working one first.
    """

    add: str = ""
    finish: tuple[str, ...] = ("finish", "end")
    skip: bool | None = None
    knows_update: bool = True  # false once a server did not know how to ask for one

    @property
    def adds_by(self) -> tuple[str, str]:
        """The method that adds a task, and the other one: the generation that skips takes POST."""
        first = self.add or ("POST" if self.skip else "PUT")
        return first, "PUT" if first == "POST" else "POST"

    @property
    def asks_for_update(self) -> bool:
        """Only the generation that skips can, and not all of it."""
        return self.skip is True and self.knows_update


@dataclass
class Api:
    """All methods raise ``adapters.errors``. ``operation`` is the short word an error carries."""

    name: str
    caller: HttpClient
    features: Features = field(default_factory=Features)

    # Reading Playbooks

    async def run(self, id: str, operation: str = "show") -> WireRun:
        path = f"{PLAYBOOKS}/runs/{self.checked(id, operation)}"
        run = self._read(WireRun, await self.caller.read(path, operation=operation), operation)
        knows = run.knows_skipping
        if knows is not None and self.features.skip is not True:
            self.features.skip = knows
        return run

    async def playbook(self, id: str, operation: str = "runbooks") -> WirePlaybook:
        path = f"{PLAYBOOKS}/playbooks/{self.checked(id, operation)}"
        return self._read(WirePlaybook, await self.caller.read(path, operation=operation), operation)

    async def playbooks(self, team: str) -> list[WirePlaybook]:
        params = {"team_id": team, "sort": "title", "direction": "asc"}
        items = await self._pages("playbooks", params, "runbooks", MAX_PAGES)
        return [self._read(WirePlaybook, item, "runbooks") for item in items]

    async def runs(self, team: str, statuses: Sequence[str], pages: int = MAX_PAGES) -> list[WireRun]:
        """Newest first. Statuses and order are always said: servers and documents disagree on the defaults."""
        params = {"team_id": team, "statuses": list(statuses), "sort": "create_at", "direction": "desc"}
        return [self._read(WireRun, item, "runs") for item in await self._pages("runs", params, "runs", pages)]

    # Changing Playbooks

    async def start(self, body: Mapping[str, Any]) -> str:
        """The id of the run that was made."""
        reply = await self.caller.send("POST", f"{PLAYBOOKS}/runs", operation="start", write=True, json=body)
        answer = reply.json()
        id = answer.get("id") if isinstance(answer, dict) else None
        if not isinstance(id, str) or not is_id(id):
            id = reply.headers.get("location", "").rstrip("/").rpartition("/")[2]
        if not is_id(id):
            raise OutcomeUnknown(self.name, "start", said=reply.text)
        return id

    async def item(self, run: str, place: tuple[int, int], what: str, body: Any, operation: str) -> None:
        """PUTs one thing about the item that stands at ``place``."""
        path = f"{PLAYBOOKS}/runs/{self.checked(run, operation)}/checklists/{place[0]}/item/{place[1]}/{what}"
        await self._put(path, operation, body)

    async def add_item(self, run: str, checklist: int, body: Mapping[str, Any]) -> None:
        """PUT where the server was recorded, POST where its documents are right: the other one is 405."""
        path = f"{PLAYBOOKS}/runs/{self.checked(run, 'add')}/checklists/{checklist}/add"
        first, second = self.features.adds_by
        try:
            await self.caller.write(first, path, operation="add", json=body, expect_json=False)
            self.features.add = first
        except Unsupported as error:
            if error.key != NO_ROUTE:
                raise
            await self.caller.write(second, path, operation="add", json=body, expect_json=False)
            self.features.add = second

    async def status(self, run: str, body: Mapping[str, Any]) -> None:
        path = f"{PLAYBOOKS}/runs/{self.checked(run, 'status')}/status"
        await self.caller.write("POST", path, operation="status", json=body, expect_json=False)

    async def finish(self, run: str) -> None:
        path = f"{PLAYBOOKS}/runs/{self.checked(run, 'end')}"
        first, second = self.features.finish
        try:
            await self._put(f"{path}/{first}", "end")
        except Unsupported as error:
            if error.key != NO_ROUTE:
                raise
            await self._put(f"{path}/{second}", "end")
            self.features.finish = (second, first)

    async def run_command(self, run: str, place: tuple[int, int]) -> None:
        """Runs the slash command of the item that stands at ``place``. POST, whatever the document says."""
        path = f"{PLAYBOOKS}/runs/{self.checked(run, 'do')}/checklists/{place[0]}/item/{place[1]}/run"
        await self.caller.write("POST", path, operation="do", expect_json=False)

    async def request_update(self, run: str) -> None:
        path = f"{PLAYBOOKS}/runs/{self.checked(run, 'do')}/request-update"
        await self.caller.write("POST", path, operation="do", expect_json=False)

    async def own(self, run: str, user: str) -> None:
        path = f"{PLAYBOOKS}/runs/{self.checked(run, 'do')}/owner"
        await self.caller.write("POST", path, operation="do", json={"owner_id": user}, expect_json=False)

    async def restore(self, run: str) -> None:
        await self._put(f"{PLAYBOOKS}/runs/{self.checked(run, 'do')}/restore", "do")

    async def snooze(self, run: str, seconds: int) -> None:
        """Playbooks reminds of the next update in so many seconds, from now."""
        path = f"{PLAYBOOKS}/runs/{self.checked(run, 'do')}/reminder"
        body = {"new_reminder_seconds": seconds}
        await self.caller.write("POST", path, operation="do", json=body, expect_json=False)

    async def take_part(self, run: str, user: str, operation: str) -> None:
        """Only its older way in (GraphQL) can do this; there a refusal comes with 200. Raises ``Rejected``."""
        body = {
            "operationName": "AddRunParticipants",
            "query": _ADD_PARTICIPANTS,
            "variables": {"runID": self.checked(run, operation), "userIDs": [user], "forceAddToChannel": True},
        }
        answer = await self.caller.write("POST", f"{PLAYBOOKS}/query", operation=operation, json=body)
        if not isinstance(answer, dict) or answer.get("errors"):
            raise Rejected(self.name, operation, said=str(answer))

    # Mattermost itself

    async def me(self) -> WireUser:
        return await self._user("me", "check")

    async def user_by_email(self, email: str) -> WireUser | None:
        return await self._user_or_none(f"email/{quote(email, safe='@')}")

    async def user_by_name(self, username: str) -> WireUser | None:
        if username.startswith("."):  # ".." would be another address
            return None
        return await self._user_or_none(f"username/{quote(username, safe='')}")

    async def users(self, ids: Sequence[str]) -> list[WireUser]:
        found = await self.caller.read(f"{CORE}/users/ids", method="POST", json=list(ids), operation="people")
        return [self._read(WireUser, user, "people") for user in self._list(found, "people")]

    async def teams(self) -> list[WireTeam]:
        found = await self.caller.read(f"{CORE}/users/me/teams", operation="check")
        return [self._read(WireTeam, team, "check") for team in self._list(found, "check")]

    async def posts(self, channel: str, page: int, operation: str) -> Sequence[WirePost]:
        """One page of a channel, newest first."""
        path = f"{CORE}/channels/{self.checked(channel, operation)}/posts"
        params = {"page": page, "per_page": PER_PAGE}
        body = await self.caller.read(path, operation=operation, params=params)
        return self._read(WirePosts, body, operation).newest_first

    async def post(self, body: Mapping[str, Any], operation: str) -> WirePost:
        answer = await self.caller.write("POST", f"{CORE}/posts", operation=operation, json=body)
        try:
            return WirePost.model_validate(answer)
        except ValidationError as error:
            raise OutcomeUnknown(self.name, operation, said=str(answer)) from error

    async def join(self, channel: str, user: str, operation: str) -> None:
        path = f"{CORE}/channels/{self.checked(channel, operation)}/members"
        await self.caller.write("POST", path, operation=operation, json={"user_id": user}, expect_json=False)

    # Inside

    def checked(self, id: str, operation: str) -> str:
        if not is_id(id):
            raise NotFound(self.name, operation, key="playbooks.bad_id", id=id[:40])
        return id

    async def _put(self, path: str, operation: str, body: Any = None) -> None:
        await self.caller.write("PUT", path, operation=operation, json=body, expect_json=False)

    async def _user(self, path: str, operation: str) -> WireUser:
        found = await self.caller.read(f"{CORE}/users/{path}", operation=operation)
        return self._read(WireUser, found, operation)

    async def _user_or_none(self, path: str) -> WireUser | None:
        try:
            return await self._user(path, "people")
        except OPTIONAL_READ_ERRORS:  # hidden by the privacy settings is as good as not there
            return None

    async def _pages(self, what: str, params: Mapping[str, Any], operation: str, pages: int) -> list[Any]:
        items: list[Any] = []
        for number in range(pages):
            query = {**params, "page": number, "per_page": PER_PAGE}
            body = await self.caller.read(f"{PLAYBOOKS}/{what}", operation=operation, params=query)
            page = self._read(WirePage, body, operation)
            items += page.items
            if not page.has_more or not page.items:
                break
        return items

    def _list(self, body: Any, operation: str) -> list[Any]:
        if not isinstance(body, list):
            raise BadResponse(self.name, operation, said=str(body))
        return body

    def _read(self, model: type[W], body: Any, operation: str) -> W:
        try:
            return model.model_validate(body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise BadResponse(self.name, operation, said=f"{where}: {first['msg']}") from error
