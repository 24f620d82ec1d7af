"""Who is told what: assignments, tasks that are ready, overdue updates, and what concerns the whole channel."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp
import pytest
import pytest_asyncio

from tests.adapters.cutover.world import USERS
from tests.e2e.chats import BotMessage, Room
from tests.e2e.conftest import CHATS, HOOK_SECRET, Environments, Scene, on_mattermost, on_one_chat
from tests.e2e.platforms import ChatPlaybooks
from tests.e2e.process import until

TIMES = {"assignments_within": "3s", "escalate_after": "4s"}
HANDOVER = """# Handover

- [ ] Stop writes @cam
- [ ] Promote the replica @ben (after: Stop writes)
- [ ] Repoint the app (after: Stop writes)
- [ ] Tell support
"""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def quick_environments(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Environments]:
    """Liaison gathers assignments for a few seconds only."""
    async with AsyncExitStack() as stack:
        yield Environments(stack, tmp_path_factory.mktemp, bot=TIMES)


@pytest_asyncio.fixture(loop_scope="session", params=sorted(CHATS))
async def scene(request: pytest.FixtureRequest, quick_environments: Environments) -> AsyncIterator[Scene]:
    environment = await quick_environments.get(request.param)
    (environment.liaison.folder / "runbooks" / "handover.md").write_text(HANDOVER)
    yield Scene(environment, environment.chat.create_room())
    await environment.liaison.start()


async def _start(room: Room) -> str:
    await room.command("start Handover --on local")
    found = await room.wait_for_text(r"(R\d+) Handover(?s:.*)T1 Stop writes")
    return str(re.search(r"R\d+", found)[0])  # type: ignore[index]


def _telling(room: Room, user: str, words: str) -> list[BotMessage]:
    """Public posts that notify this person and have these words, in the run's thread."""
    posts = [message for message in room.bot_messages() if message.thread and not message.visible_to]
    return [message for message in posts if user in room.mentioned(message) and re.search(words, message.text)]


def _direct(room: Room, user: str, words: str) -> list[BotMessage]:
    return [
        message for message in room.bot_messages() if message.visible_to == user and re.search(words, message.text)
    ]


def _posts(room: Room, words: str) -> list[BotMessage]:
    """In the channel itself, for everybody."""
    messages = [message for message in room.bot_messages() if not message.thread and not message.visible_to]
    return [message for message in messages if re.search(words, message.text)]


async def _changed_on_cutover(scene: Scene) -> None:
    url = f"{scene.liaison.url}/hooks/cutover/{HOOK_SECRET}"
    async with aiohttp.ClientSession() as session, session.post(url, json={}) as response:
        assert response.status == 200


async def test_all_that_somebody_is_assigned_within_a_while_is_told_in_one_message(scene: Scene) -> None:
    room = scene.room
    handle = await _start(room)
    await room.private_answer("mine", user="ben")  # he is there
    await room.command(f"assign {handle}.T3 @ben")
    await room.command(f"assign {handle}.T4 @ben")
    await room.command(f"assign {handle}.T1 me")
    told = await until(lambda: _telling(room, "ben", r"ana assigned you|Ana \w* ?assigned you"))
    await asyncio.sleep(4)
    assert len(_telling(room, "ben", "assigned you")) == len(told) == 1
    assert "T3 Repoint the app" in told[0].text
    assert "T4 Tell support" in told[0].text
    assert not _telling(room, "ana", "assigned you")
    assert not _direct(room, "ben", "assigned you")


async def test_somebody_who_has_not_been_there_gets_a_direct_message(scene: Scene) -> None:
    handle = await _start(scene.room)
    await scene.room.command(f"assign {handle}.T4 @eve")
    await until(lambda: _direct(scene.room, "eve", rf"assigned you {handle}?.*T4 Tell support|T4 Tell support"))
    assert not _telling(scene.room, "eve", "assigned you")


async def test_everybody_chooses_how_they_are_told(scene: Scene) -> None:
    room = scene.room
    handle = await _start(room)
    for user, mode in (("ben", "dm"), ("eve", "off"), ("cam", "thread")):
        await room.private_answer(f"notify {mode}", user=user)
    try:
        await room.command(f"assign {handle}.T3 @ben")
        await room.command(f"assign {handle}.T4 @eve")
        await until(lambda: _direct(room, "ben", "assigned you"))
        await room.command(f"assign {handle}.T1 @cam")
        await room.command(f"finish {handle}.T1")
        await room.command(f"assign {handle}.T4 @cam")
        await until(lambda: _telling(room, "cam", "assigned you"))
        assert not _direct(room, "cam", "assigned you")
        assert not _telling(room, "ben", "assigned you")
        assert not _direct(room, "eve", "assigned you") + _telling(room, "eve", "assigned you")
    finally:
        for user in ("ben", "eve", "cam"):
            await room.private_answer("notify auto", user=user)


async def test_outside_the_channel_members_get_a_direct_message_and_guests_nothing(
    scene: Scene,
) -> None:
    room = scene.environment.chat.create_room(without=("ben", "gil"))
    handle = await _start(room)
    await room.command(f"assign {handle}.T3 @gil")
    await room.command(f"assign {handle}.T4 @ben")
    await until(lambda: _direct(room, "ben", "assigned you"))
    await asyncio.sleep(1)
    assert not _telling(room, "gil", "") + _direct(room, "gil", "assigned you")


async def test_somebody_is_told_once_that_their_task_is_ready(scene: Scene) -> None:
    """A runbook's own people are told about tasks that are ready, and only then."""
    room = scene.room
    handle = await _start(room)
    await until(lambda: _telling(room, "cam", r"T1 Stop writes .*ready to begin"))
    assert not _telling(room, "ben", "") + _direct(room, "ben", "Handover")
    await room.command(f"finish {handle}.T1 done by hand")
    await until(lambda: _telling(room, "ben", r"T2 Promote the replica .*ready to begin"))
    await room.wait_for_text("done by hand")  # the line of activity quotes the note
    await scene.liaison.kill()
    await scene.liaison.start()
    await room.private_answer("whoami")
    assert len(_telling(room, "ben", "ready to begin")) == 1
    assert not _telling(room, "cam", "T2 ")


async def test_news_that_wait_are_told_after_a_restart(scene: Scene) -> None:
    room = scene.room
    handle = await _start(room)
    await room.command(f"assign {handle}.T4 @eve")
    await scene.wait_for_text(r"assigned T4|T4 .*assigned")
    await scene.liaison.kill()
    await scene.liaison.start()
    await until(lambda: _direct(room, "eve", "T4 Tell support"))
    await asyncio.sleep(2)
    assert len(_direct(room, "eve", "T4 Tell support")) == 1


async def test_the_end_is_told_in_the_runs_home_wherever_it_was_typed(scene: Scene) -> None:
    handle = await _start(scene.room)
    elsewhere = scene.environment.chat.create_room()
    await elsewhere.command(f"end {handle} --message replica is primary --yes")
    ended = await until(lambda: _posts(scene.room, rf"ended {handle} Handover"))
    assert "replica is primary" in ended[0].text
    assert not scene.room.mentioned(ended[0])


async def test_a_run_that_turns_red_is_told_in_its_home_wherever_it_was_typed(scene: Scene) -> None:
    handle = await _start(scene.room)
    elsewhere = scene.environment.chat.create_room()
    await elsewhere.command(f"status {handle} red users cannot pay")
    await until(lambda: [post for post in _posts(scene.room, r"users cannot pay") if "T1 " not in post.text])


async def test_an_overdue_update_is_told_in_the_thread_then_directly_then_to_the_owner(scene: Scene) -> None:
    """``ana`` started the run, so she is told where its platform names no owner."""
    room, overdue = scene.room, "update you promised for"
    handle = await _start(room)
    await room.command(f"status {handle} amber replica lagging --next 1m", user="ben")
    await until(lambda: _telling(room, "ben", overdue), within=90)
    assert [message.labels for message in _telling(room, "ben", overdue)] == [["Update status", "+15m", "No more"]]
    await until(lambda: _direct(room, "ben", overdue))
    await scene.liaison.kill()
    await scene.liaison.start()
    await until(lambda: _direct(room, "ana", "promised an update on"))
    assert not _posts(room, "overdue|" + overdue)
    assert len(_telling(room, "ben", overdue)) == len(_direct(room, "ben", overdue)) == 1


@on_one_chat
async def test_after_a_long_downtime_there_is_one_reminder_and_the_next_comes_as_late_as_ever(
    scene: Scene,
) -> None:
    room, overdue = scene.room, "update you promised for"
    handle = await _start(room)
    await room.command(f"status {handle} amber replica lagging --next 1m", user="ben")
    await room.wait_for_text("next update")
    await scene.liaison.kill()
    await asyncio.sleep(60 + 3 * 4)  # all three reminders would be due by now
    await scene.liaison.start()
    await until(lambda: _telling(room, "ben", overdue))
    assert not _direct(room, "ben", overdue) + _direct(room, "ana", "promised an update on")
    await until(lambda: _direct(room, "ben", overdue))
    assert not _direct(room, "ana", "promised an update on")
    await until(lambda: _direct(room, "ana", "promised an update on"))
    assert len(_telling(room, "ben", overdue)) == len(_direct(room, "ben", overdue)) == 1


async def test_what_others_change_on_the_platform_is_told_too(scene: Scene) -> None:
    """There it was assigned, and what it waited for was finished."""
    room = scene.room
    handle = await scene.start_run()
    await room.private_answer("whoami", user="ben")
    run = scene.cutover_run(handle)
    task = run.task("Promote the replica")
    task.assignees = [("user", user.id) for user in USERS if user.email == "ben@example.com"]
    await _changed_on_cutover(scene)
    await until(lambda: _telling(room, "ben", "T3 Promote the replica .*was assigned to you in Cutover"))
    for title in ("Confirm the primary is down", "Page the DBA"):
        scene.cutover.world._complete(run, run.task(title), "complete_normal")
    await _changed_on_cutover(scene)
    await until(lambda: _telling(room, "ben", "T3 Promote the replica .*ready to begin"))
    run.status, run.status_message = "red", "both replicas are gone"
    await _changed_on_cutover(scene)
    await until(lambda: _posts(room, "RED.*(?s:.*)both replicas are gone"))


@on_mattermost
async def test_nobody_is_told_of_a_task_that_they_took_on_the_platform(scene: Scene) -> None:
    room, playbooks = scene.room, scene.environment.platforms["playbooks"]
    assert isinstance(playbooks, ChatPlaybooks)
    handle = await scene.start_run("playbooks")
    await room.private_answer("whoami", user="ben")
    run = next(run for run in playbooks.world.runs.values() if run["name"].startswith(f"{handle} "))
    ben, ana = (scene.environment.chat.user_id(user) for user in ("ben", "ana"))
    await playbooks.mounted.assign_task(run, "Page the DBA", ben, ben)
    await room.wait_for_text(r"T2 Page the DBA[^\n]*\n?[^\n]*(?i:ben)")
    await playbooks.mounted.assign_task(run, "Promote the replica", ben, ana)
    told = await until(lambda: _telling(room, "ben", "assigned to you") + _direct(room, "ben", "assigned to you"))
    assert all("T3 Promote the replica" in message.text for message in told)
    assert not any("T2 " in message.text for message in told)


async def test_a_question_that_was_answered_has_no_buttons_any_more(scene: Scene) -> None:
    """Whoever presses an old copy is told who answered it."""
    room = scene.room
    handle = await _start(room)
    await room.mention(f"end {handle}")
    question = await room.wait_for_button(f"End {handle}")
    await room.click(f"End {handle}", question)
    await until(lambda: _posts(room, rf"ended {handle} Handover"))
    await until(lambda: all(not message.labels for message in room.bot_messages() if message.id == question.id))
    await room.click(f"End {handle}", question)
    await room.wait_for_text("already handled this at")
