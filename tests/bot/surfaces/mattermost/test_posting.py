"""How the bot posts, edits and finds its posts, and what the server's rejections become."""

import asyncio
from datetime import UTC, datetime

import pytest

from bot.surfaces.errors import (
    ChatUnreachable,
    NotEditable,
    NotInChannel,
    PostGone,
    Refusal,
    SurfaceError,
    ThreadGone,
    TokenRejected,
)
from bot.surfaces.protocol import PostRef
from commands.model.card import Bold, Button, ClockTime, PersonName
from commands.model.messages import Place
from tests.bot.surfaces.mattermost.harness import FINISH_T3, MattermostHarness, simple_card


async def test_a_card_is_posted_as_an_attachment(harness: MattermostHarness) -> None:
    ref = await harness.surface.post(
        harness.town(), simple_card("R7 Primary down", Button("Finish T3", FINISH_T3), tone="bad"), nonce="n1"
    )
    post = harness.mm.posts[ref.id]
    assert (post.user, post.channel, post.root, post.message) == (harness.mm.bot.id, harness.mm.town.id, "", "")
    [attachment] = post.attachments
    assert attachment["fallback"] == "R7 Primary down"
    assert attachment["text"] == "R7 Primary down"
    assert attachment["color"] == "#c62828"
    assert post.labels == ["Finish T3"]
    [action] = post.actions()
    assert action["integration"]["url"] == f"{harness.url}/mattermost/action"
    [call] = harness.mm.calls("POST", "/api/v4/posts$")
    assert call.json["pending_post_id"] == f"{harness.mm.bot.id}:n1"
    assert "root_id" not in call.json


async def test_a_card_is_posted_in_the_thread_of_its_place(harness: MattermostHarness) -> None:
    root = await harness.post()
    ref = await harness.surface.post(harness.town(thread=root.id), simple_card(), nonce="n1")
    assert harness.mm.posts[ref.id].root == root.id


async def test_an_edit_replaces_text_and_buttons(harness: MattermostHarness) -> None:
    ref = await harness.surface.post(
        harness.town(), simple_card("before", Button("Finish T3", FINISH_T3)), nonce="n1"
    )
    await harness.surface.edit(ref, simple_card("after"))
    post = harness.mm.posts[ref.id]
    assert (post.text, post.labels, post.edits) == ("after", [], 1)
    [call] = harness.mm.calls("PUT", f"/posts/{ref.id}/patch")
    assert sorted(call.json) == ["message", "props"]


async def test_the_same_nonce_creates_one_post(harness: MattermostHarness) -> None:
    harness.mm.fault("cut_after", method="POST", path="/posts$")
    with pytest.raises(ChatUnreachable):
        await harness.surface.post(harness.town(), simple_card(), nonce="n1")
    ref = await harness.surface.post(harness.town(), simple_card(), nonce="n1")
    assert [post.id for post in harness.mm.posts_in(harness.mm.town)] == [ref.id]


async def test_a_post_is_found_by_its_nonce_among_the_last_fifty(harness: MattermostHarness) -> None:
    ref = await harness.surface.post(harness.town(), simple_card(), nonce="n1")
    for n in range(49):
        await harness.mm.say(harness.mm.town, f"chatter {n}", harness.mm.ana)
    assert await harness.surface.find_post(harness.town(), "n1") == ref
    assert await harness.surface.find_post(harness.town(), "n2") is None
    await harness.mm.say(harness.mm.town, "one more", harness.mm.ana)
    assert await harness.surface.find_post(harness.town(), "n1") is None


async def test_a_persons_post_with_our_nonce_is_ignored(harness: MattermostHarness) -> None:
    await harness.mm.say(harness.mm.town, "x", harness.mm.ana, props={"liaison": "n1"})
    assert await harness.surface.find_post(harness.town(), "n1") is None


async def test_a_post_in_a_thread_is_found_in_a_busy_channel(harness: MattermostHarness) -> None:
    root = await harness.post()
    place = harness.town(thread=root.id)
    ref = await harness.surface.post_lines(place, [("T3 done",)], nonce="n1")
    for n in range(60):
        await harness.mm.say(harness.mm.town, f"chatter {n}", harness.mm.ana)
    assert await harness.surface.find_post(place, "n1") == ref
    harness.mm.delete(harness.mm.posts[place.thread])
    assert await harness.surface.find_post(place, "n1") is None


async def test_lines_are_posted_and_edited(harness: MattermostHarness) -> None:
    at = datetime(2026, 11, 21, 14, 3, tzinfo=UTC)
    ref = await harness.surface.post_lines(
        harness.town(),
        [(Bold("T3"), " done by ", PersonName("Ana")), ("at ", ClockTime(at))],
        buttons=[Button("Show", FINISH_T3)],
        nonce="n",
    )
    post = harness.mm.posts[ref.id]
    assert post.message == "**T3** done by Ana\nat 14:03 UTC"
    assert post.labels == ["Show"]
    await harness.surface.edit_lines(ref, [("gone",)])
    assert (post.message, post.attachments) == ("gone", [])


async def test_an_old_card_is_replaced_with_a_link_to_the_new_one(harness: MattermostHarness) -> None:
    old = await harness.surface.post(
        harness.town(), simple_card("old", Button("Finish T3", FINISH_T3)), nonce="n1"
    )
    new = await harness.surface.post(harness.town(), simple_card("new"), nonce="n2")
    await harness.surface.replace_with_pointer(old, new)
    post = harness.mm.posts[old.id]
    assert post.message == f"This card moved: [the live card]({harness.mm.url}/_redirect/pl/{new.id})"
    assert post.attachments == []


@pytest.mark.parametrize("channel", ["far", "none"])
async def test_posting_without_membership_names_the_invite_command(
    harness: MattermostHarness, channel: str
) -> None:
    place = Place(
        surface="mattermost", channel=harness.mm.far.id if channel == "far" else "x" * 26, channel_name="inc-42"
    )
    with pytest.raises(NotInChannel) as error:
        await harness.surface.post(place, simple_card(), nonce="n")
    assert (error.value.channel, error.value.invite) == ("#inc-42", "/invite @liaison")


async def test_editing_a_deleted_post_raises_post_gone(harness: MattermostHarness) -> None:
    ref = await harness.surface.post(harness.town(), simple_card(), nonce="n")
    harness.mm.delete(harness.mm.posts[ref.id])
    with pytest.raises(PostGone):
        await harness.surface.edit(ref, simple_card("x"))
    with pytest.raises(PostGone):
        await harness.surface.edit_lines(PostRef(place=harness.town(), id="y" * 26), [("x",)])
    with pytest.raises(ThreadGone):
        await harness.surface.post(harness.town(thread=ref.id), simple_card(), nonce="m")


async def test_a_403_on_an_edit_is_told_apart_by_reading_the_post(harness: MattermostHarness) -> None:
    ref = await harness.surface.post(harness.town(), simple_card(), nonce="n")
    post = harness.mm.posts[ref.id]
    post.user = harness.mm.ana.id
    with pytest.raises(NotEditable):
        await harness.surface.edit(ref, simple_card("x"))
    post.user = harness.mm.bot.id
    harness.mm.town.members.discard(harness.mm.bot.id)
    with pytest.raises(NotInChannel):
        await harness.surface.edit(ref, simple_card("x"))


@pytest.mark.parametrize(
    ("status", "id", "refusal"),
    [
        (400, "api.post.create_post.can_not_post_to_deleted.error", Refusal.ARCHIVED),
        (400, "model.post.is_valid.props.app_error", Refusal.INVALID),
    ],
)
async def test_why_a_post_was_refused(harness: MattermostHarness, status: int, id: str, refusal: Refusal) -> None:
    await harness.post()
    harness.mm.fault("answer", method="POST", path="/posts$", status=status, body=f'{{"id": "{id}"}}')
    with pytest.raises(SurfaceError) as error:
        await harness.surface.post(harness.town(), simple_card(), nonce="n")
    assert error.value.refusal is refusal


async def test_an_edit_after_the_time_limit_is_not_editable(harness: MattermostHarness) -> None:
    ref = await harness.surface.post(harness.town(), simple_card(), nonce="n")
    body = '{"id": "api.post.update_post.permissions_time_limit.app_error"}'
    harness.mm.fault("answer", method="PUT", path="/patch$", status=400, body=body)
    with pytest.raises(NotEditable):
        await harness.surface.edit(ref, simple_card("x"))


async def test_a_reaction_is_added_and_taken_back(harness: MattermostHarness) -> None:
    post = await harness.mm.say(harness.mm.town, "@liaison finish T1", harness.mm.ana)
    ref = PostRef(place=harness.town(), id=post.id)
    await harness.surface.react(ref, "white_check_mark")
    assert harness.mm.reactions[post.id] == {(harness.mm.bot.id, "white_check_mark")}
    await harness.surface.react(ref, "white_check_mark", on=False)
    assert not harness.mm.reactions[post.id]


async def test_temporary_failures_are_retryable(harness: MattermostHarness) -> None:
    await harness.post()
    for status, headers, wait in ((429, {"Retry-After": "0.3"}, 0.3), (500, {}, 1), (503, {}, 1), (302, {}, 1)):
        harness.mm.fault("answer", method="POST", path="/posts$", status=status, headers=headers)
        with pytest.raises(ChatUnreachable) as error:
            await harness.surface.post(harness.town(), simple_card(), nonce="n")
        assert error.value.retry_after == wait
        await asyncio.sleep(0.3 if status == 429 else 0.0)  # nothing is sent before
    harness.mm.fault("cut_before", method="POST", path="/posts$")
    with pytest.raises(ChatUnreachable):
        await harness.surface.post(harness.town(), simple_card(), nonce="n")
    await harness.mm.stop()
    with pytest.raises(ChatUnreachable):
        await harness.surface.post(harness.town(), simple_card(), nonce="n")
    await harness.mm.start()


async def test_an_unreadable_response_is_a_surface_error(harness: MattermostHarness) -> None:
    await harness.post()
    for body in ("<html>", "[]", "{}"):
        harness.mm.fault("answer", method="POST", path="/posts$", status=201, body=body)
        with pytest.raises(SurfaceError):
            await harness.surface.post(harness.town(), simple_card(), nonce="n")
    harness.mm.fault("answer", method="POST", path="/posts$", status=401, body='{"id": "x", "message": "expired"}')
    with pytest.raises(TokenRejected, match="does not accept the bot's token"):
        await harness.surface.post(harness.town(), simple_card(), nonce="n")


@pytest.mark.parametrize("id", ["", "../users/me", "x" * 25, "X" * 26, "a" * 25 + "/", "é" * 26])
async def test_an_invalid_id_is_never_sent(harness: MattermostHarness, id: str) -> None:
    before = len(harness.mm.seen)
    with pytest.raises(SurfaceError, match="nothing was sent"):
        await harness.surface.edit(PostRef(place=harness.town(), id=id), simple_card())
    with pytest.raises(SurfaceError, match="nothing was sent"):
        await harness.surface.find_post(Place(surface="mattermost", channel=id), "n")
    assert len(harness.mm.seen) == before


async def test_only_a_ping_is_a_mention(harness: MattermostHarness) -> None:
    ben = harness.mm.ben
    quiet = await harness.surface.post_lines(
        harness.town(), [(PersonName("@ben", ben.id), " and ", PersonName("ben"))], nonce="n1"
    )
    loud = await harness.surface.post_lines(
        harness.town(),
        [
            (
                PersonName("Ben", ben.id, ping=True),
                ", the update is due",
            )
        ],
        nonce="n2",
    )
    gone = await harness.surface.post_lines(
        harness.town(), [(PersonName("Zoe", "z" * 26, ping=True), " left")], nonce="n3"
    )
    assert harness.mm.mentions(harness.mm.posts[quiet.id]) == set()
    assert harness.mm.mentions(harness.mm.posts[loud.id]) == {ben.id}
    assert harness.mm.posts[loud.id].message == "@ben, the update is due"
    assert harness.mm.posts[gone.id].message == "Zoe left"
