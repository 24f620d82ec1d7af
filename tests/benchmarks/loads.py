"""The loads that a bot is put under, and what one of them costs it."""

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.contenders import Contender
from tests.benchmarks.world import Command

DRAWN_WITHIN = 300.0  # under valgrind; otherwise far less


@dataclass(frozen=True)
class Load:
    """``rate`` a second, whether or not earlier ones were answered; 0: one in flight in each run."""

    name: str
    commands: int
    rate: float = 0.0


LOADS = (Load("64 in flight", 384), Load("50/s", 400, 50), Load("20/s", 384, 20))


@dataclass(frozen=True)
class Sample:
    """CPU in ms and requests are for each command; acks, answers and cards are in seconds, sorted."""

    cpu: float
    rate: float
    requests: float
    acks: list[float]
    answers: list[float]
    cards: list[float]


class Typist:
    """Types ``finish`` into all channels in turn, until every task is done."""

    def __init__(self, contender: Contender) -> None:
        self._contender = contender
        self._world = contender.world
        self._typed = [0] * len(self._world.channels)

    async def put_under(self, load: Load) -> Sample:
        """Returns once everything that the commands caused is over."""
        cpu, requests, started_at = cpu_seconds(self._contender.pids), self._world.requests, time.perf_counter()
        commands = await (self._at_rate(load) if load.rate else self._in_flight(load))
        seconds = time.perf_counter() - started_at
        await self._world.quiet(self._contender.quiet_seconds)
        count = len(commands)
        return Sample(
            cpu=(cpu_seconds(self._contender.pids) - cpu) * 1000 / count,
            rate=count / seconds,
            requests=(self._world.requests - requests) / count,
            acks=sorted(command.ack for command in commands),
            answers=sorted(command.answer or command.card for command in commands),
            cards=sorted(command.card for command in commands),
        )

    async def _in_flight(self, load: Load) -> list[Command]:
        async def type_all(run: int) -> list[Command]:
            return [await self._type(run, until_drawn=False) for _ in range(load.commands // len(self._typed))]

        typed = await asyncio.gather(*map(type_all, range(len(self._typed))))
        commands = [command for of_run in typed for command in of_run]
        await _all_drawn(commands)
        return commands

    async def _at_rate(self, load: Load) -> list[Command]:
        started_at, typing = time.perf_counter(), []
        for number in range(load.commands):
            await asyncio.sleep(max(0.0, started_at + number / load.rate - time.perf_counter()))
            typing.append(asyncio.create_task(self._type(number % len(self._typed))))
        return await asyncio.gather(*typing)

    async def _type(self, run: int, *, until_drawn: bool = True) -> Command:
        """Returns when its sender has been answered, or everybody sees the result."""
        number = self._typed[run]
        self._typed[run] += 1
        command = Command(self._contender.shows(number), self._contender.one_update_each)
        self._world.slack.commands.setdefault(self._world.channels[run], []).append(command)
        delivered = await self._contender.type(run, number)
        assert delivered.status == 200, delivered.body
        command.ack = delivered.took
        if until_drawn:
            await _all_drawn([command])
        else:
            seen = [asyncio.create_task(event.wait()) for event in (command.answered, command.drawn)]
            async with asyncio.timeout(DRAWN_WITHIN):
                await asyncio.wait(seen, return_when=asyncio.FIRST_COMPLETED)
            for task in seen:
                task.cancel()
        return command


async def _all_drawn(commands: list[Command]) -> None:
    async with asyncio.timeout(DRAWN_WITHIN):
        for command in commands:
            await command.drawn.wait()


def cpu_seconds(pids: Sequence[int]) -> float:
    """Of these processes, in user and kernel mode, so far."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))
