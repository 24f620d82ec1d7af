"""Short ways to write to Playbooks in tests."""

from datetime import UTC, datetime
from itertools import count

from adapters.models import Person, Run
from adapters.writes import Known, Mark, Told, Write
from tests.platforms.playbooks.subject import PlaybooksSubject

ANA = Person(name="Ana Reis", email="ana@example.com", handle="ana")
BEN = Person(name="Ben Cole", email="ben@example.com", handle="ben")
STRANGER = Person(id="U0STRANGER", name="Zoe")
_codes = count(1)


def a_mark(who: str = "Ana via Slack") -> Mark:
    return Mark(code=f"P{next(_codes):03}", who=who, at=datetime.now(UTC))


async def do(
    subject: PlaybooksSubject, write: Write, run: Run | None = None, mark: Mark | None = None
) -> list[Told]:
    """All steps of the write, carried in order."""
    mark = mark or a_mark()
    return [await subject.adapter.carry(step, mark) for step in subject.adapter.steps(write, run)]


def known_now(run: Run | None = None) -> Known:
    return Known(sent_at=datetime.now(UTC), ids=frozenset(task.id for task in run.tasks) if run else frozenset())
