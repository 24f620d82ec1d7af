"""The local platform for the contract suite: a folder with the suite's runbook, and a store in memory."""

import itertools
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from adapters.http.client import HttpClients
from adapters.local import PLATFORM, LocalSettings
from adapters.local.adapter import LocalAdapter
from adapters.local.wire import Document
from adapters.models import Person, Run, RunbookKey, RunState, TaskState
from adapters.protocol import Adapter, Resources
from adapters.testing.fake_server import Fake
from adapters.testing.harness import RUNBOOK, ForeignChange, Harness
from adapters.writes import Op, StartRun, WriteMarker
from tests.adapters.local.store import MemoryRuns

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
    folder: Path,
    runs: MemoryRuns,
    *,
    name: str = "local",
    now: Callable[[], datetime] = utc_now,
    more: tuple[Path, ...] = (),
) -> LocalAdapter:
    settings = LocalSettings(path=folder, paths=more)
    return LocalAdapter(name, settings, Resources(http=HttpClients(), now=now, local_runs=runs))


class PlatformHarness(Harness):
    platform = PLATFORM
    has_network = False

    def __init__(self, folder: Path) -> None:
        self.fake = None
        self.runs = MemoryRuns()
        self._folder = folder
        self._numbers: Iterator[int] = itertools.count(1)
        (folder / "failover.md").write_text(FAILOVER)
        self.adapter = self.connect()

    @classmethod
    def new_fake(cls) -> Fake:
        raise NotImplementedError("local runs have no network")

    @classmethod
    @asynccontextmanager
    async def open(cls, timeout: float = 10.0) -> AsyncIterator[Self]:
        with tempfile.TemporaryDirectory() as folder:
            yield cls(Path(folder))

    def connect(self) -> Adapter:
        return local_adapter(self._folder, self.runs)

    async def new_run(self) -> Run:
        number = next(self._numbers)
        start = StartRun(
            by=ANA,
            runbook=RunbookKey(platform="local", id="failover.md"),
            title=f"R{number} Primary down",
            handle=f"R{number}",
        )
        marker = WriteMarker(code=f"S{number:03}", who="Ana via tests", at=utc_now())
        result = await self.adapter.execute(start, marker)
        assert result.run is not None
        return await self.adapter.read(result.run.id)

    def effects(self, op: Op) -> int:
        documents = [Document.model_validate_json(text) for text in self.runs.documents.values()]
        steps = [applied.step for document in documents for applied in document.applied]
        return sum(step.split(":")[0] == op.value for step in steps)

    def write_request(self, op: Op) -> tuple[str, str]:
        raise NotImplementedError("local runs have no network")

    def insert_task(self, run: str) -> None:
        raise NotImplementedError("local runs have no network")

    def change_there(self, run: str, task: str, change: ForeignChange) -> bool:
        document = Document.model_validate_json(self.runs.documents[run])
        now, item = utc_now(), document.task(task) or document.tasks[0]
        finished = {"finished_at": now, "finished_by": "Ben via Slack"}
        changes: dict[ForeignChange, dict[str, object]] = {
            ForeignChange.FINISHED: {"state": TaskState.DONE, **finished},
            ForeignChange.SKIPPED: {"state": TaskState.SKIPPED, **finished},
            ForeignChange.HELD: {"state": TaskState.HELD, "reason": "waiting for Ben"},
            ForeignChange.BEGUN: {"state": TaskState.RUNNING, "started_at": now, "started_by": "Ben via Slack"},
            ForeignChange.ASSIGNED: {"assignees": (Person(id="U9", name="Cleo"),)},
        }
        if change is ForeignChange.RUN_ENDED:
            ended = {"state": RunState.FINISHED, "ended_at": now, "ended_by": "Ben via Slack"}
            document = document.model_copy(update=ended)
        elif change in changes:
            document = document.with_task(item.model_copy(update=changes[change]))
        else:
            return False
        self.runs.documents[run] = document.model_dump_json()
        return True
