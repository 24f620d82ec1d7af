"""What only Playbooks 2 answers: skip, restore, reminders, asking for an update, letting oneself into a run."""

from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.adapters.playbooks.core import json_answer
from tests.adapters.playbooks.shapes import Json
from tests.fakes.serving import Seen

if TYPE_CHECKING:
    from tests.adapters.playbooks.routes import Answer, PlaybooksRoutes


def table(routes: "PlaybooksRoutes", run: str, item: str) -> list[tuple[str, str, "Answer"]]:
    """(method, pattern, answer); ``run`` and ``item`` are the patterns of their paths."""
    newer = _Newer(routes)
    return [
        ("PUT", f"{item}/skip", newer.skip),
        ("PUT", f"{item}/restore", newer.restore_item),
        ("PUT", f"{item}/duedate", newer.due),
        ("PUT", f"{run}/restore", newer.restore),
        ("POST", f"{run}/reminder", newer.snooze),
        ("POST", f"{run}/request-update", newer.request_update),
        ("POST", "/query", newer.query),
    ]


class _Newer:
    def __init__(self, routes: "PlaybooksRoutes") -> None:
        self.routes, self.world, self.clock = routes, routes.world, routes.clock

    def skip(self, request: web.Request, seen: Seen, user: str, id: str, c: str, i: str) -> web.Response:
        """Leaves ``state_modified`` and the timeline as they were: only ``delete_at`` tells when."""

        def change(run: Json, item: Json) -> web.Response:
            item |= {"state": "skipped", "delete_at": self.clock.now()}
            self.world.effects["skip"] += 1
            return web.Response(status=204)

        return self.routes.edit(user, id, c, i, change)

    def restore_item(self, request: web.Request, seen: Seen, user: str, id: str, c: str, i: str) -> web.Response:
        """``delete_at`` stays what it was."""

        def change(run: Json, item: Json) -> web.Response:
            item["state"] = ""
            self.world.effects["reopen"] += 1
            return web.Response(status=204)

        return self.routes.edit(user, id, c, i, change)

    def due(self, request: web.Request, seen: Seen, user: str, id: str, c: str, i: str) -> web.Response:
        def change(run: Json, item: Json) -> web.Response:
            item["due_date"] = seen.json["due_date"]
            self.world.effects["due"] += 1
            return json_answer({})

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
        self.world.tell(run, "status_update_snoozed", user)
        self.world.effects["snooze"] += 1
        return web.Response(status=204)

    def request_update(self, request: web.Request, seen: Seen, user: str, id: str) -> web.Response:
        """Whoever may see the run may ask (sheet, section 2)."""
        run = self.world.runs.get(id)
        if run is None:
            return _refused(403, "Not authorized")
        self.world.tell(run, "status_update_requested", user, post=self.world.post(run, user))
        self.world.effects["request-update"] += 1
        return web.Response()

    def query(self, request: web.Request, seen: Seen, user: str) -> web.Response:
        """GraphQL: a refusal comes with 200. Only ``addRunParticipants``, for oneself."""
        given: dict[str, Any] = seen.json
        if not given["operationName"] or "addRunParticipants(" not in given["query"]:
            return web.Response()
        wanted = given["variables"]
        run = self.world.runs.get(wanted["runID"])
        if run is None or wanted["userIDs"] != [user] or not self.world.may_see(run, user):
            refusal = {"message": "attempted to join run without permissions"}
            return json_answer({"errors": [refusal], "data": None})
        if user not in run["participant_ids"]:
            run["participant_ids"].append(user)
            self.world.effects["join"] += 1
        return json_answer({"data": {"addRunParticipants": ""}})


def _refused(status: int, error: str) -> web.Response:
    return json_answer({"error": error}, status)
