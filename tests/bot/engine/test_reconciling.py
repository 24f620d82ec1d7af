"""A write whose answer was lost: when it is looked for and sent again, who waits for it, and what is said."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.errors import OutcomeUnknown, RateLimited, Rejected
from adapters.results import Applied, NotApplied, WriteResult
from adapters.writes import Op, Write, WriteMarker
from bot.surfaces.console.surface import room
from commands.model.messages import Message, ReplyRoute, Via
from commands.text.catalogue import plain_text
from tests.bot.app_scene import ANA, BEN, Scene, app_scene
from tests.e2e.process import until

SLOWEST_ANSWER = 0.6


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.engine.reconciler.LOOKS", (0.0, 0.05, 0.1, 0.2))
    monkeypatch.setattr("bot.engine.reconciler.LATER_LOOKS_SECONDS", 0.3)


@dataclass
class LosingPlatform:
    """Loses the answer to requests of ``op``, and executes them ``late`` by seconds; None: they never arrived.

    ``may_look_again``: all looks but the first wait for it.
    """

    scene: Scene
    op: Op
    late: float | None
    times: int = 1
    part: str | None = None
    sent: list[Write] = field(default_factory=list)  # all requests
    looks: int = 0
    may_look_again: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list["asyncio.Task[Any]"] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._execute, self._reconcile = self.scene.platform.execute, self.scene.platform.reconcile
        self.may_look_again.set()

    async def execute(self, step: Write, marker: WriteMarker) -> Any:
        self.sent.append(step)
        if step.op is not self.op or self.times <= 0:
            return await self._execute(step, marker)
        self.times -= 1
        if self.late is not None:
            self._tasks.append(asyncio.create_task(self._execute_late(self.late, step, marker)))
        raise OutcomeUnknown("local", step.op)

    async def _execute_late(self, seconds: float, *arguments: Any) -> None:
        await asyncio.sleep(seconds)
        await self._execute(*arguments)

    async def reconcile(self, step: Write, *arguments: Any) -> Any:
        self.looks += 1
        if self.looks > 1:
            await self.may_look_again.wait()
        return await self._reconcile(step, *arguments)

    def count(self, op: Op) -> int:
        return sum(step.op is op for step in self.sent)


on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""On PostgreSQL a message that waited starts over: who was assigned meanwhile was assigned before it."""


@pytest.fixture
async def scene(tmp_path: Path, database_url: str) -> AsyncIterator[Scene]:
    async with app_scene(
        tmp_path, slowest_answer=timedelta(seconds=SLOWEST_ANSWER), database_url=database_url
    ) as scene:
        assert await scene.say("start Database failover") == "done"
        yield scene


def losing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, op: Op, late: float | None, times: int = 1
) -> LosingPlatform:
    platform = LosingPlatform(scene, op, late, times)
    monkeypatch.setattr(scene.platform, "execute", platform.execute)
    monkeypatch.setattr(scene.platform, "reconcile", platform.reconcile)
    return platform


async def comments(scene: Scene) -> list[str]:
    run = scene.app.run_rows.get("R1")
    assert run is not None
    return [comment.text for comment in await scene.platform.comments(run.run.key.id, None)]


def has_line(scene: Scene, text: str) -> bool:
    return any(text in line for line in scene.lines)


@pytest.mark.parametrize("late", [0.07, 0.15, 0.4])
async def test_a_request_that_is_executed_late_is_found_and_not_sent_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, late: float
) -> None:
    """After the second, third and fourth look, and before the platform's slowest answer."""
    platform = losing(scene, monkeypatch, Op.COMMENT, late)
    assert await scene.say("comment just once") == "done"
    assert await comments(scene) == ["just once"]
    assert platform.count(Op.COMMENT) == 1


async def test_a_request_that_never_arrived_is_sent_again_at_the_last_look(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform, began = losing(scene, monkeypatch, Op.FINISH, None), datetime.now(UTC)
    assert await scene.say("begin T1") == "done"
    assert await scene.say("finish T1") == "done"
    assert datetime.now(UTC) - began >= timedelta(seconds=SLOWEST_ANSWER)
    assert (platform.count(Op.FINISH), platform.looks) == (2, 5)
    assert scene.find_private("T1 Confirm the primary is down: done")


async def test_a_write_that_first_had_to_wait_for_the_platform_is_sent_again_too(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = losing(scene, monkeypatch, Op.FINISH, None)
    answers = [RateLimited("local", "finish", retry_after=0.1)]

    async def limited_at_first(step: Write, marker: WriteMarker) -> Any:
        if answers:
            raise answers.pop()
        return await platform.execute(step, marker)

    monkeypatch.setattr(scene.platform, "execute", limited_at_first)
    assert await scene.say("finish T1") == "done"
    assert platform.count(Op.FINISH) == 2


async def test_a_write_that_somebody_else_did_meanwhile_is_not_claimed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second request is answered with "already done", and a look does not find our own one."""
    platform = losing(scene, monkeypatch, Op.FINISH, None)
    assert await scene.say("begin T1") == "done"

    async def done_by_another(step: Write, marker: WriteMarker) -> Any:
        if step.op is not Op.FINISH or not platform.count(Op.FINISH):
            return await platform.execute(step, marker)
        return WriteResult(already=True)

    async def finds_nothing(*arguments: Any) -> Any:
        return NotApplied()

    monkeypatch.setattr(scene.platform, "execute", done_by_another)
    monkeypatch.setattr(scene.platform, "reconcile", finds_nothing)
    assert await scene.say("finish T1") == "done"
    assert scene.find_private("is already as you asked. Nothing changed")
    assert not has_line(scene, "finished T1")


async def test_a_stopped_write_is_looked_for_and_not_sent_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = losing(scene, monkeypatch, Op.COMMENT, None)
    saying = scene.say("comment never mind")
    await until(lambda: platform.looks)
    assert await scene.app.engine.stop_waiting(scene.sent[-1].key, BEN) == "trying"
    assert await saying == "question"
    assert platform.count(Op.COMMENT) == 1


async def test_what_is_lost_twice_is_decided_by_a_person_and_a_false_answer_is_refused(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = losing(scene, monkeypatch, Op.COMMENT, None, times=2)
    assert await scene.say("comment said by Ana") == "question"
    await until(lambda: has_line(scene, "didn't confirm commenting on R1"))
    effect, *_ = await scene.app.effect_log.list_open()
    press = {"verb": "decide", "run": "R1", "key": effect.key, "step": effect.step.step_key, "there": True}
    assert await decide(scene, press) == "question"
    assert scene.find_private("I looked again, and I can't find commenting on R1 in Local runbooks")
    assert await comments(scene) == []
    assert await decide(scene, {**press, "there": False}) == "done"
    assert await comments(scene) == ["said by Ana"]
    assert platform.count(Op.COMMENT) == 3


async def decide(scene: Scene, intent: dict[str, Any]) -> str:
    now = datetime.now(UTC)
    message = Message(
        key=f"decide {now}", actor=BEN, place=room(), via=Via.BUTTON, at=now, reply=ReplyRoute(), intent=intent
    )
    return await scene.app.submit(message)


async def test_a_refused_second_request_counts_only_if_the_first_was_not_done(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The platform shows the first one only after it has refused the second."""
    platform = losing(scene, monkeypatch, Op.COMMENT, 0.0)
    is_refused = False

    async def refuse(step: Write, marker: WriteMarker) -> Any:
        nonlocal is_refused
        if step.op is Op.COMMENT and platform.count(Op.COMMENT) == 1:
            is_refused = True
            raise Rejected("local", "comment", said="twice")
        return await platform.execute(step, marker)

    async def blind(*arguments: Any) -> Any:
        found = await platform.reconcile(*arguments)
        return NotApplied() if isinstance(found, Applied) and not is_refused else found

    monkeypatch.setattr(scene.platform, "execute", refuse)
    monkeypatch.setattr(scene.platform, "reconcile", blind)
    assert await scene.say("comment just once") == "done"
    assert is_refused
    assert await comments(scene) == ["just once"]


async def test_a_lost_write_does_not_hold_up_the_others_of_its_run(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    for op, line in ((Op.COMMENT, "comment lost"), (Op.BEGIN, "begin T2")):
        platform = losing(scene, monkeypatch, op, None)
        platform.may_look_again.clear()
        lost = scene.say(line)
        await until(lambda platform=platform: platform.looks)
        assert await asyncio.wait_for(scene.say("finish T1", BEN), 20) == "done"
        assert not lost.done()
        platform.may_look_again.set()
        assert await lost == "done"
        assert await scene.say("reopen T1") == "done"


@pytest.mark.parametrize(
    ("op", "older", "newer"),
    [(Op.BEGIN, "begin T1", "hold T1 too early"), (Op.STATUS, "status red burning", "status green fine")],
)
async def test_a_write_to_the_same_thing_waits_so_that_the_older_one_never_undoes_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, op: Op, older: str, newer: str
) -> None:
    platform = losing(scene, monkeypatch, op, None)
    platform.may_look_again.clear()
    lost = scene.say(older)
    await until(lambda: platform.looks)
    waiting = scene.say(newer, BEN)
    assert await asyncio.wait_for(scene.say("comment meanwhile", BEN), 20) == "done"
    assert not waiting.done()
    platform.may_look_again.set()
    assert await lost == "done"
    assert await waiting == "done"
    sent = [step.op for step in platform.sent if step.op is not Op.COMMENT]
    assert sent == [op, op, Op.HOLD if op is Op.BEGIN else op]


@on_sqlite
@pytest.mark.parametrize("late", [None, 0.3])
async def test_an_assignment_that_waited_names_who_got_the_task_and_can_be_repeated(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, late: float | None
) -> None:
    monkeypatch.setattr("bot.engine.effects.NOTICE_AFTER_SECONDS", 0.01)
    platform = losing(scene, monkeypatch, Op.ASSIGN, late)
    lost = scene.say("assign T1 me")
    await until(lambda: platform.looks)
    waiting = scene.say("assign T1 me", BEN)
    wait = "Local runbooks hasn't confirmed assigning T1 yet (sent by Ana at "
    await until(lambda: scene.find_private(wait))
    assert await lost == "done"
    assert await waiting == "failed"
    refused = scene.find_private("T1 Confirm the primary is down has been assigned to Ana in the meantime.")
    assert refused is not None, [entry.card.summary for entry in scene.private if entry.card]
    assert refused.card is not None
    button = refused.card.buttons[0]
    assert button.label == "Assign to Ben anyway"
    assert await scene.press(button, BEN) == "done"


async def test_a_message_goes_on_with_its_next_write_after_a_lost_one(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = losing(scene, monkeypatch, Op.BEGIN, None)
    lost = scene.say("begin T1 T2")
    await until(lambda: platform.looks)
    assert await scene.say("comment in between", BEN) == "done"
    assert await lost == "done"
    targets = [step.target for step in platform.sent if step.op is Op.BEGIN]
    assert targets[0] == targets[1] != targets[2]


async def test_a_long_wait_that_the_platform_asks_for_is_reported_with_its_end(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = RateLimited("local", "begin", retry_after=600)

    async def limited(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(scene.platform, "execute", limited)
    assert await asyncio.wait_for(scene.say("begin T1"), 5) == "failed"
    assert scene.find_private(f"{error.until:%H:%M UTC}, so beginning T1 wasn't")


async def test_what_was_accepted_before_a_downtime_is_blamed_on_the_downtime(
    scene: Scene, tmp_path: Path, database_url: str
) -> None:
    """It is recorded, and the process ends before it is processed."""
    began = datetime.now(UTC) - timedelta(minutes=5)
    message = Message(
        key="K1", actor=ANA, place=room(), via=Via.SAY, at=began, reply=ReplyRoute(), text="begin T1"
    )
    await scene.app.intake.record(message)
    await scene.app.stop()
    async with app_scene(tmp_path, database_url=database_url) as again:
        card = await until(lambda: again.find_private("Liaison was down from"))
        text = plain_text(card.card.title)
        assert "So beginning T1 wasn't sent. Nothing changed." in text
        assert [button.label for button in card.card.buttons] == ["Try again", "Dismiss"]
