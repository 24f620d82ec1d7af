"""The routes that only Playbooks 2 has: skip, restore, reminders, update requests, and joining a run."""

from typing import TYPE_CHECKING, Any

from aiohttp import web

from adapters.testing.fake_server import Seen
from tests.adapters.playbooks.fake_core import json_response
from tests.adapters.playbooks.fake_responses import Json

if TYPE_CHECKING:
    from tests.adapters.playbooks.fake_routes import Handler, PlaybooksRoutes


def table(routes: "PlaybooksRoutes", run: str, item: str) -> list[tuple[str, str, "Handler"]]:
    """(method, pattern, handler). ``run`` and ``item`` are the patterns of their paths."""
    handlers = _Routes(routes)
    return [
        ("PUT", f"{item}/skip", handlers.skip),
        ("PUT", f"{item}/restore", handlers.restore_item),
        ("PUT", f"{item}/duedate", handlers.due),
        ("PUT", f"{run}/restore", handlers.restore),
        ("POST", f"{run}/reminder", handlers.snooze),
        ("POST", f"{run}/request-update", handlers.request_update),
        ("POST", "/query", handlers.query),
    ]


class _Routes:
    def __init__(self, routes: "PlaybooksRoutes") -> None:
        self.routes, self.world, self.clock = routes, routes.world, routes.clock

    def skip(self, request: web.Request, seen: Seen, user: str, id: str, c: str, i: str) -> web.Response:
        """Changes only ``delete_at``, not ``state_modified`` or the timeline."""

        def change(run: Json, item: Json) -> web.Response:
            item |= {"state": "skipped", "delete_at": self.clock.now()}
            self.world.effects["skip"] += 1
            return web.Response(status=204)

        return self.routes.edit(user, id, c, i, change)

    def restore_item(self, request: web.Request, seen: Seen, user: str, id: str, c: str, i: str) -> web.Response:
        """Does not change ``delete_at``."""

        def change(run: Json, item: Json) -> web.Response:
            item["state"] = ""
            self.world.effects["reopen"] += 1
            return web.Response(status=204)

        return self.routes.edit(user, id, c, i, change)

    def due(self, request: web.Request, seen: Seen, user: str, id: str, c: str, i: str) -> web.Response:
        def change(run: Json, item: Json) -> web.Response:
            item["due_date"] = seen.json["due_date"]
            self.world.effects["due"] += 1
            return json_response({})

        return self.routes.edit(user, id, c, i, change)

    def restore(self, request: web.Request, seen: Seen, user: str, id: str) -> web.Response:
        run = self.world.runs.get(id)
        if run is None or not self.world.may_edit(run, user):
            return _refused(403, "Not authorized")
        if run["end_at"]:
            run |= {"end_at": 0, "current_status": "InProgress"}
            self.world.effects["restore"] += 1
        return web.Response(text='{"status":"OK"}', content_type="text/plain", charset="utf-8")

    def snooze(self, request: web.Request, seen: Seen, user: str, id: str) -> web.Response:
        run = self.world.runs.get(id)
        bad = self.routes.bad_edit(run, user)
        if run is None or bad is not None:
            return bad or _refused(403, "Not authorized")
        seconds = seen.json["new_reminder_seconds"]
        if seconds <= 0:
            return _refused(400, "new_reminder_seconds must be > 0")
        at = self.clock.now()
        run |= {"previous_reminder": seconds * 1_000_000_000, "last_status_update_at": at}
        self.world.add_event(run, "status_update_snoozed", user)
        self.world.effects["snooze"] += 1
        return web.Response(status=204)

    def request_update(self, request: web.Request, seen: Seen, user: str, id: str) -> web.Response:
        """Whoever can see the run can request an update."""
        run = self.world.runs.get(id)
        if run is None:
            return _refused(403, "Not authorized")
        self.world.add_event(
            run, "status_update_requested", user, post=self.world.post(run, "An update is requested")
        )
        self.world.effects["request-update"] += 1
        return web.Response()

    def query(self, request: web.Request, seen: Seen, user: str) -> web.Response:
        """GraphQL, where a refusal has status 200. Only ``addRunParticipants`` for oneself."""
        body: dict[str, Any] = seen.json
        if not body["operationName"] or "addRunParticipants(" not in body["query"]:
            return web.Response()
        variables = body["variables"]
        run = self.world.runs.get(variables["runID"])
        if run is None or variables["userIDs"] != [user] or not self.world.may_see(run, user):
            refusal = {"message": "attempted to join run without permissions"}
            return json_response({"errors": [refusal], "data": None})
        if user not in run["participant_ids"]:
            run["participant_ids"].append(user)
            self.world.effects["join"] += 1
        return json_response({"data": {"addRunParticipants": ""}})


def _refused(status: int, error: str) -> web.Response:
    return json_response({"error": error}, status)
