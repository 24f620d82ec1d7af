"""The live card of a run."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from adapters.models import Health, Person, Run, RunKey, RunState, Stage, Task, TaskState
from adapters.protocol import Unsupported
from adapters.writes import Op
from bot.surfaces.console.render import draw
from commands.cards.run_card import run_card
from commands.cards.task_list import task_list_card
from commands.model.card import Card, ClockTime
from commands.model.intents import Begin, End, OpenForm, Show
from commands.model.messages import Actor
from commands.model.tracked_run import EndOfRun, RunOverlay, TrackedRun
from commands.text.catalogue import plain_text

NOW = datetime(2026, 5, 4, 14, 5, tzinfo=UTC)
ANA, BEN = Person(id="1", name="Ana"), Person(id="2", name="Ben")
TASKS = (
    Task(
        id="a",
        title="Confirm the primary is down",
        state=TaskState.DONE,
        stage="s1",
        finished_by="Ben",
        finished_at=NOW - timedelta(minutes=4),
    ),
    Task(
        id="b",
        title="Page the DBA",
        state=TaskState.RUNNING,
        stage="s1",
        assignees=(ANA,),
        started_at=NOW - timedelta(minutes=3),
    ),
    Task(id="c", title="Promote the replica", stage="s2"),
    Task(id="d", title="Repoint the app", state=TaskState.WAITING, stage="s2", waits_for=("c",)),
)
RUN = Run(
    key=RunKey(platform="playbooks", id="x"),
    title="R7 Primary down in EU",
    runbook="Database failover",
    health=Health.AMBER,
    health_text="replica lagging behind 40 s",
    health_by="Ana",
    health_at=NOW - timedelta(minutes=2),
    update_due=NOW + timedelta(minutes=15),
    stages=(Stage(id="s1", title="Triage"), Stage(id="s2", title="Fail over")),
    tasks=TASKS,
    read_at=NOW,
    link="https://x.example/run",
)


def known(run: Run = RUN, **kept: object) -> TrackedRun:
    handles = {task.id: f"T{number}" for number, task in enumerate(run.tasks, 1)}
    return TrackedRun(handle="R7", run=run, handles=handles, overlay=RunOverlay.model_validate(kept))


def drawn(card: Card) -> dict[str, list[str]]:
    """What stands under each title: the rows with their buttons, and the line below them."""
    found: dict[str, list[str]] = {}
    for section in card.sections:
        lines = []
        for row in section.rows:
            state = f"{row.state.value} " if row.state else ""
            button = f" [{row.button.label}]" if row.button else ""
            lines.append(f"{state}{row.handle} {row.title}: {plain_text(row.note)}{button}")
        more = [plain_text(section.more)] if section.more else []
        menu = [f"[{section.menu.label}: {len(section.menu.options)}]"] if section.menu else []
        found[section.title] = [*lines, *more, *menu]
    return found


def labels(card: Card) -> list[str]:
    return [press.label for press in card.buttons]


def with_tasks(tasks: Sequence[Task], **kept: object) -> TrackedRun:
    return known(RUN.model_copy(update={"tasks": tuple(tasks)}), **kept)


def test_the_card_of_the_design() -> None:
    card = run_card(known(), now=NOW)
    assert plain_text(card.title) == "🟠 AMBER · R7 Primary down in EU"
    assert [plain_text(line) for line in card.lines] == [
        "replica lagging behind 40 s — Ana 14:03 UTC · next update 14:20 UTC",
        "■■□□□□□□□□  1 of 4 done · 1 running",
    ]
    assert drawn(card) == {
        "Now": ["running T2 Page the DBA: Ana since 14:02 UTC [Finish T2]"],
        "Next": ["T3 Promote the replica:  [Begin T3]"],
        "Later": ["T4 Repoint the app (waiting for T3)"],
        "Done": ["T1 Confirm the primary is down (Ben 14:01 UTC)"],
        "Stages": ["Triage 1/2 · Fail over 0/2"],
    }
    assert [press.style for press in card.row_buttons] == ["primary", ""]
    assert labels(card) == ["Update status", "Comment"]
    assert plain_text(card.footer) == "Database failover · playbooks · updated 14:05 UTC"
    assert (card.tone, card.summary) == ("warn", "R7 Primary down in EU: AMBER, 1 of 4 done, 1 running")
    assert card.link is not None


def test_the_menu_opens_a_form_for_each_verb_that_has_one() -> None:
    card = run_card(known(), now=NOW, forms=("hold", "end", "add", "status"), can={Op.ADD: Unsupported("there")})
    assert card.menu is not None
    assert [option.label for option in card.menu.options] == [
        "Hold…",
        "All tasks",
        "Read comments",
        "Other actions…",
        "End…",
    ]
    assert card.menu.options[1].intent == Show(run="R7", all_tasks=True)
    assert isinstance(card.menu.options[0].intent, OpenForm)


def test_a_date_is_shown_where_it_is_not_today() -> None:
    run = RUN.model_copy(update={"update_due": NOW + timedelta(days=1)})
    assert "next update 5 May 14:05" in draw(run_card(known(run), now=NOW), now=NOW)[1]
    assert ClockTime(NOW + timedelta(days=1), "UTC", dated=True) in run_card(known(run), now=NOW).lines[0]


def test_a_status_without_a_next_update_says_so() -> None:
    run = RUN.model_copy(update={"update_due": None})
    assert plain_text(run_card(known(run), now=NOW).lines[0]).endswith("no next update set")


def test_an_ended_run_shows_what_came_of_it_and_no_past_health() -> None:
    ended = EndOfRun(by=Actor(surface="slack", id="U1", name="Rui"), at=NOW, text="all traffic is back")
    run = RUN.model_copy(update={"state": RunState.FINISHED, "health": Health.RED})
    card = run_card(known(run, ended=ended, started_at=NOW - timedelta(hours=2, minutes=14)), now=NOW)
    assert plain_text(card.title) == "✅ Finished · R7 Primary down in EU"
    assert [plain_text(line) for line in card.lines] == [
        "Finished after 2 h 14 min · Rui 14:05 UTC",
        "“all traffic is back”",
        "1 of 4 done · 1 running",
        "Left open: T2 Page the DBA · T3 Promote the replica · T4 Repoint the app",
    ]
    assert (labels(card), card.tone, card.sections) == (["All tasks"], "", ())
    assert "RED" not in card.summary


def test_when_all_is_done_the_next_step_is_the_end() -> None:
    card = run_card(with_tasks([task.model_copy(update={"state": TaskState.DONE}) for task in TASKS]), now=NOW)
    assert labels(card) == ["End R7", "Update status", "Comment"]
    assert (card.buttons[0].intent, card.buttons[0].style) == (End(run="R7"), "primary")


def test_no_button_for_what_the_platform_cannot_do() -> None:
    card = run_card(known(), now=NOW, can={Op.FINISH: Unsupported("there"), Op.COMMENT: Unsupported("there")})
    assert [press.label for press in card.all_buttons] == ["Begin T3", "Update status"]
    card = run_card(known(), now=NOW, can={Op.BEGIN: Unsupported("there")})
    assert [press.label for press in card.row_buttons] == ["Finish T2", "Finish T3"]


def test_an_open_approval_is_something_to_do_now() -> None:
    task = TASKS[2].model_copy(update={"approval": True, "assignees": (BEN,), "mark": "approval: Ben"})
    assert drawn(run_card(with_tasks([task]), now=NOW))["Now"] == [
        "ready T1 Promote the replica: approval: Ben [Approve T1]"
    ]


def test_a_colour_that_the_platform_has_only_as_text_is_shown_as_such() -> None:
    run = RUN.model_copy(update={"health": Health.UNSET, "health_text": "", "health_by": "", "health_at": None})
    card = run_card(
        known(
            run, holds={"c": "no quorum"}, health=Health.RED, health_text="down", health_by="Rui", health_at=NOW
        ),
        now=NOW,
    )
    assert drawn(card)["Now"][0] == "held T3 Promote the replica: no quorum · T4 is waiting for it [Resume T3]"
    expected = "down — Rui 14:05 UTC · next update 14:20 UTC · as text on playbooks"
    assert plain_text(card.lines[0]) == expected
    assert (plain_text(card.title), card.tone) == ("🔴 RED · R7 Primary down in EU", "bad")


def test_a_newer_word_on_the_platform_wins_over_what_was_kept() -> None:
    card = run_card(
        known(health=Health.RED, health_text="down", health_by="Rui", health_at=NOW - timedelta(hours=1)), now=NOW
    )
    assert plain_text(card.title).startswith("🟠 AMBER")
    assert plain_text(card.lines[0]).startswith("replica lagging")


def test_a_task_that_waits_names_what_it_waits_for_and_nobody_beside() -> None:
    waiting = TASKS[3].model_copy(update={"assignees": (BEN,)})
    assert drawn(run_card(with_tasks([*TASKS[:3], waiting]), now=NOW))["Later"] == [
        "T4 Repoint the app (Ben, waiting for T3)"
    ]


def long_run(count: int, state: TaskState = TaskState.READY) -> list[Task]:
    return [
        Task(id=str(n), title=f"Task {n}", stage="s1" if n <= count // 2 else "s2", state=state)
        for n in range(1, count + 1)
    ]


def changed(tasks: list[Task], number: int, **update: object) -> None:
    tasks[number - 1] = tasks[number - 1].model_copy(update=update)


def test_what_is_wrong_comes_first_and_is_never_only_counted() -> None:
    tasks = long_run(60)
    for number in (4, 11):
        changed(tasks, number, state=TaskState.RUNNING)
    changed(tasks, 21, state=TaskState.HELD, reason="no quorum")
    changed(tasks, 30, state=TaskState.FAILED)
    changed(tasks, 40, state=TaskState.WAITING, due_at=NOW - timedelta(minutes=5))
    card = run_card(with_tasks(tasks), now=NOW)
    assert drawn(card) == {
        "Now": [
            "failed T30 Task 30:  [Reopen T30]",
            "held T21 Task 21: no quorum [Resume T21]",
            "waiting T40 Task 40: ⏰ late, due 14:00 UTC",
            "[and 2 more…: 2]",
        ],
        "Next": [
            "T1 Task 1:  [Begin T1]",
            "T2 Task 2: ",
            "T3 Task 3: ",
            "52 more can start",
            "[Begin a task…: 54]",
        ],
        "Stages": ["Triage 0/30 · Fail over 0/30"],
    }
    assert plain_text(card.lines[1]) == "□□□□□□□□□□  0 of 60 done · 2 running · 1 held · 1 failed"


def test_every_held_task_of_a_long_run_is_named() -> None:
    held = long_run(200, TaskState.HELD)
    now = run_card(with_tasks(held), now=NOW).sections[0]
    named = [*(row.handle for row in now.rows), *plain_text(now.more).partition(": ")[2].split(", ")]
    assert named == [f"T{number}" for number in range(1, 201)]
    assert len(now.rows) == 8


def test_at_most_three_tasks_of_now_have_a_button_and_the_first_stands_out() -> None:
    card = run_card(with_tasks(long_run(6, TaskState.RUNNING)), now=NOW)
    (now, _) = card.sections
    assert [row.button and row.button.style for row in now.rows] == ["primary", "", ""]
    assert now.menu is not None
    assert [option.label for option in now.menu.options] == [f"Finish T{n} · Task {n}" for n in (4, 5, 6)]


def test_the_last_two_that_are_done_are_named() -> None:
    tasks = long_run(9, TaskState.DONE)
    changed(tasks, 2, finished_at=NOW, finished_by="Ana")
    changed(tasks, 7, state=TaskState.SKIPPED, finished_at=NOW - timedelta(minutes=1), reason="no need")
    changed(tasks, 9, state=TaskState.READY)
    done = drawn(run_card(with_tasks(tasks), now=NOW))["Done"]
    assert done == ["T2 Task 2 (Ana 14:05 UTC) · T7 Task 7 (skipped, 14:04 UTC, no need) · and 6 more"]


def test_what_the_platform_does_itself_is_offered_to_nobody() -> None:
    tasks = (TASKS[2].model_copy(update={"automatic": True, "mark": "automatic"}), TASKS[0], TASKS[2])
    card = run_card(with_tasks(tasks), now=NOW)
    assert [button.intent.tasks for button in card.all_buttons if isinstance(button.intent, Begin)] == [("T3",)]


def test_an_urgent_task_says_so_and_when_it_is_expected() -> None:
    soon = NOW + timedelta(minutes=40)
    waiting = TASKS[3].model_copy(update={"urgent": True, "expected_at": soon})
    held = TASKS[1].model_copy(update={"state": TaskState.HELD, "reason": "vendor", "expected_at": soon})
    found = drawn(run_card(with_tasks((held, waiting)), now=NOW))
    assert found["Now"] == ["held T1 Page the DBA: vendor, Ana, until 14:45 UTC [Resume T1]"]
    assert found["Later"] == ["T2 Repoint the app (waiting for c, urgent, expected 14:45 UTC)"]


def test_changes_that_were_not_sent_yet_are_in_the_footer() -> None:
    assert plain_text(run_card(known(), now=NOW, queued=1).footer).endswith(" · 1 change not sent yet")
    assert plain_text(run_card(known(), now=NOW, queued=3).footer).endswith(" · 3 changes not sent yet")


def test_all_tasks_are_listed_by_page() -> None:
    first = task_list_card(with_tasks(long_run(60)), 0, NOW, None)
    assert [len(section.rows) for section in first.sections] == [30, 10]
    assert plain_text(first.lines[1]) == "Tasks 1 to 40 of 60"
    assert [press.intent for press in first.buttons] == [Show(run="R7", all_tasks=True, page=1)]
    last = task_list_card(with_tasks(long_run(60)), 9, NOW, None)
    assert [row.handle for section in last.sections for row in section.rows][-1] == "T60"
    assert labels(last) == ["Earlier tasks"]


def test_a_paused_run_says_so_in_its_title() -> None:
    card = run_card(known(RUN.model_copy(update={"state": RunState.PAUSED})), now=NOW)
    assert plain_text(card.title) == "🟠 AMBER · ⏸️ Paused · R7 Primary down in EU"
    assert plain_text(card.lines[1]).startswith("■■□□□□□□□□  1 of 4 done")


def test_a_run_that_took_no_minute_says_so() -> None:
    ended = EndOfRun(by=Actor(surface="slack", id="U1", name="Rui"), at=NOW)
    run = known(RUN.model_copy(update={"state": RunState.FINISHED, "tasks": ()}), ended=ended, started_at=NOW)
    assert plain_text(run_card(run, now=NOW).lines[0]) == "Finished after less than a minute · Rui 14:05 UTC"
