"""Runs a plan: people act, things go wrong, everything settles, and the judge compares."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.loads import resident_mb
from tests.e2e.kills import WORK, MortalLiaison
from tests.e2e.process import until
from tests.torture.blows import Blows
from tests.torture.faults import Blow
from tests.torture.judge import Judge
from tests.torture.people import People
from tests.torture.plan import Plan
from tests.torture.report import Health, Report, Typed
from tests.torture.world import Deployment, World, card_handle, create_world

UNCONFIRMED = "effects where state in ('sent', 'unknown')"
SETTLED_WITHIN = 240.0  # the write timeout, and all looks of what was sent at its end
MORE_DESCRIPTORS, MORE_TASKS, MORE_MEGABYTES = 40, 15, 80  # idle connections are kept for a while


async def run_plan(plan: Plan, folder: Path, deployment: Deployment | None = None) -> Report:
    async with create_world(folder, deployment or Deployment()) as world:
        await world.start()
        await world.start_runs()
        await asyncio.sleep(2)
        before = await _health(world.processes)
        blows = Blows(world)
        report = Report([Typed(command) for command in plan.commands])
        keeper = asyncio.create_task(blows.keep_alive())
        started = time.monotonic()
        await asyncio.gather(People(world, report).act(plan.starts), _strike_all(blows, plan.blows, started))
        await asyncio.sleep(started + plan.seconds - time.monotonic())
        await blows.settle()
        await keeper
        took = time.monotonic() - started
        await _settled(world, report)
        _check_health(report, before, await _health(world.processes))
        for lane in report.started:
            lane.handle = card_handle(lane.room)
        await Judge(world, report, blows.hit()).compare()
        _add_facts(report, plan, blows, took)
        return report


def _add_facts(report: Report, plan: Plan, blows: Blows, took: float) -> None:
    acknowledged = sum(one.acknowledged for one in report.typed)
    report.facts += [
        f"{len(report.typed)} commands in {took:.0f} s, {acknowledged} acknowledged; {len(plan.starts)} starts, "
        f"{len(report.started)} acknowledged; {report.forms} forms, {report.searches} searches",
        f"faults: {_counted(Counter(blow.kind for blow in plan.blows))}",
        f"deaths: {_counted(blows.deaths)}",
    ]


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counter.most_common()) or "none"


async def _strike_all(blows: Blows, planned: Sequence[Blow], started: float) -> None:
    for blow in planned:
        await asyncio.sleep(started + blow.at - time.monotonic())
        await blows.strike(blow)


async def _settled(world: World, report: Report) -> None:
    """Waits until nothing is on its way, and until every lost answer is found or a person was asked."""
    try:
        await until(lambda: not any(world.database.count(what) for what in WORK), within=SETTLED_WITHIN)
    except TimeoutError:
        for what in WORK:
            if (count := world.database.count(what)) and what != UNCONFIRMED:
                report.problems.append(f"not settled: {count} {what}")


async def _health(processes: Sequence[MortalLiaison]) -> Health:
    """Of all of them together: what one replica does for the others may move to another one."""
    descriptors = sum(len(os.listdir(f"/proc/{process.pid}/fd")) for process in processes)
    tasks = sum([await process.count_tasks() for process in processes])
    return Health(descriptors, tasks, sum(resident_mb(process.pid) for process in processes))


def _check_health(report: Report, before: Health, after: Health) -> None:
    report.facts.append(f"idle before: {before}; idle after: {after}")
    for name, more in (("descriptors", MORE_DESCRIPTORS), ("tasks", MORE_TASKS), ("megabytes", MORE_MEGABYTES)):
        if getattr(after, name) > getattr(before, name) + more:
            report.problems.append(f"{name} grew from {getattr(before, name)} to {getattr(after, name)}")
