"""Private answers by every kind of message, and profiles."""

from datetime import timedelta

import pytest

from bot.surfaces.protocol import EPHEMERAL_FOR
from commands.model.card import Button, Card, text
from commands.model.intents import Begin, Show
from commands.model.messages import Actor, Membership, Message, Via
from tests.bot.surfaces.harness import SurfaceHarness, needs_server

PRIVATE_CARD = Card(
    title=("T3 waits for T1.",),
    summary="T3 waits for T1.",
    lines=(text("Nothing changed."),),
    buttons=(Button("Begin T1", Begin(run="R7", tasks=("T1",))),),
)
CARD = Card(title=("R7 Primary down",), summary="R7", buttons=(Button("Show T3", Show(what="T3", run="R7")),))


async def test_a_command_is_answered_privately(harness: SurfaceHarness) -> None:
    message = await harness.command("finish T3")
    assert (message.text, message.via) in (("finish T3", Via.COMMAND), ("finish T3", Via.SAY))
    await harness.surface.send_private(message, PRIVATE_CARD)
    assert "T3 waits for T1.\nNothing changed." in harness.private_texts("ana")[-1]
    assert harness.private_texts("ben") == []
    assert "Nothing changed" not in harness.public_text()


@needs_server
async def test_a_mention_is_answered_privately_except_in_mattermost(harness: SurfaceHarness) -> None:
    message = await harness.mention("finish T3")
    assert (message.text, message.via) == ("finish T3", Via.MENTION)
    await harness.surface.send_private(message, PRIVATE_CARD)
    if harness.surface.name == "mattermost":  # where bots can't post ephemeral messages: a reply in the thread
        assert "Nothing changed" in harness.public_text()
        return
    assert "Nothing changed" in harness.private_texts("ana")[-1]
    assert "Nothing changed" not in harness.public_text()


async def test_a_click_is_answered_privately_except_in_mattermost(harness: SurfaceHarness) -> None:
    ref = await harness.surface.post(harness.ops(), CARD, nonce="n1")
    message = await harness.press(ref, "Show T3", user="ben")
    assert message.via is Via.BUTTON
    await harness.surface.send_private(message, PRIVATE_CARD)
    if harness.surface.name == "mattermost":  # too late for the response to the click: a reply that mentions them
        assert "@ben" in harness.public_text()
        return
    assert "Nothing changed" in harness.private_texts("ben")[-1]
    assert "Nothing changed" not in harness.public_text()


async def test_a_private_card_can_have_buttons(harness: SurfaceHarness) -> None:
    message = await harness.command("finish T3")
    await harness.surface.send_private(message, PRIVATE_CARD)
    assert "T3 waits for T1." in harness.private_texts("ana")[-1]


@needs_server
async def test_a_command_in_a_channel_without_the_bot_is_answered(harness: SurfaceHarness) -> None:
    message = await harness.command("finish T3")
    message_elsewhere = message.model_copy(update={"place": harness.channel_without_bot()})
    await harness.surface.send_private(message_elsewhere, PRIVATE_CARD)
    assert "Nothing changed" in harness.private_texts("ana")[-1]


@needs_server
async def test_a_direct_message_is_the_last_route(harness: SurfaceHarness) -> None:
    """For a command in a channel without the bot, whose response_url is used up."""
    message = await harness.command("finish T3")
    late_message = message.model_copy(
        update={"place": harness.channel_without_bot(), "reply": message.reply.model_copy(update={"url": ""})}
    )
    await harness.surface.send_private(late_message, PRIVATE_CARD)
    assert "Nothing changed" in harness.private_texts("ana")[-1]


@needs_server
async def test_a_late_answer_is_a_direct_message_because_an_ephemeral_one_may_not_be_seen(
    harness: SurfaceHarness,
) -> None:
    message = await harness.command("finish T3")
    late = message.model_copy(update={"at": message.at - EPHEMERAL_FOR - timedelta(seconds=1)})
    await harness.surface.send_private(message, PRIVATE_CARD)
    assert harness.direct_texts("ana") == []
    await harness.surface.send_private(late, PRIVATE_CARD)
    assert "Nothing changed" in harness.direct_texts("ana")[0]
    assert len(harness.private_texts("ana")) == 2


@pytest.mark.parametrize("name", ["ana", "ben"])
async def test_a_member_has_name_email_and_membership(harness: SurfaceHarness, name: str) -> None:
    actor = await harness.surface.profile(harness.person(name))
    assert (actor.id, actor.membership) == (harness.person(name).id, Membership.MEMBER)
    assert actor.name.casefold().startswith(name)
    assert actor.handle == name
    assert actor.email == f"{name}@example.com" or harness.surface.name == "console"


async def test_a_guest_has_guest_membership(harness: SurfaceHarness) -> None:
    actor = await harness.surface.profile(harness.person("gil"))
    expected = (
        Membership.MEMBER if harness.surface.name == "console" else Membership.GUEST
    )  # whoever can type there is a member
    assert actor.membership is expected


async def test_a_profile_has_the_chats_time_zone(harness: SurfaceHarness) -> None:
    actor = await harness.surface.profile(harness.person("ana"))
    assert actor.timezone == ("Europe/Lisbon" if harness.surface.name != "console" else None)


@needs_server
async def test_an_unknown_user_has_unknown_membership(harness: SurfaceHarness) -> None:
    nobody = Actor(
        surface=harness.surface.name, id="u" * 26 if harness.surface.name == "mattermost" else "U0NOBODY"
    )
    assert (await harness.surface.profile(nobody)).membership is Membership.UNKNOWN


async def test_people_are_found_by_handle_and_email(harness: SurfaceHarness) -> None:
    ben = harness.person("ben").id
    assert [actor.id for actor in await harness.surface.find_people("@ben", harness.ops())] == [ben]
    if harness.surface.name != "console":  # which has no e-mail addresses
        assert [actor.id for actor in await harness.surface.find_people("ben@example.com", harness.ops())] == [ben]
        assert await harness.surface.find_people("@nobody", harness.ops()) in ([], ())
        assert await harness.surface.find_people("nobody@example.com", harness.ops()) in ([], ())


async def test_two_messages_have_different_keys(harness: SurfaceHarness) -> None:
    first, second = await harness.command("next"), await harness.command("next")
    assert first.key != second.key
    assert (
        _sender_and_place(first)
        == _sender_and_place(second)
        == (harness.surface.name, harness.person("ana").id, harness.ops().key)
    )


def _sender_and_place(message: Message) -> tuple[str, str, str]:
    return message.actor.surface, message.actor.id, message.place.key
