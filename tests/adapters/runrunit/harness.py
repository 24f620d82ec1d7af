"""Connects Runrun.it to the contract suite."""

from typing import Any

from adapters.http.client import HttpClients
from adapters.models import Run
from adapters.runrunit import PLATFORM
from adapters.runrunit.adapter import Runrunit, connect
from adapters.runrunit.settings import RunrunitSettings
from adapters.testing.harness import ForeignChange, Harness
from adapters.writes import Op
from tests.adapters.connections import platform_settings, resources
from tests.adapters.runrunit.fake import RunrunitFake

DONE_AS = {
    Op.START: "start",
    Op.FINISH: "deliver",
    Op.BEGIN: "play",
    Op.SKIP: "deliver",
    Op.REOPEN: "reopen",
    Op.ASSIGN: "assign",
    Op.ADD: "add",
    Op.END: "deliver",
    Op.ACTION: "mark_as_urgent",
}
_ASSIGNMENT = r"/tasks/\d+/assignments/[0-9a-f]+"
PATHS = {
    Op.START: ("POST", r"/v1\.0/tasks$"),
    Op.ADD: ("POST", r"/v1\.0/tasks$"),
    Op.FINISH: ("POST", r"/tasks/\d+/deliver$"),
    Op.SKIP: ("POST", r"/tasks/\d+/deliver$"),
    Op.END: ("POST", r"/tasks/\d+/deliver$"),
    Op.BEGIN: ("POST", rf"{_ASSIGNMENT}/play$"),
    Op.REOPEN: ("POST", r"/tasks/\d+/reopen$"),
    Op.ASSIGN: ("POST", r"/create_assignments$"),
    Op.ACTION: ("POST", r"/mark_as_urgent$"),
}


class PlatformHarness(Harness):
    platform = PLATFORM
    fake: RunrunitFake

    @classmethod
    def new_fake(cls) -> RunrunitFake:
        return RunrunitFake()

    async def new_run(self) -> Run:
        return await self.adapter.read(str(self.fake.world.run().id))

    def effects(self, op: Op) -> int:
        """Statuses, holds and comments are all comments on Runrun.it."""
        return sum(what == DONE_AS.get(op, "comment") for what, _ in self.fake.world.effects)

    def write_request(self, op: Op) -> tuple[str, str]:
        return PATHS.get(op, ("POST", r"/comments$"))

    def insert_task(self, run: str) -> None:
        world = self.fake.world
        task = world.task("Somebody else's", parent=int(run))
        world.tasks = {task.id: task, **world.tasks}

    def copy_comment(self, run: str) -> bool:
        last = self.fake.world.comments[-1]
        self.fake.world.comment(last.task, last.text, "ben-costa")
        return True

    def change_there(self, run: str, task: str, change: ForeignChange) -> bool:
        world, effects = self.fake.world, list(self.fake.world.effects)
        item = world.tasks[int(task or run)]
        match change:
            case ForeignChange.FINISHED:
                world.deliver(item)
            case ForeignChange.RUN_ENDED:
                world.tasks[int(run)].closed_at = world.now()
            case ForeignChange.DELETED:
                del world.tasks[item.id]
            case ForeignChange.BEGUN | ForeignChange.ASSIGNED:
                item.closed_at = None
                own = [part for part in item.assignments if part.user == "ben-costa"]
                assignment = own[0] if own else world.add_assignment(item, "ben-costa")
                if change is ForeignChange.BEGUN:
                    world.play(item, assignment)
            case _:
                return False
        world.effects[:] = effects
        return True

    def page_forever(self, next_url: str | None = None) -> None:
        self.fake.endless, self.fake.next_url = True, next_url


def connect_adapter(fake: RunrunitFake, http: HttpClients, **settings: Any) -> Runrunit:
    """Connects the adapter as the application does, with the fake's settings."""
    return connect(
        "runrunit", RunrunitSettings.model_validate(platform_settings(fake, **settings)), resources(http)
    )
