"""Carrying writes in tests as the effect log would: step by step, until one raises."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from adapters.models import Person, RunbookKey, RunKey
from adapters.runrunit.adapter import Runrunit
from adapters.writes import (
    Baseline,
    BeginTask,
    FinishTask,
    HoldTask,
    SetStatus,
    SkipTask,
    StartRun,
    TaskWrite,
    Write,
    WriteMarker,
    WriteResult,
)
from tests.adapters.runrunit.fake import RunrunitFake
from tests.adapters.runrunit.world import FakeTask

ANA = Person(id="U1", name="Ana", email="ANA@example.com")
BEN = Person(id="U2", name="Ben", email="ben@example.com")
EVE = Person(id="ana-reis", name="Ana Reis", handle="ana-reis")  # no e-mail: anybody may call themselves so
MARK = WriteMarker(code="7K2F", who="Ana via Slack", at=datetime.now(UTC))
KNOWN = Baseline(sent_at=MARK.at)


def key(run: FakeTask) -> RunKey:
    return RunKey(platform="runrunit", id=str(run.id))


def start(id: int, title: str = "R9 Primary down", **more: Any) -> StartRun:
    runbook = RunbookKey(platform="runrunit", id=str(id))
    return StartRun(by=ANA, runbook=runbook, title=title, handle=title.split()[0], **more)


def finish(run: FakeTask, task: FakeTask, note: str = "", by: Person = ANA, **options: str) -> FinishTask:
    return FinishTask(run=key(run), by=by, task=str(task.id), note=note, options=options)


def begin(run: FakeTask, task: FakeTask, by: Person = ANA) -> BeginTask:
    return BeginTask(run=key(run), by=by, task=str(task.id))


def skip(run: FakeTask, task: FakeTask, reason: str = "") -> SkipTask:
    return SkipTask(run=key(run), by=ANA, task=str(task.id), reason=reason)


def hold(run: FakeTask, task: FakeTask, by: Person = ANA) -> HoldTask:
    return HoldTask(run=key(run), by=by, task=str(task.id), reason="waiting for the vendor")


def status(run: FakeTask, text: str, **more: Any) -> SetStatus:
    return SetStatus(run=key(run), by=ANA, text=text, **more)


async def execute(runrunit: Runrunit, write: Write) -> list[WriteResult]:
    """Raises what the first step that fails raises."""
    return [await runrunit.execute(step, MARK) for step in runrunit.steps(write, None)]


def said(told: list[WriteResult]) -> list[str]:
    """The keys of what is added to the receipt."""
    return [one.message.removeprefix("runrunit.") for one in told if one.message]


def again(write: TaskWrite, options: Mapping[str, Any]) -> TaskWrite:
    """The write after a button passed it these options ("part=mine")."""
    given = dict(option.split("=", 1) for values in options.values() for option in values)
    return write.model_copy(update={"options": given})


def writes(fake: RunrunitFake) -> list[str]:
    """What was asked to be changed, without the API's address."""
    return [seen.path.removeprefix("/api/v1.0") for seen in fake.seen if seen.method != "GET"]
