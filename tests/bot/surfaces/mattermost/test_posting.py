"""What the bot's own account posts, edits and finds again, and what becomes of the server's refusals."""

from datetime import UTC, datetime

import pytest

from bot.surfaces.protocol import ChatUnreachable, NotInChannel, PostGone, PostRef, SurfaceError
from commands.model.card import Bold, Button, ClockTime, PersonName
from commands.model.messages import Place
from tests.bot.surfaces.mattermost.rig import T3, Rig, card


async def test_a_card_is_an_attachment_of_the_bots_own_account(rig: Rig) -> None:
    ref = await rig.surface.post(
        rig.town(), card("R7 Primary down", Button("Finish T3", T3), tone="bad"), nonce="n1"
    )
    post = rig.mm.posts[ref.id]
    assert (post.user, post.channel, post.root, post.message) == (rig.mm.bot.id, rig.mm.town.id, "", "")
    [attachment] = post.attachments
    assert attachment["fallback"] == "R7 Primary down"
    assert attachment["text"] == "R7 Primary down"
    assert attachment["color"] == "#c62828"
    assert post.labels == ["Finish T3"]
    [action] = post.actions()
    assert action["integration"]["url"] == f"{rig.url}/mattermost/action"
    [call] = rig.mm.calls("POST", "/api/v4/posts$")
    assert call.json["pending_post_id"] == f"{rig.mm.bot.id}:n1"
    assert "root_id" not in call.json


async def test_in_the_thread_of_its_place(rig: Rig) -> None:
    root = await rig.post()
    ref = await rig.surface.post(rig.town(thread=root.id), card(), nonce="n1")
    assert rig.mm.posts[ref.id].root == root.id


async def test_an_edit_replaces_text_and_buttons(rig: Rig) -> None:
    ref = await rig.surface.post(rig.town(), card("before", Button("Finish T3", T3)), nonce="n1")
    await rig.surface.edit(ref, card("after"))
    post = rig.mm.posts[ref.id]
    assert (post.text, post.labels, post.edits) == ("after", [], 1)
    [call] = rig.mm.calls("PUT", f"/posts/{ref.id}/patch")
    assert sorted(call.json) == ["message", "props"]


async def test_the_same_nonce_twice_is_one_post(rig: Rig) -> None:
    rig.mm.fault("cut_after", method="POST", path="/posts$")
    with pytest.raises(ChatUnreachable):
        await rig.surface.post(rig.town(), card(), nonce="n1")
    ref = await rig.surface.post(rig.town(), card(), nonce="n1")
    assert [post.id for post in rig.mm.posts_in(rig.mm.town)] == [ref.id]


async def test_a_post_is_found_by_its_nonce_among_the_last_fifty(rig: Rig) -> None:
    ref = await rig.surface.post(rig.town(), card(), nonce="n1")
    for n in range(49):
        await rig.mm.say(rig.mm.town, f"chatter {n}", rig.mm.ana)
    assert await rig.surface.find_post(rig.town(), "n1") == ref
    assert await rig.surface.find_post(rig.town(), "n2") is None
    await rig.mm.say(rig.mm.town, "one more", rig.mm.ana)
    assert await rig.surface.find_post(rig.town(), "n1") is None


async def test_another_persons_post_with_our_nonce_is_not_ours(rig: Rig) -> None:
    await rig.mm.say(rig.mm.town, "x", rig.mm.ana, props={"liaison": "n1"})
    assert await rig.surface.find_post(rig.town(), "n1") is None


async def test_in_a_thread_it_is_found_however_busy_the_channel_is(rig: Rig) -> None:
    root = await rig.post()
    place = rig.town(thread=root.id)
    ref = await rig.surface.post_lines(place, [("T3 done",)], nonce="n1")
    for n in range(60):
        await rig.mm.say(rig.mm.town, f"chatter {n}", rig.mm.ana)
    assert await rig.surface.find_post(place, "n1") == ref


async def test_lines_are_said_and_said_again(rig: Rig) -> None:
    at = datetime(2026, 11, 21, 14, 3, tzinfo=UTC)
    ref = await rig.surface.post_lines(
        rig.town(),
        [(Bold("T3"), " done by ", PersonName("Ana")), ("at ", ClockTime(at))],
        buttons=[Button("Show", T3)],
        nonce="n",
    )
    post = rig.mm.posts[ref.id]
    assert post.message == "**T3** done by Ana\nat 14:03 UTC"
    assert post.labels == ["Show"]
    await rig.surface.edit_lines(ref, [("gone",)])
    assert (post.message, post.attachments) == ("gone", [])


async def test_an_old_card_points_to_the_new_one(rig: Rig) -> None:
    old = await rig.surface.post(rig.town(), card("old", Button("Finish T3", T3)), nonce="n1")
    new = await rig.surface.post(rig.town(), card("new"), nonce="n2")
    await rig.surface.replace_with_pointer(old, new)
    post = rig.mm.posts[old.id]
    assert post.message == f"This card moved: [the live card]({rig.mm.url}/_redirect/pl/{new.id})"
    assert post.attachments == []


@pytest.mark.parametrize("channel", ["far", "none"])
async def test_where_we_are_not_it_says_how_to_invite_us(rig: Rig, channel: str) -> None:
    place = Place(
        surface="mattermost", channel=rig.mm.far.id if channel == "far" else "x" * 26, channel_name="inc-42"
    )
    with pytest.raises(NotInChannel) as error:
        await rig.surface.post(place, card(), nonce="n")
    assert (error.value.channel, error.value.invite) == ("#inc-42", "/invite @liaison")


async def test_a_deleted_post_is_gone(rig: Rig) -> None:
    ref = await rig.surface.post(rig.town(), card(), nonce="n")
    rig.mm.delete(rig.mm.posts[ref.id])
    with pytest.raises(PostGone):
        await rig.surface.edit(ref, card("x"))
    with pytest.raises(PostGone):
        await rig.surface.edit_lines(PostRef(place=rig.town(), id="y" * 26), [("x",)])
    with pytest.raises(PostGone):
        await rig.surface.post(rig.town(thread=ref.id), card(), nonce="m")


async def test_trouble_on_the_way_may_be_tried_again(rig: Rig) -> None:
    await rig.post()
    for status, headers, wait in ((429, {"Retry-After": "7"}, 7), (500, {}, 1), (503, {}, 1), (302, {}, 1)):
        rig.mm.fault("answer", method="POST", path="/posts$", status=status, headers=headers)
        with pytest.raises(ChatUnreachable) as error:
            await rig.surface.post(rig.town(), card(), nonce="n")
        assert error.value.retry_after == wait
    rig.mm.fault("cut_before", method="POST", path="/posts$")
    with pytest.raises(ChatUnreachable):
        await rig.surface.post(rig.town(), card(), nonce="n")
    await rig.mm.stop()
    with pytest.raises(ChatUnreachable):
        await rig.surface.post(rig.town(), card(), nonce="n")
    await rig.mm.start()


async def test_what_we_cannot_read_is_a_surface_error(rig: Rig) -> None:
    await rig.post()
    for body in ("<html>", "[]", "{}"):
        rig.mm.fault("answer", method="POST", path="/posts$", status=201, body=body)
        with pytest.raises(SurfaceError):
            await rig.surface.post(rig.town(), card(), nonce="n")
    rig.mm.fault("answer", method="POST", path="/posts$", status=401, body='{"id": "x", "message": "expired"}')
    with pytest.raises(SurfaceError, match="expired"):
        await rig.surface.post(rig.town(), card(), nonce="n")


@pytest.mark.parametrize("id", ["", "../users/me", "x" * 25, "X" * 26, "a" * 25 + "/", "é" * 26])
async def test_nothing_that_is_no_id_reaches_a_path(rig: Rig, id: str) -> None:
    before = len(rig.mm.seen)
    with pytest.raises(SurfaceError, match="nothing was sent"):
        await rig.surface.edit(PostRef(place=rig.town(), id=id), card())
    with pytest.raises(SurfaceError, match="nothing was sent"):
        await rig.surface.find_post(Place(surface="mattermost", channel=id), "n")
    assert len(rig.mm.seen) == before


async def test_a_ping_is_a_real_mention_and_a_name_is_not(rig: Rig) -> None:
    ben = rig.mm.ben
    quiet = await rig.surface.post_lines(
        rig.town(), [(PersonName("@ben", ben.id), " and ", PersonName("ben"))], nonce="n1"
    )
    loud = await rig.surface.post_lines(
        rig.town(),
        [
            (
                PersonName("Ben", ben.id, ping=True),
                ", the update is due",
            )
        ],
        nonce="n2",
    )
    gone = await rig.surface.post_lines(
        rig.town(), [(PersonName("Zoe", "z" * 26, ping=True), " left")], nonce="n3"
    )
    assert rig.mm.mentions(rig.mm.posts[quiet.id]) == set()
    assert rig.mm.mentions(rig.mm.posts[loud.id]) == {ben.id}
    assert rig.mm.posts[loud.id].message == "@ben, the update is due"
    assert rig.mm.posts[gone.id].message == "Zoe left"
