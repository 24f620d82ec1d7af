"""The Playbooks plugin over HTTP, as recorded (1.20) or as its current source says (2.x).

Mount it into any fake of Mattermost: ``await routes.handle(request, seen, path)`` answers what begins with
``/plugins/playbooks`` and returns None for the rest.
"""

import copy
import json
import re
from collections.abc import Callable
from typing import Any

from aiohttp import web

from tests.adapters.playbooks import newer, shapes, strict
from tests.adapters.playbooks.core import Clock, Site, json_answer, new_id, no_route
from tests.adapters.playbooks.shapes import CURRENT, RECORDED, Json
from tests.adapters.playbooks.world import World
from tests.fakes.serving import Seen

BASE = "/plugins/playbooks/api/v0"
_ID = "([a-z0-9]{26})"
_ITEM = f"/runs/{_ID}/checklists/([0-9]+)/items?/([0-9]+)"
FAULT = "An internal error has occurred. Check app server logs for details."
Answer = Callable[..., web.Response]


def refused(status: int, error: str) -> web.Response:
    return json_answer({"error": error}, status)


def text_ok() -> web.Response:
    return web.Response(text=json.dumps({"status": "OK"}), content_type="text/plain", charset="utf-8")


class PlaybooksRoutes:
    """The HTTP side; what it changes is in ``world``."""

    def __init__(self, site: Site, generation: str = RECORDED, clock: Clock | None = None) -> None:
        self.site = site
        self.generation = generation
        self.clock = clock or Clock()
        self.world = World(site, generation, self.clock)
        self.skipping = generation == CURRENT
        self.adds_by = "PUT" if generation == RECORDED else "POST"
        self.status_breaks = False  # something after the post fails: Playbooks 2 then says 400
        self.end_word = "finish"  # before 1.20 it was "end"

    async def handle(self, request: web.Request, seen: Seen, path: str) -> web.StreamResponse | None:
        if not path.startswith("/plugins/playbooks"):
            return None
        user = self.site.user_of(seen.headers)
        if user is None:
            return web.Response(status=401, text="Not authorized\n", content_type="text/plain", charset="utf-8")
        known = False
        for method, pattern, answer in self._table():
            found = re.fullmatch(pattern, path.removeprefix(BASE))
            if found and path.startswith(BASE):
                known = True
                if method == seen.method:
                    strict.check(request, seen, path.removeprefix(BASE), self.generation)
                    return answer(request, seen, user, *found.groups())
        return web.Response(status=405) if known else no_route()

    def _table(self) -> list[tuple[str, str, Answer]]:
        run = f"/runs/{_ID}"
        table: list[tuple[str, str, Answer]] = [
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
            ("PUT", f"{run}/{self.end_word}", self._finish),
            ("PUT", f"{_ITEM}/state", self._state),
            ("PUT", f"{_ITEM}/assignee", self._assignee),
            ("POST", f"{_ITEM}/run", self._run_command),
        ]
        add = f"{run}/checklists/([0-9]+)/add"
        if self.generation == RECORDED:
            reorder = f"{run}/checklists/([0-9]+)/reorder"
            return [*table, (self.adds_by, add, self._add), ("PUT", reorder, self._reorder)]
        return [*table, (self.adds_by, add, self._add), *newer.table(self, run, _ITEM)]

    # Playbooks

    def _create_playbook(self, request: web.Request, seen: Seen, user: str) -> web.Response:
        if seen.json.get("member_ids"):
            return refused(403, "Not authorized")
        return json_answer({"id": self.world.add_playbook(seen.json)}, 201, location="/api/v0/playbooks/")

    def _list_playbooks(self, request: web.Request, seen: Seen, user: str) -> web.Response:
        team = seen.query.get("team_id", "")
        shown = [
            {**one, "checklists": []}
            for one in self.world.playbooks.values()
            if team in ("", one["team_id"]) and not one["delete_at"] and self.site.team_of(user, one["team_id"])
        ]
        return self._page(seen, sorted(shown, key=lambda one: str(one["title"])))

    def _get_playbook(self, request: web.Request, seen: Seen, user: str, id: str) -> web.Response:
        book = self.world.playbooks.get(id)
        if book is None or not self.site.team_of(user, book["team_id"]):
            return refused(403, "Not authorized")
        return json_answer(book)

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
        made, members = self.world.new_run(body, book, user, owner)
        answer = copy.deepcopy(made)
        self.world.settle_in(made, user, owner, members)
        self.world.effects["start"] += 1
        return json_answer(answer, 201, location=f"/api/v0/runs/{made['id']}")

    def _list_runs(self, request: web.Request, seen: Seen, user: str) -> web.Response:
        """Its real defaults: every status, oldest first (sheet, section 2 "list active runs")."""
        statuses = request.query.getall("statuses", [])
        sort, team = seen.query.get("sort", "create_at"), seen.query.get("team_id", "")
        if sort == "is_active" or not {"InProgress", "Finished"}.issuperset(statuses):
            return refused(400, "Bad parameter")
        shown = [
            run
            for run in self.world.runs.values()
            if team in ("", run["team_id"])
            and (not statuses or run["current_status"] in statuses)
            and self.world.may_see(run, user)
        ]
        shown.sort(key=lambda run: run[sort], reverse=seen.query.get("direction") == "desc")
        return self._page(seen, shown)

    def _get_run(self, request: web.Request, seen: Seen, user: str, id: str) -> web.Response:
        run = self.world.runs.get(id)
        if run is None or not self.world.may_see(run, user):
            return refused(403, "User doesn't have permissions to playbook run.")
        return json_answer(run)

    def _run_of_channel(self, request: web.Request, seen: Seen, user: str, channel: str) -> web.Response:
        found = next((run for run in self.world.runs.values() if run["channel_id"] == channel), None)
        return json_answer(found) if found else refused(404, "Not found")

    def _metadata(self, request: web.Request, seen: Seen, user: str, id: str) -> web.Response:
        title = self.world.runs[id]["name"]
        return json_answer(
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
        return json_answer([{"user_id": id, "username": self.site.username(id), **empty} for id in owners])

    def _owner(self, request: web.Request, seen: Seen, user: str, id: str) -> web.Response:
        """Before 2.x the new owner must be in the channel; 2.x lets anybody of the team in."""
        run, owner = self.world.runs.get(id), seen.json["owner_id"]
        bad = self.bad_edit(run, user)
        if run is None or bad is not None:
            return bad or refused(500, FAULT)
        if self.generation == RECORDED and owner not in self.site.members(run["channel_id"]):
            return refused(403, "Not authorized")
        if not self.site.team_of(owner, run["team_id"]):
            return refused(400, "owner is not a member of the team: invalid owner")
        run["owner_user_id"] = owner
        self.world.tell(run, "owner_changed", user, "changed the owner")
        self.world.effects["own"] += 1
        return json_answer({})

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
        post = self.site.write(run["channel_id"], user, message, "custom_run_update")
        at = self.clock.now()
        run["status_posts"].append({"id": post, "create_at": at, "delete_at": 0})
        run |= {"last_status_update_at": at, "previous_reminder": int(reminder * 1_000_000_000)}
        run["timeline_events"].append(shapes.event(new_id(), id, "status_updated", at, user, post=post))
        self.world.effects["status"] += 1
        return refused(400, FAULT) if self.status_breaks else text_ok()

    def _finish(self, request: web.Request, seen: Seen, user: str, id: str) -> web.Response:
        run = self.world.runs.get(id)
        if run is None or not self.world.may_edit(run, user):
            return refused(500, FAULT) if run is None else refused(403, "Not authorized")
        if not run["end_at"]:
            run |= {"end_at": self.clock.now(), "current_status": "Finished", "previous_reminder": 0}
            self.world.tell(run, "run_finished", user, post=self.world.post(run, user))
            self.world.effects["end"] += 1
        return text_ok()

    # Tasks

    def _state(self, request: web.Request, seen: Seen, user: str, id: str, c: str, i: str) -> web.Response:
        states = {"", "in_progress", "closed"} | ({"skipped"} if self.skipping else set())
        if seen.json.get("new_state") not in states:
            return refused(400, "bad parameter new state")

        def change(run: Json, item: Json) -> web.Response:
            self.world.set_state(run, item, seen.json["new_state"], user)
            return json_answer({})

        return self.edit(user, id, c, i, change)

    def _assignee(self, request: web.Request, seen: Seen, user: str, id: str, c: str, i: str) -> web.Response:
        def assign(run: Json, item: Json) -> web.Response:
            wanted = seen.json.get("assignee_id", "")
            if item["assignee_id"] != wanted:
                item |= {"assignee_id": wanted, "assignee_modified": self.clock.now()}
                post = self.world.post(run, user)
                item |= self.world.noted("assignee", post)
                self.world.tell(run, "assignee_changed", user, "changed assignee", post)
                self.world.effects["take" if item["state"] == "in_progress" else "assign"] += 1
            return json_answer({})

        return self.edit(user, id, c, i, assign)

    def _run_command(self, request: web.Request, seen: Seen, user: str, id: str, c: str, i: str) -> web.Response:
        def execute(run: Json, item: Json) -> web.Response:
            if seen.body:
                return refused(400, "no body is wanted")
            self.world.effects["do"] += 1
            item["command_last_run"] = self.clock.now()
            self.world.tell(run, "ran_slash_command", user, f"ran the slash command: `{item['command']}`")
            return json_answer({"trigger_id": ""})

        return self.edit(user, id, c, i, execute)

    def _add(self, request: web.Request, seen: Seen, user: str, id: str, c: str) -> web.Response:
        run = self.world.runs.get(id)
        bad = self.bad_edit(run, user)
        if run is None or bad is not None or int(c) >= len(run["checklists"]):
            return bad or refused(500, FAULT)
        made = shapes.item(generation=self.generation, **seen.json)
        run["checklists"][int(c)]["items"].append(made | {"id": new_id()})
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
        if self.world.meanwhile:
            self.world.meanwhile.pop(0)()
        checklists = run["checklists"]
        if int(c) >= len(checklists) or int(i) >= len(checklists[int(c)]["items"]):
            return refused(500, FAULT)
        answer = change(run, checklists[int(c)]["items"][int(i)])
        if self.world.afterwards:
            self.world.afterwards.pop(0)()
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
        shown = rows[:1] if self.world.endless else rows[page * size : (page + 1) * size]
        return json_answer(
            {
                "total_count": len(rows),
                "page_count": -(-len(rows) // size),
                "has_more": self.world.endless or (page + 1) * size < len(rows),
                "items": shown,
            }
        )
