"""The state of the fake Playbooks plugin and its rules: runs, tasks by position, timelines and permissions."""

import json
from collections import Counter
from collections.abc import Callable

from tests.adapters.edit_times import EditTimes
from tests.adapters.playbooks import fake_responses
from tests.adapters.playbooks.fake_core import Clock, Site, new_id
from tests.adapters.playbooks.fake_responses import CURRENT, RECORDED, Json

_EFFECTS = {"closed": "finish", "in_progress": "begin", "": "reopen", "skipped": "skip"}


class World:
    """``effects`` counts what was executed, by the verb people type. ``endless``: every list has one more page."""

    def __init__(self, site: Site, generation: str, clock: Clock) -> None:
        self.site = site
        self.generation = generation
        self.clock = clock
        self.playbooks: dict[str, Json] = {}
        self.runs: dict[str, Json] = {}
        self.effects: Counter[str] = Counter()
        self.endless = False
        self.plugin_user = new_id()
        site.add_plugin_user(self.plugin_user)
        self.before_change: list[Callable[[], None]] = []  # run before the next change of a task
        self.after_change: list[Callable[[], None]] = []  # run after it
        self.edit_times = EditTimes()
        self.private: set[str] = set()  # runs that only participants can see

    def add_playbook(self, body: Json) -> str:
        id = new_id()
        self.playbooks[id] = fake_responses.playbook(id, body, self.generation, self.clock.now())
        return id

    def new_run(self, body: Json, book: Json, user: str, owner: str) -> tuple[Json, list[str]]:
        members = list(dict.fromkeys([user, owner]))
        existing_channel = body.get("channel_id") if self.generation == CURRENT else None
        channel = existing_channel or self.site.new_channel(body["team_id"], body["name"], members)
        id, at = new_id(), self.clock.now()
        run = fake_responses.run(
            id, body, book, self.generation, channel_id=channel, create_at=at, reporter_user_id=user
        )
        names = self.site.username(user), self.site.username(owner)
        text = f"This run has been started by @{names[0]} and is commanded by @{names[1]}."
        post = self.site.write(channel, self.plugin_user, text)
        run["timeline_events"].append(fake_responses.event(new_id(), id, "incident_created", at, user, post=post))
        self.runs[id] = run
        return run, members

    def complete_start(self, run: Json, user: str, owner: str, members: list[str]) -> None:
        """What the server does after its response to the create: it sets ids, and people join."""
        for checklist in run["checklists"]:
            checklist["id"] = new_id()
            for item in checklist["items"]:
                item["id"] = new_id()
        run["participant_ids"] = [owner] if self.generation == RECORDED else members
        for joined in (self.plugin_user, *members):
            self._add_joined_event(run, joined)

    def _add_joined_event(self, run: Json, user: str) -> None:
        """The plugin's bot joins first, and then adds the others."""
        is_plugin = user == self.plugin_user
        who = "@playbooks" if is_plugin else f"@{self.site.username(user)}"
        self.add_event(run, "user_joined_left", user, f"@playbooks added {who}")
        run["timeline_events"][-1] |= {
            "details": json.dumps({"action": "joined", "title": f"{who} joined the channel"}),
            "creator_user_id": "" if is_plugin else self.plugin_user,
        }

    def edited_at(self, run: Json) -> int:
        """In milliseconds, as Playbooks 2 keeps it."""
        state = {name: value for name, value in run.items() if name != "update_at"}
        return int(self.edit_times.of(run["id"], state).timestamp() * 1000)

    def move(self, run: str, checklist: int, item: int, to: int) -> None:
        """Moves a task to another position. Its id stays the same."""
        items = self.runs[run]["checklists"][checklist]["items"]
        items.insert(to, items.pop(item))

    def set_state(self, run: Json, item: Json, state: str, user: str) -> None:
        if item["state"] != state:
            verb = "checked off" if state in ("closed", "in_progress") else "unchecked"
            summary = f"{verb} checklist item **{item['title']}**"
            at, post = self.clock.now(), self.post(run, f"{self.site.username(user)} {summary}")
            item |= {"state": state, "state_modified": at, **self.modified_post("state", post)}
            event = fake_responses.event(new_id(), run["id"], "task_state_modified", at, user, summary, post)
            run["timeline_events"].append(event)
            self.effects[_EFFECTS[state]] += 1

    def set_assignee(self, run: Json, item: Json, assignee: str, user: str) -> None:
        if item["assignee_id"] != assignee:
            before, after = (
                f"**@{self.site.username(id)}**" if id else "**No Assignee**"
                for id in (item["assignee_id"], assignee)
            )
            summary = f"changed assignee of checklist item **{item['title']}** from {before} to {after}"
            at, post = self.clock.now(), self.post(run, f"{self.site.username(user)} {summary}")
            item |= {"assignee_id": assignee, "assignee_modified": at, **self.modified_post("assignee", post)}
            event = fake_responses.event(new_id(), run["id"], "assignee_changed", at, user, summary, post)
            run["timeline_events"].append(event)
            self.effects["take" if item["state"] == "in_progress" else "assign"] += 1
            if self.generation == CURRENT and assignee and assignee not in run["participant_ids"]:
                run["participant_ids"].append(assignee)

    def post(self, run: Json, text: str, kind: str = "", **props: str) -> str:
        """By the plugin's own bot (recorded)."""
        return self.site.write(run["channel_id"], self.plugin_user, text, kind, props=props)

    def modified_post(self, field: str, post: str) -> Json:
        return {f"{field}_modified_post_id": post} if self.generation == RECORDED else {}

    def add_event(self, run: Json, kind: str, user: str, summary: str = "", post: str = "") -> None:
        at = self.clock.now()
        run["timeline_events"].append(fake_responses.event(new_id(), run["id"], kind, at, user, summary, post))

    # Permissions

    def may_see(self, run: Json, user: str) -> bool:
        if self.may_edit(run, user):
            return True
        return run["id"] not in self.private and self.site.team_of(user, run["team_id"])

    def may_edit(self, run: Json, user: str) -> bool:
        if self.generation == CURRENT:
            return user in run["participant_ids"] or user == run["owner_user_id"]
        return user in self.site.members(run["channel_id"])
