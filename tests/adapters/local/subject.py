"""The local platform for the contract suite: a folder with the suite's runbook, and a store in memory."""

import itertools
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from adapters.http.client import HttpClients
from adapters.local import LocalSettings
from adapters.local.adapter import LocalAdapter
from adapters.local.wire import Document
from adapters.models import Person, Run, RunbookKey
from adapters.protocol import Resources
from adapters.writes import Op, StartRun, WriteMarker
from tests.adapters.local.store import MemoryRuns
from tests.contract.subject import RUNBOOK
from tests.fakes.serving import Fake

FAILOVER = f"""# {RUNBOOK}

The primary is gone: make the replica the primary.

## Triage
- [ ] Confirm the primary is down
  Ask from two zones.

  ```sh
  pg_isready -h db-1
  ```
- [ ] Page the DBA

## Fail over
- [ ] Promote the replica (after: Confirm the primary is down; Page the DBA)
- [ ] Repoint the app (after: Promote the replica)
"""
ANA = Person(id="U1", name="Ana", handle="ana")


def utc_now() -> datetime:
    return datetime.now(UTC)


def local_adapter(
    folder: Path, runs: MemoryRuns, *, name: str = "local", now: Callable[[], datetime] = utc_now
) -> LocalAdapter:
    return LocalAdapter(name, LocalSettings(path=folder), Resources(http=HttpClients(), now=now, local_runs=runs))


class LocalSubject:
    def __init__(self, folder: Path) -> None:
        (folder / "failover.md").write_text(FAILOVER)
        self.runs = MemoryRuns()
        self.adapter = local_adapter(folder, self.runs)
        self._codes: Iterator[int] = itertools.count(1)

    @property
    def fake(self) -> Fake | None:
        return None

    async def a_run(self) -> Run:
        number = next(self._codes)
        start = StartRun(
            by=ANA,
            runbook=RunbookKey(platform="local", id="failover.md"),
            title=f"R{number} Primary down",
            handle=f"R{number}",
        )
        result = await self.adapter.execute(
            start, WriteMarker(code=f"S{number:03}", who="Ana via tests", at=utc_now())
        )
        assert result.run is not None
        return await self.adapter.read(result.run.id)

    def effects(self, op: Op) -> int:
        documents = [Document.model_validate_json(text) for text in self.runs.documents.values()]
        steps = [held.step for document in documents for held in document.applied]
        return sum(step.split(":")[0] == op.value for step in steps)

    def write_paths(self, op: Op) -> tuple[str, str]:
        """No requests are made; there is nothing to aim at."""
        return ("", "")


@asynccontextmanager
async def make(timeout: float = 10.0) -> AsyncIterator[LocalSubject]:
    with tempfile.TemporaryDirectory() as folder:
        yield LocalSubject(Path(folder))
