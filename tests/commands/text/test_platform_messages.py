"""The messages of a platform's own catalogue."""

from dataclasses import replace

from adapters.results import WriteResult
from adapters.runrunit import PLATFORM as RUNRUNIT
from adapters.xurrent import PLATFORM as XURRENT
from commands.cards.receipt_card import adapter_message
from commands.text.catalogue import plain_text, translate
from commands.text.error_text import platform_messages
from tests.commands.room import Room


async def test_a_result_is_shown_with_the_title_of_its_platform(room: Room) -> None:
    """An adapter doesn't know its title, so the message gets it, not the adapter's facts."""
    tracked = await room.start()
    types = {tracked.run.key.platform: XURRENT}
    services = replace(room.services, platform_types=types)
    text = plain_text(adapter_message(WriteResult(message="xurrent.your_part"), tracked, services))
    assert text.startswith("Your decision is recorded in Xurrent.")
    noted = WriteResult(message="xurrent.itrp_noted_on", facts={"title": "Page {someone}"})
    text = plain_text(adapter_message(noted, tracked, services))
    assert text == "Xurrent keeps notes on tasks only: this one is on “Page {someone}”."


async def test_two_platforms_of_one_kind_are_named_by_their_names(room: Room) -> None:
    services = replace(room.services, platform_types={"{eu}": XURRENT, "us": XURRENT, "tasks": RUNRUNIT})
    messages = platform_messages("{eu}", services)
    assert plain_text(translate("xurrent.your_part", messages)).startswith("Your decision is recorded in {eu}.")
