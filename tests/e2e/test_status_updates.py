"""A status update reaches every place that shows the run, once in each."""

import asyncio
import re

from tests.e2e.chats import Room
from tests.e2e.conftest import Scene, on_mattermost, on_one_chat
from tests.e2e.mattermost_chat import MattermostRoom
from tests.e2e.platforms import ChatPlaybooks
from tests.e2e.process import until

UPDATE = r"AMBER · R\d+ .*\n+replica lagging"


def _updates(room: Room) -> int:
    """Public posts that are the update, without cards, which show it too."""
    posts = [message.text for message in room.bot_messages() if not message.visible_to]
    return sum(bool(re.search(UPDATE, post)) and "T1 " not in post for post in posts)


async def _show_in(room: Room, handle: str) -> Room:
    await room.command(f"use {handle}")
    await room.wait_for_text(rf"{handle} (?s:.*)T1 ")
    return room


async def test_a_status_update_goes_to_every_place_that_shows_the_run(scene: Scene) -> None:
    """And to no other place: people there may not be allowed to read the run."""
    handle = await scene.start_run("local")
    second = await _show_in(scene.environment.chat.create_room(), handle)
    typed = scene.environment.chat.create_room()
    await typed.command(f"status {handle} amber replica lagging")
    await until(lambda: all(_updates(room) for room in (scene.room, second)))
    await typed.private_answer(f"show {handle}")
    assert [_updates(room) for room in (scene.room, second, typed)] == [1, 1, 0]


@on_mattermost
async def test_playbooks_posts_the_update_in_the_runs_own_channel_itself(scene: Scene) -> None:
    platform = scene.environment.platforms["playbooks"]
    assert isinstance(platform, ChatPlaybooks)
    handle = await scene.start_run("playbooks")
    run = next(run for run in platform.world.runs.values() if run["name"].startswith(f"{handle} "))
    assert isinstance(scene.room, MattermostRoom)
    home = MattermostRoom(scene.room.chat, platform.mm.channels[run["channel_id"]])
    for room, text in ((scene.room, "replica lagging"), (home, "still lagging")):
        await room.command(f"status {handle} amber {text}")
        await scene.wait_for_text(rf"AMBER · R\d+ .*\n+{text}")
        posts = [post for post in platform.mm.posts.values() if post.channel == home.id and text in post.text]
        assert [post.type for post in posts if "**T1**" not in post.text] == ["custom_run_update"]


@on_one_chat
async def test_a_status_update_is_posted_once_in_each_place_if_liaison_is_killed(scene: Scene) -> None:
    handle = await scene.start_run("local")
    second = await _show_in(scene.environment.chat.create_room(), handle)
    await scene.room.command(f"status {handle} amber replica lagging")
    await until(lambda: _updates(scene.room))
    await scene.liaison.kill()
    await scene.liaison.start()
    await until(lambda: _updates(second))
    await asyncio.sleep(2)  # time for a second post
    assert (_updates(scene.room), _updates(second)) == (1, 1)
