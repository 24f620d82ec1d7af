"""A Cutover that speaks its real wire format, strictly: what the reference does not allow is refused.

``CutoverFake(token="…")`` is ready to be started; ``settings()`` is its ``[platforms.cutover]`` table. It holds
the approved template ``tests.contract.subject.RUNBOOK``. ``latency`` seconds are added to every answer.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal
from urllib.parse import urlencode

from aiohttp import web

from tests.adapters.cutover import shapes
from tests.adapters.cutover.bodies import (
    LIST_FILTERS,
    check_action,
    check_values,
    comment_body,
    runbook_changes,
    runbook_copy,
    start_meta,
    task_body,
)
from tests.adapters.cutover.shapes import Json
from tests.adapters.cutover.world import WORKSPACE, FakeComment, FakeRunbook, FakeTask, Refusal, World
from tests.fakes.serving import Fake, Seen

VERSIONS = ("2022-01-10", "2021-10-13", "2022-02-22")
Answer = tuple[int, Json]
Handler = Callable[["CutoverFake", Seen, "re.Match[str]"], Answer]

FILTERED = (("template_status", "template_status"), ("run_type", "run_type"))


class CutoverFake(Fake):
    """``forecast``: what the server makes of that parameter. ``next_url``: a link every list then gives.

    ``endless``: every list says that there is one more page, forever.
    """

    def __init__(self, token: str = "c0ffee" * 8) -> None:
        super().__init__()
        self.token = token
        self.world = World()
        self.template = self.world.template()
        self.page_size = 25
        self.forecast: Literal["full", "bare", "refused"] = "full"
        self.endless = False
        self.next_url: str | None = None

    @property
    def runbooks(self) -> dict[str, FakeRunbook]:
        return self.world.runbooks

    @property
    def effects(self) -> list[tuple[str, str, str]]:
        """(what, id, who) of everything done since the start, whoever asked."""
        return self.world.effects

    def settings(self) -> dict[str, str]:
        """The ``[platforms.NAME]`` table that reaches this fake (once it is started)."""
        return {"kind": "cutover", "url": self.url, "token": self.token, "workspace_id": WORKSPACE}

    async def handle(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        try:
            status, body = self._answer(seen)
        except Refusal as refusal:
            status, body = refusal.status, shapes.errors(refusal)
        text = json.dumps(body)
        return web.Response(status=status, text=text, content_type="application/json")

    def _answer(self, seen: Seen) -> Answer:
        self._check_headers(seen)
        try:
            seen.json  # noqa: B018
        except ValueError:
            raise Refusal(("invalid", "The body is not JSON", ""), status=400) from None
        known = False
        for method, pattern, handler in _ROUTES:
            found = pattern.fullmatch(seen.path)
            if found is None:
                continue
            known = True
            if method == seen.method:
                return handler(self, seen, found)
        raise Refusal(("not_found", "not found", ""), status=405 if known else 404)

    def _check_headers(self, seen: Seen) -> None:
        headers = {name.lower(): value for name, value in seen.headers.items()}
        if headers.get("authorization") != f"Bearer {self.token}":
            raise Refusal(("unauthorized", "Authorized users only.", ""), status=401)
        if headers.get("api-version") not in VERSIONS:
            raise Refusal(("inclusion", "Api-Version is not included in the list", "Api-Version"), status=400)
        if "application/json" not in headers.get("accept", ""):
            raise Refusal(("invalid", "Accept must be application/json", "Accept"), status=400)
        if seen.body and seen.method == "GET":
            raise Refusal(("invalid", "A GET has no body", ""), status=400)
        if seen.body and not headers.get("content-type", "").startswith("application/json"):
            raise Refusal(("invalid", "Content-Type must be application/json", "Content-Type"), status=400)

    # Reads

    def list_runbooks(self, seen: Seen, _: "re.Match[str]") -> Answer:
        asked = self._asked(seen, *LIST_FILTERS)
        check_values(asked)
        found = [one for one in self.runbooks.values() if not one.archived]
        if "is_template" in asked:
            found = [one for one in found if one.is_template == (asked["is_template"] == "true")]
        for name, value in (*FILTERED, ("workspace_id", "workspace")):
            if name in asked:
                found = [one for one in found if getattr(one, value) == asked[name]]
        words = asked.get("query", "").lower().split()
        found = [one for one in found if all(word in f"{one.name} {one.description}".lower() for word in words)]
        return self._page(seen, [shapes.runbook(one, self.url) for one in found])

    def show_runbook(self, seen: Seen, at: "re.Match[str]") -> Answer:
        self._asked(seen)
        return 200, {"data": shapes.runbook(self._runbook(at), self.url)}

    def list_streams(self, seen: Seen, at: "re.Match[str]") -> Answer:
        self._asked(seen)
        run = self._runbook(at)
        return self._page(seen, [shapes.stream(id, name, run, self.url) for id, name in run.streams])

    def list_tasks(self, seen: Seen, at: "re.Match[str]") -> Answer:
        asked = self._asked(seen, "page[number]", "page[size]", "sort", "fields[task]", "forecast")
        run = self._runbook(at)
        check_values(asked)
        wanted = asked.get("forecast") == "true"
        if "forecast" in asked and self.forecast == "refused":
            raise Refusal(("invalid", "forecast is not a known parameter", "forecast"), status=400)
        full = wanted and self.forecast == "full"
        items = [shapes.task(task, run, self.url, forecast=full) for task in run.tasks.values()]
        return self._page(seen, items, all_at_once=full)

    def show_task(self, seen: Seen, at: "re.Match[str]") -> Answer:
        self._asked(seen)
        run = self._runbook(at)
        return 200, {"data": shapes.task(self._task(run, at), run, self.url)}

    def list_comments(self, seen: Seen, at: "re.Match[str]") -> Answer:
        task = self._asked(seen, "task_id", "page[number]").get("task_id")
        run = self._runbook(at)
        found = [one for one in run.comments if task is None or one.task == task]
        return self._page(seen, [shapes.comment(one, run, self.url) for one in found])

    def list_task_types(self, seen: Seen, _: "re.Match[str]") -> Answer:
        return self._page(seen, shapes.task_types(self.url))

    def list_workspaces(self, seen: Seen, _: "re.Match[str]") -> Answer:
        self._asked(seen, "query")
        return self._page(seen, [shapes.workspace(WORKSPACE, self.url)])

    def show_workspace(self, seen: Seen, at: "re.Match[str]") -> Answer:
        if at["id"] != WORKSPACE:
            raise Refusal(("not_found", "not found", "/data"), status=404)
        return 200, {"data": shapes.workspace(WORKSPACE, self.url)}

    # Writes

    def create_runbook(self, seen: Seen, _: "re.Match[str]") -> Answer:
        name, source_id, tasks = runbook_copy(seen.json, WORKSPACE)
        source = self.runbooks.get(source_id)
        if source is None or source.archived:
            raise Refusal(("not_found", "not found", "/meta/copy/source_runbook_id"), status=404)
        return 201, {"data": shapes.runbook(self.world.copy(source, name, tasks=tasks), self.url)}

    def change_runbook(self, seen: Seen, at: "re.Match[str]") -> Answer:
        run = self._runbook(at)
        changes = runbook_changes(seen.json, run.id)
        for name, value in changes.items():
            setattr(run, name, value)
        if changes.keys() & {"status", "status_message"}:
            run.status_updated_at = self.world.now()
        self.world.did("status" if "status_message" in changes else "change", run.id)
        return 200, {"data": shapes.runbook(run, self.url)}

    def start_runbook(self, seen: Seen, at: "re.Match[str]") -> Answer:
        run = self._runbook(at)
        meta = start_meta(seen.json)
        strict = meta.get("validation_level", "error") == "warning"
        self.world.start(run, run_type=meta["run_type"], comms=meta["comms"], strict=strict)
        return 200, {"data": shapes.runbook(run, self.url)}

    def create_task(self, seen: Seen, at: "re.Match[str]") -> Answer:
        run = self._runbook(at)
        attributes, stream = task_body(seen.json)
        if run.stage != "planning" and not run.dynamic:
            raise Refusal(("task.not_editable", "Task is not editable.", "/data"))
        if stream is not None and stream not in [id for id, _ in run.streams]:
            raise Refusal(("required", "Stream must exist", "/data/relationships/stream"))
        stage = "startable" if run.stage == "active" else "default"
        task = FakeTask(self.world.id(), attributes["name"], stream or run.streams[0][0], stage=stage)
        task.description = attributes.get("description") or ""
        run.tasks[task.id] = task
        self.world.did("task", task.id)
        return 201, {"data": shapes.task(task, run, self.url)}

    def begin_task(self, seen: Seen, at: "re.Match[str]") -> Answer:
        run = self._runbook(at)
        override, _ = check_action(seen.json)
        task = self._task(run, at)
        self.world.begin(run, task, override=override)
        return 200, {"data": shapes.task(task, run, self.url)}

    def finish_task(self, seen: Seen, at: "re.Match[str]") -> Answer:
        run = self._runbook(at)
        override, chosen = check_action(seen.json)
        task = self._task(run, at)
        self.world.finish(run, task, chosen, override=override)
        return 200, {"data": shapes.task(task, run, self.url)}

    def create_comment(self, seen: Seen, at: "re.Match[str]") -> Answer:
        run = self._runbook(at)
        content, task = comment_body(seen.json)
        if run.archived:
            raise Refusal(
                ("comments.create.runbook_archived", "Unable to add a comment to an archived runbook.", "")
            )
        if task is not None and task not in run.tasks:
            raise Refusal(("required", "Task must exist", "/data/relationships/task"))
        made = FakeComment(self.world.id(), content, task, author="900")
        run.comments.append(made)
        self.world.did("comment", made.id)
        return 201, {"data": shapes.comment(made, run, self.url)}

    # Parts

    def _runbook(self, at: "re.Match[str]") -> FakeRunbook:
        found = self.runbooks.get(at["run"])
        if found is None:
            raise Refusal(("not_found", "This link is not valid.", "/data"), status=404)
        return found

    def _task(self, run: FakeRunbook, at: "re.Match[str]") -> FakeTask:
        if at["task"] not in run.tasks:
            raise Refusal(("not_found", "This link is not valid.", "/data"), status=404)
        return run.tasks[at["task"]]

    def _asked(self, seen: Seen, *allowed: str) -> Mapping[str, str]:
        for name in seen.query:
            if name not in (*allowed, "page[number]"):
                raise Refusal(("invalid", f"{name} is not a known parameter", name), status=400)
        return seen.query

    def _page(self, seen: Seen, items: Sequence[Json], *, all_at_once: bool = False) -> Answer:
        """``last`` is always there, as the vendor's pages say; ``next`` only while there is more."""
        size = len(items) or 1 if all_at_once else int(seen.query.get("page[size]", self.page_size))
        number = 1 if all_at_once else max(1, int(seen.query.get("page[number]", "1")))
        last = max(1, -(-len(items) // size))
        links: dict[str, str | None] = {"self": self._link(seen, number), "first": self._link(seen, 1)}
        links["last"] = self._link(seen, last)
        if number < last or self.endless:
            links["next"] = self._link(seen, number + 1)
        if self.next_url is not None:
            links["next"] = self.next_url
        offset = (number - 1) * size
        shown = items[offset : offset + size]
        return 200, shapes.page(shown, links, offset, size, len(items))

    def _link(self, seen: Seen, number: int) -> str:
        query: dict[str, Any] = {**seen.query, "page[number]": number}
        return f"{self.url}{seen.path}?{urlencode(query)}"


def _route(method: str, path: str, handler: Handler) -> tuple[str, "re.Pattern[str]", Handler]:
    pattern = path.replace("{run}", "(?P<run>[^/]+)").replace("{task}", "(?P<task>[^/]+)")
    return method, re.compile("/core" + pattern.replace("{id}", "(?P<id>[^/]+)")), handler


_ROUTES = (
    _route("GET", "/runbooks", CutoverFake.list_runbooks),
    _route("POST", "/runbooks", CutoverFake.create_runbook),
    _route("GET", "/runbooks/{run}", CutoverFake.show_runbook),
    _route("PATCH", "/runbooks/{run}", CutoverFake.change_runbook),
    _route("PATCH", "/runbooks/{run}/start", CutoverFake.start_runbook),
    _route("GET", "/runbooks/{run}/streams", CutoverFake.list_streams),
    _route("GET", "/runbooks/{run}/tasks", CutoverFake.list_tasks),
    _route("POST", "/runbooks/{run}/tasks", CutoverFake.create_task),
    _route("GET", "/runbooks/{run}/tasks/{task}", CutoverFake.show_task),
    _route("PATCH", "/runbooks/{run}/tasks/{task}/start", CutoverFake.begin_task),
    _route("PATCH", "/runbooks/{run}/tasks/{task}/finish", CutoverFake.finish_task),
    _route("GET", "/runbooks/{run}/comments", CutoverFake.list_comments),
    _route("POST", "/runbooks/{run}/comments", CutoverFake.create_comment),
    _route("GET", "/task_types", CutoverFake.list_task_types),
    _route("GET", "/workspaces", CutoverFake.list_workspaces),
    _route("GET", "/workspaces/{id}", CutoverFake.show_workspace),
)
