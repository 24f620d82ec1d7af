"""Playbooks for the contract suite."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from adapters.http.client import HttpClients
from adapters.models import Person, Run, RunbookKey
from adapters.playbooks import PLATFORM
from adapters.playbooks.settings import PlaybooksSettings
from adapters.protocol import Adapter
from adapters.testing.harness import RUNBOOK, ForeignChange, Harness
from adapters.writes import Op, StartRun, WriteMarker
from tests.adapters.connections import platform_settings, resources
from tests.adapters.playbooks.fake import PlaybooksFake
from tests.adapters.playbooks.fake_core import new_id
from tests.adapters.playbooks.fake_responses import CURRENT, RECORDED

PAGE = "/page dba now"  # the slash command of the second task
_ITEM = r"/runs/[a-z0-9]{26}/checklists/\d+/item/\d+"
_PATHS = {
    Op.START: ("POST", r"/api/v0/runs$"),
    Op.FINISH: ("PUT", rf"{_ITEM}/state$"),
    Op.BEGIN: ("PUT", rf"{_ITEM}/assignee$"),
    Op.REOPEN: ("PUT", rf"{_ITEM}/state$"),
    Op.SKIP: ("POST", r"/api/v4/posts$"),
    Op.ASSIGN: ("PUT", rf"{_ITEM}/assignee$"),
    Op.STATUS: ("POST", r"/runs/[a-z0-9]{26}/status$"),
    Op.END: ("PUT", r"/runs/[a-z0-9]{26}/finish$"),
    Op.COMMENT: ("POST", r"/api/v4/posts$"),
    Op.HOLD: ("POST", r"/api/v4/posts$"),
    Op.ACTION: ("POST", rf"{_ITEM}/run$"),
}


def connect_adapter(fake: PlaybooksFake, http: HttpClients, **settings: Any) -> Adapter:
    return PLATFORM.connect(
        "playbooks", PlaybooksSettings.model_validate(platform_settings(fake, **settings)), resources(http)
    )


class PlatformHarness(Harness):
    """A server of the generation whose responses were recorded."""

    platform = PLATFORM
    generation: ClassVar[str] = RECORDED
    fake: PlaybooksFake
    _started = 0

    @classmethod
    def new_fake(cls) -> PlaybooksFake:
        return PlaybooksFake(generation=cls.generation)

    async def prepare(self) -> None:
        """The adapter has read a run, so it knows the generation of the server."""
        self.fake.core.creates_users = True
        run = await self.new_run()
        self.fake.world.runs.pop(run.key.id)
        self.fake.world.effects.clear()
        self.fake.seen.clear()

    async def new_run(self) -> Run:
        self._started += 1
        step = StartRun(
            runbook=RunbookKey(platform=self.adapter.name, id=self.fake.playbook),
            title=f"R{self._started} {RUNBOOK}",
            handle=f"R{self._started}",
            by=Person(name="Ana Reis", email="ana@example.com", handle="ana"),
        )
        marker = WriteMarker(code=f"S7A{self._started}", who="Ana via Slack", at=datetime.now(UTC))
        result = await self.adapter.execute(step, marker)
        assert result.run is not None
        self.fake.run(result.run.id)["checklists"][0]["items"][1]["command"] = PAGE
        return await self.adapter.read(result.run.id)

    def effects(self, op: Op) -> int:
        """Counts the last request of each: the comment of a skip, and the assignment of a begin."""
        return self.fake.effects[{Op.SKIP: "skip:note", Op.BEGIN: "take"}.get(op, op.value)]

    def write_request(self, op: Op) -> tuple[str, str]:
        if op is Op.ADD:
            method = "PUT" if self.fake.routes.generation == RECORDED else "POST"
            return method, r"/runs/[a-z0-9]{26}/checklists/\d+/add$"
        return _PATHS[op]

    def insert_task(self, run: str) -> None:
        items = self.fake.run(run)["checklists"][0]["items"]
        items.insert(0, {**items[0], "id": new_id(), "title": "Somebody else's", "state": ""})

    def copy_comment(self, run: str) -> bool:
        last = list(self.fake.core.posts.values())[-1]
        self.fake.core.write(last["channel_id"], self.fake.ben, last["message"], "", "", {})
        return True

    def change_there(self, run: str, task: str, change: ForeignChange) -> bool:
        world, found = self.fake.world, self.fake.run(run)
        items = [(checklist["items"], item) for checklist in found["checklists"] for item in checklist["items"]]
        around, item = next((pair for pair in items if pair[1]["id"] == task), items[0])
        effects = world.effects.copy()
        match change:
            case ForeignChange.FINISHED:
                world.set_state(found, item, "closed", self.fake.ben)
            case ForeignChange.SKIPPED if self.generation == CURRENT:
                item |= {"state": "skipped", "delete_at": world.clock.now()}
            case ForeignChange.BEGUN:
                world.set_state(found, item, "in_progress", self.fake.ben)
            case ForeignChange.DELETED:
                around.remove(item)
            case ForeignChange.ASSIGNED:
                item |= {"assignee_id": self.fake.ben, "assignee_modified": world.clock.now()}
            case ForeignChange.RUN_ENDED:
                found |= {"end_at": world.clock.now(), "current_status": "Finished", "previous_reminder": 0}
            case _:
                return False
        world.effects = effects
        return True


class Playbooks2Harness(PlatformHarness):
    generation = CURRENT
