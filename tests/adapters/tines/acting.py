"""Carrying writes in tests as the effect log would: step by step, a start's run handed on."""

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from adapters.models import Person, Run, RunbookKey, RunKey
from adapters.tines.adapter import Tines
from adapters.writes import Baseline, StartRun, Write, WriteMarker, WriteResult
from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.subject import a_case
from tests.adapters.tines.world import FakeCase

ANA = Person(name="Ana Reis", email="ana@example.com")
BEN = Person(name="Ben Okoro", email="ben@example.com")
STRANGER = Person(name="Zoe", email="zoe@elsewhere.example.com")
AT = datetime(2026, 7, 18, 14, 3, tzinfo=UTC)
KNOWN = Baseline(sent_at=AT)
_numbers = itertools.count(1)


def a_mark(who: str = "Ana via Slack") -> WriteMarker:
    number = next(_numbers)
    return WriteMarker(code=f"7K{number:03}", who=who, at=AT + timedelta(seconds=number))


def start(fake: TinesFake, options: Mapping[str, str] | None = None, **what: object) -> StartRun:
    runbook = RunbookKey(platform="tines", id=str(fake.template.id))
    base = StartRun(by=ANA, runbook=runbook, title="R9 Primary down", handle="R9", options=options or {})
    return base.model_copy(update=what)


async def execute(tines: Tines, write: Write, run: Run | None = None) -> list[WriteResult]:
    """Raises what the first step that fails raises."""
    told: list[WriteResult] = []
    made = write.run
    for step in tines.steps(write, run):
        here = step if step.run or made is None else step.model_copy(update={"run": made})
        told.append(await tines.execute(here, a_mark()))
        made = told[-1].run or made
    return told


def an_open_case(fake: TinesFake) -> FakeCase:
    """With the template's tasks; nothing of it is in the effects."""
    return fake.world.cases[a_case(fake)]


def key(case: FakeCase) -> RunKey:
    return RunKey(platform="tines", id=str(case.id))


def said(case: FakeCase) -> list[str]:
    """The comments of a case, oldest first."""
    return [comment.value for comment in case.comments]


def done(fake: TinesFake) -> list[str]:
    return [what for what, _ in fake.world.effects]
