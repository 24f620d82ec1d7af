"""``mine`` and ``home``: a person's tasks, as the platforms list them by their own filters."""

import pytest

from adapters.errors import Unreachable
from adapters.models import AssignedTask, Person, RunbookKey, RunKey, RunSummary, Task
from adapters.protocol import Native
from adapters.writes import AssignTask, Op, StartRun, WriteMarker
from commands.model.card import Answer
from commands.operations import my_tasks
from commands.text.catalogue import plain_text
from tests.commands.room import ANA, NOW, Room, button_labels, find_button, private_rows, private_text

MARKER = WriteMarker(code="7K2F", who="Ben", at=NOW)
BEN = Person(name="Ben")


async def _start_elsewhere(room: Room, title: str = "Secondary down") -> RunKey:
    """A run that Liaison does not know, with a task of Ana's."""
    runbook = RunbookKey(platform="local", id="failover.md")
    start = StartRun(by=BEN, runbook=runbook, title=title, handle="")
    run = (await room.platform.inner.execute(start, MARKER)).run
    assert run is not None
    ana = Person(id=ANA.id, name=ANA.name, email=ANA.email)
    await room.platform.inner.execute(AssignTask(run=run, by=BEN, task="2", person=ana), MARKER)
    return run


def _sections(answer: Answer) -> list[tuple[str, list[str]]]:
    assert answer.private is not None
    return [
        (section.title, [f"{row.handle} {row.title}" for row in section.rows])
        for section in answer.private.sections
    ]


async def test_a_task_of_an_unknown_run_is_listed_and_its_run_can_be_shown(room: Room) -> None:
    await room.start()
    await room.type("assign T1 to me")
    await _start_elsewhere(room)
    answer = await room.type("mine")
    assert private_text(answer) == "You have 2 open tasks"
    assert _sections(answer) == [
        ("R1 Primary down in EU", ["T1 Confirm the primary is down"]),
        ("R2 Secondary down", [" Page the DBA"]),
    ]
    assert button_labels(answer) == ["Show R2"]
    await room.press(find_button(answer, "Show R2"))
    assert (await room.type("begin R2.T2")).result == "done"
    answer = await room.type("mine")
    assert button_labels(answer) == ["Finish R2.T2"]


async def test_a_task_that_is_known_already_is_listed_once_as_the_platform_has_it(room: Room) -> None:
    tracked = await room.start()
    await room.type("assign T1 to me")
    key = tracked.run.key
    await room.platform.inner.execute(
        AssignTask(run=key, by=BEN, task="2", person=Person(id=ANA.id, name=ANA.name)), MARKER
    )
    answer = await room.type("mine")  # the snapshot does not have this yet
    assert _sections(answer) == [
        ("R1 Primary down in EU", ["T1 Confirm the primary is down", "T2 Page the DBA"]),
    ]


async def test_an_approval_that_waits_for_me_has_a_button(room: Room) -> None:
    await room.start()
    ana = Person(id=ANA.id, name=ANA.name, email=ANA.email)
    room.platform.task_changes["Page the DBA"] = {"approval": True, "approvers": (ana,), "mark": "approval: Ana"}
    room.platform.capabilities = {**room.platform.capabilities, Op.APPROVE: Native()}
    await room.type("show R1")
    answer = await room.type("mine")
    assert _sections(answer) == [("R1 Primary down in EU", ["T2 Page the DBA"])]
    assert button_labels(answer) == ["Approve R1.T2"]


@pytest.mark.parametrize("cause", ["error", "silence", "cut"])
async def test_a_platform_that_may_have_more_is_named(
    room: Room, cause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = {
        "error": "Local runbooks isn't responding.",
        "silence": "Local runbooks didn't answer within 0 seconds",
        "cut": "Local runbooks has more than could be read, so this list isn't complete.",
    }
    if cause == "error":
        room.platform.errors["assigned"] = Unreachable("local", "mine")
    elif cause == "silence":
        monkeypatch.setattr(my_tasks, "_ANSWER_TIME", 0.01)
        room.platform.answers.clear()
    else:
        room.platform.lists_all = False
    answer = await room.type("mine")
    text = private_text(answer)
    assert text.startswith("No open tasks of yours were found.\n"), text
    assert expected[cause] in text


async def test_many_runs_and_tasks_are_counted_where_they_are_not_listed(room: Room) -> None:
    tasks = [
        AssignedTask(
            run=RunSummary(key=RunKey(platform="local", id=f"run {run}"), title=f"Run {run}"),
            task=Task(id=f"{run}.{number}", title=f"Task {number}"),
        )
        for run in range(12)
        for number in range(12)
    ]
    room.platform.more_assigned = tuple(tasks)
    answer = await room.type("mine")
    assert answer.private is not None
    assert len([section for section in answer.private.sections if section.title]) == 10
    assert {tuple(section.more) for section in answer.private.sections if section.title} == {
        ("and ", "2", " more")
    }
    below = [plain_text(section.more) for section in answer.private.sections if not section.title]
    assert below == ["24 more of your tasks are in runs that aren't listed here."]


async def test_home_lists_the_same_tasks_and_says_what_could_not_be_asked(room: Room) -> None:
    await room.start()
    await room.type("assign T1 to me")
    await _start_elsewhere(room)
    assert private_rows(await room.type("home")) == [
        "R1.T1 Confirm the primary is down: ready",
        "R2 Page the DBA: ready",
    ]
    room.platform.errors["assigned"] = Unreachable("local", "mine")
    await room.type("finish R1.T1")
    text = private_text(await room.type("home"))
    assert "No open tasks of yours were found." in text
    assert "Local runbooks isn't responding." in text


async def test_home_counts_the_tasks_that_it_does_not_list(room: Room) -> None:
    summary = RunSummary(key=RunKey(platform="local", id="x"), title="Elsewhere")
    room.platform.more_assigned = tuple(
        AssignedTask(run=summary, task=Task(id=str(number), title=f"Task {number}")) for number in range(7)
    )
    answer = await room.type("home")
    assert len(private_rows(answer)) == 5
    assert answer.private is not None
    assert plain_text(answer.private.sections[0].more) == "and 2 more"
