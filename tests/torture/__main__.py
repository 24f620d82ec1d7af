"""``python -m tests.torture``: everything goes wrong at random, and afterwards everything has to be right.

The seed is printed first. The same seed, seconds and rate make the same plan again.
"""

import argparse
import asyncio
import logging
import random
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.postgresql import own_server
from tests.torture.plan import make_plan
from tests.torture.run import run_plan
from tests.torture.world import LANES, Deployment


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--hours", type=float, default=0, help="round after round, each with the next seed")
    parser.add_argument("--rate", type=float, default=15, help="commands a second")
    parser.add_argument("--every", type=float, default=3, help="seconds between two faults")
    parser.add_argument("--processes", type=int, default=1, help="on a PostgreSQL server of their own, if several")
    parser.add_argument("--postgresql", action="store_true", help="also with one process")
    options = parser.parse_args()
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # what a fake raises when Liaison dies
    end = time.monotonic() + options.hours * 3600
    failed = []
    for seed in range(options.seed, sys.maxsize):
        if not _run(seed, options):
            failed.append(seed)
        if time.monotonic() >= end:
            break
    if options.hours:
        print(f"{seed - options.seed + 1} rounds; failed seeds: {failed or 'none'}")
    return 1 if failed else 0


def _run(seed: int, options: argparse.Namespace) -> bool:
    print(f"seed {seed}, {options.seconds:g} s, {options.rate:g} commands a second", flush=True)
    platforms = [platform for platform, _ in LANES]
    on_postgresql = options.postgresql or options.processes > 1
    plan = make_plan(
        seed, options.seconds, platforms, rate=options.rate, every=options.every, postgresql=on_postgresql
    )
    folder = Path(tempfile.mkdtemp(prefix="liaison-torture-"))
    with ExitStack() as stack:
        server = stack.enter_context(own_server()) if on_postgresql else None
        report = asyncio.run(run_plan(plan, folder, Deployment(options.processes, server)))
    print(report, flush=True)
    if report.problems:
        again = f"--seed {seed} --seconds {options.seconds:g} --rate {options.rate:g} --every {options.every:g}"
        again += f" --processes {options.processes}" + " --postgresql" * options.postgresql
        print(f"{len(report.problems)} problems. The log and database are in {folder}.")
        print(f'Again: make torture TORTURE="{again}"', flush=True)
    else:
        shutil.rmtree(folder)
    return not report.problems


if __name__ == "__main__":
    sys.exit(main())
