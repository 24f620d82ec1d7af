"""Short ways to say who writes what, for the tests of the local platform."""

import itertools
from datetime import UTC, datetime, timedelta

from adapters.local import LocalAdapter
from adapters.models import Person, Run, RunbookKey, Task
from adapters.writes import StartRun, Write, WriteMarker, WriteResult

ANA = Person(id="U1", name="Ana", handle="ana")
BEN = Person(id="U2", name="Ben", handle="ben")
_numbers = itertools.count(1)


class Clock:
    """Aware UTC; moved by the test."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 4, 14, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


def mark(who: str = "Ana via Slack") -> WriteMarker:
    """A fresh one, as every message has its own."""
    number = next(_numbers)
    return WriteMarker(
        code=f"M{number:03}", who=who, at=datetime(2026, 3, 4, tzinfo=UTC) + timedelta(seconds=number)
    )


def a_start(runbook: str = "failover.md", *, handle: str = "R9", **more: object) -> StartRun:
    key = RunbookKey(platform="local", id=runbook)
    said = {"by": ANA, "runbook": key, "title": f"{handle} Primary down", "handle": handle, **more}
    return StartRun.model_validate(said)


async def started(local: LocalAdapter, runbook: str = "failover.md", *, handle: str = "R9", **more: object) -> Run:
    told = await local.execute(a_start(runbook, handle=handle, **more), mark())
    assert told.run is not None
    return await local.read(told.run.id)


async def carried(local: LocalAdapter, *writes: Write) -> WriteResult:
    """The answer to the last one; each as a message of its own."""
    for write in writes:
        (step,) = local.steps(write, None)
        told = await local.execute(step, mark())
    return told


def only(told: WriteResult) -> Task:
    (task,) = told.tasks
    return task
