"""How many instructions one command takes: the process runs under valgrind's callgrind, which counts them.

That takes fifty times as long, so there are few runs, and few commands a second. All that a command causes is
counted, and so is what the process does anyway in that time.
"""

import asyncio
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from tests.benchmarks.contenders import Contender
from tests.benchmarks.loads import Load, Typist
from tests.benchmarks.world import BenchmarkWorld

FEW_RUNS = 8
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
                await typist.put_under(COUNTED)
                await _control("--dump", contender.pid)
            finally:
                await contender.stop()
        return max(_counted(Path(folder))) / COUNTED.commands / 1e6


def _counted(folder: Path) -> list[int]:
    return [int(found[1]) for file in folder.iterdir() for found in _TOTAL.finditer(file.read_text())]


async def _control(option: str, pid: int) -> None:
    process = await asyncio.create_subprocess_exec(
        "callgrind_control", option, str(pid), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    assert await process.wait() == 0, f"callgrind_control {option} failed"
