"""A large or hostile runbook file is refused or parsed in linear time, and never holds up the event loop."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.http.client import HttpClients
from adapters.local import PLATFORM, LocalSettings
from adapters.local.folder import MAX_FILE_SIZE
from adapters.local.markdown import parse
from adapters.protocol import Resources
from tests.adapters.local.store import MemoryRuns
from tests.commands.room import NOW
from tests.loop_lag import MAX_LAG_SECONDS, measure_lag


def lines(size: int, line: Callable[[int], str]) -> str:
    """About ``size`` characters of a runbook."""
    text = ["# Failover\n\n"]
    while len(text) * len(text[-1]) < size:
        text.append(line(len(text)))
    return "".join(text)[:size]


LINES: dict[str, Callable[[int], str]] = {
    "misspelt": lambda n: f"- [ ] Task number {n} (after: Tsk nubmer {n - 1})\n",
    "long and misspelt": lambda n: f"- [ ] {'task abc ' * 20}{n} (after: {'tsk abc ' * 20}{n})\n",
    "one title": lambda n: "- [ ] a (after: a)\n",
    "lists of titles": lambda n: f"- [ ] b{n} (after: {', '.join(f'x{k}' for k in range(300))})\n",
    "titles with commas": lambda n: f"- [ ] {'a, ' * 60}{n} (after: {'a, ' * 63}a)\n",
    "nested": lambda n: "  " * min(n, 40) + f"- [ ] a{n}\n",
    "headings": lambda n: "# a\n- [ ] b\n",
}


@pytest.mark.parametrize("name", LINES)
def test_the_time_to_parse_is_linear(name: str) -> None:
    def seconds(size: int) -> float:
        text = lines(size, LINES[name])
        began = time.process_time()
        parse(text, "x")
        return time.process_time() - began

    small = min(seconds(MAX_FILE_SIZE // 8) for _ in range(2))
    assert seconds(MAX_FILE_SIZE) < max(small, 0.05) * 8 * 3


@pytest.mark.parametrize("name", LINES)
async def test_parsing_a_large_file_does_not_hold_up_the_event_loop(tmp_path: Path, name: str) -> None:
    (tmp_path / "large.md").write_text(lines(MAX_FILE_SIZE, LINES[name]))

    async def list_runbooks() -> None:
        resources = Resources(HttpClients(), lambda: NOW, MemoryRuns())
        await PLATFORM.connect("local", LocalSettings(path=tmp_path), resources).runbooks("")

    assert await measure_lag(list_runbooks) < MAX_LAG_SECONDS
