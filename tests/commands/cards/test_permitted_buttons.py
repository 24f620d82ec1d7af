"""A private answer offers only what its reader may do."""

from commands.model.access_rules import AccessRules
from commands.model.command import Right
from commands.operations.home_page import home_page
from tests.commands.room import (
    BEN,
    EVE,
    HERE,
    NOW,
    ON_SLACK,
    Room,
    button_labels,
    find_button,
    private_rows,
    private_text,
)


async def test_a_guest_is_offered_what_only_reads(room: Room) -> None:
    await room.start()
    assert button_labels(await room.type("home", by=EVE)) == ["Show R1"]
    assert button_labels(await room.type("next", by=EVE)) == []
    assert button_labels(await room.type("status", by=EVE)) == []
    assert button_labels(await room.type("help", by=EVE)) == ["Runbooks", "My tasks", "All commands"]


async def test_a_member_is_offered_what_the_lists_allow(room: Room) -> None:
    await room.start()
    room.allow(AccessRules(write=["@ana"]))
    assert button_labels(await room.type("next", by=BEN)) == []
    assert "Begin T1" in button_labels(await room.type("next"))
    assert "Start a run…" in button_labels(await room.type("help", by=BEN)), Right.START


async def test_a_guests_own_page_does_not_say_that_they_can_begin_tasks(room: Room) -> None:
    await room.start()
    page = await home_page(EVE, HERE, room.services, NOW)
    assert not page.sections[0].rows
    assert [button.label for button in page.buttons] == ["All runs", "My settings"]


async def test_show_of_a_guest_does_not_move_the_card_of_everybody(room: Room) -> None:
    await room.start()
    shown = await room.type("show", by=EVE)
    assert shown.move_card == ""
    assert private_rows(shown)
    assert button_labels(shown) == []
    assert (await room.type("show")).move_card == "R1"


async def test_the_buttons_of_a_question_are_kept_for_those_who_may_answer(room: Room) -> None:
    await room.start()
    asked = await room.type("end")
    assert find_button(asked, "End R1")
    assert "can't end runs" in private_text(await room.press(find_button(asked, "End R1"), by=EVE))


async def test_what_a_guest_may_not_read_is_not_offered_either(room: Room) -> None:
    await room.start(place=ON_SLACK)
    shown = await room.type("show", by=EVE.model_copy(update={"surface": "slack"}), place=ON_SLACK)
    assert shown.private is not None
    assert shown.private.menu is not None
    assert [option.label for option in shown.private.menu.options] == ["All tasks"]
