"""Mentions and direct messages arrive by websocket, none are lost, and other posts are ignored."""

import json
from typing import Any

import pytest

from bot.surfaces.mattermost import seen_posts as seen_posts
from commands.model.messages import Via
from tests.bot.surfaces.mattermost.harness import MattermostHarness, start_surface


async def wait_until_idle(harness: MattermostHarness) -> None:
    """Waits until all posts so far are handled: posts a direct message and waits until it is recorded."""
    marker = f"marker {len(harness.mm.posts)}"
    await harness.mm.say(harness.mm.direct(harness.mm.ben, harness.mm.bot), marker, harness.mm.ben)
    await harness.mm.until(lambda: marker in harness.intake.texts)


def texts(harness: MattermostHarness) -> list[str]:
    return [text for text in harness.intake.texts if not text.startswith("marker")]


async def test_a_message_that_starts_with_a_mention_is_recorded(harness: MattermostHarness) -> None:
    post = await harness.mm.say(harness.mm.town, "@liaison finish T3 done\nby hand", harness.mm.ana)
    await wait_until_idle(harness)
    message = harness.intake.messages[0]
    assert message.text == "finish T3 done\nby hand"
    assert message.via is Via.MENTION
    assert message.key == f"mattermost:127.0.0.1:{harness.mm.port}:{post.id}"
    assert (message.actor.id, message.actor.handle) == (harness.mm.ana.id, "ana")
    assert (message.place.channel, message.place.thread, message.place.direct) == (harness.mm.town.id, "", False)
    assert message.reply.post == post.id
    assert message.key in harness.intake.processed


@pytest.mark.parametrize("changes", [{"create_at": "soon"}, {"props": ["from_bot"]}, {"create_at": 10**30}])
async def test_a_malformed_post_does_not_stop_later_posts(
    harness: MattermostHarness, changes: dict[str, Any]
) -> None:
    post = await harness.mm.say(harness.mm.town, "@liaison next", harness.mm.ana)
    data = {"post": json.dumps(post.json() | {"id": "o" * 26} | changes), "channel_type": "O"}
    await harness.mm.sockets.publish({"event": "posted", "data": data, "broadcast": {}}, {harness.mm.bot.id})
    await wait_until_idle(harness)
    assert harness.surface.ready() == {"websocket": True}


async def test_threads_and_direct_channels_are_recognized(harness: MattermostHarness) -> None:
    root = await harness.post()
    direct = harness.mm.direct(harness.mm.ana, harness.mm.bot)
    await harness.mm.say(harness.mm.town, "@liaison next", harness.mm.ana, root=root.id)
    await harness.mm.say(direct, "mine", harness.mm.ana)
    await harness.mm.say(direct, "@Liaison, whoami", harness.mm.ana)
    await wait_until_idle(harness)
    thread, plain, named = harness.intake.messages[:3]
    assert (thread.place.thread, thread.via) == (root.id, Via.MENTION)
    assert (plain.text, plain.via, plain.place.direct) == ("mine", Via.DIRECT, True)
    assert named.text == "whoami"


@pytest.mark.parametrize(
    "text",
    [
        "please ask @liaison to finish T3",
        "@liaison-test finish T3",
        "@liaisons finish T3",
        "@liaison.x finish T3",
        "finish T3",
        "@ben finish T3",
    ],
)
async def test_a_message_that_does_not_start_with_a_mention_is_ignored(
    harness: MattermostHarness, text: str
) -> None:
    await harness.mm.say(harness.mm.town, text, harness.mm.ana)
    await wait_until_idle(harness)
    assert texts(harness) == []


@pytest.mark.parametrize("text", ["@liaison", "@liaison:", "@LIAISON  ", " @liaison, "])
async def test_a_bare_mention_is_an_empty_command(harness: MattermostHarness, text: str) -> None:
    await harness.mm.say(harness.mm.town, text, harness.mm.ana)
    await wait_until_idle(harness)
    assert texts(harness) == [""]


async def test_posts_of_bots_webhooks_and_the_system_are_ignored(harness: MattermostHarness) -> None:
    other = harness.mm.add_user("otherbot", is_bot=True)
    harness.mm.town.members.add(other.id)
    text = "@liaison finish T3"
    posts: list[tuple[Any, dict[str, Any]]] = [
        (harness.mm.bot, {}),
        (other, {"props": {"from_bot": "true"}}),
        (harness.mm.ana, {"props": {"from_webhook": "true"}}),
        (harness.mm.ana, {"type": "system_join_channel"}),
        (harness.mm.ana, {"type": "slack_attachment"}),
    ]
    for user, fields in posts:
        await harness.mm.say(harness.mm.town, text, user, **fields)
    await harness.mm.say(harness.mm.direct(harness.mm.ana, harness.mm.bot), text, harness.mm.bot)
    await wait_until_idle(harness)
    assert texts(harness) == []


async def test_posts_during_a_short_disconnect_are_resumed(harness: MattermostHarness) -> None:
    await harness.mm.sockets.cut()
    await harness.mm.say(harness.mm.town, "@liaison one", harness.mm.ana)
    await harness.mm.say(harness.mm.town, "@liaison two", harness.mm.ana)
    await harness.mm.until(lambda: texts(harness) == ["one", "two"])
    await harness.mm.until(lambda: all(harness.surface.ready().values()))
    assert (harness.mm.sockets.resume_count, harness.mm.sockets.hello_count) == (1, 1)
    assert harness.mm.calls("GET", r"/channels/\w+/posts") == []


async def test_posts_during_a_server_restart_are_read_from_the_history(
    harness: MattermostHarness,
) -> None:
    await harness.mm.say(harness.mm.town, "@liaison zero", harness.mm.ana)
    await wait_until_idle(harness)
    harness.mm.sockets.refuses_connections = True
    await harness.mm.sockets.cut()
    harness.mm.sockets.forget_connections()
    for text in ("one", "two", "three"):
        await harness.mm.say(harness.mm.town, f"@liaison {text}", harness.mm.ana)
    await harness.mm.say(harness.mm.direct(harness.mm.gil, harness.mm.bot), "never spoke before", harness.mm.gil)
    harness.mm.sockets.refuses_connections = False
    await harness.mm.until(lambda: len(texts(harness)) == 5)
    assert [text for text in texts(harness) if text != "never spoke before"] == ["zero", "one", "two", "three"]
    assert harness.mm.sockets.hello_count == 2
    assert [
        call.query.get("after", "") != ""
        for call in harness.mm.calls("GET", f"/channels/{harness.mm.town.id}/posts")
    ] == [True]


async def test_a_missing_sequence_number_is_noticed_and_nothing_is_processed_twice(
    harness: MattermostHarness,
) -> None:
    await harness.mm.say(harness.mm.town, "@liaison one", harness.mm.ana)
    await wait_until_idle(harness)
    await harness.mm.say(harness.mm.town, "@liaison lost on the way", harness.mm.ana, lose=True)
    await harness.mm.say(harness.mm.town, "@liaison three", harness.mm.ana)
    await harness.mm.until(lambda: texts(harness) == ["one", "lost on the way", "three"])
    await wait_until_idle(harness)
    assert len(set(harness.intake.processed)) == len(harness.intake.processed) == len(harness.intake.messages)


async def test_a_restart_continues_after_the_last_seen_post(harness: MattermostHarness) -> None:
    await harness.mm.say(harness.mm.town, "@liaison one", harness.mm.ana)
    await wait_until_idle(harness)
    await harness.surface.stop()
    await harness.mm.say(harness.mm.town, "@liaison two", harness.mm.ana)
    harness.build()
    await harness.start()
    await harness.mm.until(lambda: texts(harness) == ["one", "two"])


async def test_many_missed_posts_are_read_in_pages(harness: MattermostHarness) -> None:
    await harness.mm.say(harness.mm.town, "@liaison one", harness.mm.ana)
    await wait_until_idle(harness)
    await harness.surface.stop()
    for n in range(450):
        await harness.mm.say(harness.mm.town, f"chatter {n}", harness.mm.ben)
    await harness.mm.say(harness.mm.town, "@liaison two", harness.mm.ana)
    fresh = harness.mm.direct(harness.mm.gil, harness.mm.bot)
    for n in range(250):
        await harness.mm.say(fresh, f"note {n}", harness.mm.gil)
    harness.build()
    await harness.start()
    await harness.mm.until(lambda: len(texts(harness)) == 252)
    notes = [text for text in texts(harness) if text.startswith("note")]
    assert notes == [f"note {n}" for n in range(250)]


async def test_a_permanently_deleted_last_post_falls_back_to_its_time(harness: MattermostHarness) -> None:
    post = await harness.mm.say(harness.mm.town, "@liaison one", harness.mm.ana)
    await wait_until_idle(harness)
    await harness.surface.stop()
    del harness.mm.posts[post.id]
    await harness.mm.say(harness.mm.town, "@liaison two", harness.mm.ana)
    harness.build()
    await harness.start()
    await harness.mm.until(lambda: texts(harness) == ["one", "two"])


async def test_posts_before_the_first_start_are_ignored() -> None:
    async with start_surface(connect=False) as harness:
        await harness.mm.say(harness.mm.town, "@liaison before", harness.mm.ana)
        await harness.start()
        await wait_until_idle(harness)
        harness.mm.sockets.refuses_connections = True
        await harness.mm.sockets.cut()
        harness.mm.sockets.forget_connections()
        await harness.mm.say(harness.mm.town, "@liaison after", harness.mm.ana)
        harness.mm.sockets.refuses_connections = False
        await harness.mm.until(lambda: texts(harness) == ["after"])


async def test_posts_are_kept_while_the_store_fails(harness: MattermostHarness) -> None:
    harness.intake.failing_records = 2
    await harness.mm.say(harness.mm.town, "@liaison one", harness.mm.ana)
    await harness.mm.say(harness.mm.town, "@liaison two", harness.mm.ana)
    await harness.mm.until(lambda: texts(harness) == ["one", "two"])


async def test_reading_the_history_is_retried(harness: MattermostHarness) -> None:
    harness.mm.sockets.refuses_connections = True
    await harness.mm.sockets.cut()
    harness.mm.sockets.forget_connections()
    await harness.mm.say(harness.mm.town, "@liaison one", harness.mm.ana)
    harness.mm.fault("answer", method="GET", path="/users/[a-z0-9]+/teams$", status=500)
    harness.mm.fault("answer", method="GET", path="/posts", status=429, headers={"X-Ratelimit-Reset": "0"})
    harness.mm.sockets.refuses_connections = False
    await harness.mm.until(lambda: texts(harness) == ["one"])


async def test_readiness_follows_the_websocket(harness: MattermostHarness) -> None:
    assert harness.surface.ready() == {"websocket": True}
    harness.mm.sockets.refuses_connections = True
    await harness.mm.sockets.cut()
    await harness.mm.until(lambda: harness.surface.ready() == {"websocket": False})
    harness.mm.sockets.refuses_connections = False
    await harness.mm.until(lambda: harness.surface.ready() == {"websocket": True})


async def test_events_of_plugins_are_passed_on_as_they_come(harness: MattermostHarness) -> None:
    run = {"event": "custom_playbooks_playbook_run_updated", "data": {"payload": '{"id":"r"}'}}
    call = {"event": "custom_com.mattermost.calls_call_start", "data": {"channelID": "c"}}
    for event in (run, call, {"event": "typing", "data": {"payload": "no plugin's"}}):
        await harness.mm.sockets.publish(event, {harness.mm.bot.id})
    await harness.mm.say(harness.mm.town, "@liaison one", harness.mm.ana)
    await harness.mm.until(lambda: texts(harness) == ["one"])
    assert harness.intake.plugin_events == [
        (harness.surface.site, run["event"], '{"id":"r"}'),
        (harness.surface.site, call["event"], "null"),
    ]


async def test_a_gap_may_hide_events_of_plugins_too(harness: MattermostHarness) -> None:
    before = len(harness.intake.plugin_gaps)
    await harness.mm.sockets.publish({"event": "typing", "data": {}}, {harness.mm.bot.id}, lose=True)
    await harness.mm.say(harness.mm.town, "@liaison one", harness.mm.ana)
    await harness.mm.until(lambda: texts(harness) == ["one"])
    assert harness.intake.plugin_gaps[before:] == [harness.surface.site]


async def test_a_server_that_ignores_the_header_gets_the_challenge() -> None:
    async with start_surface(connect=False) as harness:
        harness.mm.sockets.challenge_only = True
        await harness.start()
        await harness.mm.say(harness.mm.town, "@liaison one", harness.mm.ana)
        await harness.mm.until(lambda: texts(harness) == ["one"])
        await harness.mm.sockets.cut()
        await harness.mm.say(harness.mm.town, "@liaison two", harness.mm.ana)
        await harness.mm.until(lambda: texts(harness) == ["one", "two"])


async def test_a_site_that_is_down_at_the_start_is_retried() -> None:
    async with start_surface(connect=False) as harness:
        await harness.mm.stop()
        await harness.surface.start(harness.intake)
        assert harness.surface.ready() == {"websocket": False}
        await harness.mm.start()
        await harness.mm.until(lambda: harness.surface.ready() == {"websocket": True})


async def test_posts_of_other_teams_are_ignored(harness: MattermostHarness) -> None:
    await harness.surface.stop()
    harness.build(team="ops")
    await harness.start()
    await harness.mm.say(harness.mm.town, "@liaison here", harness.mm.ana)
    harness.mm.far.members.add(harness.mm.bot.id)
    harness.mm.far.team = "z" * 26
    await harness.mm.say(harness.mm.far, "@liaison elsewhere", harness.mm.ana)
    await wait_until_idle(harness)
    assert texts(harness) == ["here"]


async def test_a_site_can_have_a_sub_path() -> None:
    async with start_surface(sub_path="/chat") as harness:
        await harness.mm.say(harness.mm.town, "@liaison one", harness.mm.ana)
        await harness.mm.until(lambda: texts(harness) == ["one"])
        await harness.mm.command(harness.url, "two")
        post = await harness.post()
        assert harness.mm.posts[post.id].message == ""
        assert harness.intake.messages[0].key.startswith(f"mattermost:127.0.0.1:{harness.mm.port}/chat:")


async def test_the_last_seen_posts_are_written_on_stop(harness: MattermostHarness) -> None:
    assert seen_posts.WRITE_EVERY_SECONDS <= 5
    post = await harness.mm.say(harness.mm.town, "@liaison one", harness.mm.ana)
    await wait_until_idle(harness)
    await harness.surface.stop()
    [stored] = harness.state.values.values()
    assert post.id in stored


@pytest.mark.parametrize(
    ("event", "data", "person"),
    [
        ("user_updated", {"user": {"id": "u" * 26, "delete_at": 5}}, "u" * 26),
        ("user_removed", {"user_id": "u" * 26, "remover_id": "r" * 26}, "u" * 26),
        ("user_role_updated", {"user_id": "u" * 26, "roles": "system_guest"}, "u" * 26),
        ("leave_team", {"user_id": "u" * 26, "team_id": "t" * 26}, "u" * 26),
        ("user_activation_status_change", {}, ""),
        ("user_updated", ["nothing"], ""),
    ],
)
async def test_a_person_who_changed_is_reported(
    harness: MattermostHarness, event: str, data: Any, person: str
) -> None:
    harness.intake.failing_records = 1
    await harness.mm.sockets.publish({"event": event, "data": data, "broadcast": {}}, {harness.mm.bot.id})
    await harness.mm.until(lambda: harness.intake.changed_people == [("mattermost", person)])
