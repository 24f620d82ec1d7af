"""A platform that was taken out of the settings: its runs are shown as last read, and nothing else is affected."""

import pytest

from commands.cards.run_card import live_card
from commands.model.card import Card
from commands.model.intents import Finish
from commands.model.tracked_run import TrackedRun
from commands.registry import COMMANDS
from commands.text.catalogue import plain_text
from tests.commands.room import Room, private_text

NOTE = "The platform old isn't configured any more."


async def room_after_removal(room: Room) -> TrackedRun:
    """A run on the platform "old", and one on "local", which is still there."""
    tracked = await room.start()
    other = (await room.type("start Third-party outage")).changed_runs
    assert other
    key = tracked.run.key.model_copy(update={"platform": "old"})
    moved = tracked.model_copy(update={"run": tracked.run.model_copy(update={"key": key})})
    room.runs.tracked["R1"] = moved
    return moved


async def test_its_run_is_shown_as_last_read(room: Room) -> None:
    await room_after_removal(room)
    answer = await room.type("show R1")
    assert answer.result == "done"
    card = answer.private
    if answer.move_card:
        card = live_card(room.runs.tracked["R1"], room.services, room.now())
    assert isinstance(card, Card)
    text = [plain_text(line) for line in card.lines]
    assert f"{NOTE} Showing the run as last read." in text
    assert [task for section in card.sections for task in section.rows], "its tasks are shown"
    assert not [button for button in card.buttons if isinstance(button.intent, Finish)]


@pytest.mark.parametrize(
    "line",
    [
        "finish R1.T1",
        "begin R1.T1",
        "skip R1.T1 no need",
        "comment hello --run R1",
        "assign R1.T1 ben",
        "add Something --run R1",
        "add Something --after R1.T1 --run R1",
        "end --run R1",
        "do anything --run R1",
        "start Anything --platform old",
    ],
)
async def test_a_write_to_it_is_refused_with_a_sentence(room: Room, line: str) -> None:
    await room_after_removal(room)
    answer = await room.type(line)
    if answer.result == "question":
        assert answer.private is not None
        answer = await room.press(answer.private.buttons[0])
    assert answer.result == "failed"
    assert "isn't configured any more" in private_text(answer) or "--platform" in line


@pytest.mark.parametrize(
    "line", ["mine", "next", "runs", "runbooks", "whoami", "show R2", "show R1.T1", "next --run R1", "help finish"]
)
async def test_reads_still_work(room: Room, line: str) -> None:
    await room_after_removal(room)
    answer = await room.type(line)
    assert answer.result in ("done", "question"), private_text(answer)


@pytest.mark.parametrize("verb", COMMANDS)
async def test_no_verb_breaks(room: Room, verb: str) -> None:
    """``Room`` answers command and adapter errors; any other error fails the test."""
    await room_after_removal(room)
    for example in COMMANDS[verb].examples:
        await room.type(f"{example.line} --run R1")
        await room.type(example.line)


async def test_another_run_is_not_affected(room: Room) -> None:
    await room_after_removal(room)
    assert (await room.type("finish R2.T1")).result == "done"
