"""Everybody whose command was acknowledged gets an answer, however long the chat is away, also after restarts."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.e2e.chats import Room
from tests.e2e.conftest import Scene, on_one_chat
from tests.e2e.process import until

PEOPLE = ("ana", "ben", "cam")
TAKES_NOTHING = 1_000_000


@asynccontextmanager
async def without_chat(scene: Scene) -> AsyncIterator[None]:
    """The chat still delivers commands, but all requests to it fail."""
    fake = scene.environment.chat.fake
    fault = fake.fault("answer", method="GET|POST|PUT", status=503, times=TAKES_NOTHING)
    try:
        yield
    finally:
        fault.times = 0


def answers_to(room: Room, user: str, pattern: str) -> list[str]:
    found = [message.text for message in room.bot_messages() if message.visible_to == user]
    return [text for text in found if re.search(pattern, text)]


async def start_run(scene: Scene) -> None:
    """Everybody has been met: nobody's rights have to be asked for during the outage."""
    await scene.start_run()
    for user in PEOPLE:
        await scene.room.private_answer("comment hello", user=user)


async def say_what_is_refused(scene: Scene) -> None:
    """Everybody asks for a task that does not exist."""
    handle = scene.card_handles()[-1]
    for user in PEOPLE:
        assert (await scene.room.command(f"finish {handle}.T9{PEOPLE.index(user)}", user=user)).status == 200


async def all_are_told(scene: Scene, *, within: float = 45.0) -> None:
    try:
        await until(lambda: all(answers_to(scene.room, user, "T9") for user in PEOPLE), within=within)
    except TimeoutError:
        raise AssertionError(f"not everybody was told; the room shows:\n{scene.room.text()}") from None
    await asyncio.sleep(1.0)  # a second answer would come now
    for number, user in enumerate(PEOPLE):
        assert len(answers_to(scene.room, user, f"T9{number}")) == 1, scene.room.text()


async def test_after_an_outage_of_the_chat_everybody_is_told_once(scene: Scene) -> None:
    await start_run(scene)
    async with without_chat(scene):
        await say_what_is_refused(scene)
        await asyncio.sleep(3.0)
    await all_are_told(scene)


@pytest.mark.parametrize("ending", ["stopped", "killed"])
async def test_answers_survive_a_restart_while_the_chat_is_away(scene: Scene, ending: str) -> None:
    """Also the refusals: the commands are not processed again, though they could be done by now."""
    await start_run(scene)
    async with without_chat(scene):
        await say_what_is_refused(scene)
        await asyncio.sleep(3.0)
        if ending == "killed":
            await scene.liaison.kill()
        else:
            async with asyncio.timeout(15.0):  # the chat is not waited for; a busy machine may be
                assert await scene.liaison.stop() == 0
    await scene.liaison.start()
    await all_are_told(scene)


@on_one_chat
@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_after_a_minute_without_the_chat_everybody_is_told_what_was_answered(scene: Scene) -> None:
    await start_run(scene)
    async with without_chat(scene):
        await say_what_is_refused(scene)
        await asyncio.sleep(65.0)
    await all_are_told(scene, within=60.0)
    for number, user in enumerate(PEOPLE):
        assert answers_to(scene.room, user, rf"This answers finish R\d+\.T9{number} from .* couldn't be reached")


async def test_a_write_during_an_outage_of_the_chat_is_done_once_and_answered(scene: Scene) -> None:
    await scene.start_run()
    async with without_chat(scene):
        assert (await scene.room.command("finish T1 all is well")).status == 200
        await scene.wait_for_effects("finish")
        await asyncio.sleep(3.0)
        await scene.liaison.kill()
    await scene.liaison.start()
    await scene.wait_for_text("finished T1", within=45.0)
    assert scene.count_effects("finish") == 1
