"""A durable ``finish`` against a bare one, in one run on one machine. ``make bench``; its last line is the ratio.

Both servers are real processes behind the Slack HTTP surface, on the same fake Slack and fake Cutover, whose
answers take 50 ms. 64 runs, one command in flight each: the next is sent once the one before was *carried out*,
which is counted at the fakes (the answer that its person sees), never at the ack. Then: acks at 50 commands a
second, start to ready, and an idle process.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.adapters.cutover.fake import CutoverFake
from tests.adapters.cutover.world import FakeRunbook, FakeTask
from tests.e2e.process import Liaison, free_port, until
from tests.fakes.slack import Delivered, Slack
from tests.fakes.slack_state import Posted

RUNS = 64
EACH = 24  # finishes a run
TASKS = 40
LATENCY = 0.05
ACK_RATE, ACK_SECONDS = 50, 6
IDLE_SECONDS = 5.0


@dataclass
class Measured:
    took: float
    latencies: list[float] = field(default_factory=list)
    requests: int = 0

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.took


def percentile(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


class Heard(Slack):
    """A Slack that says at once when something was said to somebody in a channel, or a card there was edited."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.edited: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def _post_ephemeral(self, channel: str, user: str, said: Mapping[str, Any], route: str) -> Posted:
        self.heard[channel].set()
        return super()._post_ephemeral(channel, user, said, route)

    def _chat_update(self, said: Mapping[str, Any]) -> dict[str, Any]:
        self.edited[str(said["channel"])].set()
        return super()._chat_update(said)


class Stage:
    """The fakes, with ``RUNS`` live runbooks of ``TASKS`` running tasks that wait for nobody."""

    def __init__(self) -> None:
        self.slack, self.cutover = Heard(), CutoverFake()
        self.user = self.slack.add_user("U0ANA", "ana", email="ana@example.com")
        self.channels = [f"C{number:04}" for number in range(RUNS)]
        for channel in self.channels:
            self.slack.add_channel(channel, channel.lower(), members=(self.user,))
        self.cutover.page_size = 100

    def runbooks(self) -> list[FakeRunbook]:
        """A fresh set: each server finishes its own."""
        made = []
        for number in range(RUNS):
            runbook = self.cutover.world.planned(f"Failover {number}")
            stream = runbook.streams[0][0]
            tasks = [
                FakeTask(self.cutover.world.id(), f"Step {n}", stream, stage="in_progress") for n in range(TASKS)
            ]
            runbook.tasks = {task.id: task for task in tasks}
            runbook.stage, runbook.run_type, runbook.start_actual = "active", "live", self.cutover.world.now()
            made.append(runbook)
        return made

    @property
    def requests(self) -> int:
        return len(self.slack.seen) + len(self.cutover.seen)


async def loaded(stage: Stage, finish: Callable[[int, int], Awaitable[None]]) -> Measured:
    """``finish(run, number)`` returns once that finish was carried out."""
    latencies: list[float] = []

    async def one(run: int) -> None:
        for number in range(EACH):
            began = time.perf_counter()
            await finish(run, number)
            latencies.append(time.perf_counter() - began)

    before, began = stage.requests, time.perf_counter()
    await asyncio.gather(*(one(run) for run in range(RUNS)))
    took = time.perf_counter() - began
    await asyncio.sleep(3)  # what is still to be drawn belongs to these commands
    return Measured(took, latencies, stage.requests - before)


async def bare(stage: Stage) -> Measured:
    runbooks = stage.runbooks()
    port = free_port()
    environment = {
        "BARE_TOKEN": stage.slack.token,
        "BARE_SECRET": stage.slack.signing_secret,
        "BARE_SLACK": stage.slack.api_url,
        "BARE_CUTOVER": stage.cutover.url,
        "BARE_CUTOVER_TOKEN": stage.cutover.token,
        "BARE_PORT": str(port),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.benchmarks.bare"), env={**os.environ, **environment}
    )
    url = f"http://127.0.0.1:{port}"
    await _listening(port)
    cards = {channel: stage.slack.say("card", stage.slack.bot_user, channel) for channel in stage.channels}

    async def finish(run: int, number: int) -> None:
        channel, runbook = stage.channels[run], runbooks[run]
        task = list(runbook.tasks)[number]
        stage.slack.edited[channel].clear()
        text = f"finish {runbook.id} {task} {cards[channel].ts}"
        await stage.slack.command(url, text, user=stage.user, channel=channel)
        await asyncio.wait_for(stage.slack.edited[channel].wait(), 60)

    try:
        return await loaded(stage, finish)
    finally:
        process.kill()
        await process.wait()


async def durable(stage: Stage, liaison: Liaison) -> Measured:
    runbooks = stage.runbooks()
    stage.cutover.latency = stage.slack.latency = 0.0
    for channel, runbook in zip(stage.channels, runbooks, strict=True):
        await stage.slack.command(liaison.url, f"use cutover:{runbook.id}", user=stage.user, channel=channel)
        await until(lambda channel=channel: stage.slack.channels[channel].messages)
        posts = len(stage.slack.channels[channel].messages)
        await stage.slack.command(liaison.url, "show", user=stage.user, channel=channel)
        await until(lambda channel=channel, posts=posts: len(stage.slack.channels[channel].messages) > posts)
    await asyncio.sleep(2)
    stage.cutover.latency = stage.slack.latency = LATENCY

    async def finish(run: int, number: int) -> None:
        channel = stage.channels[run]
        stage.slack.heard[channel].clear()
        sent = await stage.slack.command(liaison.url, f"finish T{number + 1}", user=stage.user, channel=channel)
        assert not sent.body, sent.body
        await asyncio.wait_for(stage.slack.heard[channel].wait(), 60)

    measured = await loaded(stage, finish)
    done = sum(task.stage == "complete" for runbook in runbooks for task in runbook.tasks.values())
    said = {post.visible_text for post in stage.slack.ephemerals if ": done." not in post.visible_text}
    assert done == RUNS * EACH, f"{done} of {RUNS * EACH} were carried out: {sorted(said)[:5]}"
    return measured


async def acks(stage: Stage, liaison: Liaison) -> list[float]:
    """Sent on the clock, whatever becomes of the ones before."""
    began = time.perf_counter()
    sent: list[asyncio.Task[Delivered]] = []
    for number in range(ACK_RATE * ACK_SECONDS):
        await asyncio.sleep(max(0.0, began + number / ACK_RATE - time.perf_counter()))
        channel, task = stage.channels[number % RUNS], EACH + 1 + number // RUNS
        sent.append(
            asyncio.create_task(
                stage.slack.command(liaison.url, f"finish T{task}", user=stage.user, channel=channel)
            )
        )
    return [delivered.took for delivered in await asyncio.gather(*sent)]


async def _listening(port: int) -> None:
    async def reached() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    await until(reached)


def _process(liaison: Liaison) -> tuple[float, float]:
    """(resident MB, CPU seconds so far) of the server."""
    pid = liaison.pid
    status = Path(f"/proc/{pid}/status").read_text()
    resident = next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return resident, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _print(name: str, measured: Measured) -> None:
    lat = measured.latencies
    print(
        f"{name:8} {measured.rate:6.1f} commands/s   p50 {percentile(lat, 0.5) * 1000:6.0f} ms"
        f"   p99 {percentile(lat, 0.99) * 1000:6.0f} ms   {measured.requests / len(lat):.2f} requests a command"
    )


async def main() -> None:
    stage = Stage()
    with tempfile.TemporaryDirectory() as folder:
        async with stage.slack, stage.cutover:
            stage.slack.latency = stage.cutover.latency = LATENCY
            print(f"{RUNS} runs, one command in flight each, platform and chat answer in {LATENCY * 1000:.0f} ms")
            base = await bare(stage)
            _print("bare", base)
            slack = {
                "bot_token": stage.slack.token,
                "signing_secret": stage.slack.signing_secret,
                "api_url": stage.slack.api_url,
            }
            liaison = Liaison(Path(folder), {"slack": slack, "platforms.cutover": stage.cutover.settings()})
            began = time.perf_counter()
            async with liaison:
                ready = time.perf_counter() - began
                ours = await durable(stage, liaison)
                _print("liaison", ours)
                took = await acks(stage, liaison)
                await asyncio.sleep(5)
                resident, cpu = _process(liaison)
                await asyncio.sleep(IDLE_SECONDS)
                idle = (_process(liaison)[1] - cpu) / IDLE_SECONDS
            added = statistics.median(ours.latencies) - statistics.median(base.latencies)
            print(f"added p50 {added * 1000:.0f} ms")
            p50, p99 = percentile(took, 0.5) * 1000, percentile(took, 0.99) * 1000
            print(f"ack at {ACK_RATE}/s: p50 {p50:.0f} ms, p99 {p99:.0f} ms")
            print(f"start to ready {ready:.2f} s; idle {resident:.0f} MB, {idle * 100:.1f} % CPU")
            print(f"ratio {ours.rate / base.rate:.2f}")


if __name__ == "__main__":
    asyncio.run(main())
