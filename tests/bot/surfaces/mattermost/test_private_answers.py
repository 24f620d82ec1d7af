"""The routes of private answers."""

from typing import Any

from commands.model.card import Button
from commands.model.messages import Actor, Message, Place, ReplyRoute, Via
from tests.bot.surfaces.mattermost.harness import FINISH_T3, MattermostHarness, simple_card
from tests.fakes.mattermost import Post


def message(
    harness: MattermostHarness, via: Via, post: Post | None = None, *, place: dict[str, Any] | None = None
) -> Message:
    return Message(
        key=f"mattermost:x:{via}",
        actor=Actor(surface="mattermost", id=harness.mm.ana.id, handle="ana"),
        place=harness.town(**(place or {})),
        via=via,
        at=harness.now(),
        reply=ReplyRoute(post=post.id if post else ""),
    )


def bot_posts(harness: MattermostHarness) -> list[Post]:
    return [post for post in harness.mm.posts.values() if post.user == harness.mm.bot.id]


async def test_a_mention_is_answered_in_its_thread(harness: MattermostHarness) -> None:
    question = await harness.mm.say(harness.mm.town, "@liaison mine", harness.mm.ana)
    await harness.surface.send_private(message(harness, Via.MENTION, question), simple_card("Yours"))
    [reply] = bot_posts(harness)
    assert (reply.root, reply.text) == (question.id, "Yours")


async def test_a_mention_in_a_thread_is_answered_there(harness: MattermostHarness) -> None:
    root = await harness.mm.say(harness.mm.town, "R7", harness.mm.ana)
    question = await harness.mm.say(harness.mm.town, "@liaison mine", harness.mm.ana, root=root.id)
    await harness.surface.send_private(
        message(harness, Via.MENTION, question, place={"thread": root.id}), simple_card("Yours")
    )
    assert bot_posts(harness)[0].root == root.id


async def test_a_direct_message_is_answered_in_its_channel(harness: MattermostHarness) -> None:
    direct = harness.mm.direct(harness.mm.ana, harness.mm.bot)
    question = await harness.mm.say(direct, "mine", harness.mm.ana)
    place = {"channel": direct.id, "direct": True}
    incoming = message(harness, Via.DIRECT, question)
    await harness.surface.send_private(
        incoming.model_copy(update={"place": incoming.place.model_copy(update=place)}), simple_card("Yours")
    )
    [reply] = bot_posts(harness)
    assert (reply.channel, reply.root) == (direct.id, "")


async def test_a_late_refusal_of_a_click_is_a_reply_that_mentions_the_person(
    harness: MattermostHarness,
) -> None:
    post = await harness.post(FINISH_T3)
    for via in (Via.BUTTON, Via.FORM):
        await harness.surface.send_private(
            message(harness, via, post), simple_card(f"T4 waits for T3 {via}", tone="bad")
        )
        reply = bot_posts(harness)[-1]
        assert (reply.root, reply.message) == (post.id, "@ana")
        assert harness.mm.mentions(reply) == {harness.mm.ana.id}


async def test_a_late_success_of_a_click_shows_only_on_the_card(harness: MattermostHarness) -> None:
    post = await harness.post(FINISH_T3)
    await harness.surface.send_private(
        message(harness, Via.BUTTON, post), simple_card("T3 is done", shown_elsewhere=True)
    )
    assert bot_posts(harness) == [post]
    await harness.surface.send_private(
        message(harness, Via.BUTTON, post),
        simple_card("T3 is yours", Button("Finish T3", FINISH_T3), shown_elsewhere=True),
    )
    assert bot_posts(harness) == [post]


async def test_a_late_success_in_a_direct_message_is_answered_there(harness: MattermostHarness) -> None:
    direct = harness.mm.direct(harness.mm.ana, harness.mm.bot)
    post = await harness.mm.say(direct, "mine", harness.mm.ana)
    pressed = message(harness, Via.BUTTON, post)
    pressed = pressed.model_copy(
        update={"place": pressed.place.model_copy(update={"channel": direct.id, "direct": True})}
    )
    card = simple_card("T3 is yours", Button("Finish T3", FINISH_T3), shown_elsewhere=True)
    await harness.surface.send_private(pressed, card)
    assert bot_posts(harness)[-1].labels == ["Finish T3"]


async def test_a_private_answer_sent_twice_is_one_post(harness: MattermostHarness) -> None:
    question = await harness.mm.say(harness.mm.town, "@liaison mine", harness.mm.ana)
    for _ in range(2):
        sent = message(harness, Via.MENTION, question)
        await harness.surface.send_private(sent, simple_card("Yours"), nonce="n1", may_exist=True)
    assert len(bot_posts(harness)) == 1


async def test_a_direct_message_is_sent_where_the_bot_cannot_post(harness: MattermostHarness) -> None:
    post = await harness.post(FINISH_T3)
    harness.mm.town.members.discard(harness.mm.bot.id)
    await harness.surface.send_private(
        message(harness, Via.BUTTON, post), simple_card("T4 waits for T3", tone="bad")
    )
    [reply] = harness.mm.posts_in(harness.mm.direct(harness.mm.ana, harness.mm.bot))
    assert "T4 waits for T3" in reply.text
    assert reply.message == ""


async def test_a_form_opened_by_a_command_is_answered_by_its_response_url(
    harness: MattermostHarness,
) -> None:
    await harness.mm.command(harness.url, "status", user=harness.mm.ana)
    dialog = harness.mm.dialog_of(harness.mm.ana)
    assert dialog is not None
    await harness.mm.submit_dialog(dialog, {"health": "red", "text": "x"})
    await harness.surface.send_private(harness.intake.messages[0], simple_card("R7 is over", tone="bad"))
    assert [post.text for post in harness.mm.private(harness.mm.ana)] == ["R7 is over"]


async def test_a_commands_answer_comes_from_the_bot_where_overrides_are_allowed(
    harness: MattermostHarness,
) -> None:
    """At once and by ``response_url``. Otherwise the server shows whoever asked."""
    harness.mm.service_settings |= {"EnablePostUsernameOverride": True, "EnablePostIconOverride": True}
    harness.intake.failing_records = 1
    await harness.mm.command(harness.url, "mine")
    incoming = message(harness, Via.COMMAND)
    reply = ReplyRoute(url=harness.mm.response_url(harness.mm.ana, harness.mm.town))
    await harness.surface.send_private(incoming.model_copy(update={"reply": reply}), simple_card("Yours"))
    answers = harness.mm.private(harness.mm.ana)
    assert [harness.mm.shown_author(post) for post in answers] == ["liaison", "liaison"]
    assert answers[1].props["override_icon_url"] == f"{harness.mm.url}/api/v4/users/{harness.mm.bot.id}/image"
    harness.mm.service_settings["EnablePostUsernameOverride"] = False
    await harness.surface.send_private(incoming.model_copy(update={"reply": reply}), simple_card("Yours"))
    assert harness.mm.shown_author(harness.mm.private(harness.mm.ana)[-1]) == "ana"


async def test_a_clicks_answer_has_the_servers_sender_without_the_right(harness: MattermostHarness) -> None:
    """Whatever may be overridden, and doctor says so."""
    harness.mm.service_settings |= {"EnablePostUsernameOverride": True, "EnablePostIconOverride": True}
    harness.intake.private_answers["finish"] = simple_card("T3 is done already")
    card = await harness.post(FINISH_T3)
    pressed = await harness.mm.press(card, "Finish", harness.mm.ana)
    assert pressed.json == {"ephemeral_text": "T3 is done already", "skip_slack_parsing": True}
    [shown] = harness.mm.private(harness.mm.ana)
    assert harness.mm.shown_author(shown) == "ana"
    titles = [result.summary for result in await harness.surface.check()]
    assert "Private answers to buttons show the name and picture of whoever pressed" in titles


async def test_with_the_right_to_do_so_the_bot_posts_private_answers_itself(harness: MattermostHarness) -> None:
    """Also to mentions and clicks, which otherwise are answered for everyone to see."""
    harness.mm.permissions["system_user"].append("create_post_ephemeral")
    question = await harness.mm.say(harness.mm.town, "@liaison mine", harness.mm.ana)
    card = await harness.post(FINISH_T3)
    before = len(bot_posts(harness))
    buttons = simple_card("Which one?", Button("T3", FINISH_T3))
    await harness.surface.send_private(message(harness, Via.MENTION, question), buttons)
    await harness.surface.send_private(message(harness, Via.BUTTON, card), simple_card("Refused"))
    await harness.surface.send_private(message(harness, Via.COMMAND), simple_card("Yours"))
    answers = harness.mm.private(harness.mm.ana)
    assert [post.text for post in answers] == ["Which one?", "Refused", "Yours"]
    assert [post.root for post in answers] == [question.id, card.id, ""]
    assert {harness.mm.shown_author(post) for post in answers} == {"liaison"}
    assert answers[0].labels == ["T3"]
    assert len(bot_posts(harness)) == before


async def test_if_the_right_is_taken_away_the_other_routes_are_used(harness: MattermostHarness) -> None:
    harness.mm.permissions["system_user"].append("create_post_ephemeral")
    question = await harness.mm.say(harness.mm.town, "@liaison mine", harness.mm.ana)
    await harness.surface.send_private(message(harness, Via.MENTION, question), simple_card("First"))
    harness.mm.permissions["system_user"].remove("create_post_ephemeral")
    await harness.surface.send_private(message(harness, Via.MENTION, question), simple_card("Second"))
    assert [post.text for post in bot_posts(harness)] == ["Second"]


async def test_a_direct_message_or_notice_that_was_sent_before_a_kill_is_found_again(
    harness: MattermostHarness,
) -> None:
    person = Actor(surface="mattermost", id=harness.mm.ana.id)
    place = Place(surface="mattermost", channel=harness.mm.town.id)
    for may_exist in (False, True):
        await harness.surface.send_direct(person, simple_card("Yours"), nonce="n1", may_exist=may_exist)
        await harness.surface.send_notice(person, place, simple_card("No"), nonce="n2", may_exist=may_exist)
        harness.mm.pending.clear()  # the server recognises a repeated request for half a minute only
    posts = harness.mm.posts_in(harness.mm.direct(harness.mm.ana, harness.mm.bot))
    assert len(posts) == 2
