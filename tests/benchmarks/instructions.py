"""How many instructions one command takes: the process runs under valgrind's callgrind, which counts them."""

import asyncio
import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.benchmarks.contenders import Contender
from tests.benchmarks.loads import Load, Typist

WARM_UP, COUNTED = Load("warm-up", 8, 0.5), Load("counted", 16, 0.5)

_TOTAL = re.compile(r"^(?:summary|totals): (\d+)", re.MULTILINE)


async def instructions_per_command(start: Callable[[Sequence[str]], Contender]) -> float:
    """In millions. ``start`` makes a contender whose process is run by the given words."""
    with tempfile.TemporaryDirectory() as folder:
        wrapper = (
            *("valgrind", "--tool=callgrind", "--instr-atstart=no", "--quiet"),
            f"--callgrind-out-file={folder}/out.%p",
        )
        contender = start(wrapper)
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
