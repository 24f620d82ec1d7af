"""What a command costs: Liaison's ``finish`` beside the same command of other bots.

``python -m tests.benchmarks.commands [--rounds N] [--plain] [--bots NAMES] [--instructions]``. In each round every
bot is started anew and put under each load, one bot after the other, first over http and then over https; the
table shows medians and, behind ±, half of the range. The last line is how many times as much CPU Liaison takes at
20 commands a second as the tuned bot, as ``ratio`` = tuned ÷ Liaison.
"""

import argparse
import asyncio
import shutil
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.benchmarks.contenders import BoltBot, Contender, DidNotStartError, LiaisonBot
from tests.benchmarks.instructions import instructions_per_command
from tests.benchmarks.loads import LOADS, Load, Sample, Typist, resident_mb
from tests.benchmarks.other_bots import NOT_OVER_TLS, OTHER_BOTS, installed
from tests.benchmarks.world import LATENCY, RUNS, BenchmarkWorld
from tests.postgresql import PostgresServer, own_server

ON_POSTGRESQL = "liaison-pg"
"""Liaison with its database on PostgreSQL. The server's own CPU time is not counted."""
NAMES = ("bare", "tuned", "liaison", ON_POSTGRESQL)


@dataclass(frozen=True)
class Contenders:
    """``folder``: for their files. ``server``: where Liaison's databases are made."""

    folder: Path
    server: PostgresServer

    def new(self, name: str, world: BenchmarkWorld, wrapper: Sequence[str] = ()) -> Contender:
        if name not in ("liaison", ON_POSTGRESQL):
            return OTHER_BOTS.get(name, BoltBot)(name, world, wrapper)
        url = self.server.create_database() if name == ON_POSTGRESQL else ""
        return LiaisonBot(name, world, Path(tempfile.mkdtemp(dir=self.folder)), wrapper, database_url=url)


class Results:
    """By transport ("" or "TLS"), load and bot. ``missing``: bot -> why it has no figures."""

    def __init__(self) -> None:
        self.samples: dict[tuple[str, str, str], list[Sample]] = defaultdict(list)
        self.ready: dict[str, list[float]] = defaultdict(list)
        self.memory: dict[str, list[float]] = defaultdict(list)
        self.missing: dict[str, str] = {}
        self.missing_over_tls: dict[str, str] = {}

    def cpu(self, load: Load, name: str, transport: str = "") -> float:
        return statistics.median(sample.cpu for sample in self.samples[transport, load.name, name])


async def run_round(
    world: BenchmarkWorld, transport: str, names: Iterable[str], contenders: Contenders, results: Results
) -> None:
    for name in names:
        if name in results.missing:
            continue
        if transport and name in NOT_OVER_TLS:
            results.missing_over_tls[name] = NOT_OVER_TLS[name]
            continue
        bot = contenders.new(name, world)
        try:
            await bot.start()
            typist = Typist(bot)
            for load in LOADS:
                results.samples[transport, load.name, name].append(await typist.put_under(load))
            if not transport:
                results.ready[name].append(bot.ready_after)
                results.memory[name].append(resident_mb(bot.pid))
        except (DidNotStartError, TimeoutError) as error:
            if name not in OTHER_BOTS:
                raise
            results.missing[name] = str(error) or "it did not start, or did not answer, in time"
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
        f"{'load':17} {'bot':10} {'CPU ms/command':>15} {'commands/s':>15} {'requests':>9}"
        f" {'ack p50 p99 ms':>15} {'answer':>13} {'card':>13}"
    )
    for (transport, load, name), samples in sorted(results.samples.items(), key=_place):
        print(
            f"{f'{load} {transport}':17} {name:10} {_spread(sample.cpu for sample in samples):>15}"
            f" {_spread(sample.rate for sample in samples):>15}"
            f" {statistics.median(sample.requests for sample in samples):9.2f}"
            f" {_percentiles(samples, lambda sample: sample.acks):>15}"
            f" {_percentiles(samples, lambda sample: sample.answers)}"
            f" {_percentiles(samples, lambda sample: sample.cards)}"
        )
    for name, ready in results.ready.items():
        print(f"{name:10} start to ready {_spread(ready)} s, {_spread(results.memory[name])} MB after the load")
    for name, why in results.missing.items():
        print(f"{name:10} no figures: {why}")
    for name, why in results.missing_over_tls.items():
        print(f"{name:10} no figures over TLS: {why}")


def _place(row: tuple[tuple[str, str, str], list[Sample]]) -> tuple[str, int]:
    """Its place in the table: by transport and load, then as measured."""
    transport, load, _ = row[0]
    return transport, [known.name for known in LOADS].index(load)


async def print_instructions(contenders: Contenders) -> None:
    assert shutil.which("valgrind"), "--instructions needs valgrind (Debian's valgrind package)"
    for name in NAMES:
        counted = await instructions_per_command(partial(contenders.new, name))
        print(f"{name:10} {counted:.1f} M instructions a command")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="What a command costs")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--plain", action="store_true", help="only http, not https too")
    parser.add_argument("--bots", default=",".join((*NAMES, *OTHER_BOTS)), help="only these, comma-separated")
    parser.add_argument("--instructions", action="store_true", help="count instructions, with valgrind")
    return parser.parse_args()


async def main() -> None:
    options = _options()
    results, names = Results(), options.bots.split(",")
    for name in set(names) & set(OTHER_BOTS) - set(installed()):
        results.missing[name] = "it is not installed; make bench-peers installs it"
    print(f"{RUNS} runs; platform and chat answer in {LATENCY * 1000:.0f} ms")
    with tempfile.TemporaryDirectory() as folder, own_server(durable=True) as server:
        contenders = Contenders(Path(folder), server)
        for _ in range(options.rounds):
            for transport in ("",) if options.plain else ("", "TLS"):
                async with BenchmarkWorld(tls=bool(transport)) as world:
                    await run_round(world, transport, names, contenders, results)
        print_results(results)
        if options.instructions:
            await print_instructions(contenders)
    if not {"liaison", "tuned"} <= set(names):
        return
    for load in LOADS:
        print(
            f"{load.name}: Liaison takes {results.cpu(load, 'liaison') / results.cpu(load, 'tuned'):.1f} × tuned"
        )
        if ON_POSTGRESQL in names:
            times = results.cpu(load, ON_POSTGRESQL) / results.cpu(load, "liaison")
            print(f"{load.name}: Liaison takes {times:.1f} × as much on PostgreSQL as on SQLite")
    at_20 = LOADS[-1]
    print(f"ratio {results.cpu(at_20, 'tuned') / results.cpu(at_20, 'liaison'):.2f}")


if __name__ == "__main__":
    asyncio.run(main())
