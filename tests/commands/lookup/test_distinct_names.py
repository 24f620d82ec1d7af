"""Things of one title are told apart by what differs, in every list, button and select."""

from datetime import UTC, datetime

import pytest

from adapters.models import Person, Run, Runbook, RunbookKey, RunKey
from commands.lookup.distinct_names import run_names, runbook_names, runbook_option_names
from commands.model.tracked_run import TrackedRun
from tests.commands.room import Room, button_labels, private_text

TITLE = "Database failover"
BOOK = Runbook(key=RunbookKey(platform="cutover", id="7"), title=TITLE)


@pytest.mark.parametrize(
    ("first", "second", "names"),
    [
        ({"folder": "Payments"}, {"folder": "Core"}, ["(Payments)", "(Core)"]),
        (
            {"created_at": datetime(2026, 5, 4, tzinfo=UTC)},
            {"created_at": datetime(2026, 5, 6, tzinfo=UTC)},
            ["(2026-05-04)", "(2026-05-06)"],
        ),
        ({"task_count": 4}, {"task_count": 5}, ["(4 tasks)", "(5 tasks)"]),
        ({}, {"key": RunbookKey(platform="cutover", id="8")}, ["(7)", "(8)"]),
        ({"folder": "Core"}, {"key": RunbookKey(platform="tines", id="7")}, ["(cutover)", "(tines)"]),
    ],
)
def test_runbooks_of_one_title_are_told_apart_by_what_differs(
    first: dict[str, object], second: dict[str, object], names: list[str]
) -> None:
    books = [BOOK.model_copy(update=first), BOOK.model_copy(update=second)]
    found = runbook_names(books)
    assert [name.rpartition(" (")[2] for name in found] == [name[1:] for name in names]
    assert all(len(name) <= 30 for name in found)
    options = runbook_option_names(books)
    assert len(set(options)) == 2
    assert all(len(option) <= 70 for option in options)


def test_long_titles_and_ids_never_hide_the_difference() -> None:
    ids = [f"0f9d1c7e-aaaa-bbbb-cccc-00000000000{n}" for n in range(3)]
    keys = [RunbookKey(platform="cutover", id=id) for id in ids]
    books = [BOOK.model_copy(update={"title": "A very long title " * 9, "key": key}) for key in keys]
    assert len(set(runbook_names(books))) == 3
    assert len(set(runbook_option_names(books))) == 3


def test_runs_of_one_title_are_told_apart_by_runbook_or_owner() -> None:
    run = Run(key=RunKey(platform="local", id="a"), title="Primary down", runbook="Failover")
    ana = run.model_copy(update={"owner": Person(name="Ana")})
    ben = run.model_copy(update={"owner": Person(name="Ben"), "key": RunKey(platform="local", id="b")})
    tracked = [TrackedRun(handle="R1", run=ana), TrackedRun(handle="R2", run=ben)]
    assert run_names(tracked) == ["R1 Primary down (Ana)", "R2 Primary down (Ben)"]


def test_a_long_handle_does_not_hide_the_difference() -> None:
    runs = [
        Run(key=RunKey(platform=platform, id="a"), title="Database failover") for platform in ("cutover", "tines")
    ]
    names = run_names([TrackedRun(handle=f"R{1000 + number}", run=run) for number, run in enumerate(runs)])
    assert [name.rpartition(" ")[2] for name in names] == ["(cutover)", "(tines)"]
    assert all(len(name) <= 30 for name in names)


def test_a_run_without_the_fact_has_its_bare_title() -> None:
    run = Run(key=RunKey(platform="local", id="a"), title="Primary down")
    ben = run.model_copy(update={"owner": Person(name="Ben"), "key": RunKey(platform="local", id="b")})
    tracked = [TrackedRun(handle="R1", run=run), TrackedRun(handle="R2", run=ben)]
    assert run_names(tracked) == ["R1 Primary down", "R2 Primary down (Ben)"]
    assert run_names(tracked[:1]) == ["R1 Primary down"]


async def test_lists_and_questions_tell_runbooks_of_one_title_apart(room: Room) -> None:
    folder = room.platform.inner._library.folders[0][1].path
    (folder / "other.md").write_text((folder / "failover.md").read_text())
    room.platform.runbook_changes = {"title": TITLE}
    (folder / "outage.md").unlink()
    listed = await room.type("runbooks")
    assert len(set(private_text(listed).splitlines())) == 3
    assert len(set(button_labels(listed))) == 2
    asked = await room.type(f"start {TITLE}")
    assert asked.result == "question"
    assert sorted(button_labels(asked)) == sorted(set(button_labels(asked)))
    assert any("failover.md" in label for label in button_labels(asked))
