"""Test helpers: execute writes step by step, as the effect log does."""

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from adapters.models import Person, Run, RunbookKey, RunKey
from adapters.results import Baseline, WriteResult
from adapters.tines.adapter import Tines
from adapters.writes import StartRun, Write, WriteMarker
from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.harness import add_case_from_template
from tests.adapters.tines.world import FakeCase

ANA = Person(name="Ana Reis", email="ana@example.com")
BEN = Person(name="Ben Okoro", email="ben@example.com")
STRANGER = Person(name="Zoe", email="zoe@elsewhere.example.com")
AT = datetime(2026, 7, 18, 14, 3, tzinfo=UTC)
BASELINE = Baseline(sent_at=AT)
_numbers = itertools.count(1)


def make_marker(who: str = "Ana via Slack") -> WriteMarker:
    number = next(_numbers)
    return WriteMarker(code=f"7K{number:03}", who=who, at=AT + timedelta(seconds=number))


def build_start(fake: TinesFake, options: Mapping[str, str] | None = None, **changes: object) -> StartRun:
    runbook = RunbookKey(platform="tines", id=str(fake.template.id))
    start = StartRun(by=ANA, runbook=runbook, title="R9 Primary down", handle="R9", options=options or {})
    return start.model_copy(update=changes)


async def execute_steps(tines: Tines, write: Write, run: Run | None = None) -> list[WriteResult]:
    """Ends after a step that somebody else was faster with. Raises the error of the first step that fails."""
    results: list[WriteResult] = []
    run_key, marker = write.run, make_marker()
    for step in tines.steps(write, run):
        if step.run is None and run_key is not None:
            step = step.model_copy(update={"run": run_key})
        results.append(await tines.execute(step, marker))
        if results[-1].already and not step.part:
            break
        run_key = results[-1].run or run_key
    return results


def add_open_case(fake: TinesFake) -> FakeCase:
    """With the template's tasks. It does not count as an effect."""
    return fake.world.cases[add_case_from_template(fake)]


def run_key(case: FakeCase) -> RunKey:
    return RunKey(platform="tines", id=str(case.id))


def comment_texts(case: FakeCase) -> list[str]:
    """Oldest first."""
    return [comment.value for comment in case.comments]


def effects(fake: TinesFake) -> list[str]:
    return [name for name, _ in fake.world.effects]
