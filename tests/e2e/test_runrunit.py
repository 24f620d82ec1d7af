"""Runrun.it, seen from its server and from a chat.

It allows 100 requests a minute for a whole company, so what a command costs is counted there.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.adapters.runrunit.fake import RunrunitFake
from tests.adapters.runrunit.world import FakeTask
from tests.e2e.chats import Chat, Room
from tests.e2e.conftest import RUNBOOK
from tests.e2e.process import Liaison, until
from tests.e2e.slack_chat import SlackChat

SETTLES = 2.5  # seconds: a background read comes at most one second after a write
HOOK_SECRET = "a-hook-secret-of-many-words"


@dataclass
class Scene:
    fake: RunrunitFake
    chat: Chat

    async def start_run(self) -> tuple[Room, FakeTask]:
        """A run in a room of its own."""
        room, before = self.chat.create_room(), set(self.fake.world.tasks)
        await room.command(f'start "{RUNBOOK}"')
        await room.wait_for_text(r"R\d+ (?s:.*)0 of 4 done")
        await room.wait_for_text(r"started\. Receipt")
        new = await until(lambda: [task for id, task in self.fake.world.tasks.items() if id not in before])
        return room, next(task for task in new if task.parent is None)


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """In an environment of its own, where nothing else sends requests."""
    async with AsyncExitStack() as stack:
        chat = await stack.enter_async_context(SlackChat())
        fake = await stack.enter_async_context(RunrunitFake())
        tables = {**chat.settings(), "platforms.runrunit": {**fake.settings(), "hook_secret": HOOK_SECRET}}
        liaison = Liaison(tmp_path_factory.mktemp("runrunit"), tables)
        chat.set_liaison_url(liaison.url)
        await stack.enter_async_context(liaison)
        yield Scene(fake, chat)


async def test_a_begin_or_finish_takes_three_requests_and_four_with_a_note(scene: Scene) -> None:
    """The first test, so that nothing but its run is polled."""
    room, run = await scene.start_run()
    _, second, third, fourth = scene.fake.world.steps(run)
    fourth.waits_for.append(third.id)
    await room.wait_for_text(r"T4 .*waiting", within=30)  # by a poll
    await asyncio.sleep(SETTLES)

    async def cost(command: str, shows: str) -> list[str]:
        """The requests until Liaison is quiet again, without its polls, which come every ten seconds anyway."""
        scene.fake.seen.clear()
        await room.command(command)
        await room.wait_for_text(shows)
        await asyncio.sleep(SETTLES)
        poll = f"{run.id},"  # the ids of the run and all its tasks
        sent = [seen for seen in scene.fake.seen if not seen.query.get("ids", "").startswith(poll)]
        return [f"{seen.method} {seen.path} {seen.query.get('ids', '')}" for seen in sent]

    assert len(await cost("begin T1", "began T1")) <= 3
    assert len(await cost("finish T1", "1 of 4 done")) <= 3
    assert len(await cost("finish T2 --note seen from two zones", "2 of 4 done")) <= 4
    assert scene.fake.world.texts(second.id)
    # T4 waited for T3: only T4 is read again, and the card is right about it.
    assert len(await cost("finish T3 --note primary is up", "3 of 4 done")) <= 4
    assert not re.search("T4 .*waiting", room.text())
    assert len(await cost("begin T4", "began T4")) <= 3


async def test_what_else_people_do_in_runrunit(scene: Scene) -> None:
    room, run = await scene.start_run()
    first, second, *_ = scene.fake.world.steps(run)
    scene.fake.world.add_checklist(first, "Ask zone A")
    scene.fake.world.add_assignment(second, "ben-costa")
    answer = await room.private_answer("begin T2")  # Ben's: Ana joins him
    assert "alongside Ben Costa" in answer.text
    assert "Take it over" not in answer.labels
    assert "T2 Page the DBA" in (await room.private_answer("mine")).text
    assert "☐ Ask zone A" in (await room.private_answer("show T1")).text
    actions = await room.private_answer("do")
    assert "T1 Tick Ask zone A" in actions.text
    assert "T2 Take Ben Costa off" in actions.text
    await room.click("Go ahead", await room.private_answer("do T2 take Ben Costa off"))
    await room.wait_for_text("Ben Costa is no longer assigned in Runrun.it")
    assert [part.user for part in second.assignments] == ["ana-reis"]
    await room.click("Go ahead", await room.private_answer("do T1 tick Ask zone A"))
    await room.wait_for_text("“Ask zone A” is ticked in Runrun.it")
    assert first.items[0].checked_at


async def test_the_end_of_a_chain_asks(scene: Scene) -> None:
    room, run = await scene.start_run()
    scene.fake.world.add_workflow(run, "ana-reis", "ben-costa")
    await room.command("end --yes")
    await room.press("This step")
    await room.wait_for_text("your part is recorded")
    assert [element.completed for element in run.elements] == [True, False]
    assert run.closed_at is None
    await room.wait_for_text(r"0 of 4 done")  # the run goes on


async def test_a_recorded_part_is_no_finished_task_after_a_lost_answer(scene: Scene) -> None:
    room, run = await scene.start_run()
    step = scene.fake.world.step(run)
    for user in ("ana-reis", "ben-costa"):
        scene.fake.world.add_assignment(step, user)
    await room.command("finish T1")
    scene.fake.fault("cut_after", method="POST", path=r"/assignments/[0-9a-f]+/deliver$")
    await room.press("My part")
    await room.wait_for_text("your part is recorded", within=60)
    await room.wait_for_text("did their part of finishing T1")
    assert "finished T1" not in room.text()
    assert step.closed_at is None


async def test_a_finish_that_shows_late_is_never_told_as_refused(scene: Scene) -> None:
    """Its answer was lost, and reads do not show it for a while: a second one would be refused."""
    room, run = await scene.start_run()
    step = scene.fake.world.step(run)
    scene.fake.lag = 5.0
    scene.fake.fault("cut_after", method="POST", path="/deliver$")
    await room.command("finish T1")
    await room.wait_for_text("finished T1", within=60)
    scene.fake.lag = 0.0
    assert [task for what, task in scene.fake.world.effects if what == "deliver"].count(step.id) == 1
    assert "refused" not in room.text()
