"""Connects Cutover to the contract suite."""

from dataclasses import replace
from datetime import timedelta

from adapters.cutover import PLATFORM
from adapters.cutover.adapter import Cutover, connect
from adapters.cutover.settings import CutoverSettings
from adapters.http.client import HttpClients
from adapters.models import Run
from adapters.testing.harness import ForeignChange, Harness
from adapters.writes import Op
from tests.adapters.connections import platform_settings, resources
from tests.adapters.cutover.fake import CutoverFake
from tests.adapters.cutover.world import FakeTask

DONE_AS = {Op.START: "start", Op.BEGIN: "begin", Op.FINISH: "finish", Op.STATUS: "status", Op.ADD: "task"}
PATHS = {
    Op.START: ("PATCH", r"/core/runbooks/\d+/start$"),
    Op.BEGIN: ("PATCH", r"/tasks/\d+/start$"),
    Op.FINISH: ("PATCH", r"/tasks/\d+/finish$"),
    Op.STATUS: ("PATCH", r"/core/runbooks/\d+$"),
    Op.ADD: ("POST", r"/tasks$"),
    Op.COMMENT: ("POST", r"/comments$"),
    Op.HOLD: ("POST", r"/comments$"),
}


class PlatformHarness(Harness):
    platform = PLATFORM
    fake: CutoverFake

    @classmethod
    def new_fake(cls) -> CutoverFake:
        return CutoverFake()

    async def new_run(self) -> Run:
        """Its tasks were edited after it, so that the first read shows whether they date it."""
        world = self.fake.world
        effects = list(world.effects)
        run = world.copy(self.fake.template, f"R{len(world.runbooks)} Primary down", tasks=True)
        world.start(run, run_type="live", comms="off", strict=True)
        world.effects[:] = effects
        world.edited_at(run)
        world.edit_times.advance(timedelta(seconds=2))
        return await self.adapter.read(run.id)

    def effects(self, op: Op) -> int:
        expected = DONE_AS.get(op, "comment")
        return sum(what == expected for what, _, _ in self.fake.effects)

    def write_request(self, op: Op) -> tuple[str, str]:
        return PATHS[op]

    def insert_task(self, run: str) -> None:
        runbook = self.fake.world.runbooks[run]
        task = FakeTask(self.fake.world.id(), "Somebody else's", runbook.streams[0][0], stage="startable")
        runbook.tasks = {task.id: task, **runbook.tasks}

    def copy_comment(self, run: str) -> bool:
        world, comments = self.fake.world, self.fake.world.runbooks[run].comments
        comments.append(replace(comments[-1], id=world.id(), author="901"))
        return self.fake.names_comment_authors

    def change_there(self, run: str, task: str, change: ForeignChange) -> bool:
        """A skipped task, a failed one (abandoned) and a cancelled run are in the reference, without requests."""
        world, runbook = self.fake.world, self.fake.world.runbooks[run]
        item, effects = runbook.tasks.get(task), list(world.effects)
        match change:
            case ForeignChange.RUN_ENDED:
                runbook.stage, runbook.end_actual = "canceled", world.now()
            case _ if item is None:
                return False
            case ForeignChange.FINISHED:
                item.stage = "in_progress"
                world.finish(runbook, item, None, who="901", override=True)
            case ForeignChange.SKIPPED | ForeignChange.FAILED:
                how = "skipped" if change is ForeignChange.SKIPPED else "abandoned"
                item.stage, item.completion_type, item.end_actual = "complete", f"complete_{how}", world.now()
            case ForeignChange.DELETED:
                del runbook.tasks[task]
            case ForeignChange.BEGUN:
                item.stage, item.start_actual = "in_progress", world.now()
            case _:
                return False
        world.effects[:] = effects
        return True

    def page_forever(self, next_url: str | None = None) -> None:
        self.fake.endless, self.fake.next_url = True, next_url


def connect_adapter(fake: CutoverFake, http: HttpClients, **settings: str) -> Cutover:
    """Connects the adapter as the application does, with the fake's settings."""
    return connect("cutover", CutoverSettings.model_validate(platform_settings(fake, **settings)), resources(http))
