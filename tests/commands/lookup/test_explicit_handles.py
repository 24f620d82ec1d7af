"""A handle, id or link is exact or refused. Only words match loosely, and never into something irreversible."""

import pytest

from adapters.models import PlatformAction
from adapters.protocol import Native, Unsupported
from adapters.writes import Op
from commands.lookup.fuzzy import find_matches
from tests.commands.room import HERE, Room, activity_texts, button_labels, find_button, private_text


@pytest.fixture
async def acting(room: Room) -> Room:
    """A run whose first task has an action, and its second has none."""
    await room.start()
    room.platform.capabilities = {**room.platform.capabilities, Op.ACTION: Native()}
    first = (await room.run("R1")).run.tasks[0].id
    room.platform.offered_actions = (
        PlatformAction(id="run:1", label="button.command", task=first),
        PlatformAction(id="flag:1", label="form.title_end"),
    )
    return room


@pytest.mark.parametrize(
    "line", ["do T2 run the command", "do run the command T2", "do R1 T2 run the command", "do R1.T2 run", "do T2"]
)
async def test_an_action_never_runs_on_another_task_than_the_one_named(acting: Room, line: str) -> None:
    answer = await acting.type(line)
    assert answer.result == "failed"
    assert "T2 Page the DBA" in private_text(answer)
    assert not any("T1" in label for label in button_labels(answer))


@pytest.mark.parametrize(
    "line", ["do T1 run the command", "do run the command T1", "do R1.T1 run", "do T1", "do t1 run the comand"]
)
async def test_an_action_runs_on_the_task_that_is_named(acting: Room, line: str) -> None:
    asked = await acting.type(line)
    assert private_text(asked).startswith("Go ahead with “T1 Run the command” on R1 ")


@pytest.mark.parametrize("line", ["do T9 run the command", "do https://local.example/1/99 run the command"])
async def test_an_action_on_a_task_that_is_not_there_is_refused(acting: Room, line: str) -> None:
    answer = await acting.type(line)
    assert answer.result == "failed"
    assert acting.platform.executed == ["start"]


async def test_an_action_of_the_run_is_not_used_for_a_task(acting: Room) -> None:
    assert (await acting.type("do T2 end the run")).result == "failed"
    assert (await acting.type("do T1 end the run")).result == "failed"


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("step 2", "Step 3"),
        ("step 1", "Step 10"),
        ("promote db2", "Promote db1"),
        ("T2 report as failed", "T1 Report as failed"),
        ("https://x.example/runs/17", "https://x.example/runs/18"),
        ("https://x.example/failover", "https://x.example/failover/a"),
    ],
)
def test_a_number_or_a_link_is_never_matched_loosely(query: str, title: str) -> None:
    found = find_matches(query, [(title, title)])
    assert (found.single, found.several) == (None, ())


def test_words_around_a_number_are_still_matched_loosely() -> None:
    titles = [("Promote replica 2", 2), ("Promote replica 1", 1)]
    assert find_matches("promot replica 2", titles).single == 2
    assert find_matches("inc", [("inc42", 42)]).single == 42
    assert find_matches("inc4", [("inc42", 42)], typing=True).single == 42


@pytest.mark.parametrize("words", ["promote the replca", "promote the", "replica promote"])
async def test_a_task_that_cannot_be_reopened_is_not_finished_by_a_part_of_its_title(
    room: Room, words: str
) -> None:
    await room.start()
    room.platform.capabilities = {**room.platform.capabilities, Op.REOPEN: Unsupported("use its page")}
    await room.type("finish T1 T2")
    asked = await room.type(f"finish {words}")
    assert asked.result == "question"
    assert "Do you mean T3 Promote the replica?" in private_text(asked)
    assert (await room.run("R1")).run.tasks[2].state == "ready"
    done = await room.press(find_button(asked, "T3 Promote the replica"))
    assert done.result == "done"
    assert (await room.run("R1")).run.tasks[2].state == "done"


async def test_a_task_that_cannot_be_reopened_is_finished_by_its_full_title(room: Room) -> None:
    await room.start()
    room.platform.capabilities = {**room.platform.capabilities, Op.REOPEN: Unsupported("use its page")}
    assert (await room.type("finish page the DBA")).result == "done"


async def test_an_action_is_found_by_its_name_in_any_language(acting: Room) -> None:
    for line in ("do T1 rodar o comando", "do T1 run the command"):
        asked = await acting.type(line)
        assert private_text(asked).startswith("Go ahead with “T1 Run the command” on R1 "), line


async def test_a_run_is_not_ended_by_a_part_of_its_name(room: Room) -> None:
    await room.start()
    await room.type("finish T1-T4")
    asked = await room.type("end Primary dwn in EU")
    assert asked.result == "question"
    assert "Do you mean R1 Primary down in EU?" in private_text(asked)
    assert (await room.run("R1")).run.state == "active"
    assert (await room.press(find_button(asked, button_labels(asked)[0]))).result == "done"


async def test_words_after_end_that_name_no_run_may_be_the_message_of_the_run_here(room: Room) -> None:
    await room.start()
    asked = await room.type("end all good again")
    assert asked.result == "question"
    assert "I can't find an active run called “all good again”. End R1 Primary down in EU" in private_text(asked)
    assert "It still has 4 open tasks: T1, T2, T3, T4." in private_text(asked)
    assert button_labels(asked) == ["End R1", "Leave it open"]
    assert (await room.run("R1")).run.state == "active"
    ended = await room.press(find_button(asked, "End R1"))
    assert activity_texts(ended)[0].startswith("Ana ended R1 Primary down in EU: “all good again”")


async def test_words_after_end_never_end_another_run(room: Room) -> None:
    await room.start()
    elsewhere = HERE.model_copy(update={"channel": "elsewhere"})
    answer = await room.type("end all good", place=elsewhere)
    assert "I can't find an active run called “all good”" in private_text(answer)
    assert button_labels(answer) == ["Runs"]
    assert (await room.run("R1")).run.state == "active"


async def test_a_mistyped_runbook_is_confirmed_before_it_starts(room: Room) -> None:
    asked = await room.type("start Databse failovr")
    assert asked.result == "question"
    assert "Do you mean Database failover?" in private_text(asked)
    assert room.platform.executed == []
    assert (await room.press(find_button(asked, "Database failover"))).result == "done"


async def test_a_link_to_a_run_is_not_a_task(room: Room) -> None:
    tracked = await room.start()
    answer = await room.type(f"finish https://local.example/{tracked.run.key.id}")
    assert answer.result == "failed"
    assert room.platform.executed == ["start"]


@pytest.mark.parametrize("line", ["finish T1 R2", "finish T1 in R2", "finish confirm the primary is down R2"])
async def test_a_run_that_is_named_after_the_tasks_is_binding(room: Room, line: str) -> None:
    await room.start()
    room.wait(minutes=15)
    await room.start(name="Primary down in US")
    await room.type("use R1")
    answer = await room.type(line)
    assert answer.result == "done", private_text(answer)
    assert [(await room.run(run)).run.tasks[0].state for run in ("R1", "R2")] == ["ready", "done"]


async def test_a_link_to_no_known_task_gets_no_run_handle(room: Room) -> None:
    await room.start()
    answer = await room.type("finish https://local.example/4711")
    assert private_text(answer).startswith("Liaison doesn't know a task with this link.")
    assert button_labels(answer) == ["Show it"]
    assert await room.runs.get("R2") is None


async def test_a_mistyped_run_after_the_tasks_is_no_note(room: Room) -> None:
    await room.start()
    for line in ("finish T1 R9", "finish T1 R9 by hand", "begin T1 R9", "do T1 restart R9"):
        answer = await room.type(line)
        assert private_text(answer).startswith("I can't find a run R9 that you"), line
    assert "Is R9 the run, or part of your text?" in private_text(await room.type("finish T1 in R9 as well"))
    assert room.platform.executed == ["start"]
