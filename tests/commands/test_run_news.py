"""What people are told about two versions of a run."""

from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.models import Health, Person, Run, RunKey, RunState, Task, TaskState
from commands.model.messages import Actor
from commands.model.run_news import NewsKind, run_news
from commands.model.tracked_run import RunOverlay, TrackedRun

ANA, BEN = Person(name="Ana", email="ana@x.example"), Person(name="Ben", email="ben@x.example")
STARTER = RunOverlay(started_by=Actor(surface="console", id="U1"))
FIRST = Task(id="1", title="Stop writes", state=TaskState.READY, assignees=(ANA,))
SECOND = Task(id="2", title="Promote", state=TaskState.WAITING, assignees=(BEN,), waits_for=("1",))


def _run(*tasks: Task, overlay: RunOverlay = STARTER, started: bool = True, **facts: object) -> TrackedRun:
    run = Run(key=RunKey(platform="p", id="7"), title="Handover", tasks=tasks, read_at=datetime.now(UTC))
    return TrackedRun(handle="R1", run=run.model_copy(update=facts), overlay=overlay, started=started)


def _told(before: TrackedRun, after: TrackedRun) -> list[tuple[NewsKind, str, str]]:
    return [(news.kind, news.task, news.person.shown if news.person else "") for news in run_news(before, after)]


def test_a_start_tells_only_the_people_of_tasks_that_are_ready() -> None:
    assert _told(_run(started=False), _run(FIRST, SECOND)) == [(NewsKind.READY, "1", "Ana")]
    assert _told(_run(), _run(FIRST, SECOND)) == [(NewsKind.READY, "1", "Ana")]


def test_the_first_read_of_a_run_that_was_started_elsewhere_tells_nobody() -> None:
    known = _run(overlay=RunOverlay(), read_at=None)
    assert _told(known, _run(FIRST, SECOND, overlay=RunOverlay())) == []


def test_a_task_is_ready_once_its_last_blocker_is_over() -> None:
    before = _run(FIRST, SECOND)
    done = FIRST.model_copy(update={"state": TaskState.DONE})
    ready = SECOND.model_copy(update={"state": TaskState.READY, "waits_for": ()})
    [news] = run_news(before, _run(done, ready))
    assert (news.kind, news.task, news.person, news.blockers) == (NewsKind.READY, "2", BEN, ("1",))
    held = RunOverlay(holds={"2": "wait for the vendor"})
    assert _told(before, _run(done, ready, overlay=held)) == []
    assert _told(_run(done, ready), _run(done, ready)) == []


def test_somebody_who_gets_a_task_that_becomes_ready_is_told_once() -> None:
    taken = SECOND.model_copy(update={"state": TaskState.READY, "waits_for": (), "assignees": (ANA,)})
    assert _told(_run(FIRST, SECOND), _run(FIRST, taken)) == [(NewsKind.ASSIGNED, "2", "Ana")]


def test_a_task_that_was_added_later_is_assigned() -> None:
    assert _told(_run(FIRST), _run(FIRST, SECOND)) == [(NewsKind.ASSIGNED, "2", "Ben")]


def test_tasks_that_appear_while_the_platform_still_creates_the_run_are_no_assignments() -> None:
    assert _told(_run(FIRST, state=RunState.STARTING), _run(FIRST, SECOND)) == []


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({"state": RunState.FINISHED}, NewsKind.ENDED),
        ({"state": RunState.CANCELLED, "health": Health.RED}, NewsKind.ENDED),
        ({"health": Health.RED}, NewsKind.RED),
        ({"owner": BEN}, NewsKind.OWNER),
    ],
)
def test_what_concerns_everybody(facts: dict[str, Any], kind: NewsKind) -> None:
    before, after = _run(FIRST, owner=ANA), _run(FIRST, **{"owner": ANA, **facts})
    assert [news.kind for news in run_news(before, after)] == [kind]
    assert run_news(after, after) == ()
