"""An account that speaks the real wire format, strictly: what the documents do not allow is refused.

``XurrentFake(flavour="xurrent" | "4me" | "itrp")`` is ready to be started; ``settings()`` is its
``[platforms.NAME]`` table. The two new flavours differ in a header; ``itrp`` knows tasks alone.
"""

import json
import re
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import Any, Literal
from urllib.parse import urlencode

from aiohttp import web

from tests.adapters.xurrent import shapes
from tests.adapters.xurrent.shapes import Json
from tests.adapters.xurrent.world import BOT, NOT_FOUND, FakeRun, FakeTask, Refusal, World
from tests.adapters.xurrent.writes import Writes
from tests.fakes.serving import Fake, Seen

ACCOUNT = "wdc"
ACCOUNT_HEADERS = {"xurrent": "x-xurrent-account", "4me": "x-4me-account", "itrp": "x-itrp-account"}
TASK_FILTERS = ("id", "source", "sourceID", "subject", "category", "status", "team", "member")
Answer = tuple[int, Any]
Handler = Callable[["XurrentFake", Seen, "re.Match[str]"], Answer]


class XurrentFake(Fake):
    """``knows_fields``, ``filters``: what this server makes of those parameters. ``unseen``: paths answered 403.

    ``endless``: every list says that there is one more page. ``next_url``: the address it gives for that page.
    """

    def __init__(self, flavour: Literal["xurrent", "4me", "itrp"] = "xurrent", token: str = "c0ffee" * 6) -> None:
        super().__init__()
        self.flavour, self.token = flavour, token
        self.old = flavour == "itrp"
        self.own_tokens: dict[str, int] = {}  # people's own: token -> person
        self.world = World()
        self.template = self.world.template()
        self.writes = Writes(self.world, self.old)
        self.page_size = 20
        self.remaining = 3600
        self.reset_in = 1800
        self.knows_fields: bool | Literal["ignored"] = True
        self.filters = True
        self.unseen = ""
        self.endless = False
        self.next_url: str | None = None
        self._pages = 0

    def settings(self) -> dict[str, str]:
        """The ``[platforms.NAME]`` table that reaches this fake (once it is started)."""
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
            status, body = self._answer(seen)
        except Refusal as refusal:
            status, body = refusal.status, shapes.refusal(refusal.message, refusal.errors)
        if isinstance(body, list):
            body, link = self._page(seen, body)
            headers |= {"Link": link} if link else {}
        return web.Response(status=status, text=json.dumps(body), headers=headers, content_type="application/json")

    def _answer(self, seen: Seen) -> Answer:
        self._check_headers(seen)
        try:
            seen.json  # noqa: B018
        except ValueError:
            raise Refusal(status=400, message="Problems parsing JSON") from None
        if self.unseen and re.search(self.unseen, seen.path):
            raise Refusal(status=403, message="Forbidden")
        for method, pattern, handler in _OLD_ROUTES if self.old else _ROUTES:
            found = pattern.fullmatch(seen.path)
            if found and method == seen.method:
                return handler(self, seen, found)
        raise NOT_FOUND

    def _check_headers(self, seen: Seen) -> None:
        headers = {name.lower(): value for name, value in seen.headers.items()}
        people = {self._credential(token): who for token, who in {self.token: BOT, **self.own_tokens}.items()}
        accounts = {name: headers[name] for name in ACCOUNT_HEADERS.values() if name in headers}
        who = people.get(headers.get("authorization", ""))
        if who is None or accounts != {ACCOUNT_HEADERS[self.flavour]: ACCOUNT}:
            raise Refusal(status=401, message="Unauthorized")
        self.world.acting = who
        if headers.get("accept") != "application/json":
            raise Refusal(status=406, message="Not Acceptable")
        if seen.body and not headers.get("content-type", "").startswith("application/json"):
            raise Refusal(status=406, message="Not Acceptable")

    def _credential(self, token: str) -> str:
        return f"Basic {b64encode(f'{token}:x'.encode()).decode()}" if self.old else f"Bearer {token}"

    # Templates, people

    def list_templates(self, seen: Seen, _: "re.Match[str]") -> Answer:
        found = [shapes.template(one) for one in self.world.templates.values() if not one.disabled]
        return 200, self._chosen(
            seen, found, shapes.TEMPLATE_LIST, ("id", "source", "sourceID", "subject", "service")
        )

    def show_template(self, seen: Seen, at: "re.Match[str]") -> Answer:
        return 200, shapes.template(self._in(self.world.templates, at))

    def list_steps(self, seen: Seen, at: "re.Match[str]") -> Answer:
        steps = self._in(self.world.templates, at).tasks
        found = [shapes.task_template(id, subject, category) for id, _, subject, category, _ in steps]
        return 200, self._chosen(seen, found, shapes.TASK_TEMPLATE_LIST, ())

    def list_people(self, seen: Seen, _: "re.Match[str]") -> Answer:
        found = [shapes.somebody(self.world, id) for id in self.world.people]
        wanted = seen.query.get("primary_email")
        if wanted is not None and self.filters:
            found = [one for one in found if one["primary_email"].lower() == wanted.lower()]
        return 200, self._chosen(seen, found, shapes.PERSON_LIST, ("id", "name", "primary_email", "supportID"))

    def show_me(self, seen: Seen, _: "re.Match[str]") -> Answer:
        return 200, shapes.somebody(self.world, self.world.acting)

    # Runs

    def list_runs(self, seen: Seen, at: "re.Match[str]") -> Answer:
        found = [run for run in self.world.runs.values() if not at["which"] or run.status != "completed"]
        filters = ("id", "source", "sourceID", "subject", "status", "template")
        return 200, self._chosen(seen, [shapes.run(self.world, run) for run in found], shapes.RUN_LIST, filters)

    def show_run(self, seen: Seen, at: "re.Match[str]") -> Answer:
        run = self._run(at)
        self.world.look(run)
        return 200, shapes.run(self.world, run)

    def list_run_tasks(self, seen: Seen, at: "re.Match[str]") -> Answer:
        run = self._run(at)
        if run.status == "being_created":
            raise NOT_FOUND
        return 200, self._tasks(seen, self.world.tasks_of(run), ("category", "member", "status", "template"))

    def list_notes(self, seen: Seen, at: "re.Match[str]") -> Answer:
        """Of a task its own; of a workflow those of its tasks too, as the documents' sample has it."""
        if at["of"] == "tasks":
            task = self._task(at)
            notes = [note for note in self.world.runs[task.run].notes if note.task == task.id]
        else:
            notes = self._run(at).notes
        fields = ("id", "person", "created_at", "text", "medium", "internal", "task", "attachments")
        return 200, self._chosen(seen, [shapes.note(self.world, note) for note in notes], fields, ())

    # Tasks

    def list_tasks(self, seen: Seen, at: "re.Match[str]") -> Answer:
        found = list(self.world.tasks.values())
        match at["which"]:
            case "assigned_to_me":
                found = [task for task in found if task.member == BOT]
            case "assigned_to_my_team":
                found = [task for task in found if task.team]
            case "approval_by_me":
                found = [task for task in found if task.category == "approval" and task.status != "registered"]
            case "managed_by_me":
                found = [task for task in found if self.world.runs[task.run].manager == BOT]
        return 200, self._tasks(seen, found, (*TASK_FILTERS, "change" if self.old else "workflow"))

    def show_task(self, seen: Seen, at: "re.Match[str]") -> Answer:
        return 200, shapes.task(self.world, self._task(at), self.old)

    def list_before(self, seen: Seen, at: "re.Match[str]") -> Answer:
        return 200, self._tasks(seen, [self.world.tasks[id] for id in self._task(at).before], ())

    def list_approvals(self, seen: Seen, at: "re.Match[str]") -> Answer:
        found = [shapes.approval(self.world, one) for one in self._task(at).approvals]
        return 200, self._chosen(seen, found, (*found[0],) if found else (), ("status",))

    # Writes

    def start_run(self, seen: Seen, _: "re.Match[str]") -> Answer:
        return 201, shapes.run(self.world, self.writes.start(seen.json))

    def add_task(self, seen: Seen, at: "re.Match[str]") -> Answer:
        return 201, shapes.task(self.world, self.writes.add(self._run(at), seen.json), self.old)

    def change_task(self, seen: Seen, at: "re.Match[str]") -> Answer:
        task = self._task(at)
        self.writes.change(task, seen.json)
        return 200, shapes.task(self.world, task, self.old)

    def decide(self, seen: Seen, at: "re.Match[str]") -> Answer:
        approval = self.writes.decide(self._task(at), int(at["aid"]), seen.json)
        return 200, shapes.approval(self.world, approval)

    def add_note(self, seen: Seen, at: "re.Match[str]") -> Answer:
        task = self._task(at) if at["of"] == "tasks" else None
        run = self.world.runs[task.run] if task else self._run(at)
        return 201, {"id": self.writes.note(run, task, seen.json)}

    # What they share

    def _in(self, things: dict[int, Any], at: "re.Match[str]") -> Any:
        if int(at["id"]) not in things:
            raise NOT_FOUND
        return things[int(at["id"])]

    def _run(self, at: "re.Match[str]") -> FakeRun:
        run: FakeRun = self._in(self.world.runs, at)
        return run

    def _task(self, at: "re.Match[str]") -> FakeTask:
        task: FakeTask = self._in(self.world.tasks, at)
        return task

    def _tasks(self, seen: Seen, found: Sequence[FakeTask], filters: Sequence[str]) -> list[Json]:
        items = [{**shapes.task(self.world, task, self.old), "urgent": task.urgent} for task in found]
        return self._chosen(seen, items, shapes.TASK_LIST, filters)

    def _chosen(
        self, seen: Seen, items: Sequence[Json], default: Sequence[str], filters: Sequence[str]
    ) -> list[Json]:
        """Filtered, sorted (newest first by default) and cut to the fields that were asked for."""
        known = {"fields", "sort", "search_after", *filters} | (set() if self.old else {"per_page"})
        for name in seen.query:
            if name not in known:
                raise Refusal(status=400, message=f"Unknown parameter '{name}'")
        found = list(items)
        for name in set(filters) & set(seen.query) if self.filters else ():
            wanted = seen.query[name].split(",")
            found = [one for one in found if name == "primary_email" or shapes.plain(one.get(name)) in wanted]
        order = seen.query.get("sort", "-id")
        if order.lstrip("-") not in default:
            raise Refusal(status=400, message=f"Cannot sort by '{order}'")
        found.sort(key=lambda one: (str(type(one[order.lstrip("-")])), one[order.lstrip("-")]))
        if order.startswith("-"):
            found.reverse()
        return [shapes.only(one, self._fields(seen, one, default)) for one in found]

    def _fields(self, seen: Seen, item: Json, default: Sequence[str]) -> Sequence[str]:
        asked = seen.query.get("fields")
        if asked is None or self.knows_fields == "ignored":
            return default
        if not self.knows_fields or not set(asked.split(",")) <= item.keys() or "note" in asked.split(","):
            raise Refusal(status=400, message="Parameter 'fields' contains an unknown field")
        return asked.split(",")

    def _page(self, seen: Seen, items: list[Json]) -> tuple[list[Json], str]:
        """One page and its Link header (the documents': first, prev, next, and no last)."""
        size = int(seen.query.get("per_page", self.page_size))
        if not 1 <= size <= 100:
            return [], ""
        at = int(seen.query.get("search_after", "0"))
        links = [self._link(seen, "first", None)] if at else []
        if self.next_url is not None or self.endless or at + size < len(items):
            self._pages += 1
            after = at + self._pages if self.endless else at + size
            links.append(self._link(seen, "next", after))
        shown = items[:size] if self.endless else items[at : at + size]
        return shown, ", ".join(links)

    def _link(self, seen: Seen, rel: str, after: int | None) -> str:
        query = {name: value for name, value in seen.query.items() if name != "search_after"}
        query |= {} if after is None else {"search_after": str(after)}
        url = self.next_url if rel == "next" and self.next_url else f"{self.url}{seen.path}?{urlencode(query)}"
        return f'<{url}>; rel="{rel}"'


def _route(method: str, path: str, handler: Handler) -> tuple[str, "re.Pattern[str]", Handler]:
    return method, re.compile("/v1" + path.replace("{id}", r"(?P<id>\d+)")), handler


_MINE = "managed_by_me|assigned_to_my_team|assigned_to_me|approval_by_me"
_OLD_ROUTES = (
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
