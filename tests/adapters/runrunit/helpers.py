"""Builds and executes writes in tests, step by step as the effect log does."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from adapters.models import Person, RunbookKey, RunKey
from adapters.results import Baseline, WriteResult
from adapters.runrunit.adapter import Runrunit
from adapters.writes import (
    BeginTask,
    FinishTask,
    HoldTask,
    SetStatus,
    SkipTask,
    StartRun,
    TaskWrite,
    Write,
    WriteMarker,
)
from tests.adapters.runrunit.fake import RunrunitFake
from tests.adapters.runrunit.world import FakeTask

ANA = Person(id="U1", name="Ana", email="ANA@example.com")
BEN = Person(id="U2", name="Ben", email="ben@example.com")
EVE = Person(id="ana-reis", name="Ana Reis", handle="ana-reis")  # no email: anybody can choose this name
MARKER = WriteMarker(code="7K2F", who="Ana via Slack", at=datetime.now(UTC))
BASELINE = Baseline(sent_at=MARKER.at)


def run_key(run: FakeTask) -> RunKey:
    return RunKey(platform="runrunit", id=str(run.id))


def start(id: int, title: str = "R9 Primary down", **fields: Any) -> StartRun:
    runbook = RunbookKey(platform="runrunit", id=str(id))
    return StartRun(by=ANA, runbook=runbook, title=title, handle=title.split()[0], **fields)


def finish(run: FakeTask, task: FakeTask, note: str = "", by: Person = ANA, **options: str) -> FinishTask:
    return FinishTask(run=run_key(run), by=by, task=str(task.id), note=note, options=options)


def begin(run: FakeTask, task: FakeTask, by: Person = ANA) -> BeginTask:
    return BeginTask(run=run_key(run), by=by, task=str(task.id))


def skip(run: FakeTask, task: FakeTask, reason: str = "") -> SkipTask:
    return SkipTask(run=run_key(run), by=ANA, task=str(task.id), reason=reason)


def hold(run: FakeTask, task: FakeTask, by: Person = ANA) -> HoldTask:
    return HoldTask(run=run_key(run), by=by, task=str(task.id), reason="waiting for the vendor")


def status(run: FakeTask, text: str, **fields: Any) -> SetStatus:
    return SetStatus(run=run_key(run), by=ANA, text=text, **fields)


async def execute(runrunit: Runrunit, write: Write) -> list[WriteResult]:
    """Executes all steps. Raises the error of the first step that fails."""
    return [await runrunit.execute(step, MARKER) for step in runrunit.steps(write, None)]


def message_keys(results: list[WriteResult]) -> list[str]:
    """The keys of the messages added to the receipt, without their prefix."""
    return [result.message.removeprefix("runrunit.") for result in results if result.message]


def with_options(write: TaskWrite, options: Mapping[str, Any]) -> TaskWrite:
    """The write with the options of a button ("part=mine")."""
    chosen = dict(option.split("=", 1) for values in options.values() for option in values)
    return write.model_copy(update={"options": chosen})


def sent_writes(fake: RunrunitFake) -> list[str]:
    """The paths of all write requests so far, without the API's address."""
    return [seen.path.removeprefix("/api/v1.0") for seen in fake.seen if seen.method != "GET"]
