"""What a command costs: Liaison's ``finish`` beside the same command of two bolt bots.

``python -m tests.benchmarks.commands [--rounds N] [--tls] [--instructions]``. In each round every bot is started
anew and put under each load, one bot after the other; the table shows medians and, behind ±, half of the range.
The last line is how many times as much CPU Liaison takes at 20 commands a second as the tuned bot, as
``ratio`` = tuned ÷ Liaison.
"""

import argparse
import asyncio
import shutil
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from tests.benchmarks.contenders import BoltBot, Contender, LiaisonBot
from tests.benchmarks.instructions import instructions_per_command
from tests.benchmarks.loads import LOADS, Load, Sample, Typist, resident_mb
from tests.benchmarks.world import LATENCY, RUNS, BenchmarkWorld

NAMES = ("bare", "tuned", "liaison")


def contender(name: str, world: BenchmarkWorld, folder: Path, wrapper: Sequence[str] = ()) -> Contender:
    if name == "liaison":
        return LiaisonBot(name, world, Path(tempfile.mkdtemp(dir=folder)), wrapper)
    return BoltBot(name, world, wrapper)


class Results:
    def __init__(self) -> None:
        self.samples: dict[tuple[str, str], list[Sample]] = defaultdict(list)  # by load and bot
        self.ready: dict[str, list[float]] = defaultdict(list)
        self.memory: dict[str, list[float]] = defaultdict(list)

    def cpu(self, load: Load, name: str) -> float:
        return statistics.median(sample.cpu for sample in self.samples[load.name, name])


async def run_round(world: BenchmarkWorld, folder: Path, results: Results) -> None:
    for name in NAMES:
        bot = contender(name, world, folder)
        await bot.start()
        try:
            typist = Typist(bot)
            for load in LOADS:
                results.samples[load.name, name].append(await typist.put_under(load))
            results.ready[name].append(bot.ready_after)
            results.memory[name].append(resident_mb(bot.pid))
        finally:
            await bot.stop()


def _spread(values: Iterable[float], scale: float = 1.0) -> str:
    found = [value * scale for value in values]
    return f"{statistics.median(found):7.1f} ±{(max(found) - min(found)) / 2:<5.1f}"


def _percentiles(samples: Sequence[Sample], times: Callable[[Sample], list[float]]) -> str:
    """p50 and p99 in ms, medians of the rounds."""
    found = [times(sample) for sample in samples]
    at = [statistics.median(values[int(len(values) * part)] for values in found) for part in (0.5, 0.99)]
    return " ".join(f"{seconds * 1000:6.0f}" for seconds in at)


def print_results(results: Results) -> None:
    print(
        f"{'load':13} {'bot':8} {'CPU ms/command':>15} {'commands/s':>15} {'requests':>9}"
        f" {'ack p50 p99 ms':>15} {'answer':>13} {'card':>13}"
    )
    for (load, name), samples in sorted(results.samples.items(), key=lambda item: item[0][0], reverse=True):
        print(
            f"{load:13} {name:8} {_spread(sample.cpu for sample in samples):>15}"
            f" {_spread(sample.rate for sample in samples):>15}"
            f" {statistics.median(sample.requests for sample in samples):9.2f}"
            f" {_percentiles(samples, lambda sample: sample.acks):>15}"
            f" {_percentiles(samples, lambda sample: sample.answers)}"
            f" {_percentiles(samples, lambda sample: sample.cards)}"
        )
    for name in NAMES:
        print(
            f"{name:8} start to ready {_spread(results.ready[name])} s,"
            f" {_spread(results.memory[name])} MB after the load"
        )


async def main() -> None:
    parser = argparse.ArgumentParser(description="What a command costs")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tls", action="store_true", help="the chat and the platform speak https")
    parser.add_argument("--instructions", action="store_true", help="count instructions, with valgrind")
    options = parser.parse_args()
    results = Results()
    with tempfile.TemporaryDirectory() as folder:
        async with BenchmarkWorld(tls=options.tls) as world:
            print(
                f"{RUNS} runs; platform and chat answer in {LATENCY * 1000:.0f} ms{', TLS' if options.tls else ''}"
            )
            for _ in range(options.rounds):
                await run_round(world, Path(folder), results)
            print_results(results)
            if options.instructions:
                assert shutil.which("valgrind"), "--instructions needs valgrind (Debian's valgrind package)"
                for name in NAMES:
                    counted = await instructions_per_command(partial(contender, name, folder=Path(folder)))
                    print(f"{name:8} {counted:.1f} M instructions a command")
    for load in LOADS:
        print(
            f"{load.name}: Liaison takes {results.cpu(load, 'liaison') / results.cpu(load, 'tuned'):.1f} × tuned"
        )
    at_20 = LOADS[-1]
    print(f"ratio {results.cpu(at_20, 'tuned') / results.cpu(at_20, 'liaison'):.2f}")


if __name__ == "__main__":
    asyncio.run(main())
