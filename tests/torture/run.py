"""Runs a plan: people type, things go wrong, everything settles, and the judge compares."""

import asyncio
import os
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path

import aiohttp

from tests.benchmarks.loads import resident_mb
from tests.e2e import faulty
from tests.e2e.chats import Delivery
from tests.e2e.conftest import RUNBOOK
from tests.e2e.kills import WORK
from tests.e2e.mattermost_chat import MattermostRoom
from tests.e2e.process import until
from tests.e2e.slack_chat import SlackRoom
from tests.torture.blows import Blows
from tests.torture.judge import Judge
from tests.torture.plan import Blow, Command, Plan, Start
from tests.torture.report import Health, Report, Typed
from tests.torture.world import World, card_handle, create_world

UNCONFIRMED = "effects where state in ('sent', 'unknown')"
NOT_RECORDED = (b"confirm that this was saved", b"consegui confirmar que isso foi salvo")
EVENT_RETRIES = (0.0, 0.5, 3.0, 10.0)  # Slack's own pauses are longer
SETTLED_WITHIN = 240.0  # the write timeout, and all looks of what was sent at its end
MORE_DESCRIPTORS, MORE_TASKS, MORE_MEGABYTES = 40, 15, 80  # idle connections are kept for a while


async def run_plan(plan: Plan, folder: Path, liaison_main: Callable[[], None] = faulty.main) -> Report:
    async with create_world(folder, liaison_main) as world:
        await world.liaison.start()
        await world.start_runs()
        await asyncio.sleep(2)
        before = await _health(world)
        blows = Blows(world)
        typed = [Typed(command) for command in plan.commands]
        report = Report(typed)
        keeper = asyncio.create_task(blows.keep_alive())
        started = time.monotonic()
        await asyncio.gather(
            *(_type(world, lane, typed, started) for lane in range(len(world.lanes))),
            *(_start(world, start, report, started) for start in plan.starts),
            _strike_all(blows, plan.blows, started),
        )
        await asyncio.sleep(started + plan.seconds - time.monotonic())
        await blows.settle()
        await keeper
        took = time.monotonic() - started
        await _settled(world, report)
        _check_health(report, before, await _health(world))
        for lane in report.started:
            lane.handle = card_handle(lane.room)
        await Judge(world, report, blows.hit_requests()).compare()
        acknowledged = sum(one.acknowledged for one in typed)
        kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(one.kind for one in plan.blows).items())
        report.facts += [
            f"{len(typed)} commands in {took:.0f} s, {acknowledged} acknowledged; died {blows.deaths} times",
            f"{len(plan.starts)} starts, {len(report.started)} acknowledged",
            f"faults: {kinds or 'none'}",
        ]
        return report


async def _type(world: World, lane: int, typed: Sequence[Typed], started: float) -> None:
    """One after the other, so that people know in which order they typed."""
    repeating: list[asyncio.Task[None]] = []
    for one in typed:
        if one.command.lane != lane:
            continue
        await asyncio.sleep(started + one.command.at - time.monotonic())
        if one.command.mention:
            repeating.append(asyncio.create_task(_mention(world, one)))
            continue
        delivery = await _deliver(world, one.command)
        one.acknowledged = one.in_order = delivery is not None and _is_recorded(delivery)
        if delivery is not None:
            repeating.append(asyncio.create_task(_repeat(one, delivery)))
    await asyncio.gather(*repeating)


async def _start(world: World, start: Start, report: Report, started: float) -> None:
    await asyncio.sleep(started + start.at - time.monotonic())
    lane = world.add_lane(start.platform, start.chat)
    with suppress(aiohttp.ClientError, TimeoutError):
        line = f'start "{RUNBOOK}" --on {start.platform}'
        if _is_recorded(await lane.room.command(line, user=start.user)):
            report.started.append(lane)


async def _deliver(world: World, command: Command) -> Delivery | None:
    """None if the connection was refused or cut, or if there is no such button."""
    room = world.lanes[command.lane].room
    with suppress(aiohttp.ClientError, TimeoutError):
        if command.verb != "press":
            return await room.command(command.text, user=command.user)
        shown = [message for message in room.bot_messages() if not message.visible_to]
        with_button = [message for message in shown if command.text in message.labels]
        if with_button:
            return await room.click(command.text, with_button[-1], user=command.user)
    return None


async def _mention(world: World, typed: Typed) -> None:
    """Slack delivers an event again until it is acknowledged. Liaison reads Mattermost's history."""
    command, room = typed.command, world.lanes[typed.command.lane].room
    if isinstance(room, MattermostRoom):
        await room.mention(command.text, user=command.user)
        typed.acknowledged = True
        return
    assert isinstance(room, SlackRoom)
    fake = room.chat.fake
    post = fake.say(f"<@{fake.bot_user}> {command.text}", room.chat.users[command.user], room.id)
    event = fake.event(post, "app_mention")
    for seconds in EVENT_RETRIES:
        await asyncio.sleep(seconds)
        with suppress(aiohttp.ClientError, TimeoutError):
            if (await fake.deliver(room.chat.url, "events_api", event)).status == 200:
                typed.acknowledged = True
                return


async def _repeat(typed: Typed, delivery: Delivery) -> None:
    for seconds in typed.command.resends:
        await asyncio.sleep(seconds)
        with suppress(aiohttp.ClientError, TimeoutError):
            typed.acknowledged |= _is_recorded(await delivery.resend())


def _is_recorded(delivery: Delivery) -> bool:
    """Commands are answered with 200 even then, as no chat shows another answer to people."""
    return delivery.status == 200 and not any(text in delivery.body for text in NOT_RECORDED)


async def _strike_all(blows: Blows, planned: Sequence[Blow], started: float) -> None:
    for blow in planned:
        await asyncio.sleep(started + blow.at - time.monotonic())
        await blows.strike(blow)


async def _settled(world: World, report: Report) -> None:
    """Waits until nothing is on its way, and until every lost answer is found or a person was asked."""
    try:
        await until(lambda: not any(_count(world, what) for what in WORK), within=SETTLED_WITHIN)
    except TimeoutError:
        for what in WORK:
            if (count := _count(world, what)) and what != UNCONFIRMED:
                report.problems.append(f"not settled: {count} {what}")


def _count(world: World, what: str) -> int:
    with closing(sqlite3.connect(world.liaison.folder / "liaison.db", timeout=30)) as database:
        return int(database.execute(f"select count(*) from {what}").fetchone()[0])


async def _health(world: World) -> Health:
    pid, counted = world.liaison.pid, world.liaison.folder / "faults.tasks"
    counted.unlink(missing_ok=True)
    os.kill(pid, signal.SIGUSR2)
    await until(lambda: counted.exists() and counted.read_text())
    return Health(len(os.listdir(f"/proc/{pid}/fd")), int(counted.read_text()), resident_mb(pid))


def _check_health(report: Report, before: Health, after: Health) -> None:
    report.facts.append(f"idle before: {before}; idle after: {after}")
    for name, more in (("descriptors", MORE_DESCRIPTORS), ("tasks", MORE_TASKS), ("megabytes", MORE_MEGABYTES)):
        if getattr(after, name) > getattr(before, name) + more:
            report.problems.append(f"{name} grew from {getattr(before, name)} to {getattr(after, name)}")
