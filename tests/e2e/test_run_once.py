"""What only one of several replicas does: it is done once, and goes on elsewhere when that replica dies."""

import asyncio
import re
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.services.change_poller import POLL_INTERVAL_SECONDS
from tests.e2e.conftest import FIRST_TASK, Scene
from tests.e2e.process import Liaison, until
from tests.e2e.replicas import Replicas, replicas

TAKEN_OVER_SECONDS = 15.0
DUTIES = {"retention", "notifier", "date change", "change poller", "late looks"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Replicas]:
    async with replicas(
        tmp_path_factory.mktemp("replicas"), 3, ("cutover", "local"), bot={"assignments_within": "1s"}
    ) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def three(shared: Replicas) -> AsyncIterator[Replicas]:
    await shared.start()
    yield shared


def duties_begun(liaison: Liaison) -> list[str]:
    """Since it was created, in order."""
    return re.findall(r'"duty": "([^"]*)", "event": "took over"', liaison.log.read_text())


async def performer(three: Replicas, duty: str) -> Liaison:
    """Which has it, unless another one had it before and is still running."""
    return await until(  # type: ignore[no-any-return]
        lambda: next((liaison for liaison in three.running if duty in duties_begun(liaison)), None)
    )


async def test_each_duty_has_one_replica(three: Replicas) -> None:
    await until(lambda: {duty for liaison in three.all for duty in duties_begun(liaison)} == DUTIES)
    begun = sorted(duty for liaison in three.all for duty in duties_begun(liaison))
    assert begun == sorted(DUTIES)


async def test_three_idle_replicas_ask_platforms_as_often_as_one(three: Replicas) -> None:
    scene = three.new_scene()
    three.deliver_to(1)
    await scene.start_run()
    await performer(three, "change poller")
    await asyncio.sleep(4.0)  # what follows a start is over: reads of what it changed
    fake = three.environment.cutover
    before = len(fake.seen)
    await asyncio.sleep(3 * POLL_INTERVAL_SECONDS)
    requests = fake.seen[before:]
    paths = {(request.method, request.path) for request in requests}
    assert 2 * len(paths) <= len(requests) <= 4 * len(paths), [request.path for request in requests]


async def test_somebody_is_told_once_whichever_replica_knows(three: Replicas) -> None:
    scene = three.new_scene()
    three.deliver_to(2)
    await scene.start_run(on="local")
    for number, task in enumerate(("T2", "T3")):
        three.deliver_to(number)
        await scene.room.command(f"assign {task} @ben")
        pattern = rf"assigned you[^\n]*(?s:.*){task}"
        try:
            await until(lambda pattern=pattern: told(scene, pattern))
        except TimeoutError:
            raise AssertionError(scene.room.text()) from None
    await asyncio.sleep(2.0)  # for a second one that must not come
    assert len(told(scene, "assigned you")) == 2, scene.room.text()


def told(scene: Scene, pattern: str) -> list[str]:
    texts = [message.text for message in scene.room.bot_messages()]
    return [text for text in texts if re.search(pattern, text)]


async def test_what_others_change_is_shown_after_the_replica_that_looked_is_killed(three: Replicas) -> None:
    scene = three.new_scene()
    dying = await performer(three, "change poller")
    staying = [number for number, liaison in enumerate(three.all) if liaison is not dying]
    three.deliver_to(staying[0])
    handle = await scene.start_run()
    before = {number: len(duties_begun(three.all[number])) for number in staying}
    lost = set(duties_begun(dying))
    await dying.kill()
    killed_at = time.monotonic()

    def taken_over() -> set[str]:
        return {duty for number in staying for duty in duties_begun(three.all[number])[before[number] :]}

    await until(lambda: taken_over() >= lost, within=60)
    assert time.monotonic() - killed_at < TAKEN_OVER_SECONDS
    task = scene.cutover_run(handle).task(FIRST_TASK)
    task.stage, task.completion_type = "complete", "complete_normal"
    await scene.wait_for_text(r"Done T1", within=60)
