"""Test helpers: people, markers, and executing all steps of a write."""

from datetime import UTC, datetime
from itertools import count

from adapters.models import Person, Run
from adapters.results import Baseline, WriteResult
from adapters.writes import Write, WriteMarker
from tests.adapters.playbooks.harness import PlatformHarness

ANA = Person(name="Ana Reis", email="ana@example.com", handle="ana")
BEN = Person(name="Ben Cole", email="ben@example.com", handle="ben")
STRANGER = Person(id="U0STRANGER", name="Zoe")
_codes = count(1)


def make_marker(who: str = "Ana via Slack") -> WriteMarker:
    return WriteMarker(code=f"P{next(_codes):03}", who=who, at=datetime.now(UTC))


async def execute_steps(
    harness: PlatformHarness, write: Write, run: Run | None = None, marker: WriteMarker | None = None
) -> list[WriteResult]:
    marker = marker or make_marker()
    return [await harness.adapter.execute(step, marker) for step in harness.adapter.steps(write, run)]


def make_baseline(run: Run | None = None) -> Baseline:
    return Baseline(
        sent_at=datetime.now(UTC), ids=frozenset(task.id for task in run.tasks) if run else frozenset()
    )
