"""What a long history costs: 5,000 live runs and 100,000 that are over.

``python -m tests.benchmarks.history`` makes such a database, starts the real process on it, and prints when it is
ready, the memory that it takes, how long commands wait for their answer, and the longest stall of the event loop.
It is part of ``make bench``. ``--live`` and ``--finished`` change the numbers.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adapters.models import Person
from tests.benchmarks.history_database import History, add_unfinished_messages, make_database
from tests.benchmarks.world import Command, WatchedSlack, is_ready
from tests.e2e.platforms import LocalPlatform
from tests.e2e.process import free_port, to_toml

CHANNELS = [f"C{number:04}" for number in range(20)]
ROUNDS = 200
STARTS = 20
UNFINISHED = 5_000
READY_SECONDS, RSS_MB, P99_MS, STALL_MS = 2.0, 250.0, 100.0, 50.0
"""The goals."""


def rss(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


class Measured:
    """The process on a folder with a database."""

    def __init__(self, folder: Path, slack: WatchedSlack) -> None:
        self.port, self.slack, self.folder = free_port(), slack, folder
        self.lag = folder / "lag"
        self.lag.write_text("0")
        bot = {"host": "127.0.0.1", "port": self.port, "public_url": self.url}
        chat = {"bot_token": slack.token, "signing_secret": slack.signing_secret, "api_url": slack.api_url}
        local = LocalPlatform(folder / "runbooks").settings()
        settings: dict[str, Any] = {"bot": bot | {"database_url": f"sqlite:///{folder}/liaison.db"}, "slack": chat}
        (folder / "liaison.toml").write_text(to_toml(settings | {"platforms.local": local}))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> float:
        """Seconds until it is ready."""
        began = time.perf_counter()
        self.process = await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-m",
                "tests.benchmarks.lagging",
                "serve",
                "--config",
                f"{self.folder}/liaison.toml",
            ),
            env={**os.environ, "LAG_FILE": str(self.lag)},
            stderr=(self.folder / "log").open("w"),
        )
        while not await is_ready(self.url):
            assert self.process.returncode is None, (self.folder / "log").read_text()[-2000:]
            await asyncio.sleep(0.02)
        return time.perf_counter() - began

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()

    async def answer(self, line: str, channel: str) -> float:
        """Milliseconds until its sender saw the answer."""
        command = Command(lambda _: False)
        self.slack.commands[channel] = [command]
        await self.slack.command(self.url, line, user="U0ANA", channel=channel)
        await asyncio.wait_for(command.answered.wait(), 60)
        return command.answer * 1000


async def measure(history: History, folder: Path) -> bool:
    """Prints the numbers. Returns whether they are as required."""
    began = time.perf_counter()
    await make_database(folder / "liaison.db", history)
    size = (folder / "liaison.db").stat().st_size / 1e6
    print(f"database of {size:.0f} MB made in {time.perf_counter() - began:.0f} s", flush=True)
    slack = WatchedSlack()
    user = slack.add_user("U0ANA", "ana", email="ana@example.com")
    for channel in CHANNELS:
        slack.add_channel(channel, channel.lower(), members=(user,))
    await slack.start()
    process = Measured(folder, slack)
    ready = await process.start()
    try:
        print(f"ready after {ready:.2f} s, {rss(process.process.pid):.0f} MB", flush=True)
        times = await ask(process, history)
        memory, stall = rss(process.process.pid), float(process.lag.read_text()) * 1000
        print(
            f"{memory:.0f} MB after the load, longest stall {stall:.0f} ms, {len(slack.seen)} requests to the chat"
        )
        await process.stop()
        add_unfinished_messages(folder / "liaison.db", history, UNFINISHED)
        again = await process.start()
        print(f"ready after {again:.2f} s with {UNFINISHED} unfinished messages")
    finally:
        await process.stop()
        await slack.stop()
    slowest = max(percentile(times[line], 99) for line in ("mine", "next", "runs"))
    return max(ready, again) <= READY_SECONDS and memory <= RSS_MB and slowest <= P99_MS and stall <= STALL_MS


async def ask(process: Measured, history: History) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {}
    newest = history.live + history.finished
    for number in range(ROUNDS):
        channel = CHANNELS[number % len(CHANNELS)]
        lines = {
            "mine": "mine",
            "next": f"next R{newest - number * 7}",
            "runs": "runs",
            "old": f"show R{number + 1}",
        }
        for name, line in lines.items():
            times.setdefault(name, []).append(await process.answer(line, channel))
    for number in range(STARTS):
        channel, handle = CHANNELS[number % len(CHANNELS)], f"R{newest + number + 1}"
        start = f'start "Database failover" --on local --name "Number {number}"'
        times.setdefault("start", []).append(await process.answer(start, channel))
        times.setdefault("finish", []).append(await process.answer(f"finish {handle}.T1", channel))
    for name, found in times.items():
        p50, p99 = statistics.median(found), percentile(found, 99)
        print(f"{name:8} first {found[0]:6.0f} ms   p50 {p50:6.1f} ms   p99 {p99:6.1f} ms", flush=True)
    return times


def percentile(values: Sequence[float], percent: int) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--live", type=int, default=5_000)
    parser.add_argument("--finished", type=int, default=100_000)
    wanted = parser.parse_args()
    person = Person(id="ana", name="Ana", email="ana@example.com")
    with tempfile.TemporaryDirectory() as folder:
        good = await measure(History(wanted.live, wanted.finished, CHANNELS, person), Path(folder))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
