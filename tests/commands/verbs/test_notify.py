"""Everybody chooses how they are told about their tasks."""

import pytest

from tests.commands.room import ANA, BEN, Room, button_labels, private_text

DIRECT = "You're notified about your tasks by direct message."


async def test_the_choice_is_stored_for_one_person_and_shown_by_whoami(room: Room) -> None:
    assert private_text(await room.type("notify dm")) == DIRECT
    assert room.preferences.modes == {ANA.key: "dm"}
    assert DIRECT in private_text(await room.type("whoami"))
    assert DIRECT not in private_text(await room.type("whoami", by=BEN))


async def test_without_a_choice_it_shows_the_present_one_and_offers_the_others(room: Room) -> None:
    answer = await room.type("notify")
    assert private_text(answer).startswith(
        "You're notified about your tasks in the run's thread, or by direct message"
    )
    assert button_labels(answer) == ["In the thread", "By direct message", "Not at all"]


@pytest.mark.parametrize("words", ["loudly", "dm thread"])
async def test_an_unknown_choice_changes_nothing_and_offers_what_there_is(room: Room, words: str) -> None:
    answer = await room.type(f"notify {words}")
    assert answer.result != "done"
    assert button_labels(answer) == ["Let Liaison decide", "In the thread", "By direct message", "Not at all"]
    assert room.preferences.modes == {}
