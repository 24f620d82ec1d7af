"""Several replicas are one Liaison: whichever gets a delivery, it is done once, in order, and shown."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from tests.e2e.conftest import RUNBOOK, Scene
from tests.e2e.process import until
from tests.e2e.replicas import Replicas, replicas

TAKEN_OVER_SECONDS = 15.0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Replicas]:
    async with replicas(tmp_path_factory.mktemp("replicas"), 3) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def three(shared: Replicas) -> AsyncIterator[Replicas]:
    await shared.start()
    yield shared
    for fault in shared.environment.cutover.faults:
        fault.release.set()
    shared.environment.cutover.faults.clear()
    shared.environment.cutover.latency = 0.0


def comments(scene: Scene, handle: str) -> list[str]:
    """Of the run on the platform, oldest first, without the receipts."""
    return [
        re.split(" — |<", comment.content.removeprefix("<p>"))[0] for comment in scene.cutover_run(handle).comments
    ]


def cards(scene: Scene, handle: str) -> list[str]:
    return [
        message.text
        for message in scene.room.bot_messages()
        if not message.visible_to and re.search(rf"^{handle} {RUNBOOK}(?s:.*)Stages ", message.text)
    ]


def takeovers(found: Replicas, since: datetime) -> list[datetime]:
    """When a replica took over a job of another one."""
    lines = [
        json.loads(line)
        for liaison in found.all
        for line in liaison.log.read_text().splitlines()
        if line.endswith("}")
    ]
    times = [datetime.fromisoformat(line["timestamp"]) for line in lines if line["event"] == "job taken over"]
    return [time for time in times if time > since]


async def test_commands_to_any_replica_are_done_once_in_order_and_shown(three: Replicas) -> None:
    scenes = [three.new_scene() for _ in range(4)]
    handles = []
    for scene in scenes:
        three.deliver_anywhere()
        handles.append(await scene.start_run())
    lines = ["begin T1", *(f"comment number {number}" for number in range(6)), "finish T1", "begin T2"]
    for line in lines:
        for scene in scenes:
            three.deliver_anywhere()
            assert (await scene.room.command(line)).status == 200
    for scene, handle in zip(scenes, handles, strict=True):
        run = scene.cutover_run(handle)
        await until(lambda run=run: [task.stage for task in run.tasks.values()][1] == "in_progress", within=30)
        assert comments(scene, handle) == [f"number {number}" for number in range(6)]
        assert len(cards(scene, handle)) == 1, scene.room.text()
        await scene.wait_for_text(r"T2 Page the DBA\nrunning(?s:.*)Done T1")
        await scene.wait_for_text("began T2")
        numbers = re.findall(rf"commented on {handle} .*: number (\d)", scene.room.text())
        assert numbers == sorted(numbers), scene.room.text()
    assert scenes[0].count_effects("finish") == len(scenes)
    assert scenes[0].count_effects("begin") == 2 * len(scenes)


async def test_one_delivery_to_two_replicas_at_once_is_done_once(three: Replicas) -> None:
    scene = three.new_scene()
    three.deliver_to(0)
    await scene.start_run()
    fake = three.slack.fake
    payload = {
        "channel": scene.room.id,
        "user": three.slack.users["ana"],
        "text": "comment once only",
    }
    first = await fake.command(three.all[0].url, "comment first", user=payload["user"], channel=scene.room.id)
    both = await asyncio.gather(
        *(
            fake.deliver(
                liaison.url, first.kind, {**first.payload, "trigger_id": "1.2.same", "text": payload["text"]}
            )
            for liaison in three.all
        )
    )
    assert len({(delivered.status, delivered.body) for delivered in both}) == 1
    await scene.room.command("comment last")
    await scene.wait_for_effects("comment", 3)


async def test_a_run_started_on_one_replica_is_used_on_another_at_once(three: Replicas) -> None:
    scene = three.new_scene()
    three.deliver_to(0)
    await scene.room.command(f'start "{RUNBOOK}" --on cutover')
    three.deliver_to(1)
    await scene.room.command("finish T1 quickly")
    handle = await scene.wait_for_card()
    await scene.wait_for_text("finished T1")
    await scene.wait_for_effects("finish")
    three.deliver_to(2)
    await scene.room.command("show")
    await until(lambda: len(cards(scene, handle)) == 1)  # the old one becomes a pointer


async def test_the_work_of_a_killed_replica_is_taken_over(three: Replicas) -> None:
    scenes = [three.new_scene() for _ in range(6)]
    handles = []
    for scene in scenes:
        three.deliver_anywhere()
        handles.append(await scene.start_run())
    three.environment.cutover.latency = 0.5
    for line in ("finish T1", "comment afterwards"):
        for scene in scenes:
            three.deliver_anywhere()
            await scene.room.command(line)
    await until(lambda: scenes[0].count_effects("finish") >= 1)
    await three.all[0].kill()
    killed_at = datetime.now(UTC)
    for scene, handle in zip(scenes, handles, strict=True):
        await until(lambda scene=scene, handle=handle: comments(scene, handle) == ["afterwards"], within=40)
    for taken_at in takeovers(three, since=killed_at):
        assert (taken_at - killed_at).total_seconds() < TAKEN_OVER_SECONDS
    for scene in scenes:
        await scene.wait_for_text("finished T1", within=30)
        await scene.wait_for_text("commented on", within=30)
    assert scenes[0].count_effects("finish") == len(scenes)
    assert scenes[0].count_effects("comment") == len(scenes)
    await three.start()


async def test_the_answers_of_a_killed_replica_are_given_by_another(three: Replicas) -> None:
    """The chat took nothing while it lived."""
    scenes = [three.new_scene() for _ in range(4)]
    handles = []
    for scene in scenes:
        three.deliver_anywhere()
        handles.append(await scene.start_run())
    outage = three.slack.fake.fault("answer", method="GET|POST|PUT", status=503, times=1_000_000)
    for scene in scenes:
        for line in ("begin T1", "comment in the dark", "finish T9"):
            three.deliver_anywhere()
            await scene.room.command(line)
    await scenes[0].wait_for_effects("comment", len(scenes))
    await scenes[0].wait_for_effects("begin", len(scenes))
    await three.all[0].kill()
    outage.times = 0
    for scene, handle in zip(scenes, handles, strict=True):
        await scene.wait_for_text("commented on .*in the dark", within=60)
        await scene.wait_for_text(r"\(to ana\) .*T9", within=60)
        await until(lambda scene=scene, handle=handle: "running · ana" in cards(scene, handle)[0], within=60)
        assert len(cards(scene, handle)) == 1
        for told in ("comment added", "T1 Confirm the primary is down: running"):
            await scene.wait_for_text(told, within=60)
            assert scene.room.text().count(told) == 1, scene.room.text()
        assert len(re.findall("commented on .*in the dark", scene.room.text())) == 1, scene.room.text()
    await three.start()


async def test_a_database_that_restarts_loses_nothing(three: Replicas) -> None:
    scenes = [three.new_scene() for _ in range(3)]
    handles = []
    for scene in scenes:
        three.deliver_anywhere()
        handles.append(await scene.start_run())
    three.environment.cutover.latency = 0.3
    for scene in scenes:
        three.deliver_anywhere()
        await scene.room.command("finish T1 before")
    await asyncio.to_thread(three.server.stop)
    await asyncio.sleep(2.0)
    await asyncio.to_thread(three.server.start)
    await asyncio.gather(*(liaison.wait_until_ready() for liaison in three.all))
    for scene in scenes:
        three.deliver_anywhere()
        await scene.room.command("comment afterwards")
    for scene, handle in zip(scenes, handles, strict=True):
        await until(lambda scene=scene, handle=handle: "afterwards" in comments(scene, handle), within=40)
        await scene.wait_for_text("finished T1", within=30)
    assert scenes[0].count_effects("finish") == len(scenes)
