"""Short ways to write to Playbooks in tests."""

from datetime import UTC, datetime
from itertools import count

from adapters.models import Person, Run
from adapters.writes import Baseline, Write, WriteMarker, WriteResult
from tests.adapters.playbooks.subject import PlaybooksSubject

ANA = Person(name="Ana Reis", email="ana@example.com", handle="ana")
BEN = Person(name="Ben Cole", email="ben@example.com", handle="ben")
STRANGER = Person(id="U0STRANGER", name="Zoe")
_codes = count(1)


def a_mark(who: str = "Ana via Slack") -> WriteMarker:
    return WriteMarker(code=f"P{next(_codes):03}", who=who, at=datetime.now(UTC))


async def do(
    subject: PlaybooksSubject, write: Write, run: Run | None = None, mark: WriteMarker | None = None
) -> list[WriteResult]:
    """All steps of the write, carried in order."""
    mark = mark or a_mark()
    return [await subject.adapter.execute(step, mark) for step in subject.adapter.steps(write, run)]


def known_now(run: Run | None = None) -> Baseline:
    return Baseline(
        sent_at=datetime.now(UTC), ids=frozenset(task.id for task in run.tasks) if run else frozenset()
    )
