"""Where an answer for one person goes (the table of DESIGN section 4)."""

from typing import Any

from commands.model.card import Button
from commands.model.messages import Actor, Message, ReplyRoute, Via
from tests.bot.surfaces.mattermost.rig import T3, Rig, card
from tests.fakes.mattermost import Post


def message(rig: Rig, via: Via, post: Post | None = None, *, place: dict[str, Any] | None = None) -> Message:
    return Message(
        key=f"mattermost:x:{via}",
        actor=Actor(surface="mattermost", id=rig.mm.ana.id, handle="ana"),
        place=rig.town(**(place or {})),
        via=via,
        at=rig.now(),
        reply=ReplyRoute(post=post.id if post else ""),
    )


def bots(rig: Rig) -> list[Post]:
    return [post for post in rig.mm.posts.values() if post.user == rig.mm.bot.id]


async def test_a_mention_is_answered_in_its_thread(rig: Rig) -> None:
    asked = await rig.mm.say(rig.mm.town, "@liaison mine", rig.mm.ana)
    await rig.surface.send_private(message(rig, Via.MENTION, asked), card("Yours"))
    [reply] = bots(rig)
    assert (reply.root, reply.text) == (asked.id, "Yours")


async def test_a_mention_in_a_thread_is_answered_there(rig: Rig) -> None:
    root = await rig.mm.say(rig.mm.town, "R7", rig.mm.ana)
    asked = await rig.mm.say(rig.mm.town, "@liaison mine", rig.mm.ana, root=root.id)
    await rig.surface.send_private(message(rig, Via.MENTION, asked, place={"thread": root.id}), card("Yours"))
    assert bots(rig)[0].root == root.id


async def test_a_direct_message_is_answered_beside_it(rig: Rig) -> None:
    direct = rig.mm.direct(rig.mm.ana, rig.mm.bot)
    asked = await rig.mm.say(direct, "mine", rig.mm.ana)
    place = {"channel": direct.id, "direct": True}
    incoming = message(rig, Via.DIRECT, asked)
    await rig.surface.send_private(
        incoming.model_copy(update={"place": incoming.place.model_copy(update=place)}), card("Yours")
    )
    [reply] = bots(rig)
    assert (reply.channel, reply.root) == (direct.id, "")


async def test_a_late_refusal_of_a_click_is_a_reply_under_the_card_that_names_the_person(rig: Rig) -> None:
    post = await rig.post(T3)
    for via in (Via.BUTTON, Via.FORM):
        await rig.surface.send_private(message(rig, via, post), card(f"T4 waits for T3 {via}", tone="bad"))
        reply = bots(rig)[-1]
        assert (reply.root, reply.message) == (post.id, "@ana")
        assert rig.mm.mentions(reply) == {rig.mm.ana.id}


async def test_a_late_success_of_a_click_is_seen_on_card_and_trace(rig: Rig) -> None:
    post = await rig.post(T3)
    await rig.surface.send_private(message(rig, Via.BUTTON, post), card("T3 is done", shown_elsewhere=True))
    assert bots(rig) == [post]
    await rig.surface.send_private(
        message(rig, Via.BUTTON, post), card("T3 is yours", Button("Finish T3", T3), shown_elsewhere=True)
    )
    assert bots(rig)[-1].labels == ["Finish T3"]


async def test_the_same_whisper_tried_twice_is_one_post(rig: Rig) -> None:
    asked = await rig.mm.say(rig.mm.town, "@liaison mine", rig.mm.ana)
    for _ in range(2):
        await rig.surface.send_private(message(rig, Via.MENTION, asked), card("Yours"))
    assert len(bots(rig)) == 1


async def test_where_nothing_can_be_posted_a_direct_message_is_the_last_resort(rig: Rig) -> None:
    post = await rig.post(T3)
    rig.mm.town.members.discard(rig.mm.bot.id)
    await rig.surface.send_private(message(rig, Via.BUTTON, post), card("T4 waits for T3", tone="bad"))
    [reply] = rig.mm.posts_in(rig.mm.direct(rig.mm.ana, rig.mm.bot))
    assert "T4 waits for T3" in reply.text
    assert reply.message == ""


async def test_a_form_opened_by_a_command_is_answered_by_that_commands_response_url(rig: Rig) -> None:
    await rig.mm.command(rig.url, "status", user=rig.mm.ana)
    form = rig.mm.dialog_of(rig.mm.ana)
    assert form is not None
    await rig.mm.submit_dialog(form, {"health": "red", "text": "x"})
    await rig.surface.send_private(rig.engine.messages[0], card("R7 is over", tone="bad"))
    assert [post.text for post in rig.mm.private(rig.mm.ana)] == ["R7 is over"]
