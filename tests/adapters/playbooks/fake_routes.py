"""The routes of the Playbooks plugin, as recorded (1.20) or as in its current source (2.x).

Mount it into any fake of Mattermost: ``await routes.handle(request, seen, path)`` answers what begins with
``/plugins/playbooks`` and returns None for the rest.
"""

import copy
import json
import re
from collections.abc import Callable
from typing import Any

from aiohttp import web

from adapters.testing.fake_server import Seen
from tests.adapters.playbooks import fake_requests, fake_responses, fake_routes_2
from tests.adapters.playbooks.fake_core import Clock, Site, json_response, new_id, no_route
from tests.adapters.playbooks.fake_responses import CURRENT, RECORDED, Json
from tests.adapters.playbooks.world import World

BASE = "/plugins/playbooks/api/v0"
_ID = "([a-z0-9]{26})"
_ITEM = f"/runs/{_ID}/checklists/([0-9]+)/items?/([0-9]+)"
FAULT = "An internal error has occurred. Check app server logs for details."
Handler = Callable[..., web.Response]


def refused(status: int, error: str) -> web.Response:
    return json_response({"error": error}, status)


def text_ok() -> web.Response:
    return web.Response(text=json.dumps({"status": "OK"}), content_type="text/plain", charset="utf-8")


class PlaybooksRoutes:
    """The HTTP side. Its state is in ``world``."""

    def __init__(self, site: Site, generation: str = RECORDED, clock: Clock | None = None) -> None:
        self.site = site
        self.generation = generation
        self.clock = clock or Clock()
        self.world = World(site, generation, self.clock)
        self.can_skip = generation == CURRENT
        self.add_method = "PUT" if generation == RECORDED else "POST"
        self.status_breaks = False  # a step after the post fails: Playbooks 2 responds with 400
        self.finish_route = "finish"  # before 1.20 it was "end"

    async def handle(self, request: web.Request, seen: Seen, path: str) -> web.StreamResponse | None:
        if not path.startswith("/plugins/playbooks"):
            return None
        user = self.site.user_of(seen.headers)
        if user is None:
            return web.Response(status=401, text="Not authorized\n", content_type="text/plain", charset="utf-8")
        is_known_path = False
        for method, pattern, handler in self._table():
            match = re.fullmatch(pattern, path.removeprefix(BASE))
            if match and path.startswith(BASE):
                is_known_path = True
                if method == seen.method:
                    fake_requests.check(request, seen, path.removeprefix(BASE), self.generation)
                    return handler(request, seen, user, *match.groups())
        return web.Response(status=405) if is_known_path else no_route()

    def _table(self) -> list[tuple[str, str, Handler]]:
        run = f"/runs/{_ID}"
        table: list[tuple[str, str, Handler]] = [
            ("GET", "/playbooks", self._list_playbooks),
            ("POST", "/playbooks", self._create_playbook),
            ("GET", f"/playbooks/{_ID}", self._get_playbook),
            ("GET", "/runs", self._list_runs),
            ("POST", "/runs", self._create_run),
            ("GET", "/runs/owners", self._owners),
            ("GET", f"/runs/channel/{_ID}", self._run_of_channel),
            ("GET", run, self._get_run),
            ("GET", f"{run}/metadata", self._metadata),
            ("POST", f"{run}/owner", self._owner),
            ("POST", f"{run}/status", self._status),
            ("PUT", f"{run}/{self.finish_route}", self._finish),
            ("PUT", f"{_ITEM}/state", self._state),
            ("PUT", f"{_ITEM}/assignee", self._assignee),
            ("POST", f"{_ITEM}/run", self._run_command),
        ]
        add = f"{run}/checklists/([0-9]+)/add"
        if self.generation == RECORDED:
            reorder = f"{run}/checklists/([0-9]+)/reorder"
            return [*table, (self.add_method, add, self._add), ("PUT", reorder, self._reorder)]
        return [*table, (self.add_method, add, self._add), *fake_routes_2.table(self, run, _ITEM)]

    # Playbooks

    def _create_playbook(self, request: web.Request, seen: Seen, user: str) -> web.Response:
        if seen.json.get("member_ids"):
            return refused(403, "Not authorized")
        return json_response({"id": self.world.add_playbook(seen.json)}, 201, location="/api/v0/playbooks/")

    def _list_playbooks(self, request: web.Request, seen: Seen, user: str) -> web.Response:
        team = seen.query.get("team_id", "")
        items = [
            {**book, "checklists": []}
            for book in self.world.playbooks.values()
            if team in ("", book["team_id"]) and not book["delete_at"] and self.site.team_of(user, book["team_id"])
        ]
        return self._page(seen, sorted(items, key=lambda book: str(book["title"])))

    def _get_playbook(self, request: web.Request, seen: Seen, user: str, id: str) -> web.Response:
        book = self.world.playbooks.get(id)
        if book is None or not self.site.team_of(user, book["team_id"]):
            return refused(403, "Not authorized")
        return json_response(book)

    # Runs

    def _create_run(self, request: web.Request, seen: Seen, user: str) -> web.Response:
        body = seen.json
        owner, team = body.get("owner_user_id", ""), body.get("team_id", "")
        book = self.world.playbooks.get(body.get("playbook_id", ""))
        if not owner:
            return refused(400, "unable to create playbook run")
        if book is None:
            return refused(500, FAULT)
        if book["delete_at"] or not body.get("name") or len(body["name"]) > 64:
            return refused(400, "unable to create playbook run")
        if not self.site.team_of(user, team):
            return refused(403, "unable to create playbook run")
        run, members = self.world.new_run(body, book, user, owner)
        response = copy.deepcopy(run)
        self.world.complete_start(run, user, owner, members)
        self.world.effects["start"] += 1
        return json_response(response, 201, location=f"/api/v0/runs/{run['id']}")

    def _list_runs(self, request: web.Request, seen: Seen, user: str) -> web.Response:
        """With the server's defaults: every status, oldest first. The API reference has others."""
        statuses = request.query.getall("statuses", [])
        sort, team = seen.query.get("sort", "create_at"), seen.query.get("team_id", "")
        if sort == "is_active" or not {"InProgress", "Finished"}.issuperset(statuses):
            return refused(400, "Bad parameter")
        items = [
            run
            for run in self.world.runs.values()
            if team in ("", run["team_id"])
            and (not statuses or run["current_status"] in statuses)
            and seen.query.get("participant_id") in (None, *run["participant_ids"])
            and self.world.may_see(run, user)
        ]
        if self.generation == CURRENT:
            for run in items:
                run["update_at"] = self.world.edited_at(run)
            items = [run for run in items if run["update_at"] >= int(seen.query.get("since", 0))]
        items.sort(key=lambda run: run[sort], reverse=seen.query.get("direction") == "desc")
        return self._page(seen, items)

    def _get_run(self, request: web.Request, seen: Seen, user: str, id: str) -> web.Response:
        run = self.world.runs.get(id)
        if run is None or not self.world.may_see(run, user):
            return refused(403, "User doesn't have permissions to playbook run.")
        if self.generation == CURRENT:
            run["update_at"] = self.world.edited_at(run)
        return json_response(run)

    def _run_of_channel(self, request: web.Request, seen: Seen, user: str, channel: str) -> web.Response:
        found = next((run for run in self.world.runs.values() if run["channel_id"] == channel), None)
        return json_response(found) if found else refused(404, "Not found")

    def _metadata(self, request: web.Request, seen: Seen, user: str, id: str) -> web.Response:
        title = self.world.runs[id]["name"]
        return json_response(
            {
                "channel_name": title.lower().replace(" ", "-"),
                "channel_display_name": title,
                "team_name": "ops",
                "num_participants": 1,
                "total_posts": 1,
            }
        )

    def _owners(self, request: web.Request, seen: Seen, user: str) -> web.Response:
        empty = {"first_name": "", "last_name": "", "nickname": ""}
        owners = dict.fromkeys(run["owner_user_id"] for run in self.world.runs.values())
        return json_response([{"user_id": id, "username": self.site.username(id), **empty} for id in owners])

    def _owner(self, request: web.Request, seen: Seen, user: str, id: str) -> web.Response:
        """1.20 requires the new owner to be in the channel, 2.x only in the team."""
        run, owner = self.world.runs.get(id), seen.json["owner_id"]
        bad = self.bad_edit(run, user)
        if run is None or bad is not None:
            return bad or refused(500, FAULT)
        if self.generation == RECORDED and owner not in self.site.members(run["channel_id"]):
            return refused(403, "Not authorized")
        if not self.site.team_of(owner, run["team_id"]):
            return refused(400, "owner is not a member of the team: invalid owner")
        summary = f"@{self.site.username(run['owner_user_id'])} to @{self.site.username(owner)}"
        run["owner_user_id"] = owner
        self.world.add_event(run, "owner_changed", user, summary)
        self.world.effects["own"] += 1
        return json_response({})

    def _status(self, request: web.Request, seen: Seen, user: str, id: str) -> web.Response:
        run = self.world.runs.get(id)
        bad = self.bad_edit(run, user)
        if run is None or bad is not None:
            return bad or refused(500, FAULT)
        message, reminder = str(seen.json.get("message", "")), seen.json.get("reminder", 0)
        if not message.strip():
            return refused(400, "message must not be empty")
        if self.generation == CURRENT and reminder <= 0:
            return refused(400, "the reminder must be set and not 0")
        author = self.site.username(user)
        post = self.world.post(run, message, "custom_run_update", authorUsername=author, playbookRunId=id)
        at = self.clock.now()
        run["status_posts"].append({"id": post, "create_at": at, "delete_at": 0})
        run |= {"last_status_update_at": at, "previous_reminder": int(reminder * 1_000_000_000)}
        run["timeline_events"].append(fake_responses.event(new_id(), id, "status_updated", at, user, post=post))
        self.world.effects["status"] += 1
        return refused(400, FAULT) if self.status_breaks else text_ok()

    def _finish(self, request: web.Request, seen: Seen, user: str, id: str) -> web.Response:
        run = self.world.runs.get(id)
        if run is None or not self.world.may_edit(run, user):
            return refused(500, FAULT) if run is None else refused(403, "Not authorized")
        if not run["end_at"]:
            run |= {"end_at": self.clock.now(), "current_status": "Finished", "previous_reminder": 0}
            text = f"@{self.site.username(user)} marked this run as finished."
            self.world.add_event(run, "run_finished", user, post=self.world.post(run, text))
            self.world.effects["end"] += 1
        return text_ok()

    # Tasks

    def _state(self, request: web.Request, seen: Seen, user: str, id: str, c: str, i: str) -> web.Response:
        states = {"", "in_progress", "closed"} | ({"skipped"} if self.can_skip else set())
        if seen.json.get("new_state") not in states:
            return refused(400, "bad parameter new state")

        def change(run: Json, item: Json) -> web.Response:
            self.world.set_state(run, item, seen.json["new_state"], user)
            return json_response({})

        return self.edit(user, id, c, i, change)

    def _assignee(self, request: web.Request, seen: Seen, user: str, id: str, c: str, i: str) -> web.Response:
        def assign(run: Json, item: Json) -> web.Response:
            self.world.set_assignee(run, item, seen.json.get("assignee_id", ""), user)
            return json_response({})

        return self.edit(user, id, c, i, assign)

    def _run_command(self, request: web.Request, seen: Seen, user: str, id: str, c: str, i: str) -> web.Response:
        def execute(run: Json, item: Json) -> web.Response:
            if seen.body:
                return refused(400, "the body must be empty")
            self.world.effects["do"] += 1
            item["command_last_run"] = self.clock.now()
            self.world.add_event(run, "ran_slash_command", user, f"ran the slash command: `{item['command']}`")
            return json_response({"trigger_id": ""})

        return self.edit(user, id, c, i, execute)

    def _add(self, request: web.Request, seen: Seen, user: str, id: str, c: str) -> web.Response:
        run = self.world.runs.get(id)
        bad = self.bad_edit(run, user)
        if run is None or bad is not None or int(c) >= len(run["checklists"]):
            return bad or refused(500, FAULT)
        item = fake_responses.item(generation=self.generation, **seen.json)
        run["checklists"][int(c)]["items"].append(item | {"id": new_id()})
        self.world.effects["add"] += 1
        return web.Response(status=201)

    def _reorder(self, request: web.Request, seen: Seen, user: str, id: str, c: str) -> web.Response:
        self.world.move(id, int(c), seen.json["item_num"], seen.json["new_location"])
        return web.Response(status=200)

    def edit(
        self, user: str, id: str, c: str, i: str, change: Callable[[Json, Json], web.Response]
    ) -> web.Response:
        run = self.world.runs.get(id)
        bad = self.bad_edit(run, user)
        if run is None or bad is not None:
            return bad or refused(500, FAULT)
        if self.world.before_change:
            self.world.before_change.pop(0)()
        checklists = run["checklists"]
        if int(c) >= len(checklists) or int(i) >= len(checklists[int(c)]["items"]):
            return refused(500, FAULT)
        answer = change(run, checklists[int(c)]["items"][int(i)])
        if self.world.after_change:
            self.world.after_change.pop(0)()
        return answer

    # Lists and refusals

    def bad_edit(self, run: Json | None, user: str) -> web.Response | None:
        if run is None:
            return refused(500, FAULT)
        if not self.world.may_edit(run, user):
            return refused(403, "Not authorized")
        if self.generation == CURRENT and run["end_at"]:
            return refused(400, "cannot modify a finished run")
        return None

    def _page(self, seen: Seen, rows: list[Any]) -> web.Response:
        page, size = int(seen.query.get("page", 0)), int(seen.query.get("per_page", 1000))
        items = rows[:1] if self.world.endless else rows[page * size : (page + 1) * size]
        return json_response(
            {
                "total_count": len(rows),
                "page_count": -(-len(rows) // size),
                "has_more": self.world.endless or (page + 1) * size < len(rows),
                "items": items,
            }
        )
