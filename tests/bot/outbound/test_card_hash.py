"""When a live card is edited: when what it shows is another thing, and never because it was looked at again."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from adapters.models import Run, RunKey, Task, TaskState
from bot.outbound.live_cards import drawn_hash
from commands.cards.run_card import run_card
from commands.model.card import Card
from commands.model.tracked_run import RunOverlay, TrackedRun

AT = datetime(2026, 11, 21, 14, 3, 7, 123456, tzinfo=UTC)


def known(read_at: datetime, **changes: object) -> TrackedRun:
    task = Task(id="1", title="Page the DBA", state=TaskState.DONE, finished_at=AT, finished_by="Ana")
    run = Run(key=RunKey(platform="local", id="x"), title="R1 Failover", tasks=(task,), read_at=read_at)
    kept = RunOverlay(health_text="lagging", health_at=AT, health_by="Ana")
    return TrackedRun(handle="R1", run=run.model_copy(update=changes), handles={"1": "T1"}, overlay=kept)


def shown(run: TrackedRun) -> tuple[Card, str]:
    card = run_card(run, now=AT)
    return card, drawn_hash(card, run.run.read_at)


def test_reading_it_again_is_no_change() -> None:
    early, late = (shown(known(AT + timedelta(minutes=past))) for past in (1, 5))
    assert early[0] != late[0]  # it says when it was read
    assert early[1] == late[1]


def test_a_moment_is_the_same_in_whatever_zone_object_it_comes() -> None:
    before = known(AT)
    stored = TrackedRun.model_validate_json(before.model_dump_json())
    assert shown(stored)[1] == shown(before)[1]
    elsewhere = before.run.tasks[0].model_copy(update={"finished_at": AT.astimezone(ZoneInfo("UTC"))})
    assert shown(known(AT, tasks=(elsewhere,)))[1] == shown(before)[1]


def test_a_task_that_moved_on_is_a_change() -> None:
    opened = known(AT).run.tasks[0].model_copy(update={"state": TaskState.READY, "finished_at": None})
    assert shown(known(AT, tasks=(opened,)))[1] != shown(known(AT))[1]
