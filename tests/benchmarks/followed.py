"""A number of active runs on one platform's fake, followed by the poller as in the application.

``python -m tests.benchmarks.followed`` prints how many requests an idle poll takes with 1, 100 and 1,000 runs. It
is part of ``make bench``.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.http.rate_limits import RateLimit
from adapters.models import Run
from adapters.testing.harness import Harness
from bot.services.change_poller import IDLE_ROUNDS, ChangePoller
from bot.services.run_service import RunService
from bot.storage.effects import EffectLog
from bot.storage.runs import RunRows
from bot.storage.store import Store
from tests.adapters.cutover import harness as cutover
from tests.adapters.playbooks import harness as playbooks
from tests.adapters.runrunit import harness as runrunit
from tests.adapters.tines import harness as tines
from tests.adapters.xurrent import harness as xurrent
from tests.adapters.xurrent.fake import XurrentFake

SIZES = (1, 100, 1000)


class ListingCutover(cutover.PlatformHarness):
    """A Cutover that sorts runbooks by their last edit, and counts an edit of a task as one."""

    async def prepare(self) -> None:
        self.fake.sorts_runbooks = "as asked"
        self.fake.world.dates_runbooks_by_tasks = True
        self.fake.page_size = 100

    async def new_run(self) -> Run:
        run = await super().new_run()
        runbook = self.fake.world.runbooks[run.key.id]
        runbook.start_actual = "2026-01-01T00:00:00Z"
        await self.adapter.read(run.key.id)
        next(iter(runbook.tasks.values())).description = "Edited"
        return await self.adapter.read(run.key.id)


class Itrp(xurrent.PlatformHarness):
    @classmethod
    def new_fake(cls) -> XurrentFake:
        return XurrentFake("itrp")


class FourMe(xurrent.PlatformHarness):
    @classmethod
    def new_fake(cls) -> XurrentFake:
        return XurrentFake("4me")


HARNESSES: dict[str, type[Harness]] = {
    "cutover": ListingCutover,
    "cutover-by-turns": cutover.PlatformHarness,
    "playbooks": playbooks.Playbooks2Harness,
    "playbooks-by-turns": playbooks.PlatformHarness,
    "tines": tines.PlatformHarness,
    "xurrent": xurrent.PlatformHarness,
    "4me": FourMe,
    "itrp": Itrp,
    "runrunit": runrunit.PlatformHarness,
}


@dataclass
class Followed:
    """``now`` is the time as the application sees it."""

    harness: Harness
    rows: RunRows
    runs: RunService
    poller: ChangePoller
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def name(self) -> str:
        return self.harness.adapter.name

    async def start(self, number: int) -> Sequence[Run]:
        return [(await self.runs.track(await self.harness.new_run())).run for _ in range(number)]

    async def poll(self, rounds: int = 1) -> int:
        """The number of requests of these rounds, once the reads that they caused are done."""
        before = len(self.harness.fake.seen)
        for _ in range(rounds):
            await self.poller.poll(self.name)
            while self.runs.is_refreshing:  # noqa: ASYNC110  no event tells when a run was read
                await asyncio.sleep(0.02)
        return len(self.harness.fake.seen) - before


@asynccontextmanager
async def follow(harness_type: type[Harness], folder: Path) -> AsyncIterator[Followed]:
    store = Store(f"sqlite:///{folder}/runs.db")
    await store.open()
    try:
        async with harness_type.open() as harness:
            rows = RunRows(store, lambda: followed.now)
            platforms = {harness.adapter.name: harness.adapter}
            runs = RunService(
                rows,
                EffectLog(store),
                platforms,
                lambda: followed.now,
                on_change=lambda handle: None,
                on_halt=lambda run: None,
                count_queued_writes=lambda handle: 0,
            )
            for limiter in harness._http._rate_limiters.values():  # the start of 1,000 runs would take an hour
                limiter.limit = RateLimit()
            followed = Followed(harness, rows, runs, ChangePoller(platforms, runs, lambda: followed.now))
            yield followed
            await runs.stop()
    finally:
        await store.close()


async def idle_requests(harness_type: type[Harness], runs: int, folder: Path) -> tuple[float, float]:
    """Requests a minute while nothing changes: with runs in use, and an hour later."""
    async with follow(harness_type, folder) as followed:
        await followed.start(runs)
        for _ in range(3):  # the first poll finds everything new
            await followed.poll()
        in_use = await followed.poll(IDLE_ROUNDS)
        followed.now += timedelta(hours=2)
        return in_use, await followed.poll(IDLE_ROUNDS)


async def main() -> None:
    print("requests a minute of idle polls, with runs in use and an hour after the last use")
    for name, harness_type in HARNESSES.items():
        texts = []
        for runs in SIZES:
            with tempfile.TemporaryDirectory() as folder:
                in_use, unused = await idle_requests(harness_type, runs, Path(folder))
            texts.append(f"{runs} runs: {in_use:.0f} and {unused:.0f}")
        print(f"{name:20} {',   '.join(texts)}")


if __name__ == "__main__":
    asyncio.run(main())
