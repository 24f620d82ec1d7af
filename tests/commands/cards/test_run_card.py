"""The live card of a run."""

from datetime import UTC, datetime, timedelta

from adapters.models import Health, Person, Run, RunKey, RunState, Stage, Task, TaskState
from adapters.protocol import Unsupported
from adapters.writes import Op
from commands.cards.run_card import run_card
from commands.model.card import Card
from commands.model.intents import Begin, End, OpenForm
from commands.model.tracked_run import RunOverlay, TrackedRun
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


def rows(card: Card) -> list[tuple[str, str, str, str]]:
    return [
        (section.title, row.state.value if row.state else "", row.handle, plain_text(row.note))
        for section in card.sections
        for row in section.rows
    ]


def test_the_card_of_the_design() -> None:
    card = run_card(known(), now=NOW)
    assert plain_text(card.title) == "R7 Primary down in EU"
    assert plain_text(card.subtitle) == "Database failover, on playbooks"
    assert [plain_text(line) for line in card.lines] == [
        "AMBER  replica lagging behind 40 s, Ana 14:03 UTC, next update 14:20 UTC",
        "1 of 4 done, 1 running   updated 14:05 UTC",
    ]
    assert rows(card) == [
        ("Triage", "done", "T1", "Ben 14:01 UTC"),
        ("Triage", "running", "T2", "Ana since 14:02 UTC"),
        ("Fail over", "ready", "T3", ""),
        ("Fail over", "waiting", "T4", "waiting for T3"),
    ]
    assert [press.label for press in card.buttons] == ["Finish T2", "Begin T3", "Update status", "More…"]
    assert card.tone == "warn"
    assert card.summary == "R7 Primary down in EU: AMBER, 1 of 4 done, 1 running"
    assert card.link is not None


def test_a_finished_run_has_no_task_buttons() -> None:
    card = run_card(known(RUN.model_copy(update={"state": RunState.FINISHED})), now=NOW)
    assert card.buttons == ()
    assert plain_text(card.lines[1]).startswith("finished, 1 of 4 done")
    assert "next update" not in plain_text(card.lines[0])


def test_when_all_is_done_the_next_step_is_the_end() -> None:
    done = tuple(task.model_copy(update={"state": TaskState.DONE}) for task in TASKS)
    card = run_card(known(RUN.model_copy(update={"tasks": done})), now=NOW)
    assert [press.label for press in card.buttons] == ["End R7", "Update status", "More…"]
    assert card.buttons[0].intent == End(run="R7")
    assert card.buttons[1].intent == OpenForm(run="R7", about="status")


def test_no_button_for_what_the_platform_cannot_do_or_people_decide() -> None:
    can = {Op.BEGIN: Unsupported("there")}
    card = run_card(known(), now=NOW, can=can)
    assert [press.label for press in card.buttons] == ["Finish T2", "Update status", "More…"]
    approvals = tuple(task.model_copy(update={"approval": True, "mark": "approval: Ana"}) for task in TASKS)
    card = run_card(known(RUN.model_copy(update={"tasks": approvals})), now=NOW)
    assert [press.label for press in card.buttons] == ["Update status", "More…"]
    assert "approval: Ana" in rows(card)[2][3]


def test_a_colour_that_the_platform_has_only_as_text_is_shown_as_such() -> None:
    run = RUN.model_copy(update={"health": Health.UNSET, "health_text": "", "health_by": "", "health_at": None})
    card = run_card(
        known(
            run, holds={"c": "no quorum"}, health=Health.RED, health_text="down", health_by="Rui", health_at=NOW
        ),
        now=NOW,
    )
    assert rows(card)[2] == ("Fail over", "held", "T3", "no quorum")
    assert plain_text(card.lines[0]) == "RED  down, Rui 14:05 UTC, next update 14:20 UTC, as text on playbooks"
    assert card.tone == "bad"


def test_a_newer_word_on_the_platform_wins_over_what_was_kept() -> None:
    card = run_card(
        known(health=Health.RED, health_text="down", health_by="Rui", health_at=NOW - timedelta(hours=1)), now=NOW
    )
    assert plain_text(card.lines[0]).startswith("AMBER  replica lagging")
    assert "kept by" not in plain_text(card.lines[0])


def long_run(count: int) -> Run:
    tasks = [
        Task(id=str(n), title=f"Task {n}", stage="s1" if n < count // 2 else "s2", state=TaskState.DONE)
        for n in range(count)
    ]
    return RUN.model_copy(update={"tasks": tuple(tasks)})


def test_a_long_run_has_a_line_a_stage_opened_only_where_something_is_to_do() -> None:
    run = long_run(40)
    tasks = list(run.tasks)
    tasks[30] = tasks[30].model_copy(update={"state": TaskState.RUNNING})
    tasks[31] = tasks[31].model_copy(update={"state": TaskState.WAITING})
    tasks[32] = tasks[32].model_copy(update={"state": TaskState.WAITING, "due_at": NOW - timedelta(minutes=5)})
    card = run_card(known(run.model_copy(update={"tasks": tuple(tasks)})), now=NOW)
    first, second = card.sections
    assert (first.title, first.rows, plain_text(first.more)) == ("Triage", (), "20 done")
    assert [row.handle for row in second.rows] == ["T31", "T33"]
    assert "late, due 14:00 UTC" in plain_text(second.rows[1].note)
    assert plain_text(second.more) == "1 waiting, 17 done"


def test_a_long_run_never_draws_more_than_ten_tasks() -> None:
    ready = tuple(task.model_copy(update={"state": TaskState.READY}) for task in long_run(200).tasks)
    card = run_card(known(RUN.model_copy(update={"tasks": ready})), now=NOW)
    assert sum(len(section.rows) for section in card.sections) == 10
    assert [plain_text(section.more) for section in card.sections] == ["90 ready", "100 ready"]


def test_tasks_of_no_stage_are_drawn_too() -> None:
    card = run_card(known(RUN.model_copy(update={"stages": ()})), now=NOW)
    assert [(section.title, len(section.rows)) for section in card.sections] == [("", 4)]


def test_what_the_platform_does_itself_is_offered_to_nobody() -> None:
    tasks = (TASKS[2].model_copy(update={"automatic": True, "mark": "automatic"}), TASKS[0], TASKS[2])
    card = run_card(known(RUN.model_copy(update={"tasks": tasks})), now=NOW)
    assert [button.intent.tasks for button in card.buttons if isinstance(button.intent, Begin)] == [("T3",)]


def test_an_urgent_task_says_so_and_when_it_is_expected() -> None:
    soon = NOW + timedelta(minutes=40)
    waiting = TASKS[3].model_copy(update={"urgent": True, "expected_at": soon})
    held = TASKS[1].model_copy(update={"state": TaskState.HELD, "reason": "vendor", "expected_at": soon})
    over = TASKS[0].model_copy(update={"urgent": True, "expected_at": soon})
    card = run_card(known(RUN.model_copy(update={"tasks": (over, held, waiting)})), now=NOW)
    assert [note for *_, note in rows(card)] == [
        "Ben 14:01 UTC",
        "vendor, Ana, until 14:45 UTC",
        "waiting for c, urgent, expected 14:45 UTC",
    ]


def test_a_long_run_draws_what_is_urgent() -> None:
    tasks = list(long_run(40).tasks)
    tasks[30] = tasks[30].model_copy(update={"state": TaskState.WAITING, "urgent": True})
    tasks[31] = tasks[31].model_copy(update={"urgent": True})
    card = run_card(known(RUN.model_copy(update={"tasks": tuple(tasks)})), now=NOW)
    assert [row.handle for section in card.sections for row in section.rows] == ["T31"]


def test_an_approval_names_its_people_once() -> None:
    task = TASKS[2].model_copy(update={"approval": True, "assignees": (BEN,), "mark": "approval: Ben"})
    card = run_card(known(RUN.model_copy(update={"tasks": (task,)})), now=NOW)
    assert [note for *_, note in rows(card)] == ["approval: Ben"]
