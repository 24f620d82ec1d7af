"""``python -m tests.torture``: everything goes wrong at random, and afterwards everything has to be right.

The seed is printed first. The same seed, seconds and rate make the same plan again.
"""

import argparse
import asyncio
import logging
import random
import sys
import tempfile
from pathlib import Path

from tests.torture.plan import make_plan
from tests.torture.run import run_plan
from tests.torture.world import LANES, Deployment


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--hours", type=float, default=0, help="instead of --seconds")
    parser.add_argument("--rate", type=float, default=15, help="commands a second")
    parser.add_argument("--every", type=float, default=3, help="seconds between two faults")
    parser.add_argument("--processes", type=int, default=1, help="more than one needs PostgreSQL")
    parser.add_argument("--database-url", default="", help="instead of a new SQLite file")
    options = parser.parse_args()
    seconds = options.hours * 3600 or options.seconds
    print(f"seed {options.seed}, {seconds:g} s, {options.rate:g} commands a second", flush=True)
    plan = make_plan(
        options.seed, seconds, [platform for platform, _ in LANES], rate=options.rate, every=options.every
    )
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # what a fake raises when Liaison dies
    folder = Path(tempfile.mkdtemp(prefix="liaison-torture-"))
    deployment = Deployment(options.processes, options.database_url)
    report = asyncio.run(run_plan(plan, folder, deployment))
    print(report)
    if report.problems:
        again = f"--seed {options.seed} --seconds {seconds:g} --rate {options.rate:g} --every {options.every:g}"
        print(f"{len(report.problems)} problems. The log and database are in {folder}.")
        print(f'Again: make torture TORTURE="{again}"')
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
