"""A strict fake of the Runrun.it API, pitfalls included: it rejects whatever the documentation does not have.

Start ``RunrunitFake()`` as a context manager. ``settings()`` is its ``[platforms.runrunit]`` table. It has the
task template ``adapters.testing.harness.RUNBOOK``. Errors have no body, and a 404 claims to be HTML. A page out of
range is page 1, and the ``Link`` header is relative and lacks the version.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from adapters.testing.fake_server import Seen
from tests.adapters.runrunit import fake_requests, fake_responses
from tests.adapters.runrunit.fake_pages import page
from tests.adapters.runrunit.fake_reads import Answer, FakeReads, Match
from tests.adapters.runrunit.fake_responses import Json
from tests.adapters.runrunit.world import (
    PROJECT,
    PROJECT_TEMPLATE,
    TYPE,
    FakeApiError,
    refuse,
)

BASE = "/api/v1.0"
Handler = Callable[["RunrunitFake", Seen, Match], Answer]
_PAGING = ("page", "limit", "offset")
_TASK_FILTERS = (
    "ids",
    "user_id",
    "follower_id",
    "project_id",
    "is_closed",
    "is_working_on",
    "sort",
    "sort_dir",
    "bypass_status_default",
    "responsible_id",
)


class RunrunitFake(FakeReads):
    """``max_page_size``: the most items on a page. ``endless``: every page of a list has a next one.

    ``next_url``: the next link of every list.
    """

    def __init__(self, app_key: str = "f00d" * 8, user_token: str = "token-of-liaison") -> None:
        super().__init__()
        self.app_key, self.user_token = app_key, user_token
        self.max_page_size = 100
        self.endless = False
        self.next_url: str | None = None

    def settings(self) -> dict[str, Any]:
        """The ``[platforms.NAME]`` table for this fake, once it is started."""
        return {
            "kind": "runrunit",
            "url": f"{self.url}{BASE}",
            "app_key": self.app_key,
            "user_token": self.user_token,
            "project_template_id": PROJECT_TEMPLATE,
            "project_id": PROJECT,
            "type_id": TYPE,
        }

    async def handle(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        headers: Mapping[str, str] = {}
        try:
            status, body = self._answer(seen)
            if seen.method == "GET" and isinstance(body, list):
                body, headers = page(seen, body, self.max_page_size, self.endless, self.next_url)
        except FakeApiError as error:
            content_type = "text/html" if error.status == 404 else "application/json"
            return web.Response(status=error.status, headers={"Content-Type": content_type})
        if status == 204:
            return web.Response(status=status)
        return web.Response(
            status=status, text=json.dumps(body), content_type="application/json", headers=dict(headers)
        )

    def _answer(self, seen: Seen) -> Answer:
        headers = {name.lower(): value for name, value in seen.headers.items()}
        if headers.get("app-key") != self.app_key or headers.get("user-token") != self.user_token:
            refuse(401)
        if not headers.get("content-type", "").startswith("application/json"):
            refuse()
        try:
            seen.json  # noqa: B018
        except ValueError:
            refuse()
        for method, pattern, handler, allowed in _ROUTES:
            match = pattern.fullmatch(seen.path)
            if match is None or method != seen.method:
                continue
            if seen.query.keys() - {*allowed, *(_PAGING if method == "GET" else ())}:
                refuse()
            return handler(self, seen, match)
        return refuse(404)

    # Writes

    def create_task(self, seen: Seen, match: Match) -> Answer:
        body = fake_requests.new_task(seen.json)
        assignments = [*body.get("assignments", []), *self._subtask_assignments(body)]
        for person in assignments:
            self.world.user(person["assignee_id"])
        descendants = [self._find_task(id) for id in body.get("task_descendant_ids", [])]
        if any(item.closed_at for item in descendants):
            refuse()
        prerequisites = [self._find_task(id).id for id in body.get("task_prerequisite_ids", [])]
        task = self.world.task(body["title"])
        task.waits_for, task.project = prerequisites, body["project_id"]
        for person in body.get("assignments", []):
            self.world.add_assignment(task, person["assignee_id"], person.get("team_id"))
        for step in body.get("subtasks_data", []):
            child = self.world.task(step["title"], parent=task.id)
            for person in step.get("assignments_data", []):
                self.world.add_assignment(child, person["assignee_id"], person.get("team_id"))
        for item in descendants:
            item.waits_for.append(task.id)
        self.world.record_effect("add" if descendants else "start", task.id)
        return 201, self._task_body(task)

    def create_comment(self, seen: Seen, match: Match) -> Answer:
        task, text = fake_requests.new_comment(seen.json)
        comment = self.world.comment(self._find_task(task).id, text)
        self.world.record_effect("comment", task)
        return 201, fake_responses.comment(comment, self.world)

    def change_status(self, seen: Seen, match: Match) -> Answer:
        task = self._task(match)
        self.world.move(task, fake_requests.stage_id(seen.json))
        return 200, self._task_body(task)

    def create_assignments(self, seen: Seen, match: Match) -> Answer:
        task = self._task(match)
        people = fake_requests.assignments(
            fake_requests.check_fields(seen.json, {"assignments"}, {"assignments"})["assignments"]
        )
        for person in people:
            self.world.add_assignment(task, person["assignee_id"], person.get("team_id"))
            self.world.record_effect("assign", task.id)
        return 200, self._task_body(task)

    def update_item(self, seen: Seen, match: Match) -> Answer:
        task = self._task_of_checklist(match)
        item, change = self._item(task, match), fake_requests.item_change(seen.json)
        item.description = change.get("description", item.description)
        if "checked" in change and self.world.ticks_items:
            item.checked_at = self.world.now() if change["checked"] else None
            self.world.record_effect("tick", task.id)
        return 200, fake_responses.checklist_item(item, task)

    def delete_assignment(self, seen: Seen, match: Match) -> Answer:
        fake_requests.keep_worked_time(seen.json)
        task = self._task(match)
        self.world.remove_assignment(task, self._assignment(task, match["other"]))
        return 204, None

    def act(self, seen: Seen, match: Match) -> Answer:
        """A verb without a body."""
        task, verb = self._task(match), match["verb"]
        if verb != "reopen":
            fake_requests.check_empty(seen.json)
        match verb:
            case "deliver":
                self.world.deliver(task)
            case "reopen":
                self.world.reopen(task, fake_requests.reopen_descendants(seen.json))
            case "complete_workflow_step":
                self.world.complete_step(task)
            case _:
                task.urgent = verb == "mark_as_urgent"
                self.world.record_effect(verb, task.id)
        return 200, self._task_body(task)

    def act_for(self, seen: Seen, match: Match) -> Answer:
        """A verb on one assignment."""
        fake_requests.check_empty(seen.json)
        task = self._task(match)
        assignment = self._assignment(task, match["other"])
        {"play": self.world.play, "pause": self.world.pause, "deliver": self.world.deliver_assignment}[
            match["verb"]
        ](task, assignment)
        return 200, fake_responses.assignment(assignment, task, self.world)

    def _subtask_assignments(self, body: Json) -> list[Json]:
        return [person for step in body.get("subtasks_data", []) for person in step.get("assignments_data", [])]


def _route(
    method: str, path: str, handler: Handler, *allowed: str
) -> tuple[str, "re.Pattern[str]", Handler, tuple[str, ...]]:
    pattern = path.replace("{id}", r"(?P<id>\d+)").replace("{other}", r"(?P<other>[0-9a-f]+)")
    return method, re.compile(re.escape(BASE) + pattern), handler, allowed


_ROUTES = (
    _route("GET", "/project_templates/{id}", RunrunitFake.show_project_template),
    _route("GET", "/project_templates/{id}/task_templates", RunrunitFake.list_templates),
    _route("GET", "/project_templates/{id}/task_templates/(?P<other>\\d+)", RunrunitFake.show_template),
    _route("GET", "/tasks", RunrunitFake.list_tasks, *_TASK_FILTERS),
    _route("POST", "/tasks", RunrunitFake.create_task),
    _route("GET", "/tasks/{id}", RunrunitFake.show_task),
    _route("GET", "/tasks/{id}/description", RunrunitFake.show_description),
    _route("GET", "/descriptions", RunrunitFake.show_template_description, "task_template_id", "project_id"),
    _route("GET", "/tasks/{id}/subtasks", RunrunitFake.list_subtasks),
    _route("GET", "/tasks/{id}/prerequisites", RunrunitFake.list_prerequisites),
    _route("GET", "/tasks/{id}/comments", RunrunitFake.list_comments),
    _route("POST", "/comments", RunrunitFake.create_comment),
    _route("POST", "/tasks/{id}/change_status", RunrunitFake.change_status),
    _route("POST", "/tasks/{id}/create_assignments", RunrunitFake.create_assignments),
    _route(
        "POST",
        "/tasks/{id}/(?P<verb>deliver|reopen|mark_as_urgent|unmark_as_urgent|complete_workflow_step)",
        RunrunitFake.act,
    ),
    _route("POST", "/tasks/{id}/assignments/{other}/(?P<verb>play|pause|deliver)", RunrunitFake.act_for),
    _route("DELETE", "/tasks/{id}/assignments/{other}", RunrunitFake.delete_assignment),
    _route("GET", "/tasks/{id}/checklist", RunrunitFake.show_checklist),
    _route("GET", "/checklists/{id}/items", RunrunitFake.list_items),
    _route("GET", "/checklists/{id}/items/(?P<other>\\d+)", RunrunitFake.show_item),
    _route("PUT", "/checklists/{id}/items/(?P<other>\\d+)", RunrunitFake.update_item),
    _route("GET", "/boards/{id}/stages", RunrunitFake.list_stages),
    _route("GET", "/dashboards", RunrunitFake.list_dashboards),
    _route("GET", "/users", RunrunitFake.list_users),
    _route("GET", "/workflows", RunrunitFake.show_workflow, "task_id"),
    _route("GET", "/workflows/{id}/workflow_elements", RunrunitFake.list_elements),
)
