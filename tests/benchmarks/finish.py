"""``make bench``: compares Liaison's ``finish`` with the baseline bot's. The last line is the ratio.

Both are real processes that receive Slack's HTTP requests and use the same fake Slack and fake Cutover, which
answer after 50 ms. There are 64 runs with one command in flight each: the next command is sent when the fake Slack
has received the visible result of the previous one, not at its ack. Then it measures acks at 50 commands a second,
the time from start to ready, and an idle process.
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
from tests.fakes.slack import Slack
from tests.fakes.slack_deliveries import Delivered
from tests.fakes.slack_state import Posted

RUNS = 64
FINISHES_PER_RUN = 24
TASKS = 40
LATENCY = 0.05
ACK_RATE, ACK_SECONDS = 50, 6
IDLE_SECONDS = 5.0


@dataclass
class Measurement:
    seconds: float
    latencies: list[float] = field(default_factory=list)
    requests: int = 0

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds


def percentile(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


class NotifyingSlack(Slack):
    """Sets an event when an ephemeral message is posted in a channel, or a card there is edited."""

    def __init__(self) -> None:
        super().__init__()
        self.ephemeral_posted: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.card_edited: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def _post_ephemeral(self, channel: str, user: str, said: Mapping[str, Any], route: str) -> Posted:
        self.ephemeral_posted[channel].set()
        return super()._post_ephemeral(channel, user, said, route)

    def _chat_update(self, said: Mapping[str, Any]) -> dict[str, Any]:
        self.card_edited[str(said["channel"])].set()
        return super()._chat_update(said)


class Environment:
    """The fakes, with ``RUNS`` live runbooks of ``TASKS`` running tasks without dependencies."""

    def __init__(self) -> None:
        self.slack, self.cutover = NotifyingSlack(), CutoverFake()
        self.user = self.slack.add_user("U0ANA", "ana", email="ana@example.com")
        self.channels = [f"C{number:04}" for number in range(RUNS)]
        for channel in self.channels:
            self.slack.add_channel(channel, channel.lower(), members=(self.user,))
        self.cutover.page_size = 100

    def runbooks(self) -> list[FakeRunbook]:
        """A new set of runs for one server."""
        runbooks = []
        for number in range(RUNS):
            runbook = self.cutover.world.planned(f"Failover {number}")
            stream = runbook.streams[0][0]
            tasks = [
                FakeTask(self.cutover.world.id(), f"Step {n}", stream, stage="in_progress") for n in range(TASKS)
            ]
            runbook.tasks = {task.id: task for task in tasks}
            runbook.stage, runbook.run_type, runbook.start_actual = "active", "live", self.cutover.world.now()
            runbooks.append(runbook)
        return runbooks

    @property
    def requests(self) -> int:
        return len(self.slack.seen) + len(self.cutover.seen)


async def measure(environment: Environment, finish: Callable[[int, int], Awaitable[None]]) -> Measurement:
    """``finish(run, number)`` returns when the result of that command is visible."""
    latencies: list[float] = []

    async def finish_all(run: int) -> None:
        for number in range(FINISHES_PER_RUN):
            started_at = time.perf_counter()
            await finish(run, number)
            latencies.append(time.perf_counter() - started_at)

    requests_before, started_at = environment.requests, time.perf_counter()
    await asyncio.gather(*(finish_all(run) for run in range(RUNS)))
    seconds = time.perf_counter() - started_at
    await asyncio.sleep(3)  # count the last card updates, too
    return Measurement(seconds, latencies, environment.requests - requests_before)


async def measure_baseline(environment: Environment) -> Measurement:
    runbooks = environment.runbooks()
    port = free_port()
    variables = {
        "BASELINE_TOKEN": environment.slack.token,
        "BASELINE_SECRET": environment.slack.signing_secret,
        "BASELINE_SLACK": environment.slack.api_url,
        "BASELINE_CUTOVER": environment.cutover.url,
        "BASELINE_CUTOVER_TOKEN": environment.cutover.token,
        "BASELINE_PORT": str(port),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.benchmarks.bare"), env={**os.environ, **variables}
    )
    url = f"http://127.0.0.1:{port}"
    await _wait_for_port(port)
    cards = {
        channel: environment.slack.say("card", environment.slack.bot_user, channel)
        for channel in environment.channels
    }

    async def finish(run: int, number: int) -> None:
        channel, runbook = environment.channels[run], runbooks[run]
        task = list(runbook.tasks)[number]
        environment.slack.card_edited[channel].clear()
        text = f"finish {runbook.id} {task} {cards[channel].ts}"
        await environment.slack.command(url, text, user=environment.user, channel=channel)
        await asyncio.wait_for(environment.slack.card_edited[channel].wait(), 60)

    try:
        return await measure(environment, finish)
    finally:
        process.kill()
        await process.wait()


async def measure_liaison(environment: Environment, liaison: Liaison) -> Measurement:
    runbooks = environment.runbooks()
    environment.cutover.latency = environment.slack.latency = 0.0
    for channel, runbook in zip(environment.channels, runbooks, strict=True):
        await environment.slack.command(
            liaison.url, f"use cutover:{runbook.id}", user=environment.user, channel=channel
        )
        await until(lambda channel=channel: environment.slack.channels[channel].messages)
        posts = len(environment.slack.channels[channel].messages)
        await environment.slack.command(liaison.url, "show", user=environment.user, channel=channel)
        await until(lambda channel=channel, posts=posts: len(environment.slack.channels[channel].messages) > posts)
    await asyncio.sleep(2)
    environment.cutover.latency = environment.slack.latency = LATENCY

    async def finish(run: int, number: int) -> None:
        channel = environment.channels[run]
        environment.slack.ephemeral_posted[channel].clear()
        sent = await environment.slack.command(
            liaison.url, f"finish T{number + 1}", user=environment.user, channel=channel
        )
        assert not sent.body, sent.body
        await asyncio.wait_for(environment.slack.ephemeral_posted[channel].wait(), 60)

    measurement = await measure(environment, finish)
    done = sum(task.stage == "complete" for runbook in runbooks for task in runbook.tasks.values())
    unexpected = {post.visible_text for post in environment.slack.ephemerals if ": done." not in post.visible_text}
    assert done == RUNS * FINISHES_PER_RUN, (
        f"{done} of {RUNS * FINISHES_PER_RUN} were executed: {sorted(unexpected)[:5]}"
    )
    return measurement


async def measure_acks(environment: Environment, liaison: Liaison) -> list[float]:
    """Seconds until each ack. Commands are sent at a fixed rate, whether or not earlier ones were answered."""
    started_at = time.perf_counter()
    sent: list[asyncio.Task[Delivered]] = []
    for number in range(ACK_RATE * ACK_SECONDS):
        await asyncio.sleep(max(0.0, started_at + number / ACK_RATE - time.perf_counter()))
        channel, task = environment.channels[number % RUNS], FINISHES_PER_RUN + 1 + number // RUNS
        sent.append(
            asyncio.create_task(
                environment.slack.command(liaison.url, f"finish T{task}", user=environment.user, channel=channel)
            )
        )
    return [delivered.took for delivered in await asyncio.gather(*sent)]


async def _wait_for_port(port: int) -> None:
    async def accepts_connections() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    await until(accepts_connections)


def _memory_and_cpu(liaison: Liaison) -> tuple[float, float]:
    """(resident MB, CPU seconds so far) of the server."""
    pid = liaison.pid
    status = Path(f"/proc/{pid}/status").read_text()
    resident = next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return resident, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _print(name: str, measurement: Measurement) -> None:
    latencies = measurement.latencies
    requests = measurement.requests / len(latencies)
    print(
        f"{name:8} {measurement.rate:6.1f} commands/s   p50 {percentile(latencies, 0.5) * 1000:6.0f} ms"
        f"   p99 {percentile(latencies, 0.99) * 1000:6.0f} ms   {requests:.2f} requests a command"
    )


async def main() -> None:
    environment = Environment()
    with tempfile.TemporaryDirectory() as folder:
        async with environment.slack, environment.cutover:
            environment.slack.latency = environment.cutover.latency = LATENCY
            print(f"{RUNS} runs, one command in flight each, platform and chat answer in {LATENCY * 1000:.0f} ms")
            baseline = await measure_baseline(environment)
            _print("baseline", baseline)
            slack = {
                "bot_token": environment.slack.token,
                "signing_secret": environment.slack.signing_secret,
                "api_url": environment.slack.api_url,
            }
            liaison = Liaison(Path(folder), {"slack": slack, "platforms.cutover": environment.cutover.settings()})
            started_at = time.perf_counter()
            async with liaison:
                ready = time.perf_counter() - started_at
                ours = await measure_liaison(environment, liaison)
                _print("liaison", ours)
                took = await measure_acks(environment, liaison)
                await asyncio.sleep(5)
                resident, cpu = _memory_and_cpu(liaison)
                await asyncio.sleep(IDLE_SECONDS)
                idle = (_memory_and_cpu(liaison)[1] - cpu) / IDLE_SECONDS
            added = statistics.median(ours.latencies) - statistics.median(baseline.latencies)
            print(f"added p50 {added * 1000:.0f} ms")
            p50, p99 = percentile(took, 0.5) * 1000, percentile(took, 0.99) * 1000
            print(f"ack at {ACK_RATE}/s: p50 {p50:.0f} ms, p99 {p99:.0f} ms")
            print(f"start to ready {ready:.2f} s; idle {resident:.0f} MB, {idle * 100:.1f} % CPU")
            print(f"ratio {ours.rate / baseline.rate:.2f}")


if __name__ == "__main__":
    asyncio.run(main())
