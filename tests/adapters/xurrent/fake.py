"""A strict fake of the API: it refuses every request that the documents do not allow.

``XurrentFake(flavour="xurrent" | "4me" | "itrp")`` is ready to be started. The two new flavours differ in a
header; ``itrp`` only has tasks.
"""

import json
import re
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlencode

from aiohttp import web

from adapters.testing.fake_server import Fake, Seen
from tests.adapters.xurrent import fake_json
from tests.adapters.xurrent.fake_account import (
    BOT,
    FINAL,
    NOT_FOUND,
    ErrorResponse,
    FakeAccount,
    FakeRun,
    FakeTask,
)
from tests.adapters.xurrent.fake_json import Json
from tests.adapters.xurrent.fake_writes import FakeWrites

ACCOUNT = "wdc"
ACCOUNT_HEADERS = {"xurrent": "x-xurrent-account", "4me": "x-4me-account", "itrp": "x-itrp-account"}
TASK_FILTERS = ("id", "source", "sourceID", "subject", "category", "status", "team", "member")
EDITED = "updated_at"
Reply = tuple[int, Any]  # (status, JSON)
Handler = Callable[["XurrentFake", Seen, "re.Match[str]"], Reply]


class XurrentFake(Fake):
    """``supports_fields`` and ``applies_filters`` tell how the server treats those parameters.

    ``forbidden_paths`` is a pattern of paths that answer 403. With ``endless_lists`` every list has a next page,
    at ``next_url`` if set.
    """

    def __init__(self, flavour: Literal["xurrent", "4me", "itrp"] = "xurrent", token: str = "c0ffee" * 6) -> None:
        super().__init__()
        self.flavour, self.token = flavour, token
        self.itrp = flavour == "itrp"
        self.personal_tokens: dict[str, int] = {}  # token -> person ID
        self.account = FakeAccount(itrp=self.itrp)
        self.template = self.account.template()
        self.writes = FakeWrites(self.account, self.itrp)
        self.page_size = 20
        self.remaining = 3600
        self.reset_in = 1800
        self.supports_fields: bool | Literal["ignored"] = True
        self.applies_filters = True
        self.supports_filters = True
        self.forbidden_paths = ""
        self.endless_lists = False
        self.next_url: str | None = None
        self._pages = 0

    def settings(self) -> dict[str, str]:
        """The ``[platforms.NAME]`` table for this fake, once it is started."""
        return {
            "kind": "xurrent",
            "url": f"{self.url}/v1",
            "token": self.token,
            "account": ACCOUNT,
            "flavour": self.flavour,
        }

    async def handle(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        headers = {
            "X-RateLimit-Limit": "3600",
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(int(time.time()) + self.reset_in),
        }
        try:
            status, body = self._reply(seen)
        except ErrorResponse as error:
            status, body = error.status, fake_json.error(error.message, error.errors)
        if isinstance(body, list):
            body, link = self._page(seen, body)
            headers |= {"Link": link} if link else {}
        return web.Response(status=status, text=json.dumps(body), headers=headers, content_type="application/json")

    def _reply(self, seen: Seen) -> Reply:
        self._check_headers(seen)
        try:
            seen.json  # noqa: B018
        except ValueError:
            raise ErrorResponse(status=400, message="Problems parsing JSON") from None
        if self.forbidden_paths and re.search(self.forbidden_paths, seen.path):
            raise ErrorResponse(status=403, message="Forbidden")
        for method, pattern, handler in _ITRP_ROUTES if self.itrp else _ROUTES:
            match = pattern.fullmatch(seen.path)
            if match and method == seen.method:
                return handler(self, seen, match)
        raise NOT_FOUND

    def _check_headers(self, seen: Seen) -> None:
        headers = {name.lower(): value for name, value in seen.headers.items()}
        people = {self._credential(token): id for token, id in {self.token: BOT, **self.personal_tokens}.items()}
        accounts = {name: headers[name] for name in ACCOUNT_HEADERS.values() if name in headers}
        person = people.get(headers.get("authorization", ""))
        if person is None or accounts != {ACCOUNT_HEADERS[self.flavour]: ACCOUNT}:
            raise ErrorResponse(status=401, message="Unauthorized")
        self.account.acting_person = person
        if headers.get("accept") != "application/json":
            raise ErrorResponse(status=406, message="Not Acceptable")
        if seen.body and not headers.get("content-type", "").startswith("application/json"):
            raise ErrorResponse(status=406, message="Not Acceptable")

    def _credential(self, token: str) -> str:
        return f"Basic {b64encode(f'{token}:x'.encode()).decode()}" if self.itrp else f"Bearer {token}"

    # Templates, people

    def list_templates(self, seen: Seen, _: "re.Match[str]") -> Reply:
        items = [fake_json.template(item) for item in self.account.templates.values() if not item.disabled]
        return 200, self._select(
            seen, items, fake_json.TEMPLATE_LIST, ("id", "source", "sourceID", "subject", "service")
        )

    def show_template(self, seen: Seen, match: "re.Match[str]") -> Reply:
        return 200, fake_json.template(self._record(self.account.templates, match))

    def list_steps(self, seen: Seen, match: "re.Match[str]") -> Reply:
        steps = self._record(self.account.templates, match).tasks
        items = [fake_json.task_template(id, subject, category) for id, _, subject, category, _ in steps]
        return 200, self._select(seen, items, fake_json.TASK_TEMPLATE_LIST, ())

    def list_people(self, seen: Seen, _: "re.Match[str]") -> Reply:
        items = [fake_json.person_record(self.account, id) for id in self.account.people]
        wanted = seen.query.get("primary_email")
        if wanted is not None and self.applies_filters:
            items = [item for item in items if item["primary_email"].lower() == wanted.lower()]
        return 200, self._select(seen, items, fake_json.PERSON_LIST, ("id", "name", "primary_email", "supportID"))

    def show_me(self, seen: Seen, _: "re.Match[str]") -> Reply:
        return 200, fake_json.person_record(self.account, self.account.acting_person)

    # Runs

    def list_runs(self, seen: Seen, match: "re.Match[str]") -> Reply:
        items = [run for run in self.account.runs.values() if not match["which"] or run.status != "completed"]
        filters = ("id", "source", "sourceID", "subject", "status", "template", EDITED)
        return 200, self._select(
            seen, [fake_json.run(self.account, run) for run in items], fake_json.RUN_LIST, filters
        )

    def show_run(self, seen: Seen, match: "re.Match[str]") -> Reply:
        run = self._run(match)
        self.account.poll(run)
        return 200, fake_json.run(self.account, run)

    def list_run_tasks(self, seen: Seen, match: "re.Match[str]") -> Reply:
        run = self._run(match)
        if run.status == "being_created":
            raise NOT_FOUND
        return 200, self._tasks(seen, self.account.tasks_of(run), ("category", "member", "status", "template"))

    def list_notes(self, seen: Seen, match: "re.Match[str]") -> Reply:
        """A task's own notes; of a workflow, those of its tasks too, as in the documents' sample."""
        if match["of"] == "tasks":
            task = self._task(match)
            notes = [note for note in self.account.runs[task.run].notes if note.task == task.id]
        else:
            notes = self._run(match).notes
        fields = ("id", "person", "created_at", "text", "medium", "internal", "task", "attachments")
        return 200, self._select(seen, [fake_json.note(self.account, note) for note in notes], fields, ())

    # Tasks

    def list_tasks(self, seen: Seen, match: "re.Match[str]") -> Reply:
        items = list(self.account.tasks.values())
        match match["which"]:
            case "assigned_to_me":
                items = [task for task in items if task.member == self.account.acting_person]
            case "assigned_to_my_team":
                items = [task for task in items if task.team]
            case "approval_by_me":
                items = [task for task in items if self.account.asks_acting_person(task)]
            case "managed_by_me":
                items = [
                    task for task in items if self.account.runs[task.run].manager == self.account.acting_person
                ]
            case "open" | "finished" as which:
                items = [task for task in items if (task.status in FINAL) is (which == "finished")]
        own_filters = ("change",) if self.itrp else ("workflow", EDITED)
        return 200, self._tasks(seen, items, (*TASK_FILTERS, *own_filters))

    def show_task(self, seen: Seen, match: "re.Match[str]") -> Reply:
        return 200, fake_json.task(self.account, self._task(match), self.itrp)

    def list_before(self, seen: Seen, match: "re.Match[str]") -> Reply:
        return 200, self._tasks(seen, [self.account.tasks[id] for id in self._task(match).predecessors], ())

    def list_approvals(self, seen: Seen, match: "re.Match[str]") -> Reply:
        items = [fake_json.approval(self.account, item) for item in self._task(match).approvals]
        return 200, self._select(seen, items, (*items[0],) if items else (), ("status",))

    # Writes

    def start_run(self, seen: Seen, _: "re.Match[str]") -> Reply:
        return 201, fake_json.run(self.account, self.writes.start(seen.json))

    def add_task(self, seen: Seen, match: "re.Match[str]") -> Reply:
        return 201, fake_json.task(self.account, self.writes.add(self._run(match), seen.json), self.itrp)

    def change_task(self, seen: Seen, match: "re.Match[str]") -> Reply:
        task = self._task(match)
        self.writes.change(task, seen.json)
        return 200, fake_json.task(self.account, task, self.itrp)

    def decide(self, seen: Seen, match: "re.Match[str]") -> Reply:
        approval = self.writes.decide(self._task(match), int(match["aid"]), seen.json)
        return 200, fake_json.approval(self.account, approval)

    def add_note(self, seen: Seen, match: "re.Match[str]") -> Reply:
        task = self._task(match) if match["of"] == "tasks" else None
        run = self.account.runs[task.run] if task else self._run(match)
        return 201, {"id": self.writes.note(run, task, seen.json)}

    # Helpers

    def _record(self, records: dict[int, Any], match: "re.Match[str]") -> Any:
        if int(match["id"]) not in records:
            raise NOT_FOUND
        return records[int(match["id"])]

    def _run(self, match: "re.Match[str]") -> FakeRun:
        run: FakeRun = self._record(self.account.runs, match)
        return run

    def _task(self, match: "re.Match[str]") -> FakeTask:
        task: FakeTask = self._record(self.account.tasks, match)
        return task

    def _tasks(self, seen: Seen, tasks: Sequence[FakeTask], filters: Sequence[str]) -> list[Json]:
        items = [{**fake_json.task(self.account, task, self.itrp), "urgent": task.urgent} for task in tasks]
        return self._select(seen, items, fake_json.TASK_LIST, filters)

    def _select(
        self, seen: Seen, items: Sequence[Json], default: Sequence[str], filters: Sequence[str]
    ) -> list[Json]:
        """Filters, sorts (newest first by default), and selects the fields that were asked for."""
        filters = filters if self.supports_filters else ()
        allowed = {"fields", "sort", "search_after", *filters} | (set() if self.itrp else {"per_page"})
        for name in seen.query:
            if name not in allowed:
                raise ErrorResponse(status=400, message=f"Unknown parameter '{name}'")
        selected = list(items)
        if EDITED in filters and EDITED in seen.query and self.applies_filters:
            selected = [item for item in selected if _is_after(item[EDITED], seen.query[EDITED])]
        for name in (set(filters) - {EDITED}) & set(seen.query) if self.applies_filters else ():
            wanted = seen.query[name].split(",")
            selected = [
                item
                for item in selected
                if name == "primary_email" or fake_json.filter_value(item.get(name)) in wanted
            ]
        order = seen.query.get("sort", "-id")
        if order.lstrip("-") not in default:
            raise ErrorResponse(status=400, message=f"Cannot sort by '{order}'")
        selected.sort(key=lambda item: (str(type(item[order.lstrip("-")])), item[order.lstrip("-")]))
        if order.startswith("-"):
            selected.reverse()
        return [fake_json.select(item, self._fields(seen, item, default)) for item in selected]

    def _fields(self, seen: Seen, item: Json, default: Sequence[str]) -> Sequence[str]:
        fields = seen.query.get("fields")
        if fields is None or self.supports_fields == "ignored":
            return default
        if not self.supports_fields or not set(fields.split(",")) <= item.keys() or "note" in fields.split(","):
            raise ErrorResponse(status=400, message="Parameter 'fields' contains an unknown field")
        return fields.split(",")

    def _page(self, seen: Seen, items: list[Json]) -> tuple[list[Json], str]:
        """One page and its Link header: the documents have first, prev and next, but no last."""
        size = int(seen.query.get("per_page", self.page_size))
        if not 1 <= size <= 100:
            return [], ""
        start = int(seen.query.get("search_after", "0"))
        links = [self._link(seen, "first", None)] if start else []
        if self.next_url is not None or self.endless_lists or start + size < len(items):
            self._pages += 1
            after = start + self._pages if self.endless_lists else start + size
            links.append(self._link(seen, "next", after))
        page = items[:size] if self.endless_lists else items[start : start + size]
        return page, ", ".join(links)

    def _link(self, seen: Seen, rel: str, after: int | None) -> str:
        query = {name: value for name, value in seen.query.items() if name != "search_after"}
        query |= {} if after is None else {"search_after": str(after)}
        url = self.next_url if rel == "next" and self.next_url else f"{self.url}{seen.path}?{urlencode(query)}"
        return f'<{url}>; rel="{rel}"'


def _is_after(time: str, condition: str) -> bool:
    """``condition`` is ``>=TIME`` (Xurrent developer site, "Filtering")."""
    if not condition.startswith(">="):
        raise ErrorResponse(status=400, message=f"Cannot filter by '{condition}'")
    return datetime.fromisoformat(time) >= datetime.fromisoformat(condition.removeprefix(">="))


def _route(method: str, path: str, handler: Handler) -> tuple[str, "re.Pattern[str]", Handler]:
    return method, re.compile("/v1" + path.replace("{id}", r"(?P<id>\d+)")), handler


_MINE = "managed_by_me|assigned_to_my_team|assigned_to_me|approval_by_me"
_ITRP_ROUTES = (
    _route("GET", f"/tasks(?:/(?P<which>{_MINE}))?", XurrentFake.list_tasks),
    _route("GET", "/tasks/{id}", XurrentFake.show_task),
    _route("PATCH", "/tasks/{id}", XurrentFake.change_task),
    _route("POST", "/changes/{id}/tasks", XurrentFake.add_task),
)
_ROUTES = (
    _route("GET", f"/tasks(?:/(?P<which>{_MINE}|open|finished))?", XurrentFake.list_tasks),
    _route("GET", "/tasks/{id}", XurrentFake.show_task),
    _route("PATCH", "/tasks/{id}", XurrentFake.change_task),
    _route("GET", "/tasks/{id}/predecessors", XurrentFake.list_before),
    _route("GET", "/tasks/{id}/approvals", XurrentFake.list_approvals),
    _route("PATCH", r"/tasks/{id}/approvals/(?P<aid>\d+)", XurrentFake.decide),
    _route("GET", "/(?P<of>tasks|workflows)/{id}/notes", XurrentFake.list_notes),
    _route("POST", "/(?P<of>tasks|workflows)/{id}/notes", XurrentFake.add_note),
    _route("GET", "/workflow_templates/enabled", XurrentFake.list_templates),
    _route("GET", "/workflow_templates/{id}", XurrentFake.show_template),
    _route("GET", "/workflow_templates/{id}/task_templates", XurrentFake.list_steps),
    _route("GET", "/workflows(?:/(?P<which>open))?", XurrentFake.list_runs),
    _route("POST", "/workflows", XurrentFake.start_run),
    _route("GET", "/workflows/{id}", XurrentFake.show_run),
    _route("GET", "/workflows/{id}/tasks", XurrentFake.list_run_tasks),
    _route("POST", "/workflows/{id}/tasks", XurrentFake.add_task),
    _route("GET", "/people", XurrentFake.list_people),
    _route("GET", "/me", XurrentFake.show_me),
)
