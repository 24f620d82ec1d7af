"""What replicas cost, and how soon a dead one's work goes on: ``python -m tests.benchmarks.replicas``.

One, two and three replicas share a PostgreSQL database and get the same commands, each in turn. Then one of three
is killed while it has work. The CPU time is that of all replicas together, without the database server.
"""

import asyncio
import os
import random
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import aiohttp

from tests.benchmarks.contenders import LiaisonBot
from tests.benchmarks.loads import Load, Sample, Typist
from tests.benchmarks.world import BenchmarkWorld
from tests.fakes.slack_deliveries import Delivered
from tests.postgresql import own_server

COUNTS = (1, 2, 3)
WARM_UP, BUSY, STEADY = Load("warm-up", 64), Load("64 in flight", 256), Load("20/s", 200, 20)
KILL_AFTER_SECONDS = 1.5
TAKEN_OVER_SECONDS = 15.0
"""The goal."""


class Replicas(LiaisonBot):
    """The first of ``count`` replicas, which starts and stops the others."""

    quiet_seconds = 1.5

    def __init__(self, count: int, world: BenchmarkWorld, folder: Path, url: str) -> None:
        first, *others = (Path(tempfile.mkdtemp(dir=folder)) for _ in range(count))
        super().__init__("liaison", world, first, database_url=url)
        self._others = [LiaisonBot("liaison", world, other, database_url=url) for other in others]
        self._dead: set[LiaisonBot] = set()

    @property
    def running(self) -> Sequence[LiaisonBot]:
        return [replica for replica in (self, *self._others) if replica not in self._dead]

    @property
    def pids(self) -> Sequence[int]:
        return [replica.pid for replica in self.running]

    async def launch(self) -> None:
        await super().launch()
        for other in self._others:
            await other.launch()

    async def stop(self) -> None:
        for other in self._others:
            await other.stop()
        await super().stop()

    def kill_one(self) -> None:
        victim = self._others[0]
        self._dead.add(victim)
        os.kill(victim.pid, signal.SIGKILL)

    async def type(self, run: int, number: int) -> Delivered:
        """As a load balancer does, it tries another one if nobody answers."""
        while True:
            replica = random.choice(self.running)
            try:
                return await self.world.say(replica.url, self.line(run, number), run)
            except aiohttp.ClientError:
                if replica not in self._dead:
                    raise


def _p(values: Sequence[float], part: float) -> float:
    return values[min(len(values) - 1, int(len(values) * part))] * 1000


def _print(count: int, load: Load, sample: Sample) -> None:
    print(
        f"{count} replicas, {load.name:12}: {sample.cpu:5.1f} ms CPU a command, {sample.rate:5.1f} commands/s,"
        f" ack p50 {_p(sample.acks, 0.5):.0f} p99 {_p(sample.acks, 0.99):.0f} ms,"
        f" card p50 {_p(sample.cards, 0.5):.0f} p99 {_p(sample.cards, 0.99):.0f} ms",
        flush=True,
    )


async def measure(count: int, folder: Path, url: str) -> float:
    """Returns the longest time, in seconds, until the result of a command was seen while one of three was dead."""
    async with BenchmarkWorld() as world:
        replicas = Replicas(count, world, folder, url)
        await replicas.start()
        try:
            typist = Typist(replicas)
            await typist.put_under(WARM_UP)
            for load in (BUSY, STEADY):
                _print(count, load, await typist.put_under(load))
            if count < max(COUNTS):
                return 0.0
            asyncio.get_running_loop().call_later(KILL_AFTER_SECONDS, replicas.kill_one)
            return (await typist.put_under(BUSY)).cards[-1]
        finally:
            await replicas.stop()


async def main() -> int:
    longest = 0.0
    with tempfile.TemporaryDirectory() as folder, own_server(durable=True) as server:
        for count in COUNTS:
            longest = await measure(count, Path(folder), server.create_database())
    print(f"one of {max(COUNTS)} killed: the last result was seen {longest:.1f} s after its command")
    return 0 if longest <= TAKEN_OVER_SECONDS else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
