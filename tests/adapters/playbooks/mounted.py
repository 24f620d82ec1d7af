"""Playbooks on the fake Mattermost of the chat tests: one site for both.

async with FakeMattermost() as mm:
    playbooks = mount(mm)      # playbooks.playbook is the id of "Database failover"
    # settings of the platform: playbooks.settings()
"""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from adapters.testing.fake_server import Seen
from tests.adapters.playbooks.fake import playbook_body
from tests.adapters.playbooks.fake_responses import RECORDED, Json
from tests.adapters.playbooks.fake_routes import PlaybooksRoutes
from tests.fakes.mattermost import FakeMattermost, Post, User
from tests.fakes.mattermost.sockets import broadcast


class MattermostSite:
    """The ``Site`` of the plugin on the fake Mattermost."""

    def __init__(self, mm: FakeMattermost) -> None:
        self.mm = mm

    def user_of(self, headers: Mapping[str, str]) -> str | None:
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        user = self.mm.user_of(token) if scheme == "Bearer" else None
        return user.id if user else None

    def username(self, user: str) -> str:
        return self.mm.users[user].username if user in self.mm.users else ""

    def team_of(self, user: str, team: str) -> bool:
        return team == self.mm.team["id"] and user in self.mm.team_members

    def new_channel(self, team: str, title: str, members: list[str]) -> str:
        users = [self.mm.users[id] for id in members]
        return self.mm.add_channel("-".join(title.lower().split()), *users).id

    def members(self, channel: str) -> set[str]:
        return self.mm.channels[channel].members if channel in self.mm.channels else set()

    def add_plugin_user(self, id: str) -> None:
        self.mm.users[id] = User("playbooks", id=id, is_bot=True)

    def write(
        self, channel: str, user: str, message: str, kind: str = "", root: str = "", props: Any = None
    ) -> str:
        post = Post(user, channel, message, {"from_bot": "true", **(props or {})}, root, kind)
        self.mm.posts[post.id] = post
        self.mm.changed()
        return post.id


class Mounted(PlaybooksRoutes):
    """``world.runs`` contains the runs, and ``world.effects`` counts what was executed."""

    def __init__(self, mm: FakeMattermost, generation: str) -> None:
        super().__init__(MattermostSite(mm), generation)
        self.mm = mm
        self.playbook = self.world.add_playbook(playbook_body(str(mm.team["id"])))

    async def __call__(self, request: web.Request, seen: Seen) -> web.StreamResponse | None:
        before = set(self.world.runs)
        response = await self.handle(request, seen, seen.path.removeprefix(self.mm.sub_path))
        if seen.method != "GET" and response is not None and response.status < 300:
            for id, run in self.world.runs.items():
                if id not in before:
                    await self.publish_start(run)
                elif f"/runs/{id}" in seen.path:
                    await self.publish(run)
        return response

    async def finish_task(self, run: Json, title: str, user: str) -> None:
        """Somebody ticks a task in Playbooks."""
        self.world.set_state(run, _item(run, title), "closed", user)
        await self.publish(run)

    async def assign_task(self, run: Json, title: str, assignee: str, user: str) -> None:
        """``user`` assigns a task in Playbooks."""
        self.world.set_assignee(run, _item(run, title), assignee, user)
        await self.publish(run)

    async def publish_start(self, run: Json) -> None:
        """To the creator only (recorded), before the ids of tasks are set in the payload."""
        await self._publish(
            "created", {"playbook_run": run}, {run["reporter_user_id"]}, user=run["reporter_user_id"]
        )
        await self.publish(run)

    async def publish(self, run: Json) -> None:
        """The event of an edit, to the members of the run's channel: the run, or with Playbooks 2 what changed."""
        members = self.site.members(run["channel_id"])
        if self.generation == RECORDED:
            await self._publish("updated", run, members, channel=run["channel_id"])
            return
        update = {
            "id": run["id"],
            "playbook_run_updated_at": self.world.edited_at(run),
            "changed_fields": {"checklists": run["checklists"]},
        }
        await self._publish("updated_incremental", update, members, channel=run["channel_id"])

    async def _publish(self, name: str, payload: Json, to: set[str], *, user: str = "", channel: str = "") -> None:
        data = {"payload": json.dumps(payload)}
        event = {"event": f"custom_playbooks_playbook_run_{name}", "data": data}
        await self.mm.sockets.publish(event | {"broadcast": broadcast(user=user, channel=channel)}, to)

    def settings(self) -> dict[str, str]:
        """The table of a ``[platforms.NAME]``, once the site is up."""
        return {"kind": "playbooks", "url": self.mm.url, "token": self.mm.bot.token, "team": "ops"}


def _item(run: Json, title: str) -> Json:
    items: list[Json] = [item for checklist in run["checklists"] for item in checklist["items"]]
    return next(item for item in items if item["title"] == title)


def mount(mm: FakeMattermost, generation: str = RECORDED) -> Mounted:
    mm.plugin_handler = mounted = Mounted(mm, generation)
    return mounted
