"""What a Playbooks plugin keeps, and its rules: runs, tasks by position, a timeline, who may do what."""

import json
from collections import Counter
from collections.abc import Callable

from tests.adapters.playbooks import shapes
from tests.adapters.playbooks.core import Clock, Site, new_id
from tests.adapters.playbooks.shapes import CURRENT, RECORDED, Json

_EFFECTS = {"closed": "finish", "in_progress": "begin", "": "reopen", "skipped": "skip"}


class World:
    """``effects`` counts what was really carried out, by the verb people type. ``endless``: lists never end."""

    def __init__(self, site: Site, generation: str, clock: Clock) -> None:
        self.site = site
        self.generation = generation
        self.clock = clock
        self.playbooks: dict[str, Json] = {}
        self.runs: dict[str, Json] = {}
        self.effects: Counter[str] = Counter()
        self.endless = False
        self.plugin_user = new_id()
        self.meanwhile: list[Callable[[], None]] = []  # what others do just before the next change of a task
        self.afterwards: list[Callable[[], None]] = []  # and just after it
        self.private: set[str] = set()  # runs that only their participants see

    def add_playbook(self, body: Json) -> str:
        id = new_id()
        self.playbooks[id] = shapes.playbook(id, body, self.generation, self.clock.now())
        return id

    def new_run(self, body: Json, book: Json, user: str, owner: str) -> tuple[Json, list[str]]:
        members = list(dict.fromkeys([user, owner]))
        wanted = body.get("channel_id") if self.generation == CURRENT else None
        channel = wanted or self.site.new_channel(body["team_id"], body["name"], members)
        id, at = new_id(), self.clock.now()
        made = shapes.run(id, body, book, self.generation, channel_id=channel, create_at=at, reporter_user_id=user)
        post = self.site.write(channel, user, "This run has been started", "custom_run_created")
        made["timeline_events"].append(shapes.event(new_id(), id, "incident_created", at, user, post=post))
        self.runs[id] = made
        return made, members

    def settle_in(self, made: Json, user: str, owner: str, members: list[str]) -> None:
        """What the server does after it has answered the create: ids, and people joining."""
        for checklist in made["checklists"]:
            checklist["id"] = new_id()
            for item in checklist["items"]:
                item["id"] = new_id()
        made["participant_ids"] = [owner] if self.generation == RECORDED else members
        for joined in (self.plugin_user, *members):
            self._tell_joined(made, joined)

    def _tell_joined(self, made: Json, user: str) -> None:
        """The plugin's own bot joins by itself, and then lets the others in."""
        self_made = user == self.plugin_user
        who = "@playbooks" if self_made else f"@{self.site.username(user)}"
        self.tell(made, "user_joined_left", user, f"@playbooks added {who}")
        made["timeline_events"][-1] |= {
            "details": json.dumps({"action": "joined", "title": f"{who} joined the channel"}),
            "creator_user_id": "" if self_made else self.plugin_user,
        }

    def move(self, run: str, checklist: int, item: int, to: int) -> None:
        """Somebody drags a task to another position; its id goes with it."""
        items = self.runs[run]["checklists"][checklist]["items"]
        items.insert(to, items.pop(item))

    def set_state(self, run: Json, item: Json, state: str, user: str) -> None:
        if item["state"] != state:
            at, post = self.clock.now(), self.post(run, user)
            item |= {"state": state, "state_modified": at, **self.noted("state", post)}
            words = f"checked off checklist item **{item['title']}**"
            told = shapes.event(new_id(), run["id"], "task_state_modified", at, user, words, post)
            run["timeline_events"].append(told)
            self.effects[_EFFECTS[state]] += 1

    def post(self, run: Json, user: str) -> str:
        return self.site.write(run["channel_id"], user, "", "custom_run_task")

    def noted(self, what: str, post: str) -> Json:
        return {f"{what}_modified_post_id": post} if self.generation == RECORDED else {}

    def tell(self, run: Json, kind: str, user: str, words: str = "", post: str = "") -> None:
        at = self.clock.now()
        run["timeline_events"].append(shapes.event(new_id(), run["id"], kind, at, user, words, post))

    # Who may what

    def may_see(self, run: Json, user: str) -> bool:
        if self.may_edit(run, user):
            return True
        return run["id"] not in self.private and self.site.team_of(user, run["team_id"])

    def may_edit(self, run: Json, user: str) -> bool:
        if self.generation == CURRENT:
            return user in run["participant_ids"] or user == run["owner_user_id"]
        return user in self.site.members(run["channel_id"])
