"""Mentions and direct messages: heard by the websocket, none lost in a gap, none answered that is not for us."""

import asyncio
import json
from typing import Any

import pytest

from bot.surfaces.mattermost import seen_posts as seen_posts
from bot.surfaces.mattermost.websocket import WebSocketClient
from commands.model.messages import Via
from tests.bot.surfaces.mattermost.rig import Rig, rigged


async def settled(rig: Rig) -> None:
    """Everything said so far was heard: a later direct message is recorded after it."""
    marker = f"marker {len(rig.mm.posts)}"
    await rig.mm.say(rig.mm.direct(rig.mm.ben, rig.mm.bot), marker, rig.mm.ben)
    await rig.mm.until(lambda: marker in rig.engine.texts)


def said(rig: Rig) -> list[str]:
    return [text for text in rig.engine.texts if not text.startswith("marker")]


async def test_a_mention_that_opens_the_message(rig: Rig) -> None:
    post = await rig.mm.say(rig.mm.town, "@liaison finish T3 done\nby hand", rig.mm.ana)
    await settled(rig)
    message = rig.engine.messages[0]
    assert message.text == "finish T3 done\nby hand"
    assert message.via is Via.MENTION
    assert message.key == f"mattermost:127.0.0.1:{rig.mm.port}:{post.id}"
    assert (message.actor.id, message.actor.handle) == (rig.mm.ana.id, "ana")
    assert (message.place.channel, message.place.thread, message.place.direct) == (rig.mm.town.id, "", False)
    assert message.reply.post == post.id
    assert message.key in rig.engine.carried


@pytest.mark.parametrize("odd", [{"create_at": "soon"}, {"props": ["from_bot"]}, {"create_at": 10**30}])
async def test_a_post_that_breaks_us_does_not_make_us_deaf(rig: Rig, odd: dict[str, Any]) -> None:
    post = await rig.mm.say(rig.mm.town, "@liaison next", rig.mm.ana)
    data = {"post": json.dumps(post.json() | {"id": "o" * 26} | odd), "channel_type": "O"}
    await rig.mm.sockets.publish({"event": "posted", "data": data, "broadcast": {}}, {rig.mm.bot.id})
    await settled(rig)
    assert rig.surface.ready() == {"websocket": True}


async def test_in_a_thread_and_in_a_direct_channel(rig: Rig) -> None:
    root = await rig.post()
    direct = rig.mm.direct(rig.mm.ana, rig.mm.bot)
    await rig.mm.say(rig.mm.town, "@liaison next", rig.mm.ana, root=root.id)
    await rig.mm.say(direct, "mine", rig.mm.ana)
    await rig.mm.say(direct, "@Liaison, whoami", rig.mm.ana)
    await settled(rig)
    thread, plain, named = rig.engine.messages[:3]
    assert (thread.place.thread, thread.via) == (root.id, Via.MENTION)
    assert (plain.text, plain.via, plain.place.direct) == ("mine", Via.DIRECT, True)
    assert named.text == "whoami"


@pytest.mark.parametrize(
    "words",
    [
        "please ask @liaison to finish T3",
        "@liaison-test finish T3",
        "@liaisons finish T3",
        "@liaison.x finish T3",
        "finish T3",
        "@ben finish T3",
    ],
)
async def test_what_does_not_open_with_our_name_is_not_for_us(rig: Rig, words: str) -> None:
    await rig.mm.say(rig.mm.town, words, rig.mm.ana)
    await settled(rig)
    assert said(rig) == []


@pytest.mark.parametrize("words", ["@liaison", "@liaison:", "@LIAISON  ", " @liaison, "])
async def test_the_bare_name_is_a_bare_command(rig: Rig, words: str) -> None:
    await rig.mm.say(rig.mm.town, words, rig.mm.ana)
    await settled(rig)
    assert said(rig) == [""]


async def test_it_never_answers_bots_webhooks_systems_or_itself(rig: Rig) -> None:
    other = rig.mm.add_user("otherbot", is_bot=True)
    rig.mm.town.members.add(other.id)
    words = "@liaison finish T3"
    hows: list[tuple[Any, dict[str, Any]]] = [
        (rig.mm.bot, {}),
        (other, {"props": {"from_bot": "true"}}),
        (rig.mm.ana, {"props": {"from_webhook": "true"}}),
        (rig.mm.ana, {"type": "system_join_channel"}),
        (rig.mm.ana, {"type": "slack_attachment"}),
    ]
    for user, how in hows:
        await rig.mm.say(rig.mm.town, words, user, **how)
    await rig.mm.say(rig.mm.direct(rig.mm.ana, rig.mm.bot), words, rig.mm.bot)
    await settled(rig)
    assert said(rig) == []


async def test_what_was_missed_by_a_short_cut_is_resumed(rig: Rig) -> None:
    await rig.mm.sockets.cut()
    await rig.mm.say(rig.mm.town, "@liaison one", rig.mm.ana)
    await rig.mm.say(rig.mm.town, "@liaison two", rig.mm.ana)
    await rig.mm.until(lambda: said(rig) == ["one", "two"])
    await rig.mm.until(lambda: all(rig.surface.ready().values()))
    assert (rig.mm.sockets.resumed, rig.mm.sockets.greeted) == (1, 1)
    assert rig.mm.calls("GET", r"/channels/\w+/posts") == []


async def test_what_was_missed_by_a_restart_of_the_server_is_read_from_the_history(rig: Rig) -> None:
    await rig.mm.say(rig.mm.town, "@liaison zero", rig.mm.ana)
    await settled(rig)
    rig.mm.sockets.deaf = True
    await rig.mm.sockets.cut()
    rig.mm.sockets.forget()
    for words in ("one", "two", "three"):
        await rig.mm.say(rig.mm.town, f"@liaison {words}", rig.mm.ana)
    await rig.mm.say(rig.mm.direct(rig.mm.gil, rig.mm.bot), "never spoke before", rig.mm.gil)
    rig.mm.sockets.deaf = False
    await rig.mm.until(lambda: len(said(rig)) == 5)
    assert [text for text in said(rig) if text != "never spoke before"] == ["zero", "one", "two", "three"]
    assert rig.mm.sockets.greeted == 2
    assert [
        call.query.get("after", "") != "" for call in rig.mm.calls("GET", f"/channels/{rig.mm.town.id}/posts")
    ] == [True]


async def test_a_number_that_is_missing_is_noticed_and_nothing_is_done_twice(rig: Rig) -> None:
    await rig.mm.say(rig.mm.town, "@liaison one", rig.mm.ana)
    await settled(rig)
    await rig.mm.say(rig.mm.town, "@liaison lost on the way", rig.mm.ana, lose=True)
    await rig.mm.say(rig.mm.town, "@liaison three", rig.mm.ana)
    await rig.mm.until(lambda: said(rig) == ["one", "lost on the way", "three"])
    await settled(rig)
    assert len(set(rig.engine.carried)) == len(rig.engine.carried) == len(rig.engine.messages)


async def test_a_restart_of_ours_goes_on_where_it_stopped(rig: Rig) -> None:
    await rig.mm.say(rig.mm.town, "@liaison one", rig.mm.ana)
    await settled(rig)
    await rig.surface.stop()
    await rig.mm.say(rig.mm.town, "@liaison two", rig.mm.ana)
    rig.build()
    await rig.listen()
    await rig.mm.until(lambda: said(rig) == ["one", "two"])


async def test_a_long_absence_is_read_in_pages(rig: Rig) -> None:
    await rig.mm.say(rig.mm.town, "@liaison one", rig.mm.ana)
    await settled(rig)
    await rig.surface.stop()
    for n in range(450):
        await rig.mm.say(rig.mm.town, f"chatter {n}", rig.mm.ben)
    await rig.mm.say(rig.mm.town, "@liaison two", rig.mm.ana)
    fresh = rig.mm.direct(rig.mm.gil, rig.mm.bot)
    for n in range(250):
        await rig.mm.say(fresh, f"note {n}", rig.mm.gil)
    rig.build()
    await rig.listen()
    await rig.mm.until(lambda: len(said(rig)) == 252)
    notes = [text for text in said(rig) if text.startswith("note")]
    assert notes == [f"note {n}" for n in range(250)]


async def test_a_mark_that_was_deleted_for_good_falls_back_to_its_time(rig: Rig) -> None:
    post = await rig.mm.say(rig.mm.town, "@liaison one", rig.mm.ana)
    await settled(rig)
    await rig.surface.stop()
    del rig.mm.posts[post.id]
    await rig.mm.say(rig.mm.town, "@liaison two", rig.mm.ana)
    rig.build()
    await rig.listen()
    await rig.mm.until(lambda: said(rig) == ["one", "two"])


async def test_the_first_time_ever_what_was_said_before_is_not_for_us() -> None:
    async with rigged(listen=False) as rig:
        await rig.mm.say(rig.mm.town, "@liaison before", rig.mm.ana)
        await rig.listen()
        await settled(rig)
        rig.mm.sockets.deaf = True
        await rig.mm.sockets.cut()
        rig.mm.sockets.forget()
        await rig.mm.say(rig.mm.town, "@liaison after", rig.mm.ana)
        rig.mm.sockets.deaf = False
        await rig.mm.until(lambda: said(rig) == ["after"])


async def test_a_store_that_does_not_answer_delays_and_loses_nothing(rig: Rig) -> None:
    rig.engine.broken = 2
    await rig.mm.say(rig.mm.town, "@liaison one", rig.mm.ana)
    await rig.mm.say(rig.mm.town, "@liaison two", rig.mm.ana)
    await rig.mm.until(lambda: said(rig) == ["one", "two"])


async def test_an_unreachable_history_is_asked_again(rig: Rig) -> None:
    rig.mm.sockets.deaf = True
    await rig.mm.sockets.cut()
    rig.mm.sockets.forget()
    await rig.mm.say(rig.mm.town, "@liaison one", rig.mm.ana)
    rig.mm.fault("answer", method="GET", path="/users/[a-z0-9]+/teams$", status=500)
    rig.mm.fault("answer", method="GET", path="/posts", status=429, headers={"X-Ratelimit-Reset": "0"})
    rig.mm.sockets.deaf = False
    await rig.mm.until(lambda: said(rig) == ["one"])


async def test_readiness_is_lost_with_the_socket_and_comes_back(rig: Rig) -> None:
    assert rig.surface.ready() == {"websocket": True}
    rig.mm.sockets.deaf = True
    await rig.mm.sockets.cut()
    await rig.mm.until(lambda: rig.surface.ready() == {"websocket": False})
    rig.mm.sockets.deaf = False
    await rig.mm.until(lambda: rig.surface.ready() == {"websocket": True})


async def test_a_server_that_does_not_answer_pings_is_left_and_come_back_to(rig: Rig) -> None:
    await rig.surface.stop()
    rig.mm.sockets.silent = True
    lost: list[bool] = []
    account = WebSocketClient(
        f"ws{rig.mm.url[4:]}/api/v4/websocket",
        rig.mm.bot.token,
        incoming=lambda event: None,
        lost=lambda: lost.append(True),
        ping_seconds=0.2,
    )
    running = asyncio.create_task(account.run())
    try:
        await rig.mm.until(lambda: rig.mm.sockets.resumed >= 1)
        assert lost == [True]
    finally:
        running.cancel()


async def test_a_server_that_wants_the_challenge_gets_it() -> None:
    async with rigged(listen=False) as rig:
        rig.mm.sockets.challenge_only = True
        await rig.listen()
        await rig.mm.say(rig.mm.town, "@liaison one", rig.mm.ana)
        await rig.mm.until(lambda: said(rig) == ["one"])
        await rig.mm.sockets.cut()
        await rig.mm.say(rig.mm.town, "@liaison two", rig.mm.ana)
        await rig.mm.until(lambda: said(rig) == ["one", "two"])


async def test_a_site_that_is_not_there_yet_is_waited_for() -> None:
    async with rigged(listen=False) as rig:
        await rig.mm.stop()
        await rig.surface.start(rig.engine)
        assert rig.surface.ready() == {"websocket": False}
        await rig.mm.start()
        await rig.mm.until(lambda: rig.surface.ready() == {"websocket": True})


async def test_only_the_configured_team_counts_but_direct_channels_always(rig: Rig) -> None:
    await rig.surface.stop()
    rig.build(team="ops")
    await rig.listen()
    await rig.mm.say(rig.mm.town, "@liaison here", rig.mm.ana)
    rig.mm.far.members.add(rig.mm.bot.id)
    rig.mm.far.team = "z" * 26
    await rig.mm.say(rig.mm.far, "@liaison elsewhere", rig.mm.ana)
    await settled(rig)
    assert said(rig) == ["here"]


async def test_a_site_under_a_path() -> None:
    async with rigged(sub_path="/chat") as rig:
        await rig.mm.say(rig.mm.town, "@liaison one", rig.mm.ana)
        await rig.mm.until(lambda: said(rig) == ["one"])
        await rig.mm.command(rig.url, "two")
        post = await rig.post()
        assert rig.mm.posts[post.id].message == ""
        assert rig.engine.messages[0].key.startswith(f"mattermost:127.0.0.1:{rig.mm.port}/chat:")


async def test_the_notes_are_written_at_the_latest_when_we_stop(rig: Rig) -> None:
    assert seen_posts.WRITE_EVERY_SECONDS <= 5
    post = await rig.mm.say(rig.mm.town, "@liaison one", rig.mm.ana)
    await settled(rig)
    await rig.surface.stop()
    [kept] = rig.notes.kept.values()
    assert post.id in kept
