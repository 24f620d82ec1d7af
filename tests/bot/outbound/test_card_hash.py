"""A live card is edited when what it shows has changed, and never just because the run was read again."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from adapters.models import Run, RunKey, Task, TaskState
from bot.outbound.drawings import card_hash
from commands.cards.run_card import run_card
from commands.model.card import Card
from commands.model.tracked_run import RunOverlay, TrackedRun
from commands.text.catalogue import plain_text

AT = datetime(2026, 11, 21, 14, 3, 7, 123456, tzinfo=UTC)


def tracked_run(read_at: datetime, **changes: object) -> TrackedRun:
    task = Task(id="1", title="Page the DBA", state=TaskState.DONE, finished_at=AT, finished_by="Ana")
    run = Run(key=RunKey(platform="local", id="x"), title="R1 Failover", tasks=(task,), read_at=read_at)
    overlay = RunOverlay(health_text="lagging", health_at=AT, health_by="Ana")
    return TrackedRun(handle="R1", run=run.model_copy(update=changes), handles={"1": "T1"}, overlay=overlay)


def draw(run: TrackedRun) -> tuple[Card, str]:
    card = run_card(run, now=AT)
    return card, card_hash(card, run.run.read_at)


def test_reading_the_run_again_is_no_change() -> None:
    early, late = (draw(tracked_run(AT + timedelta(minutes=past))) for past in (1, 5))
    assert early[0] != late[0]  # the card shows when the run was read
    assert early[1] == late[1]


def test_a_time_is_equal_in_whatever_zone_object_it_comes() -> None:
    before = tracked_run(AT)
    stored = TrackedRun.model_validate_json(before.model_dump_json())
    assert draw(stored)[1] == draw(before)[1]
    elsewhere = before.run.tasks[0].model_copy(update={"finished_at": AT.astimezone(ZoneInfo("UTC"))})
    assert draw(tracked_run(AT, tasks=(elsewhere,)))[1] == draw(before)[1]


def test_a_new_task_state_is_a_change() -> None:
    opened = tracked_run(AT).run.tasks[0].model_copy(update={"state": TaskState.READY, "finished_at": None})
    assert draw(tracked_run(AT, tasks=(opened,)))[1] != draw(tracked_run(AT))[1]


def test_a_card_of_a_run_that_is_read_in_turn_shows_its_age_every_five_minutes() -> None:
    def drawn(past: float) -> tuple[Card, str]:
        run = tracked_run(AT.replace(minute=0) + timedelta(minutes=past))
        card = run_card(run, now=AT, shows_age=True)
        return card, card_hash(card, run.run.read_at)

    assert "as of 14:01 UTC" in plain_text(drawn(1)[0].footer)
    assert drawn(1)[1] == drawn(2)[1]
    assert drawn(1)[1] != drawn(6)[1]
