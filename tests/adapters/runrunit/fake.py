"""A Runrun.it that speaks its wire format, strictly, with its traps: what its page does not have is refused.

``RunrunitFake()`` is ready to be started; ``settings()`` is its ``[platforms.runrunit]`` table. It holds the task
template ``tests.contract.subject.RUNBOOK``. Errors have no bodies; 404 is a page; a page out of range is page 1;
``Link`` is relative and lacks the version.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from tests.adapters.runrunit import bodies, shapes
from tests.adapters.runrunit.pages import page
from tests.adapters.runrunit.recorded import recorded
from tests.adapters.runrunit.shapes import Json
from tests.adapters.runrunit.world import (
    BOARD,
    PROJECT,
    PROJECT_TEMPLATE,
    TYPE,
    FakePart,
    FakeTask,
    Refusal,
    World,
    refuse,
)
from tests.fakes.serving import Fake, Seen

BASE = "/api/v1.0"
At = re.Match[str]
Answer = tuple[int, Any]
Handler = Callable[["RunrunitFake", Seen, At], Answer]
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


class RunrunitFake(Fake):
    """``most``: how many one page holds at most. ``endless``: every list says there is a page after this one.

    ``next_url``: the link that every list gives then.
    """

    def __init__(self, app_key: str = "f00d" * 8, user_token: str = "token-of-liaison") -> None:
        super().__init__()
        self.app_key, self.user_token = app_key, user_token
        self.world = World()
        self.most = 100
        self.endless = False
        self.next_url: str | None = None

    def settings(self) -> dict[str, Any]:
        """The ``[platforms.NAME]`` table that reaches this fake (once it is started)."""
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
                body, headers = page(seen, body, self.most, self.endless, self.next_url)
        except Refusal as refusal:
            kind = "text/html" if refusal.status == 404 else "application/json"
            return web.Response(status=refusal.status, headers={"Content-Type": kind})
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
            found = pattern.fullmatch(seen.path)
            if found is None or method != seen.method:
                continue
            if seen.query.keys() - {*allowed, *(_PAGING if method == "GET" else ())}:
                refuse()
            return handler(self, seen, found)
        return refuse(404)

    # Reads

    def list_templates(self, seen: Seen, at: At) -> Answer:
        if int(at["id"]) != PROJECT_TEMPLATE:
            refuse(404)
        return 200, [shapes.template(one, self.world) for one in self.world.templates.values()][::-1]

    def show_template(self, seen: Seen, at: At) -> Answer:
        if int(at["id"]) != PROJECT_TEMPLATE or int(at["other"]) not in self.world.templates:
            refuse(404)
        return 200, shapes.template(self.world.templates[int(at["other"])], self.world)

    def list_tasks(self, seen: Seen, at: At) -> Answer:
        """Closed ones are hidden unless they are asked for."""
        found = list(self.world.tasks.values())
        if "project_id" in seen.query:
            found = [one for one in found if str(one.project) == seen.query["project_id"]]
        if seen.query.get("bypass_status_default") != "true":
            closed = seen.query.get("is_closed", "false") == "true"
            found = [one for one in found if bool(one.closed_at) == closed]
        return 200, self._tasks(found)

    def show_task(self, seen: Seen, at: At) -> Answer:
        return 200, self._shown(self._task(at))

    def show_description(self, seen: Seen, at: At) -> Answer:
        return 200, recorded("task_description") | {"description": self.world.descriptions.get(self._task(at).id)}

    def show_template_description(self, seen: Seen, at: At) -> Answer:
        id = int(seen.query.get("task_template_id", "0"))
        if id not in self.world.templates:
            refuse(404)
        return 200, {"task_template_id": id, "description": self.world.descriptions.get(id)}

    def list_subtasks(self, seen: Seen, at: At) -> Answer:
        return 200, self._tasks(self.world.steps(self._task(at))[::-1])

    def list_prerequisites(self, seen: Seen, at: At) -> Answer:
        return 200, self._tasks([self.world.tasks[id] for id in self._task(at).waits_for])

    def list_comments(self, seen: Seen, at: At) -> Answer:
        task = self._task(at)
        found = [one for one in self.world.comments if one.task == task.id]
        return 200, [shapes.comment(one, self.world) for one in found[::-1]]

    def list_stages(self, seen: Seen, at: At) -> Answer:
        if int(at["id"]) != BOARD:
            refuse(404)
        return 200, shapes.stages(self.world)[::-1]

    def list_users(self, seen: Seen, at: At) -> Answer:
        return 200, [shapes.user(one) for one in self.world.users]

    def show_workflow(self, seen: Seen, at: At) -> Answer:
        task = self.world.tasks.get(int(seen.query.get("task_id", "0")))
        if task is None or task.workflow is None:
            return refuse(404)
        return 200, shapes.workflow(task)

    def list_elements(self, seen: Seen, at: At) -> Answer:
        task = next((one for one in self.world.tasks.values() if one.workflow == int(at["id"])), None)
        if task is None:
            return refuse(404)
        return 200, [shapes.element(one, place, task) for place, one in enumerate(task.chain, 1)]

    # Writes

    def create_task(self, seen: Seen, at: At) -> Answer:
        body = bodies.new_task(seen.json)
        everybody = [*body.get("assignments", []), *self._people_of(body)]
        for person in everybody:
            self.world.user(person["assignee_id"])
        after = [self._known(id) for id in body.get("task_descendant_ids", [])]
        if any(one.closed_at for one in after):
            refuse()
        made = self.world.task(body["title"])
        for person in body.get("assignments", []):
            self.world.add_part(made, person["assignee_id"], person.get("team_id"))
        for step in body.get("subtasks_data", []):
            child = self.world.task(step["title"], parent=made.id)
            for person in step.get("assignments_data", []):
                self.world.add_part(child, person["assignee_id"], person.get("team_id"))
        for one in after:
            one.waits_for.append(made.id)
        self.world.did("add" if after else "start", made.id)
        return 201, self._shown(made)

    def create_comment(self, seen: Seen, at: At) -> Answer:
        task, text = bodies.new_comment(seen.json)
        made = self.world.comment(self._known(task).id, text)
        self.world.did("comment", task)
        return 201, shapes.comment(made, self.world)

    def change_status(self, seen: Seen, at: At) -> Answer:
        task = self._task(at)
        self.world.move(task, bodies.stage(seen.json))
        return 200, self._shown(task)

    def create_assignments(self, seen: Seen, at: At) -> Answer:
        task = self._task(at)
        people = bodies.people(bodies.only(seen.json, {"assignments"}, {"assignments"})["assignments"])
        for person in people:
            self.world.add_part(task, person["assignee_id"], person.get("team_id"))
            self.world.did("assign", task.id)
        return 200, self._shown(task)

    def act(self, seen: Seen, at: At) -> Answer:
        """A verb without a body."""
        task, verb = self._task(at), at["verb"]
        if verb != "reopen":
            bodies.nothing(seen.json)
        match verb:
            case "deliver":
                self.world.deliver(task)
            case "reopen":
                self.world.reopen(task, bodies.reopening(seen.json))
            case "complete_workflow_step":
                self.world.complete_step(task)
            case _:
                task.urgent = verb == "mark_as_urgent"
                self.world.did(verb, task.id)
        return 200, self._shown(task)

    def act_for(self, seen: Seen, at: At) -> Answer:
        """A verb on one person's part."""
        bodies.nothing(seen.json)
        task = self._task(at)
        part = self._part(task, at["other"])
        {"play": self.world.play, "pause": self.world.pause, "deliver": self.world.deliver_part}[at["verb"]](
            task, part
        )
        return 200, shapes.part(part, task, self.world)

    # Parts

    def _shown(self, task: FakeTask) -> Json:
        return shapes.task(task, self.world)

    def _tasks(self, listed: Sequence[FakeTask]) -> list[Json]:
        return [self._shown(one) for one in listed]

    def _people_of(self, body: Json) -> list[Json]:
        return [person for step in body.get("subtasks_data", []) for person in step.get("assignments_data", [])]

    def _known(self, id: int) -> FakeTask:
        return self.world.tasks.get(id) or refuse(404)

    def _task(self, at: At) -> FakeTask:
        return self._known(int(at["id"]))

    def _part(self, task: FakeTask, id: str) -> FakePart:
        return next((part for part in task.parts if part.id == id), None) or refuse(404)


def _route(
    method: str, path: str, handler: Handler, *allowed: str
) -> tuple[str, "re.Pattern[str]", Handler, tuple[str, ...]]:
    pattern = path.replace("{id}", r"(?P<id>\d+)").replace("{other}", r"(?P<other>[0-9a-f]+)")
    return method, re.compile(re.escape(BASE) + pattern), handler, allowed


_ROUTES = (
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
    _route("GET", "/boards/{id}/stages", RunrunitFake.list_stages),
    _route("GET", "/users", RunrunitFake.list_users),
    _route("GET", "/workflows", RunrunitFake.show_workflow, "task_id"),
    _route("GET", "/workflows/{id}/workflow_elements", RunrunitFake.list_elements),
)
