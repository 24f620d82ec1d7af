"""How many instructions one command takes: the process runs under valgrind's callgrind, which counts them.

That takes fifty times as long, so there are few runs, and few commands a second. All that a command causes is
counted. What the process does anyway, such as polling, is counted afterwards and subtracted.
"""

import asyncio
import re
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from tests.benchmarks.contenders import Contender
from tests.benchmarks.loads import Load, Typist
from tests.benchmarks.world import BenchmarkWorld

FEW_RUNS = 8
IDLE_SECONDS = 40.0
WARM_UP, COUNTED = Load("warm-up", 32, 1), Load("counted", 40, 0.5)

_TOTAL = re.compile(r"^(?:summary|totals): (\d+)", re.MULTILINE)


class NewContender(Protocol):
    """Its process is run by the words of ``wrapper``."""

    def __call__(self, world: BenchmarkWorld, *, wrapper: Sequence[str]) -> Contender: ...


async def instructions_per_command(new_contender: NewContender) -> float:
    """In millions."""
    with tempfile.TemporaryDirectory() as folder:
        wrapper = (
            *("valgrind", "--tool=callgrind", "--instr-atstart=no", "--quiet"),
            f"--callgrind-out-file={folder}/out.%p",
        )
        async with BenchmarkWorld(runs=FEW_RUNS) as world:
            contender = new_contender(world, wrapper=wrapper)
            await contender.start()
            try:
                typist = Typist(contender)
                await typist.put_under(WARM_UP)
                await _control("--instr=on", contender.pid)
                await _control("--zero", contender.pid)
                began_at = time.perf_counter()
                await typist.put_under(COUNTED)
                seconds = time.perf_counter() - began_at
                await _control("--dump", contender.pid)
                counted = _counted(Path(folder), 1)
                await asyncio.sleep(IDLE_SECONDS)
                await _control("--dump", contender.pid)
                idle = _counted(Path(folder), 2) * seconds / IDLE_SECONDS
            finally:
                await contender.stop()
        return (counted - idle) / COUNTED.commands / 1e6


def _counted(folder: Path, dump: int) -> int:
    """Since the dump before it."""
    (file,) = folder.glob(f"out.*.{dump}")
    found = _TOTAL.search(file.read_text())
    assert found is not None, f"{file} has no total"
    return int(found[1])


async def _control(option: str, pid: int) -> None:
    process = await asyncio.create_subprocess_exec(
        "callgrind_control", option, str(pid), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    assert await process.wait() == 0, f"callgrind_control {option} failed"
