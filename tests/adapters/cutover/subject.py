"""Connects Cutover to the contract suite."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from adapters.cutover.adapter import Cutover, connect
from adapters.cutover.settings import CutoverSettings
from adapters.http.client import HttpClients
from adapters.models import Run
from adapters.writes import Op
from tests.adapters.connecting import reached, resources, table
from tests.adapters.cutover.fake import CutoverFake
from tests.contract.subject import Subject

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


@dataclass
class CutoverSubject:
    adapter: Cutover
    fake: CutoverFake

    async def a_run(self) -> Run:
        world = self.fake.world
        effects = list(world.effects)
        run = world.copy(self.fake.template, f"R{len(world.runbooks)} Primary down", tasks=True)
        world.start(run, run_type="live", comms="off", strict=True)
        world.effects[:] = effects
        return await self.adapter.read(run.id)

    def effects(self, op: Op) -> int:
        expected = DONE_AS.get(op, "comment")
        return sum(what == expected for what, _, _ in self.fake.effects)

    def write_paths(self, op: Op) -> tuple[str, str]:
        return PATHS[op]

    def page_forever(self, next_url: str | None = None) -> None:
        self.fake.endless, self.fake.next_url = True, next_url


@asynccontextmanager
async def make(timeout: float = 10.0) -> AsyncIterator[Subject]:
    fake = CutoverFake()
    async with reached(fake, timeout) as http:
        yield CutoverSubject(connect_adapter(fake, http), fake)


def connect_adapter(fake: CutoverFake, http: HttpClients, **settings: str) -> Cutover:
    """Connects the adapter as the application does, with the fake's settings."""
    return connect("cutover", CutoverSettings.model_validate(table(fake, **settings)), resources(http))
