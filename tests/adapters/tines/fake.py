"""A strict fake of a Tines tenant with the cases API v2.

It contains the template case ``adapters.testing.harness.RUNBOOK``.
"""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web

from adapters.testing.fake_server import Fake, Seen
from tests.adapters.tines import fake_links, fake_requests, fake_responses, fake_team
from tests.adapters.tines.fake_requests import body_of, checked, paging
from tests.adapters.tines.fake_responses import Json
from tests.adapters.tines.world import BOT, TEAM, FakeCase, FakeTask, FakeTemplate, Refusal, World

FakeResponse = tuple[int, Json]
Handler = Callable[["TinesFake", Seen, "re.Match[str]"], FakeResponse]
MAX_TASKS = 25


class TinesFake(Fake):
    """The flags, all off at first:

    - ``endless``: every list has one more page.
    - ``newest_first`` (on at first): the order of comments and activities, which the API does not state.
    - ``drops_get_bodies``: a proxy removes the body of a GET.
    - ``hides_members``, ``hides_stories``: the key has no permission to see them.
    - ``is_newer``: the tenant has a list of sub-statuses.
    - ``ignores_refused_close``: a refused close returns 200, with the case still open.
    """

    def __init__(self, token: str = "t1nes" * 8) -> None:
        super().__init__()
        self.token = token
        self.world = World()
        self.template = self.world.template
        self.endless = False
        self.newest_first = True
        self.drops_get_bodies = False
        self.hides_members = False
        self.hides_stories = False
        self.is_newer = False
        self.ignores_refused_close = False

    def settings(self) -> dict[str, str]:
        """The ``[platforms.NAME]`` table for this fake, once it is started."""
        return {"kind": "tines", "url": self.url, "token": self.token, "team_id": str(TEAM)}

    async def handle(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        if seen.path.startswith("/webhook/"):
            return self._webhook(seen)
        try:
            status, body = self._respond(seen)
        except Refusal as refusal:
            status, body = refusal.status, {"error": refusal.message}
        if status == 204:
            return web.Response(status=status)
        return web.Response(status=status, text=json.dumps(body), content_type="application/json")

    def _webhook(self, seen: Seen) -> web.Response:
        """The webhook of a story. Fails the test if the API key is sent to it."""
        if "authorization" in {name.lower() for name in seen.headers}:
            raise AssertionError("the API key was sent to a webhook")
        match = re.fullmatch(r"/webhook/[a-z-]+/[A-Za-z0-9]+", seen.path)
        if seen.method != "POST" or match is None or not isinstance(seen.json, dict):
            return web.Response(status=404, text=f"no webhook at {seen.path}")
        self.world.record("press", int(seen.json["case_id"]))
        return web.Response(status=201, text="Ok")

    def _respond(self, seen: Seen) -> FakeResponse:
        headers = {name.lower(): value for name, value in seen.headers.items()}
        if headers.get("authorization") != f"Bearer {self.token}":
            raise Refusal("Unauthorized", 401)
        if not headers.get("content-type", "").startswith("application/json"):
            raise Refusal("content-type must be application/json", 400)
        try:
            seen.json  # noqa: B018
        except ValueError:
            raise Refusal("the body is not JSON", 400) from None
        for method, pattern, handler in _ROUTES:
            match = pattern.fullmatch(seen.path)
            if match is not None and method == seen.method:
                return handler(self, seen, match)
        raise Refusal("Not Found", 404)

    # Cases

    def list_cases(self, seen: Seen, _: "re.Match[str]") -> FakeResponse:
        page, per_page = paging(seen, 500, "team_id", "order")
        if seen.query.get("order", "CREATED_DESC") not in fake_requests.ORDERS:
            raise Refusal("order is not known")
        if seen.query.get("team_id", str(TEAM)) != str(TEAM):
            raise Refusal("Not Found", 404)
        filters = {} if self.drops_get_bodies else fake_requests.filters_of(seen)
        names = self.world.sub_statuses
        cases = [
            case
            for case in self.world.cases.values()
            if fake_requests.matches(case, filters, names[case.sub_status])
        ]
        cases = [case for case in cases if self.world.edited_since(case, filters.get("updated_at_start_date"))]
        if seen.query.get("order") == "CREATED_DESC":
            cases.reverse()
        if seen.query.get("order") == "RECENTLY_EDITED":
            cases.sort(key=self.world.edited_at, reverse=True)
        items = [fake_responses.case(case, self.world, self.url, is_full=False) for case in cases]
        return self.page(seen, "cases", items, page, per_page)

    def create_case(self, seen: Seen, _: "re.Match[str]") -> FakeResponse:
        body = body_of(seen, fake_requests.CREATE, ("team_id", "name"))
        if str(body["team_id"]) != str(TEAM):
            raise Refusal("Not Found", 404)
        tasks = [checked(item, fake_requests.NEW_TASK, ("description",)) for item in body.get("tasks", [])]
        if len(tasks) > MAX_TASKS:
            raise Refusal(f"at most {MAX_TASKS} tasks")
        fields = {int(id): str(value) for id, value in body.get("field_values", {}).items()}
        if set(fields) - {item.id for item in self.world.inputs}:
            raise Refusal("case input not found in the team")
        fake_requests.check_pairs(body.get("metadata", {}), "metadata")
        fake_requests.check_pairs(body.get("field_values", {}), "field_values")
        for item in body.get("closure_conditions", []):
            checked(item, {"name": str, "formula": str}, ("name", "formula"))
        assignees = self.world.users_with_email(body["assignee_emails"]) if "assignee_emails" in body else [BOT]
        template = self.template_of(body)
        case = self.world.add_case(
            body["name"],
            description=body.get("description"),
            priority=body.get("priority", template.priority if template else "low").upper(),
            status=body.get("status", "open").upper(),
            author=self.world.user(body.get("author_email", "")) or BOT,
            assignees=assignees,
            tags=list(body.get("tag_names", template.tags if template else [])),
            metadata=dict(body.get("metadata", {})),
            conditions=[dict(item) for item in body.get("closure_conditions", [])],
            fields=fields,
        )
        for item in tasks or [{"description": title} for title in (template.tasks if template else ())]:
            self.world.add_task(case, item["description"], item.get("assignee_emails"))
        self.world.record("case", case.id)
        return 201, fake_responses.case(case, self.world, self.url, is_full=False)

    def template_of(self, body: Json) -> FakeTemplate | None:
        if "template_id" not in body:
            return None
        found = self.world.templates.get(body["template_id"]) if self.is_newer else None
        if found is None:
            raise Refusal("template_id is not a parameter")
        return found

    def show_case(self, seen: Seen, at: "re.Match[str]") -> FakeResponse:
        return 200, fake_responses.case(self.case(at), self.world, self.url, is_full=True)

    def change_case(self, seen: Seen, at: "re.Match[str]") -> FakeResponse:
        case = self.case(at)
        body = body_of(seen, fake_requests.UPDATE)
        if "sub_status_id" in body:
            if body["sub_status_id"] not in self.world.sub_statuses:
                raise Refusal("sub status not found")
            self.world.set_sub_status(
                case, body["sub_status_id"], self.world.user(body.get("author_email", "")) or BOT
            )
            self.world.record("sub_status", case.id)
        for user in self.world.users_with_email(body.get("add_assignee_emails", [])):
            if user not in case.assignees:
                case.assignees.append(user)
        for user in self.world.users_with_email(body.get("remove_assignee_emails", [])):
            if user in case.assignees:
                case.assignees.remove(user)
        if "priority" in body:
            case.priority = body["priority"].upper()
            self.world.record("priority", case.id)
        if body.get("status") == "closed":
            self._close(case)
        return 200, fake_responses.case(case, self.world, self.url, is_full=False)

    def _close(self, case: FakeCase) -> None:
        try:
            self.world.close(case)
        except Refusal:
            if not self.ignores_refused_close:
                raise
            return
        self.world.record("close", case.id)

    def change_metadata(self, seen: Seen, at: "re.Match[str]") -> FakeResponse:
        case = self.case(at)
        changes = body_of(seen, {"metadata": dict}, ("metadata",))["metadata"]
        fake_requests.check_pairs(changes, "metadata")
        case.metadata |= changes
        self.world.log(case, "METADATA_UPDATED")
        self.world.record("metadata", case.id)
        return 200, {"case_id": case.id, "metadata": dict(case.metadata)}

    def list_actions(self, seen: Seen, at: "re.Match[str]") -> FakeResponse:
        page, per_page = paging(seen, 50)
        case = self.case(at)
        items = [fake_responses.action(number, item) for number, item in enumerate(case.actions, 1)]
        status, body = self.page(seen, "actions", items, page, per_page)
        return status, {"case_id": case.id, **body}

    def change_actions(self, seen: Seen, at: "re.Match[str]") -> FakeResponse:
        case = self.case(at)
        given = body_of(seen, {"actions": list}, ("actions",))["actions"]
        case.actions = [checked(item, fake_requests.ACTION, ("url", "label", "action_type")) for item in given]
        for item in case.actions:
            fake_requests.check_pairs(item.get("query_params", {}), "query_params")
        self.world.record("actions", case.id)
        shown = [{"id": number, **item} for number, item in enumerate(case.actions, 1)]
        return 200, {"case_id": case.id, "actions": shown}

    # Tasks

    def list_tasks(self, seen: Seen, at: "re.Match[str]") -> FakeResponse:
        page, per_page = paging(seen, 50)
        items = [fake_responses.task(item) for item in self.case(at).tasks.values()]
        return self.page(seen, "tasks", items, page, per_page)

    def show_task(self, seen: Seen, at: "re.Match[str]") -> FakeResponse:
        return 200, {"task": fake_responses.task(self._task(at))}

    def create_task(self, seen: Seen, at: "re.Match[str]") -> FakeResponse:
        case = self.case(at)
        body = body_of(seen, fake_requests.NEW_TASK, ("description",))
        task = self.world.add_task(case, body["description"], body.get("assignee_emails"))
        self.world.record("task", task.id)
        return 201, {"task": fake_responses.task(task)}

    def create_tasks(self, seen: Seen, at: "re.Match[str]") -> FakeResponse:
        case = self.case(at)
        given = body_of(seen, {"tasks": list}, ("tasks",))["tasks"]
        new_tasks = [checked(item, fake_requests.NEW_TASK, ("description",)) for item in given]
        if len(new_tasks) > MAX_TASKS:
            raise Refusal(f"at most {MAX_TASKS} tasks")
        tasks = [self.world.add_task(case, item["description"], item.get("assignee_emails")) for item in new_tasks]
        self.world.record("batch", case.id)
        return 201, {"tasks": [fake_responses.task(item) for item in tasks]}

    def change_task(self, seen: Seen, at: "re.Match[str]") -> FakeResponse:
        task = self._task(at)
        body = body_of(seen, fake_requests.CHANGED_TASK)
        if "description" in body:
            task.description = body["description"]
        if "assignee_emails" in body:
            task.assignees = self.world.users_with_email(body["assignee_emails"])
            self.world.record("assign", task.id)
        if "completed" in body:
            self.world.complete(self.case(at), task, body["completed"])
            skipped = task.completed and task.description.startswith("[SKIPPED")
            self.world.record("skip" if skipped else "complete" if task.completed else "incomplete", task.id)
        task.updated_at = self.world.now()
        return 200, {"task": fake_responses.task(task)}

    # Comments

    def list_comments(self, seen: Seen, at: "re.Match[str]") -> FakeResponse:
        """The API does not state an order, so the adapter must not rely on one."""
        page, per_page = paging(seen, 500)
        case = self.case(at)
        comments = list(reversed(case.comments)) if self.newest_first else case.comments
        items = [fake_responses.comment(item) for item in comments]
        status, body = self.page(seen, "comments", items, page, per_page)
        return status, {"case_id": case.id, **body}

    def list_activities(self, seen: Seen, at: "re.Match[str]") -> FakeResponse:
        page, per_page = paging(seen, 50, "activity_type[]")
        case = self.case(at)
        kind = seen.query.get("activity_type[]")
        if kind is not None and kind not in fake_requests.ACTIVITY_TYPES:
            raise Refusal("activity_type is not known")
        logged = sorted([*case.activities, *case.comments], key=lambda item: item.id)
        if self.newest_first:
            logged.reverse()
        items = [
            fake_responses.activity(item, f"{self.url}/api/v2/cases/{case.id}")
            for item in logged
            if kind in (None, item.kind)
        ]
        status, body = self.page(seen, "activities", items, page, per_page)
        return status, {"case_id": case.id, **body}

    def create_comment(self, seen: Seen, at: "re.Match[str]") -> FakeResponse:
        case = self.case(at)
        body = body_of(seen, fake_requests.COMMENT, ("value",))
        comment = self.world.comment(case, body["value"], body.get("author_email"))
        self.world.record("comment", comment.id)
        return 201, {"case_id": case.id, **fake_responses.comment(comment)}

    # Helpers

    def case(self, at: "re.Match[str]") -> FakeCase:
        found = self.world.cases.get(int(at["case"]))
        if found is None:
            raise Refusal("Not Found", 404)
        return found

    def _task(self, at: "re.Match[str]") -> FakeTask:
        found = self.case(at).tasks.get(int(at["task"]))
        if found is None:
            raise Refusal("Not Found", 404)
        return found

    def page(self, seen: Seen, name: str, items: Sequence[Json], page: int, per_page: int) -> FakeResponse:
        about = fake_responses.meta(f"{self.url}{seen.path}", page, per_page, len(items), endless=self.endless)
        body: dict[str, Any] = {name: fake_responses.page_of(items, page, per_page), "meta": about}
        return 200, body


def _route(method: str, path: str, handler: Handler) -> tuple[str, "re.Pattern[str]", Handler]:
    return method, re.compile("/api" + re.sub(r"\{(\w+)\}", r"(?P<\1>[0-9]+)", path)), handler


_ROUTES = (
    _route("GET", "/v2/cases/?", TinesFake.list_cases),
    _route("POST", "/v2/cases/?", TinesFake.create_case),
    _route("GET", "/v2/cases/{case}", TinesFake.show_case),
    _route("PUT", "/v2/cases/{case}", TinesFake.change_case),
    _route("POST", "/v2/cases/bulk/fields", fake_links.change_fields),
    _route("GET", "/v2/cases/{case}/linked_cases", fake_links.list_linked),
    _route("POST", "/v2/cases/{case}/linked_cases", fake_links.create_link),
    _route("DELETE", "/v2/cases/{case}/linked_cases/{other}", fake_links.delete_link),
    _route("GET", "/v2/cases/{case}/files", fake_links.list_files),
    _route("POST", "/v2/cases/{case}/files", fake_links.create_file),
    _route("PUT", "/v2/cases/{case}/metadata", TinesFake.change_metadata),
    _route("GET", "/v2/cases/{case}/actions", TinesFake.list_actions),
    _route("PUT", "/v2/cases/{case}/actions/batch", TinesFake.change_actions),
    _route("GET", "/v2/cases/{case}/tasks", TinesFake.list_tasks),
    _route("POST", "/v2/cases/{case}/tasks", TinesFake.create_task),
    _route("POST", "/v2/cases/{case}/tasks/batch", TinesFake.create_tasks),
    _route("GET", "/v2/cases/{case}/tasks/{task}", TinesFake.show_task),
    _route("PUT", "/v2/cases/{case}/tasks/{task}", TinesFake.change_task),
    _route("GET", "/v2/cases/{case}/comments", TinesFake.list_comments),
    _route("POST", "/v2/cases/{case}/comments", TinesFake.create_comment),
    _route("GET", "/v2/cases/{case}/activities", TinesFake.list_activities),
    _route("GET", "/v1/teams/{team}/members", fake_team.list_members),
    _route("GET", "/v1/case_inputs", fake_team.list_inputs),
    _route("GET", "/v1/stories", fake_team.list_stories),
    _route("GET", "/v2/cases/{case}/subscribers", fake_team.list_subscribers),
    _route("POST", "/v2/cases/{case}/subscribers", fake_team.create_subscriber),
    _route("GET", "/v1/case_templates", fake_team.list_templates),
    _route("GET", "/v1/case_templates/{template}", fake_team.show_template),
    _route("GET", "/v1/case_templates/{template}/preview", fake_team.preview_template),
    _route("GET", "/v1/case_sub_statuses", fake_team.list_sub_statuses),
)
