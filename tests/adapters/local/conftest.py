from pathlib import Path

import pytest

from adapters.local.adapter import LocalAdapter
from tests.adapters.local.harness import FAILOVER, local_adapter
from tests.adapters.local.store import MemoryRuns
from tests.adapters.local.writes import Clock


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
    return local_adapter(folder, runs, now=clock)
