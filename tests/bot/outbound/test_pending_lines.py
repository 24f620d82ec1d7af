"""What is said while a platform does not answer, and that none of it stays when the outcome is known."""

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
from bot.server.serve import started
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
    """The application over runbooks whose platform can be cut off. ``lines``: the trace as it stands."""

    app: Application
    platform: LocalAdapter
    lines: list[str] = field(default_factory=list)
    whispers: list[ConsoleEntry] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)

    def listen(self, shown: ConsoleEntry) -> None:
        if shown.kind == "private":
            self.whispers.append(shown)
        elif "lines" in shown.kind:
            self.lines = [plain_text(line) for line in shown.lines]

    def say(self, text: str, by: Actor = ANA, via: Via = Via.SAY) -> "asyncio.Task[Result]":
        return self._send(via, by, text=text)

    def press(self, button: Button, by: Actor = ANA) -> "asyncio.Task[Result]":
        return self._send(Via.BUTTON, by, intent=button.intent.model_dump(mode="json"))

    def _send(self, via: Via, by: Actor, **said: Any) -> "asyncio.Task[Result]":
        key, now = f"console//{uuid4().hex}", datetime.now(UTC)
        message = Message(key=key, actor=by, place=room(), via=via, at=now, reply=ReplyRoute(), **said)
        self.sent.append(message)
        return asyncio.create_task(self.app.submit(message))

    def told(self, words: str) -> ConsoleEntry | None:
        found = [one for one in self.whispers if one.card and words in plain_text(one.card.title)]
        return found[-1] if found else None


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    console = Console()
    app = bootstrap(demo_settings(tmp_path).with_secret_key(), surfaces=[console])
    async with started(app):
        platform = app.platforms["local"]
        assert isinstance(platform, LocalAdapter)
        scene = Scene(app, platform)
        with console.listening(scene.listen):
            assert await scene.say("start Database failover") == "done"
            yield scene


async def test_who_waits_behind_others_is_told_and_may_stop(scene: Scene) -> None:
    scene.platform.down = True
    first, second = scene.say("begin T1"), scene.say("begin T2", by=BEN)
    waits = await until(lambda: scene.told("begin T2 waits behind an earlier change to R1."))
    assert "Nothing of it was sent" in plain_text(waits.card.title)
    assert waits.message.actor.id == "ben"
    await until(lambda: any("does not answer (beginning T1). Nothing was sent." in line for line in scene.lines))
    assert await scene.press(waits.buttons[0], by=BEN) == "done"
    assert await asyncio.wait_for(second, 30) == "failed"
    third = scene.say("finish T2", by=BEN)
    waits = await until(lambda: scene.told("finish T2 waits behind an earlier change to R1."))
    assert await scene.press(waits.buttons[0]) == "done"
    assert await asyncio.wait_for(third, 30) == "failed"
    assert scene.told("Ana stopped finish T2 while it waited. Nothing of it was sent, and nothing changed.")
    scene.platform.down = False
    assert await asyncio.wait_for(first, 30) == "done"
    assert not scene.told("beginning T2 was not sent"), "who pressed it was told by the press"
    assert not any("does not answer" in line for line in scene.lines)


async def test_who_stops_what_is_their_own_is_told_once(scene: Scene) -> None:
    scene.platform.down = True
    for by, told in ((ANA, False), (BEN, True)):
        waiting = scene.say("begin T1", by=ANA)
        await until(lambda: any("Nothing was sent" in line for line in scene.lines))
        assert await scene.press(Button("Stop", Stop(run="R1", key=scene.sent[-1].key)), by=by) == "done"
        assert await asyncio.wait_for(waiting, 30) == "failed"
        assert bool(scene.told("Stopped: beginning T1 was not sent")) == told
        assert not any("does not answer" in line for line in scene.lines)


async def test_who_waited_behind_others_is_not_told_again_that_it_waits(scene: Scene) -> None:
    scene.platform.down = True
    first, second = scene.say("begin T1"), scene.say("begin T2", by=BEN, via=Via.COMMAND)
    await until(lambda: scene.told("begin T2 waits behind an earlier change to R1."))
    assert await scene.press(Button("Stop", Stop(run="R1", key=scene.sent[-2].key))) == "done"
    assert await asyncio.wait_for(first, 30) == "failed"
    await until(lambda: any("does not answer (beginning T2)" in line for line in scene.lines))
    scene.platform.down = False
    assert await asyncio.wait_for(second, 30) == "done"
    assert not scene.told("cannot be asked just now")


async def test_a_line_that_waited_says_what_was_done_by_somebody_else_meanwhile(scene: Scene) -> None:
    scene.platform.down = True
    waiting = scene.say("finish T1")
    await until(lambda: any("Nothing was sent" in line for line in scene.lines))
    known = await scene.app.runs.get("R1")
    assert known is not None
    theirs = FinishTask(run=known.run.key, task=known.task_id("T1") or "", by=Person(id="zoe", name="Zoe"))
    scene.platform.down = False
    await scene.platform.execute(theirs, WriteMarker(code="ZZZZ", who="Zoe", at=datetime.now(UTC)))
    assert await asyncio.wait_for(waiting, 30) == "done"
    said = await until(lambda: [line for line in scene.lines if line.startswith("Ana: T1 Confirm")])
    assert "was finished by Zoe" in said[0]
    assert not any("does not answer" in line for line in scene.lines)


async def test_who_typed_it_is_told_that_it_waits_also_where_the_line_is_out_of_sight(scene: Scene) -> None:
    """The line stands in the card's thread; the command was typed in the channel."""
    scene.platform.down = True
    waiting = scene.say("begin T1", via=Via.COMMAND)
    told = await until(lambda: scene.told("Local runbooks cannot be asked just now, so beginning T1 waits."))
    assert "The line under the card of R1 says how it goes on" in plain_text(told.card.title)
    scene.platform.down = False
    assert await asyncio.wait_for(waiting, 30) == "done"


async def test_a_platform_that_asks_to_wait_is_not_said_to_be_silent(scene: Scene) -> None:
    known = await scene.app.runs.get("R1")
    assert known is not None
    now, place = datetime.now(UTC), room()
    message = Message(key="k", actor=ANA, place=place, via=Via.SAY, at=now, reply=ReplyRoute())
    step = FinishTask(run=known.run.key, task=known.task_id("T1") or "", by=Person(name="Ana"))
    why = RateLimited("local", Op.FINISH, retry_after=3)
    line = waiting_line(message, known, step, why, now, scene.app.world)
    assert plain_text(line.text).startswith(
        "Ana: Local runbooks asks us to wait (finishing T1). Nothing was sent. Trying"
    )
