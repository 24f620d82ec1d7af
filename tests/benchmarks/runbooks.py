"""How long reading a Markdown runbook takes: at 64 KB, and at twice and four times that, which is the cap.

``python -m tests.benchmarks.runbooks`` prints CPU milliseconds, the best of five. It is part of ``make bench``.
"""

import gc
import time

from adapters.local.folder import MAX_FILE_SIZE
from adapters.local.markdown import parse

STEP = """{n}. Look at the replication of shard {n} and write down how far it is behind the primary

   Ask both replicas, because one of them may be cut off. **Don't go on** while either is over a minute behind:
   the [page about lag](https://wiki.example.org/lag) says what to do then, and whom to call if it doesn't help.

   ```sh
   psql -h db-{n}.internal -U postgres -c "select now() - pg_last_xact_replay_timestamp() as lag"
   psql -h db-{n}.internal -U postgres -c "select pg_is_in_recovery(), count(*) from pg_stat_activity"
   ```

"""
SECTION = "## Shards from {n}\n\nThese are read by the shop. Tell the people on call there before you begin.\n\n"


def runbook(size: int) -> str:
    """About ``size`` characters, in sections of ten steps."""
    steps = range(1, size // len(STEP) + 1)
    text = [(SECTION.format(n=n) if n % 10 == 1 else "") + STEP.format(n=n) for n in steps]
    return "".join(["# Fail over\n\n", *text])[:size]


def milliseconds(text: str) -> float:
    def measure() -> float:
        began = time.process_time()
        parse(text, "x")
        return (time.process_time() - began) * 1000

    gc.disable()  # as when the adapter reads a large file
    try:
        return min(measure() for _ in range(5))
    finally:
        gc.enable()


def main() -> None:
    quarter = MAX_FILE_SIZE // 4
    times = {factor: milliseconds(runbook(quarter * factor)) for factor in (1, 2, 4)}
    for factor, taken in times.items():
        print(f"{factor} x {quarter // 1024} KB: {taken:.0f} ms")
    print(f"ratio of 4 x to 1 x: {times[4] / times[1]:.2f}")


if __name__ == "__main__":
    main()
