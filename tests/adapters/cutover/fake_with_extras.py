"""A Cutover newer than the reference: it can also skip a task, and pause, resume and cancel a run.

It lists the tasks of one user, and takes the predecessors of a new task.

Requests look like those of the vendor's open-source client; responses are only acknowledgements.
"""

import json
import re
from dataclasses import replace

from adapters.testing.fake_server import Seen
from tests.adapters.cutover import fake_responses
from tests.adapters.cutover.fake import Answer, CutoverFake
from tests.adapters.cutover.fake_requests import extra_meta
from tests.adapters.cutover.world import USERS, FakeApiError

TASKS = re.compile(r"/core/runbooks/(?P<run>[^/]+)/tasks")
TASK = re.compile(r"/core/runbooks/(?P<run>[^/]+)/tasks/(?P<task>[^/]+)")
EXTRA = re.compile(r"/core/runbooks/(?P<run>[^/]+)(?:/tasks/(?P<task>[^/]+))?/(?P<verb>skip|pause|resume|cancel)")
STAGES_BEFORE = {"pause": ("active",), "resume": ("paused",), "cancel": ("active", "paused")}
STAGE_AFTER = {"pause": "paused", "resume": "active", "cancel": "canceled"}


class CutoverFakeWithExtras(CutoverFake):
    """``status_of_unknown_verbs``: set, the fake rejects all of these verbs with this status."""

    status_of_unknown_verbs: int | None = None
    outsiders: tuple[str, ...] = ()  # users who are in no runbook
    ignores_filter: bool = False  # of the tasks of one user
    ignores_predecessors: bool = False  # of a new task

    def _answer(self, seen: Seen) -> Answer:
        match = TASKS.fullmatch(seen.path)
        if match is not None and seen.method == "GET" and "user_id[]" in seen.query:
            self._check_headers(seen)
            return self._tasks_of_user(seen, match)
        if match is not None and seen.method == "POST":
            self._check_headers(seen)
            return self._add(seen, match)
        match = TASK.fullmatch(seen.path)
        if match is not None and seen.method == "PATCH" and "relationships" in (seen.json or {}).get("data", {}):
            self._check_headers(seen)
            return self._assign(seen, match)
        if seen.path == "/core/users" and seen.method == "GET":
            self._check_headers(seen)
            query = self._params(seen, "query").get("query", "").lower()
            found = [user for user in USERS if query in f"{user.first_name} {user.last_name} {user.email}".lower()]
            return self._page(seen, [fake_responses.user(user, self.url) for user in found])
        match = EXTRA.fullmatch(seen.path)
        if match is None or seen.method != "PATCH" or (match["verb"] == "skip") is not bool(match["task"]):
            return super()._answer(seen)
        self._check_headers(seen)
        if self.status_of_unknown_verbs is not None:
            raise FakeApiError(("not_found", "not found", ""), status=self.status_of_unknown_verbs)
        return self._skip(seen, match) if match["task"] else self._change(seen, match)

    def _tasks_of_user(self, seen: Seen, match: "re.Match[str]") -> Answer:
        run, user = self._runbook(match), ("user", seen.query["user_id[]"])
        tasks = [task for task in run.tasks.values() if self.ignores_filter or user in task.assignees]
        return self._page(seen, [fake_responses.task(task, run, self.url) for task in tasks])

    def _add(self, seen: Seen, match: "re.Match[str]") -> Answer:
        """The response shows no predecessors, as a task of the reference doesn't."""
        run, relations = self._runbook(match), dict(seen.json["data"].get("relationships", {}))
        before = relations.pop("predecessors", {"data": []})["data"]
        if any(set(item) != {"id", "type"} or item["id"] not in run.tasks for item in before):
            raise FakeApiError(("required", "Predecessor must exist", "/data/relationships/predecessors"))
        data = {**seen.json["data"], "relationships": relations}
        status, body = self.create_task(
            replace(seen, body=json.dumps({**seen.json, "data": data}).encode()), match
        )
        if not self.ignores_predecessors:
            next(reversed(run.tasks.values())).before[:] = [item["id"] for item in before]
        return status, body

    def _assign(self, seen: Seen, match: "re.Match[str]") -> Answer:
        """Ignores people who are not in the runbook, as the vendor's client documents it."""
        run = self._runbook(match)
        task = self._task(run, match)
        body = seen.json
        assert set(body) == {"data", "meta"}
        assert set(body["meta"]) == {"delete_excluded_assignees"}
        if body["meta"]["delete_excluded_assignees"]:
            task.assignees.clear()
        for item in body["data"]["relationships"]["assignees"]["data"]:
            pair = (item["type"], item["id"])
            if item["id"] not in self.outsiders and pair not in task.assignees:
                task.assignees.append(pair)
        self.world.record_effect("assign", task.id)
        return 200, {"data": fake_responses.task(task, run, self.url)}

    def _skip(self, seen: Seen, match: "re.Match[str]") -> Answer:
        run = self._runbook(match)
        task = self._task(run, match)
        meta = extra_meta(seen.json, {"comment": str})
        if not meta.get("comment"):
            raise FakeApiError(("blank", "Comment can't be blank", "/meta/comment"))
        self.world.skip(run, task)
        return 200, {"meta": {"message": "Task will be skipped"}}

    def _change(self, seen: Seen, match: "re.Match[str]") -> Answer:
        run, verb = self._runbook(match), match["verb"]
        extra_meta(seen.json, {"message": str, "notify": bool})
        if run.stage not in STAGES_BEFORE[verb]:
            raise FakeApiError(("already_actioned", "This action has already taken place.", "/data"))
        run.stage = STAGE_AFTER[verb]
        self.world.record_effect(verb, run.id)
        return 200, {"meta": {"message": "ok"}}
