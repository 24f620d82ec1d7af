"""What people are told while a platform does not answer; it disappears when the outcome is known."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.errors import RateLimited
from adapters.models import Person
from adapters.writes import FinishTask, Op, WriteMarker
from bot.surfaces.console.surface import room
from commands.cards.pending_lines import waiting_line
from commands.model.card import Button
from commands.model.intents import Stop
from commands.model.messages import Message, ReplyRoute, Via
from commands.text.catalogue import plain_text
from tests.bot.app_scene import ANA, BEN, Scene, app_scene
from tests.e2e.process import until


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with app_scene(tmp_path) as scene:
        assert await scene.say("start Database failover") == "done"
        yield scene


async def test_the_sender_of_a_queued_command_is_told_and_may_stop_it(scene: Scene) -> None:
    scene.platform.down = True
    first, second = scene.say("begin T1"), scene.say("begin T2", by=BEN)
    notice = await until(lambda: scene.find_private("begin T2 is queued behind an earlier change to R1."))
    assert "It hasn't been sent yet" in plain_text(notice.card.title)
    assert notice.message.actor.id == "ben"
    await until(
        lambda: any("isn't responding (beginning T1). Nothing was sent yet." in line for line in scene.lines)
    )
    assert await scene.press(notice.buttons[0], by=BEN) == "done"
    assert await asyncio.wait_for(second, 30) == "failed"
    third = scene.say("finish T2", by=BEN)
    notice = await until(lambda: scene.find_private("finish T2 is queued behind an earlier change to R1."))
    assert await scene.press(notice.buttons[0]) == "done"
    assert await asyncio.wait_for(third, 30) == "failed"
    assert scene.find_private("Ana stopped finish T2 before anything was sent. Nothing changed.")
    scene.platform.down = False
    assert await asyncio.wait_for(first, 30) == "done"
    assert not scene.find_private("(beginning T2). Nothing changed."), "their own click was answered"
    assert not any("isn't responding" in line for line in scene.lines)


async def test_whoever_stops_their_own_command_is_told_once(scene: Scene) -> None:
    scene.platform.down = True
    for by, is_told in ((ANA, False), (BEN, True)):
        waiting = scene.say("begin T1", by=ANA)
        await until(lambda: any("Nothing was sent yet" in line for line in scene.lines))
        assert await scene.press(Button("Stop", Stop(run="R1", key=scene.sent[-1].key)), by=by) == "done"
        assert await asyncio.wait_for(waiting, 30) == "failed"
        assert (
            bool(scene.find_private("Stopped before anything was sent to Local runbooks (beginning T1)."))
            == is_told
        )
        assert not any("isn't responding" in line for line in scene.lines)


async def test_the_sender_of_a_queued_command_is_not_told_again_that_it_waits(scene: Scene) -> None:
    scene.platform.down = True
    first, second = scene.say("begin T1"), scene.say("begin T2", by=BEN, via=Via.COMMAND)
    await until(lambda: scene.find_private("begin T2 is queued behind an earlier change to R1."))
    assert await scene.press(Button("Stop", Stop(run="R1", key=scene.sent[-2].key))) == "done"
    assert await asyncio.wait_for(first, 30) == "failed"
    await until(lambda: any("isn't responding (beginning T2)" in line for line in scene.lines))
    scene.platform.down = False
    assert await asyncio.wait_for(second, 30) == "done"
    assert not scene.find_private("isn't responding, so")


async def test_a_waiting_line_is_replaced_if_somebody_else_did_it_meanwhile(scene: Scene) -> None:
    scene.platform.down = True
    waiting = scene.say("finish T1")
    await until(lambda: any("Nothing was sent yet" in line for line in scene.lines))
    run = await scene.app.runs.get("R1")
    assert run is not None
    finish_by_zoe = FinishTask(run=run.run.key, task=run.task_id("T1") or "", by=Person(id="zoe", name="Zoe"))
    scene.platform.down = False
    await scene.platform.execute(finish_by_zoe, WriteMarker(code="ZZZZ", who="Zoe", at=datetime.now(UTC)))
    assert await asyncio.wait_for(waiting, 30) == "done"
    lines = await until(lambda: [line for line in scene.lines if line.startswith("Ana: T1 Confirm")])
    assert "was already finished by Zoe" in lines[0]
    assert not any("isn't responding" in line for line in scene.lines)


async def test_the_sender_in_the_channel_is_told_privately_that_the_command_waits(scene: Scene) -> None:
    """The activity line is in the card's thread, but the command was typed in the channel."""
    scene.platform.down = True
    waiting = scene.say("begin T1", via=Via.COMMAND)
    notice = await until(
        lambda: scene.find_private("Local runbooks isn't responding, so beginning T1 has to wait.")
    )
    assert "The thread of R1's card will show the outcome" in plain_text(notice.card.title)
    scene.platform.down = False
    assert await asyncio.wait_for(waiting, 30) == "done"


async def test_a_rate_limited_platform_is_not_called_unreachable(scene: Scene) -> None:
    run = await scene.app.runs.get("R1")
    assert run is not None
    now, place = datetime.now(UTC), room()
    message = Message(key="k", actor=ANA, place=place, via=Via.SAY, at=now, reply=ReplyRoute())
    step = FinishTask(run=run.run.key, task=run.task_id("T1") or "", by=Person(name="Ana"))
    error = RateLimited("local", Op.FINISH, retry_after=3)
    line = waiting_line(message, run, step, error, now, scene.app.services)
    assert plain_text(line.text).startswith(
        f"Ana: Local runbooks is limiting requests until {error.until:%H:%M UTC} (finishing T1). "
        "Nothing was sent yet."
    )
