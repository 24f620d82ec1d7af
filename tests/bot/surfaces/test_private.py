"""What is for one person, by every way they may have asked; and who somebody is."""

import pytest

from commands.model.card import Button, Card, text
from commands.model.intents import Begin, Show
from commands.model.messages import Actor, Membership, Message, Via
from tests.bot.surfaces.stands import Stand, served

SECRET = Card(
    title=("T3 waits for T1.",),
    summary="T3 waits for T1.",
    lines=(text("Nothing changed."),),
    buttons=(Button("Begin T1", Begin(run="R7", tasks=("T1",))),),
)
CARD = Card(title=("R7 Primary down",), summary="R7", buttons=(Button("Show T3", Show(what="T3", run="R7")),))


async def test_a_typed_command_is_answered_to_its_person_alone(stand: Stand) -> None:
    message = await stand.command("finish T3")
    assert (message.text, message.via) in (("finish T3", Via.COMMAND), ("finish T3", Via.SAY))
    await stand.surface.send_private(message, SECRET)
    assert "T3 waits for T1.\nNothing changed." in stand.private("ana")[-1]
    assert stand.private("ben") == []
    assert "Nothing changed" not in stand.public()


@served
async def test_a_mention_is_answered_where_only_mattermost_lets_others_read_it(stand: Stand) -> None:
    message = await stand.mention("finish T3")
    assert (message.text, message.via) == ("finish T3", Via.MENTION)
    await stand.surface.send_private(message, SECRET)
    if stand.surface.name == "mattermost":  # it lets no bot whisper: a reply in the thread (DESIGN section 4)
        assert "Nothing changed" in stand.public()
        return
    assert "Nothing changed" in stand.private("ana")[-1]
    assert "Nothing changed" not in stand.public()


async def test_a_press_is_answered_to_its_person(stand: Stand) -> None:
    ref = await stand.surface.post(stand.ops(), CARD, nonce="n1")
    message = await stand.press(ref, "Show T3", user="ben")
    assert message.via is Via.BUTTON
    await stand.surface.send_private(message, SECRET)
    if stand.surface.name == "mattermost":  # too late for the click's own answer: a reply that names them
        assert "@ben" in stand.public()
        return
    assert "Nothing changed" in stand.private("ben")[-1]
    assert "Nothing changed" not in stand.public()


async def test_a_private_button_works(stand: Stand) -> None:
    message = await stand.command("finish T3")
    await stand.surface.send_private(message, SECRET)
    assert "T3 waits for T1." in stand.private("ana")[-1]


@served
async def test_where_we_are_no_member_a_command_is_still_answered(stand: Stand) -> None:
    message = await stand.command("finish T3")
    elsewhere = message.model_copy(update={"place": stand.far()})
    await stand.surface.send_private(elsewhere, SECRET)
    assert "Nothing changed" in stand.private("ana")[-1]


@served
async def test_without_any_other_way_a_person_is_told_directly(stand: Stand) -> None:
    """A command whose own route is used up, in a channel without us."""
    message = await stand.command("finish T3")
    late = message.model_copy(update={"place": stand.far(), "reply": message.reply.model_copy(update={"url": ""})})
    await stand.surface.send_private(late, SECRET)
    assert "Nothing changed" in stand.private("ana")[-1]


@pytest.mark.parametrize("name", ["ana", "ben"])
async def test_a_member_is_known_with_name_mail_and_standing(stand: Stand, name: str) -> None:
    actor = await stand.surface.profile(stand.person(name))
    assert (actor.id, actor.membership) == (stand.person(name).id, Membership.MEMBER)
    assert actor.name.casefold().startswith(name)
    assert actor.handle == name
    assert actor.email == f"{name}@example.com" or stand.surface.name == "console"


async def test_a_guest_is_a_guest(stand: Stand) -> None:
    actor = await stand.surface.profile(stand.person("gil"))
    wanted = (
        Membership.MEMBER if stand.surface.name == "console" else Membership.GUEST
    )  # whoever can type there may
    assert actor.membership is wanted


async def test_a_persons_zone_is_the_chats(stand: Stand) -> None:
    actor = await stand.surface.profile(stand.person("ana"))
    assert actor.timezone == ("Europe/Lisbon" if stand.surface.name != "console" else None)


@served
async def test_somebody_unknown_is_no_member(stand: Stand) -> None:
    nobody = Actor(surface=stand.surface.name, id="u" * 26 if stand.surface.name == "mattermost" else "U0NOBODY")
    assert (await stand.surface.profile(nobody)).membership is Membership.UNKNOWN


async def test_people_are_found_by_handle_and_mail(stand: Stand) -> None:
    ben = stand.person("ben").id
    assert [one.id for one in await stand.surface.find_people("@ben", stand.ops())] == [ben]
    if stand.surface.name != "console":  # which knows no addresses
        assert [one.id for one in await stand.surface.find_people("ben@example.com", stand.ops())] == [ben]
        assert await stand.surface.find_people("@nobody", stand.ops()) in ([], ())
        assert await stand.surface.find_people("nobody@example.com", stand.ops()) in ([], ())


async def test_two_messages_have_two_keys(stand: Stand) -> None:
    first, second = await stand.command("next"), await stand.command("next")
    assert first.key != second.key
    assert _who(first) == _who(second) == (stand.surface.name, stand.person("ana").id, stand.ops().key)


def _who(message: Message) -> tuple[str, str, str]:
    return message.actor.surface, message.actor.id, message.place.key
