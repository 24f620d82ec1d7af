"""Whichever replica works on a message: whoever waits for the answer gets it, and [Stop] stops it."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.conftest import RUNBOOK
from tests.e2e.mattermost_chat import MattermostChat
from tests.e2e.process import Liaison
from tests.e2e.replicas import Replicas, replicas


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Replicas]:
    async with replicas(tmp_path_factory.mktemp("replicas"), 3, chat=MattermostChat()) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def three(shared: Replicas) -> AsyncIterator[Replicas]:
    await shared.start()
    yield shared
    shared.environment.cutover.faults.clear()


def commands_of(liaison: Liaison, verb: str) -> int:
    """How many the replica has carried out."""
    return liaison.log.read_text().count(f'"verb": "{verb}"')


async def test_a_click_gets_its_answer_in_its_response(three: Replicas) -> None:
    scenes = [three.new_scene() for _ in range(8)]
    three.deliver_to(0)
    for scene in scenes:
        await scene.start_run()
    stale = [await scene.room.wait_for_button("Begin T1") for scene in scenes]
    for scene in scenes:
        await scene.room.command("begin T1")
    for scene in scenes:
        await scene.wait_for_text("began T1")
    before = [commands_of(liaison, "begin") for liaison in three.all]
    for scene, card in zip(scenes, stale, strict=True):
        delivery = await scene.room.click("Begin T1", card, user="ben")
        assert delivery.status == 200
        assert "T1" in json.loads(delivery.body).get("ephemeral_text", ""), delivery.body
    done = [commands_of(liaison, "begin") - count for liaison, count in zip(three.all, before, strict=True)]
    assert sum(done) == len(scenes)
    assert sum(count > 0 for count in done) > 1, "all were carried out where they came in"
    assert scenes[0].count_effects("begin") == len(scenes)


async def test_an_answer_that_comes_late_is_sent_once(three: Replicas) -> None:
    scene = three.new_scene()
    three.deliver_to(1)
    await scene.start_run()
    card = await scene.room.wait_for_button("Begin T1")
    async with scene.without_cutover():
        delivery = await scene.room.click("Begin T1", card)
        assert delivery.status == 200
        await scene.wait_for_text("isn't responding")
    await scene.wait_for_text("began T1", within=40)
    await scene.wait_for_effects("begin")


async def test_stop_works_on_any_replica(three: Replicas) -> None:
    for number in range(3):
        scene = three.new_scene()
        three.deliver_to(number)
        await scene.start_run()
        async with scene.without_cutover():
            three.deliver_to((number + 1) % 3)
            await scene.room.command("finish T1")
            stop = await scene.room.wait_for_button("Stop", within=30)
            three.deliver_to((number + 2) % 3)
            await scene.room.click("Stop", stop)
            await scene.wait_for_text("[Ss]topped", within=30)
        await asyncio.sleep(1.0)
        assert scene.count_effects("finish") == 0


async def test_say_shows_the_outcome_of_any_replica(three: Replicas) -> None:
    before = [commands_of(liaison, "start") for liaison in three.all]
    for number in range(6):
        liaison = three.all[number % 3]
        code, output = await liaison.run(
            "say", f'start "{RUNBOOK}" --on xurrent', "--channel", f"say-{number}", "--yes"
        )
        assert code == 0, output
        assert RUNBOOK in output
        assert "T1" in output
    done = [commands_of(liaison, "start") - count for liaison, count in zip(three.all, before, strict=True)]
    assert sum(done) == 6


async def test_say_without_a_replica_on_this_machine(
    three: Replicas, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = another_machine(three, tmp_path_factory)
    code, output = await elsewhere.run("say", f'start "{RUNBOOK}" --on xurrent', "--channel", "elsewhere", "--yes")
    assert code == 0, output
    assert "T1" in output
    code, output = await elsewhere.run("say", "no such word")
    assert code == 1, output


async def test_say_without_any_replica(three: Replicas, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = another_machine(three, tmp_path_factory)
    for liaison in three.all:
        await liaison.stop()
    await asyncio.sleep(16.0)  # until they do not count as alive
    code, output = await elsewhere.run("say", "runs", "--channel", "nobody")
    assert code == 0, output


def another_machine(three: Replicas, tmp_path_factory: pytest.TempPathFactory) -> Liaison:
    return Liaison(tmp_path_factory.mktemp("elsewhere"), three.settings)
