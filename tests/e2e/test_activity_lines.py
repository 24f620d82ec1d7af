"""Many activity lines within seconds share posts, and none is lost by a kill before they are sent."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from bot.outbound.line_batches import MOST_AT_ONCE
from tests.e2e.conftest import Environments, Scene, on_one_chat
from tests.e2e.process import until

COMMENTS = MOST_AT_ONCE + 15


@pytest_asyncio.fixture(loop_scope="session")
async def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        environments = Environments(stack, tmp_path_factory.mktemp, bot={"activity_within": "20s"})
        environment = await environments.get(request.param)
        yield Scene(environment, environment.chat.create_room())


async def comment(scene: Scene) -> None:
    """So quickly that most lines wait."""
    for number in range(COMMENTS):
        await scene.room.command(f"comment T1: seen {number:02}")
    await until(lambda: scene.count_effects("comment") == COMMENTS)


def lines(scene: Scene) -> list[str]:
    return re.findall(r"commented on T1 .*: (seen \d\d)", scene.room.public_text())


@on_one_chat
async def test_lines_that_waited_before_a_kill_are_shown_once(scene: Scene) -> None:
    await scene.start_run()
    await comment(scene)
    await asyncio.sleep(1.0)  # the posts that were made at once
    await scene.liaison.kill()
    assert len(lines(scene)) < COMMENTS
    await scene.liaison.start()
    await until(lambda: sorted(lines(scene)) == [f"seen {number:02}" for number in range(COMMENTS)])


@on_one_chat
async def test_lines_that_wait_are_shown_before_a_stop(scene: Scene) -> None:
    await scene.start_run()
    await comment(scene)
    await scene.liaison.stop()
    assert sorted(lines(scene)) == [f"seen {number:02}" for number in range(COMMENTS)]
