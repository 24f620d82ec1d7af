from pathlib import Path

import pytest

from adapters.local import LocalAdapter
from tests.adapters.local.acting import Clock
from tests.adapters.local.store import MemoryRuns
from tests.adapters.local.subject import FAILOVER, adapter_over


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "runbooks"
    made.mkdir()
    (made / "failover.md").write_text(FAILOVER)
    return made


@pytest.fixture
def runs() -> MemoryRuns:
    return MemoryRuns()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def local(folder: Path, runs: MemoryRuns, clock: Clock) -> LocalAdapter:
    return adapter_over(folder, runs, now=clock)
