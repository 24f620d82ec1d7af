"""Runrun.it allows 100 requests a minute for a whole company: what a command costs, seen from its server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.adapters.runrunit.fake import RunrunitFake
from tests.adapters.runrunit.world import FakeTask
from tests.e2e.chats import Room
from tests.e2e.conftest import RUNBOOK
from tests.e2e.process import Liaison, until
from tests.e2e.slack_chat import SlackChat

SETTLES = 2.5  # seconds: a background read comes at most one second after a write
HOOK_SECRET = "a-hook-secret-of-many-words"


@dataclass
class Scene:
    """A run in a room. Its card shows the tasks as Liaison believes them to be."""

    fake: RunrunitFake
    room: Room
    run: FakeTask

    async def cost(self, command: str, shows: str) -> list[str]:
        """The requests until Liaison is quiet again, without its polls, which come every ten seconds anyway."""
        self.fake.seen.clear()
        await self.room.command(command)
        await self.room.wait_for_text(shows)
        await asyncio.sleep(SETTLES)
        poll = f"{self.run.id},"  # the ids of the run and all its tasks
        sent = [seen for seen in self.fake.seen if not seen.query.get("ids", "").startswith(poll)]
        return [f"{seen.method} {seen.path} {seen.query.get('ids', '')}" for seen in sent]


@pytest_asyncio.fixture(loop_scope="session")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """In an environment of its own, where nothing else sends requests."""
    async with AsyncExitStack() as stack:
        chat = await stack.enter_async_context(SlackChat())
        fake = await stack.enter_async_context(RunrunitFake())
        folder = tmp_path_factory.mktemp("runrunit")
        tables = {**chat.settings(), "platforms.runrunit": {**fake.settings(), "hook_secret": HOOK_SECRET}}
        liaison = Liaison(folder, tables)
        chat.set_liaison_url(liaison.url)
        await stack.enter_async_context(liaison)
        room = chat.create_room()
        await room.command(f'start "{RUNBOOK}"')
        await room.wait_for_text(r"R1 (?s:.*)0 of 4 done")
        run = await until(lambda: next(iter(fake.world.tasks.values()), None))
        await asyncio.sleep(SETTLES)
        yield Scene(fake, room, run)


async def test_a_begin_or_finish_takes_three_requests_and_four_with_a_note(scene: Scene) -> None:
    first, second, third, fourth = scene.fake.world.steps(scene.run)
    fourth.waits_for.append(third.id)
    await scene.room.wait_for_text(r"T4 .*waiting", within=30)  # by a poll
    assert len(await scene.cost("begin T1", "began T1")) <= 3
    assert len(await scene.cost("finish T1", r"1 of 4 done")) <= 3
    assert len(await scene.cost("finish T2 --note seen from two zones", r"2 of 4 done")) <= 4
    assert scene.fake.world.texts(second.id)
    # T4 waited for T3: it is read again, and alone.
    assert len(await scene.cost("finish T3 --note primary is up", r"3 of 4 done")) <= 4
    assert not await waits(scene)
    assert first.closed_at
    assert len(await scene.cost("begin T4", "began T4")) <= 3


async def waits(scene: Scene) -> bool:
    return "waiting for T3" in scene.room.text()
