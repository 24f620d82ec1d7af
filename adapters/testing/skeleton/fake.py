"""An Example that speaks its wire format, strictly: what its documents do not have is refused.

TODO 21: this is an invented API. Replace its routes and checks by those of your platform, from its documents.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from adapters.testing.fake_server import Fake, Seen
from adapters.testing.harness import RUNBOOK, TASKS

TOKEN = "example-token-of-liaison"  # noqa: S105
Body = dict[str, Any]


class Refused(Exception):
    def __init__(self, status: int, text: str) -> None:
        self.status, self.text = status, text


@dataclass
class Account:
    """What Example stores. ``effects`` counts what was really done, by the name of the operation."""

    runs: dict[str, Body] = field(default_factory=dict)
    comments: list[Body] = field(default_factory=list)
    effects: Counter[str] = field(default_factory=Counter)
    last_id: int = 100

    def new_id(self) -> str:
        self.last_id += 1
        return str(self.last_id)

    def new_run(self, title: str, description: str = "") -> Body:
        tasks = [self.new_task(title, stage) for stage, title in TASKS]
        run: Body = {
            "id": self.new_id(),
            "title": title,
            "description": description,
            "state": "open",
            "tasks": tasks,
        }
        self.runs[run["id"]] = run
        return run

    def new_task(self, title: str, stage: str, description: str = "") -> Body:
        task = {"id": self.new_id(), "title": title, "stage": stage, "description": description}
        return {**task, "state": "open", "assignee": ""}


class ExampleFake(Fake):
    def __init__(self) -> None:
        super().__init__()
        self.account = Account()

    def settings(self) -> Mapping[str, str]:
        """The ``[platforms.NAME]`` table that reaches this fake while it is served."""
        return {"kind": "example", "url": f"{self.url}/api", "token": TOKEN}

    async def handle(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        try:
            status, body = self._answer(seen)
        except Refused as refused:
            status, body = refused.status, {"error": refused.text}
        return web.Response(status=status, text=json.dumps(body), content_type="application/json")

    def _answer(self, seen: Seen) -> tuple[int, Any]:
        if seen.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise Refused(401, "unknown token")
        for method, pattern, handler in self.routes():
            found = re.fullmatch(pattern, seen.path)
            if found and method == seen.method:
                return handler(seen, *found.groups())
        raise Refused(404, "no such path")

    def routes(self) -> list[tuple[str, str, Callable[..., tuple[int, Any]]]]:
        return [
            ("GET", "/api/runbooks", lambda seen: (200, {"items": [_runbook()]})),
            ("GET", "/api/runbooks/1", lambda seen: (200, _runbook())),
            ("GET", "/api/runs", self._list_runs),
            ("POST", "/api/runs", self._start),
            ("GET", r"/api/runs/(\d+)", lambda seen, run: (200, self._run(run))),
            ("PATCH", r"/api/runs/(\d+)", self._end),
            ("POST", r"/api/runs/(\d+)/tasks", self._add),
            ("PATCH", r"/api/runs/(\d+)/tasks/(\d+)", self._change_task),
            ("GET", r"/api/runs/(\d+)/comments", self._list_comments),
            ("POST", r"/api/runs/(\d+)/comments", self._comment),
        ]

    def _list_runs(self, seen: Seen) -> tuple[int, Any]:
        return 200, {"items": [run for run in reversed(self.account.runs.values()) if run["state"] == "open"]}

    def _start(self, seen: Seen) -> tuple[int, Any]:
        body = _checked(seen, required={"runbook", "title", "description"})
        if body["runbook"] != "1":
            raise Refused(422, "no such runbook")
        self.account.effects["start"] += 1
        return 201, self.account.new_run(body["title"], body["description"])

    def _end(self, seen: Seen, run: str) -> tuple[int, Any]:
        if _checked(seen, required={"state"})["state"] != "closed":
            raise Refused(422, "a run can only be closed")
        found = self._run(run)
        self.account.effects["end"] += found["state"] == "open"
        found["state"] = "closed"
        return 200, found

    def _add(self, seen: Seen, run: str) -> tuple[int, Any]:
        body = _checked(seen, required={"title", "description"}, optional={"stage", "assignee"})
        task = self.account.new_task(body["title"], body.get("stage", ""), body["description"])
        task["assignee"] = body.get("assignee", "")
        self._run(run)["tasks"].append(task)
        self.account.effects["add"] += 1
        return 201, task

    def _change_task(self, seen: Seen, run: str, task: str) -> tuple[int, Any]:
        found = next((item for item in self._run(run)["tasks"] if item["id"] == task), None)
        if found is None:
            raise Refused(404, "no such task")
        return 200, self.change_task(seen, found)

    def change_task(self, seen: Seen, task: Body) -> Body:
        body = _checked(seen, optional={"state", "assignee"})
        if body.get("state", "open") not in ("open", "done"):
            raise Refused(422, "no such state")
        if body.get("state") not in (None, task["state"]):
            self.account.effects["finish" if body["state"] == "done" else "reopen"] += 1
        if body.get("assignee") not in (None, task["assignee"]):
            self.account.effects["assign"] += 1
        task.update(body)
        return task

    def _list_comments(self, seen: Seen, run: str) -> tuple[int, Any]:
        task = seen.query.get("task")
        found = [item for item in self.account.comments if item["run"] == run and task in (None, item["task"])]
        return 200, {"items": found}

    def _comment(self, seen: Seen, run: str) -> tuple[int, Any]:
        body = _checked(seen, required={"text"}, optional={"task"})
        if body.get("task", "") not in ("", *(task["id"] for task in self._run(run)["tasks"])):
            raise Refused(404, "no such task")
        comment = {"id": self.account.new_id(), "run": run, "task": body.get("task", ""), "text": body["text"]}
        self.account.comments.append(comment)
        return 201, comment

    def _run(self, id: str) -> Body:
        if id not in self.account.runs:
            raise Refused(404, "no such run")
        return self.account.runs[id]


def _runbook() -> Body:
    return {"id": "1", "title": RUNBOOK, "tasks": [{"title": title, "stage": stage} for stage, title in TASKS]}


def _checked(seen: Seen, *, required: set[str] | None = None, optional: set[str] | None = None) -> Body:
    body = seen.json
    required, optional = required or set(), optional or set()
    if not isinstance(body, dict) or not required <= body.keys() <= required | optional:
        raise Refused(422, "the body is not as documented")
    return body
