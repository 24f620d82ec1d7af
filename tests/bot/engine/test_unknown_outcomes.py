"""A person's word on a write that nobody could find: believed once, whoever presses how often."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from adapters.errors import OutcomeUnknown
from adapters.models import RunbookKey, RunKey
from adapters.protocol import Adapter
from adapters.writes import (
    AddComment,
    Applied,
    Baseline,
    FinishTask,
    Indeterminate,
    NotApplied,
    Reconciliation,
    Recovery,
    StartRun,
    Write,
    WriteMarker,
    WriteResult,
)
from bot.engine.effects import Effects, EffectServices
from bot.engine.port import Progress
from bot.engine.reconciler import Reconciler
from bot.storage.effects import Effect, EffectLog
from bot.storage.inbox import Inbox
from bot.storage.store import Store
from commands.dispatch import Route
from commands.model.messages import Actor, Message, Place, Via
from commands.model.outcomes import Done, Outcome, Refused, Unknown
from commands.model.ports import RunsPort
from tests.commands.memory import MemoryRunsPort

NOW = datetime(2026, 5, 4, 14, 5, tzinfo=UTC)
ANA, BEN = Actor(surface="console", id="ana"), Actor(surface="console", id="ben")
STEP = AddComment(run=RunKey(platform="slow", id="1"), text="said once")
EFFECT = Effect(
    key="K1",
    step=STEP,
    run="",
    platform="slow",
    marker=WriteMarker(code="7K2F", who="Ana", at=NOW),
    baseline=Baseline(sent_at=NOW),
    state="unknown",
    sends=1,
)


@dataclass
class Slow:
    """A platform whose comments cannot be found again, and which answers when it is let."""

    carried: int = 0
    loses: bool = False
    breaks: bool = False
    how: Recovery = Recovery.MANUAL
    there: bool | None = None  # what a look shows; None: nothing
    made: WriteResult = field(default_factory=lambda: WriteResult(id="c1"))
    let: asyncio.Event = field(default_factory=asyncio.Event)

    def recovery(self, step: Write) -> Recovery:
        return self.how

    async def execute(self, step: Write, mark: WriteMarker) -> WriteResult:
        self.carried += 1
        await self.let.wait()
        if self.breaks:
            raise RecursionError("an answer as deep as a well")
        if self.loses:
            raise OutcomeUnknown("slow", "comment")
        return self.made

    async def reconcile(self, step: Write, mark: WriteMarker, known: Baseline) -> Reconciliation:
        if self.there is None:
            return Indeterminate()
        return Applied(self.made) if self.there else NotApplied()


class Quiet:
    async def checking(self, *_: object) -> None:
        """Nobody listens."""


@dataclass
class Scene:
    platform: Slow
    log: EffectLog
    settler: Reconciler
    rules: EffectServices
    found: list[Outcome]
    words: list[Actor | None]  # of each found: on whose word

    async def press(self, *, there: bool, by: Actor = ANA) -> Outcome | None:
        return await self.settler.decide("K1", STEP.step_key, there, by)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    store = Store(f"sqlite:///{tmp_path}/liaison.db")
    await store.open()
    platform, log, found, words = Slow(), EffectLog(store), list[Outcome](), list[Actor | None]()
    platforms = {"slow": cast(Adapter, platform)}
    runs: RunsPort = MemoryRunsPort(platforms, lambda: NOW)
    notices: Any = Quiet()
    rules = EffectServices(
        log=log,
        platforms=platforms,
        runs=runs,
        notices=notices,
        now=lambda: NOW,
        write_timeout=timedelta(minutes=2),
        hurry=asyncio.Event(),
        later_looks=lambda _: None,
    )

    async def tell(_: Effect, outcome: Outcome, by: Actor | None) -> None:
        found.append(outcome)
        words.append(by)

    await log.sent(EFFECT)
    await log.outcome(EFFECT, "unknown", None)
    scene = Scene(platform, log, Reconciler(rules, tell), rules, found, words)
    yield scene
    platform.let.set()
    await scene.settler.stop()
    await store.close()


async def test_two_people_who_want_it_written_again_get_it_once(scene: Scene) -> None:
    presses = [asyncio.create_task(scene.press(there=False, by=who)) for who in (ANA, BEN)]
    late = await asyncio.wait_for(presses[1], 10)
    scene.platform.let.set()
    first = await asyncio.wait_for(presses[0], 10)
    assert isinstance(first, Done)
    assert late is None
    assert scene.platform.carried == 1
    assert await scene.press(there=False) is None
    assert scene.platform.carried == 1


async def test_of_opposite_words_the_first_counts(scene: Scene) -> None:
    again = asyncio.create_task(scene.press(there=False))
    there = await asyncio.wait_for(scene.press(there=True, by=BEN), 10)
    scene.platform.let.set()
    assert isinstance(await asyncio.wait_for(again, 10), Done)
    assert there is None
    assert scene.platform.carried == 1


async def test_written_again_and_lost_again_can_be_decided_again(scene: Scene) -> None:
    scene.platform.loses = True
    scene.platform.let.set()
    assert isinstance(await scene.press(there=False), Unknown)
    assert scene.found == [], "its line keeps its two buttons"
    assert isinstance(await scene.press(there=True), Done)
    assert scene.platform.carried == 1


async def test_what_came_late_is_not_written_again_on_somebodys_word(scene: Scene) -> None:
    scene.platform.how, scene.platform.there = Recovery.LOOKUP, True
    assert isinstance(await scene.press(there=False), Done)
    assert scene.platform.carried == 0
    assert scene.words == [ANA]


async def test_a_start_is_believed_once_its_run_is_found(scene: Scene) -> None:
    """The word alone has no id, and the requests that follow need one."""
    runbook = RunbookKey(platform="slow", id="9")
    copy = StartRun(runbook=runbook, title="R7 Primary down", handle="R7", part="copy")
    await scene.log.sent(replace(EFFECT, key="K7", step=copy))
    await scene.log.outcome(replace(EFFECT, key="K7", step=copy), "unknown", None)
    scene.platform.how, scene.platform.there = Recovery.LOOKUP, False
    made = scene.platform.made = WriteResult(run=RunKey(platform="slow", id="77"))
    assert isinstance(await scene.settler.decide("K7", copy.step_key, True, ANA), Unknown)
    assert scene.found == [], "its line keeps its two buttons"
    scene.platform.there = True
    outcome = await scene.settler.decide("K7", copy.step_key, True, ANA)
    assert isinstance(outcome, Done)
    assert outcome.result == made
    logged = await scene.log.get("K7", copy.step_key)
    assert logged is not None
    assert (logged.state, logged.outcome) == ("done", made)


async def test_a_persons_word_gives_what_follows_fresh_patience(scene: Scene) -> None:
    scene.platform.let.set()
    message = Message(key="K3", actor=ANA, place=Place(surface="console", channel="c"), via=Via.SAY, at=NOW)
    rules = replace(scene.rules, now=lambda: NOW + timedelta(minutes=20))
    for wanted, kind in ((None, Refused), (NOW + timedelta(minutes=20), Done)):
        outcome = await Effects(rules, message, Progress(wanted=wanted)).execute(STEP, None)
        assert isinstance(outcome, kind)
    assert scene.platform.carried == 1


async def test_after_a_long_stop_nothing_is_sent_again_that_was_wanted_then(scene: Scene) -> None:
    """Killed after it was sent, and started the next day: somebody may have undone it since, on purpose."""
    scene.platform.how, scene.platform.there = Recovery.IDEMPOTENT, False
    scene.platform.let.set()
    for waited, sends in ((timedelta(days=1), 0), (timedelta(seconds=20), 1)):
        rules = replace(scene.rules, now=lambda waited=waited: NOW + waited)  # type: ignore[misc]
        await scene.log.sent(EFFECT)
        message = Message(key="K1", actor=ANA, place=Place(surface="console", channel="c"), via=Via.SAY, at=NOW)
        outcome = await Effects(rules, message, Progress(resumed=True)).execute(STEP, None)
        assert scene.platform.carried == sends
        assert isinstance(outcome, Done if sends else Unknown)


async def test_a_fault_of_ours_on_the_answer_of_a_write_is_settled_by_looking(scene: Scene) -> None:
    scene.platform.breaks, scene.platform.there = True, True
    scene.platform.let.set()
    message = Message(key="K2", actor=ANA, place=Place(surface="console", channel="c"), via=Via.SAY, at=NOW)
    assert isinstance(await Effects(scene.rules, message, Progress()).execute(STEP, None), Done)
    logged = await scene.log.get("K2", STEP.step_key)
    assert logged is not None
    assert (logged.state, scene.platform.carried) == ("done", 1)


async def test_what_its_person_was_told_is_not_done_stays_undone_when_the_lost_write_is_found(
    scene: Scene,
) -> None:
    """``finish T1 T2``: T1 was lost, T2 waited for it, was stopped or came too late; then T1 turns out done."""
    scene.platform.let.set()
    run = RunKey(platform="slow", id="1")
    lost, begun, then = (FinishTask(run=run, task="1", part=part) for part in ("begin", "", "note"))
    waited, stopped = FinishTask(run=run, task="2"), FinishTask(run=run, task="3")
    for step, state in ((lost, "done"), (begun, "done"), (stopped, "unsent")):
        effect = replace(EFFECT, step=step)
        await scene.log.sent(effect)
        await scene.log.outcome(effect, state, WriteResult() if state == "done" else None)  # type: ignore[arg-type]
    message = Message(key="K1", actor=ANA, place=Place(surface="console", channel="c"), via=Via.SAY, at=NOW)
    effects = Effects(scene.rules, message, Progress(resumed=True, answered=True))
    for step in (waited, stopped):
        assert isinstance(await effects.execute(step, None), Refused)
    assert scene.platform.carried == 0
    assert isinstance(await effects.execute(then, None), Done), "the rest of the write that was found"
    assert scene.platform.carried == 1


async def test_an_end_that_the_press_has_told_is_no_news_and_what_is_sent_after_it_is(scene: Scene) -> None:
    scene.platform.let.set()
    assert isinstance(await scene.press(there=False), Done)
    message = Message(key="K1", actor=ANA, place=Place(surface="console", channel="c"), via=Via.SAY, at=NOW)
    progress = Progress(resumed=True, answered=True, pressed=ANA)
    effects = Effects(scene.rules, message, progress)
    assert isinstance(await effects.execute(STEP, None), Done)
    assert not progress.news
    await effects.execute(STEP.model_copy(update={"part": "more"}), None)
    assert progress.news


async def test_killed_while_writing_again_is_unknown_and_not_written_blindly(scene: Scene) -> None:
    await scene.log.sent(EFFECT)
    assert isinstance(await scene.press(there=False), Unknown)
    assert scene.platform.carried == 0
    scene.platform.let.set()
    assert isinstance(await scene.press(there=False), Done)
    assert scene.platform.carried == 1


async def test_a_message_that_is_taken_up_again_is_known_to_be_answered_after_a_crash_too(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/inbox.db")
    await store.open()
    inbox = Inbox(store)
    message = Message(key="K1", actor=ANA, place=Place(surface="console", channel="c"), via=Via.SAY, at=NOW)
    await inbox.record(message, b"")
    inbox.placed("K1", "", Route(intent=None), 1)
    assert [left.answered for left in await inbox.unfinished()] == [False]
    await inbox.done("K1", "question")
    again = await inbox.reopen("K1")
    assert again is not None
    assert again.answered
    assert [left.answered for left in await inbox.unfinished()] == [True]
    await inbox.done("K1", "done")
    assert await inbox.unfinished() == []
    await store.close()
