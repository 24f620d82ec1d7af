"""What people are told while a platform does not answer; it disappears when the outcome is known."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from adapters.errors import RateLimited
from adapters.local.adapter import LocalAdapter
from adapters.models import Person
from adapters.writes import FinishTask, Op, WriteMarker
from bot.app import Application, bootstrap
from bot.config.settings import demo_settings
from bot.server.serve import running
from bot.surfaces.console.surface import Console, ConsoleEntry, person, room
from commands.cards.pending_lines import waiting_line
from commands.model.card import Button, Result
from commands.model.intents import Stop
from commands.model.messages import Actor, Message, ReplyRoute, Via
from commands.text.catalogue import plain_text
from tests.e2e.process import until

ANA, BEN = person("ana"), person("ben")


@dataclass
class Scene:
    """The application with a platform that can be made unreachable. ``lines`` is the present activity post."""

    app: Application
    platform: LocalAdapter
    lines: list[str] = field(default_factory=list)
    private: list[ConsoleEntry] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)

    def listen(self, entry: ConsoleEntry) -> None:
        if entry.kind == "private":
            self.private.append(entry)
        elif "lines" in entry.kind:
            self.lines = [plain_text(line) for line in entry.lines]

    def say(self, text: str, by: Actor = ANA, via: Via = Via.SAY) -> "asyncio.Task[Result]":
        return self._send(via, by, text=text)

    def press(self, button: Button, by: Actor = ANA) -> "asyncio.Task[Result]":
        return self._send(Via.BUTTON, by, intent=button.intent.model_dump(mode="json"))

    def _send(self, via: Via, by: Actor, **content: Any) -> "asyncio.Task[Result]":
        key, now = f"console//{uuid4().hex}", datetime.now(UTC)
        message = Message(key=key, actor=by, place=room(), via=via, at=now, reply=ReplyRoute(), **content)
        self.sent.append(message)
        return asyncio.create_task(self.app.submit(message))

    def find_private(self, text: str) -> ConsoleEntry | None:
        """The latest private card with ``text`` in its title."""
        found = [entry for entry in self.private if entry.card and text in plain_text(entry.card.title)]
        return found[-1] if found else None


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    console = Console()
    app = bootstrap(demo_settings(tmp_path).with_secret_key(), surfaces=[console])
    async with running(app):
        platform = app.platforms["local"]
        assert isinstance(platform, LocalAdapter)
        scene = Scene(app, platform)
        with console.listening(scene.listen):
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
    assert not scene.find_private("isn't available right now")


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
        lambda: scene.find_private("Local runbooks isn't available right now, so beginning T1 has to wait.")
    )
    assert "The activity line in the thread of R1's card shows how it goes" in plain_text(notice.card.title)
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
        "Ana: Local runbooks is rate-limiting us (finishing T1). Nothing was sent yet. Retrying"
    )
