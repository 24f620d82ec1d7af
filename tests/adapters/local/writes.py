"""Writes, for the tests of the local platform."""

import itertools
from datetime import UTC, datetime, timedelta

from adapters.local.adapter import LocalAdapter
from adapters.models import Person, Run, RunbookKey, Task
from adapters.results import WriteResult
from adapters.writes import StartRun, Write, WriteMarker

ANA = Person(id="U1", name="Ana", handle="ana")
BEN = Person(id="U2", name="Ben", handle="ben")
_numbers = itertools.count(1)


class Clock:
    """Aware UTC; moved by the test."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 4, 14, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


def new_marker(who: str = "Ana via Slack") -> WriteMarker:
    """A new one for each write, as every message has its own."""
    number = next(_numbers)
    return WriteMarker(
        code=f"M{number:03}", who=who, at=datetime(2026, 3, 4, tzinfo=UTC) + timedelta(seconds=number)
    )


def start_write(runbook: str = "failover.md", *, handle: str = "R9", **more: object) -> StartRun:
    key = RunbookKey(platform="local", id=runbook)
    said = {"by": ANA, "runbook": key, "title": f"{handle} Primary down", "handle": handle, **more}
    return StartRun.model_validate(said)


async def start_run(
    local: LocalAdapter, runbook: str = "failover.md", *, handle: str = "R9", **more: object
) -> Run:
    result = await local.execute(start_write(runbook, handle=handle, **more), new_marker())
    assert result.run is not None
    return await local.read(result.run.id)


async def execute_all(local: LocalAdapter, *writes: Write) -> WriteResult:
    """The result of the last one. Each is a message of its own."""
    for write in writes:
        (step,) = local.steps(write, None)
        result = await local.execute(step, new_marker())
    return result


def only_task(result: WriteResult) -> Task:
    (task,) = result.tasks
    return task
