"""A strict fake of the Cutover Public API: it rejects everything that the reference does not allow.

Start ``CutoverFake(token="…")`` as a context manager. ``settings()`` is its ``[platforms.cutover]`` table. It has
the approved template ``adapters.testing.harness.RUNBOOK``.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal
from urllib.parse import urlencode

from aiohttp import web

from adapters.testing.fake_server import Fake, Seen
from tests.adapters.cutover import fake_responses
from tests.adapters.cutover.fake_requests import (
    LIST_FILTERS,
    check_action,
    check_values,
    comment_body,
    field_values,
    runbook_changes,
    runbook_copy,
    start_meta,
    task_body,
    task_changes,
)
from tests.adapters.cutover.fake_responses import Json
from tests.adapters.cutover.world import (
    FOLDERS,
    NORMAL_RUNBOOK,
    RUNBOOK_TYPES,
    USERS,
    WORKSPACE,
    FakeApiError,
    FakeComment,
    FakeRunbook,
    FakeTask,
    World,
)

VERSIONS = ("2022-01-10", "2021-10-13", "2022-02-22")
Answer = tuple[int, Json]
Handler = Callable[["CutoverFake", Seen, "re.Match[str]"], Answer]

FILTERED = (("template_status", "template_status"), ("run_type", "run_type"))


class CutoverFake(Fake):
    """``forecast``: how the server handles that parameter. ``next_url``: the next link of every list.

    ``sorts_runbooks``: how it handles ``sort`` for runbooks, which the reference does not have.
    ``endless``: every page of a list has a next one. ``repeats_pages``: each of them is the first one.
    ``names_comment_authors``: and when they were written, which the reference doesn't have.
    ``newest_first``: lists runbooks from the newest on; the reference names no order.
    ``core_url``: that of the instance, where several share this API. A request for another one gets a 401.
    """

    def __init__(self, token: str = "c0ffee" * 8) -> None:
        super().__init__()
        self.token = token
        self.world = World()
        self.template = self.world.template()
        self.page_size = 25
        self.forecast: Literal["full", "bare", "refused"] = "full"
        self.sorts_runbooks: Literal["as asked", "ignored", "refused"] = "refused"
        self.endless = False
        self.newest_first = False
        self.repeats_pages = False
        self.names_comment_authors = False
        self.core_url: str | None = None
        self.next_url: str | None = None

    @property
    def runbooks(self) -> dict[str, FakeRunbook]:
        return self.world.runbooks

    @property
    def effects(self) -> list[tuple[str, str, str]]:
        """Every change made, as (what, id, who), whichever request made it."""
        return self.world.effects

    def settings(self) -> dict[str, str]:
        """The ``[platforms.NAME]`` table for this fake, once it is started."""
        settings = {"kind": "cutover", "url": self.url, "token": self.token, "workspace_id": WORKSPACE}
        return {**settings, "core_url": self.core_url} if self.core_url else settings

    async def handle(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        try:
            status, body = self._answer(seen)
        except FakeApiError as error:
            status, body = error.status, fake_responses.errors(error)
        text = json.dumps(body)
        return web.Response(status=status, text=text, content_type="application/json")

    def _answer(self, seen: Seen) -> Answer:
        self._check_headers(seen)
        try:
            seen.json  # noqa: B018
        except ValueError:
            raise FakeApiError(("invalid", "The body is not JSON", ""), status=400) from None
        path_exists = False
        for method, pattern, handler in _ROUTES:
            match = pattern.fullmatch(seen.path)
            if match is None:
                continue
            path_exists = True
            if method == seen.method:
                return handler(self, seen, match)
        raise FakeApiError(("not_found", "not found", ""), status=405 if path_exists else 404)

    def _check_headers(self, seen: Seen) -> None:
        headers = {name.lower(): value for name, value in seen.headers.items()}
        if headers.get("authorization") != f"Bearer {self.token}" or headers.get("core-url") != self.core_url:
            raise FakeApiError(("unauthorized", "Authorized users only.", ""), status=401)
        if headers.get("api-version") not in VERSIONS:
            raise FakeApiError(("inclusion", "Api-Version is not included in the list", "Api-Version"), status=400)
        if "application/json" not in headers.get("accept", ""):
            raise FakeApiError(("invalid", "Accept must be application/json", "Accept"), status=400)
        if seen.body and seen.method == "GET":
            raise FakeApiError(("invalid", "A GET has no body", ""), status=400)
        if seen.body and not headers.get("content-type", "").startswith("application/json"):
            raise FakeApiError(("invalid", "Content-Type must be application/json", "Content-Type"), status=400)

    # Reads

    def list_runbooks(self, seen: Seen, _: "re.Match[str]") -> Answer:
        may_sort = self.sorts_runbooks != "refused"
        params = self._params(seen, *LIST_FILTERS, *(("sort",) if may_sort else ()))
        check_values(params)
        runbooks = [item for item in self.runbooks.values() if not item.archived]
        if "is_template" in params:
            runbooks = [item for item in runbooks if item.is_template == (params["is_template"] == "true")]
        for name, value in (*FILTERED, ("workspace_id", "workspace")):
            if name in params:
                runbooks = [item for item in runbooks if getattr(item, value) == params[name]]
        terms = params.get("query", "").lower().split()
        runbooks = [
            item for item in runbooks if all(term in f"{item.name} {item.description}".lower() for term in terms)
        ]
        if self.newest_first:
            runbooks.reverse()
        if params.get("sort") == "-updated_at" and self.sorts_runbooks == "as asked":
            runbooks.sort(key=self.world.edited_at, reverse=True)
        return self._page(seen, [self._body(item) for item in runbooks])

    def show_runbook(self, seen: Seen, match: "re.Match[str]") -> Answer:
        self._params(seen)
        return 200, {"data": self._body(self._runbook(match))}

    def list_streams(self, seen: Seen, match: "re.Match[str]") -> Answer:
        self._params(seen)
        run = self._runbook(match)
        return self._page(seen, [fake_responses.stream(id, name, run, self.url) for id, name in run.streams])

    def list_tasks(self, seen: Seen, match: "re.Match[str]") -> Answer:
        params = self._params(seen, "page[number]", "page[size]", "sort", "fields[task]", "forecast")
        run = self._runbook(match)
        check_values(params)
        wants_forecast = params.get("forecast") == "true"
        if "forecast" in params and self.forecast == "refused":
            raise FakeApiError(("invalid", "forecast is not a known parameter", "forecast"), status=400)
        full = wants_forecast and self.forecast == "full"
        items = [fake_responses.task(task, run, self.url, forecast=full) for task in run.tasks.values()]
        for item, task in zip(items, run.tasks.values(), strict=True):
            item["attributes"]["updated_at"] = self.world.task_edited_at(task)
        return self._page(seen, items, all_at_once=full)

    def show_task(self, seen: Seen, match: "re.Match[str]") -> Answer:
        self._params(seen)
        run = self._runbook(match)
        return 200, {"data": fake_responses.task(self._task(run, match), run, self.url)}

    def list_comments(self, seen: Seen, match: "re.Match[str]") -> Answer:
        task = self._params(seen, "task_id", "page[number]").get("task_id")
        run = self._runbook(match)
        comments = [item for item in run.comments if task is None or item.task == task]
        items = [
            fake_responses.comment(item, run, self.url, with_author=self.names_comment_authors)
            for item in comments
        ]
        return self._page(seen, items)

    def list_folders(self, seen: Seen, _: "re.Match[str]") -> Answer:
        self._params(seen)
        items = [fake_responses.folder(id, name, WORKSPACE, self.url) for id, name in FOLDERS.items()]
        return self._page(seen, items)

    def show_user(self, seen: Seen, match: "re.Match[str]") -> Answer:
        self._params(seen)
        user = next((user for user in USERS if user.id == match["id"]), None)
        if user is None:
            raise FakeApiError(("not_found", "This link is not valid.", "/data"), status=404)
        return 200, {"data": fake_responses.user(user, self.url)}

    def list_task_types(self, seen: Seen, _: "re.Match[str]") -> Answer:
        return self._page(seen, fake_responses.task_types(self.url))

    def list_workspaces(self, seen: Seen, _: "re.Match[str]") -> Answer:
        self._params(seen, "query")
        return self._page(seen, [fake_responses.workspace(WORKSPACE, self.url)])

    def show_workspace(self, seen: Seen, match: "re.Match[str]") -> Answer:
        if match["id"] != WORKSPACE:
            raise FakeApiError(("not_found", "not found", "/data"), status=404)
        return 200, {"data": fake_responses.workspace(WORKSPACE, self.url)}

    # Writes

    def create_runbook(self, seen: Seen, _: "re.Match[str]") -> Answer:
        asked = runbook_copy(seen.json, WORKSPACE)
        source = self.runbooks.get(asked.source)
        if source is None or source.archived:
            raise FakeApiError(("not_found", "not found", "/meta/copy/source_runbook_id"), status=404)
        if asked.folder not in (None, *FOLDERS) or asked.type not in (None, *RUNBOOK_TYPES):
            raise FakeApiError(("required", "must exist", "/data/relationships"))
        copy = self.world.copy(source, asked.name, tasks=asked.tasks)
        copy.folder, copy.type = asked.folder or "11", asked.type or NORMAL_RUNBOOK
        copy.dynamic = source.dynamic and RUNBOOK_TYPES[copy.type] == "Incident"
        self._apply(copy, asked.attributes)
        return 201, {"data": fake_responses.runbook(copy, self.url)}

    def change_runbook(self, seen: Seen, match: "re.Match[str]") -> Answer:
        run = self._runbook(match)
        changes = runbook_changes(seen.json, run.id)
        self._apply(run, changes)
        if changes.keys() & {"status", "status_message"}:
            run.status_updated_at = self.world.now()
        self.world.record_effect("status" if "status_message" in changes else "change", run.id)
        return 200, {"data": fake_responses.runbook(run, self.url)}

    def _apply(self, item: FakeRunbook | FakeTask, changes: Mapping[str, Any]) -> None:
        item.fields |= field_values(changes)
        for name, value in changes.items():
            if name != "custom_field_values":
                setattr(item, name, value)

    def start_runbook(self, seen: Seen, match: "re.Match[str]") -> Answer:
        run = self._runbook(match)
        meta = start_meta(seen.json)
        strict = meta.get("validation_level", "error") == "warning"
        self.world.start(run, run_type=meta["run_type"], comms=meta["comms"], strict=strict)
        return 200, {"data": fake_responses.runbook(run, self.url)}

    def create_task(self, seen: Seen, match: "re.Match[str]") -> Answer:
        run = self._runbook(match)
        attributes, stream = task_body(seen.json)
        if run.stage != "planning" and not run.dynamic:
            raise FakeApiError(("task.not_editable", "Task is not editable.", "/data"))
        if stream is not None and stream not in [id for id, _ in run.streams]:
            raise FakeApiError(("required", "Stream must exist", "/data/relationships/stream"))
        stage = "startable" if run.stage == "active" else "default"
        task = FakeTask(self.world.id(), attributes["name"], stream or run.streams[0][0], stage=stage)
        task.description = attributes.get("description") or ""
        run.tasks[task.id] = task
        self.world.record_effect("task", task.id)
        return 201, {"data": fake_responses.task(task, run, self.url)}

    def change_task(self, seen: Seen, match: "re.Match[str]") -> Answer:
        run = self._runbook(match)
        task = self._task(run, match)
        changes = task_changes(seen.json, task.id)
        if task.stage == "complete" or (run.stage != "planning" and not run.dynamic):
            raise FakeApiError(("task.not_editable", "Task is not editable.", "/data"))
        self._apply(task, changes)
        self.world.record_effect("edit", task.id)
        return 200, {"data": fake_responses.task(task, run, self.url)}

    def list_runbook_types(self, seen: Seen, _: "re.Match[str]") -> Answer:
        self._params(seen)
        return self._page(seen, fake_responses.runbook_types(self.url))

    def begin_task(self, seen: Seen, match: "re.Match[str]") -> Answer:
        run = self._runbook(match)
        override, _ = check_action(seen.json)
        task = self._task(run, match)
        self.world.begin(run, task, override=override)
        return 200, {"data": fake_responses.task(task, run, self.url)}

    def finish_task(self, seen: Seen, match: "re.Match[str]") -> Answer:
        run = self._runbook(match)
        override, chosen = check_action(seen.json)
        task = self._task(run, match)
        self.world.finish(run, task, chosen, override=override)
        return 200, {"data": fake_responses.task(task, run, self.url)}

    def create_comment(self, seen: Seen, match: "re.Match[str]") -> Answer:
        run = self._runbook(match)
        content, task = comment_body(seen.json)
        if run.archived:
            raise FakeApiError(
                ("comments.create.runbook_archived", "Unable to add a comment to an archived runbook.", "")
            )
        if task is not None and task not in run.tasks:
            raise FakeApiError(("required", "Task must exist", "/data/relationships/task"))
        comment = FakeComment(self.world.id(), content, task, author="900")
        run.comments.append(comment)
        self.world.record_effect("comment", comment.id)
        named = self.names_comment_authors
        return 201, {"data": fake_responses.comment(comment, run, self.url, with_author=named)}

    def _body(self, runbook: FakeRunbook) -> Json:
        body = fake_responses.runbook(runbook, self.url)
        body["attributes"]["updated_at"] = self.world.edited_at(runbook)
        return body

    def _runbook(self, match: "re.Match[str]") -> FakeRunbook:
        runbook = self.runbooks.get(match["run"])
        if runbook is None:
            raise FakeApiError(("not_found", "This link is not valid.", "/data"), status=404)
        return runbook

    def _task(self, run: FakeRunbook, match: "re.Match[str]") -> FakeTask:
        if match["task"] not in run.tasks:
            raise FakeApiError(("not_found", "This link is not valid.", "/data"), status=404)
        return run.tasks[match["task"]]

    def _params(self, seen: Seen, *allowed: str) -> Mapping[str, str]:
        for name in seen.query:
            if name not in (*allowed, "page[number]"):
                raise FakeApiError(("invalid", f"{name} is not a known parameter", name), status=400)
        return seen.query

    def _page(self, seen: Seen, items: Sequence[Json], *, all_at_once: bool = False) -> Answer:
        """``last`` is always present, as in the vendor's samples; ``next`` only if there is another page."""
        size = len(items) or 1 if all_at_once else int(seen.query.get("page[size]", self.page_size))
        number = 1 if all_at_once else max(1, int(seen.query.get("page[number]", "1")))
        last = max(1, -(-len(items) // size))
        links: dict[str, str | None] = {"self": self._link(seen, number), "first": self._link(seen, 1)}
        links["last"] = self._link(seen, last)
        if number > 1:
            links["prev"] = self._link(seen, number - 1)
        if number < last or self.endless:
            links["next"] = self._link(seen, number + 1)
        if self.next_url is not None:
            links["next"] = self.next_url
        offset = 0 if self.repeats_pages else (number - 1) * size
        return 200, fake_responses.page(items[offset : offset + size], links, offset, size, len(items))

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
    _route("PATCH", "/runbooks/{run}/tasks/{task}", CutoverFake.change_task),
    _route("GET", "/runbook_types", CutoverFake.list_runbook_types),
    _route("GET", "/task_types", CutoverFake.list_task_types),
    _route("GET", "/users/{id}", CutoverFake.show_user),
    _route("GET", "/workspaces/{id}/folders", CutoverFake.list_folders),
    _route("GET", "/workspaces", CutoverFake.list_workspaces),
    _route("GET", "/workspaces/{id}", CutoverFake.show_workspace),
)
