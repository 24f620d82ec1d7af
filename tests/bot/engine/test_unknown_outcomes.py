"""A person decides a write with an unknown outcome: the decision counts once, however often people press."""

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
from adapters.results import Applied, Baseline, Indeterminate, NotApplied, Reconciliation, Recovery, WriteResult
from adapters.writes import AddComment, FinishTask, StartRun, Write, WriteMarker
from bot.engine.effect_outcomes import EffectServices
from bot.engine.effects import Effects
from bot.engine.port import Progress
from bot.engine.reconciler import Reconciler
from bot.services.outcome_recorder import OutcomeRecorder
from bot.services.run_service import RunService
from bot.storage.effects import Effect, EffectLog
from bot.storage.inbox import Inbox
from bot.storage.runs import RunRows
from bot.storage.store import Commit, Store
from commands.dispatch import Route
from commands.model.messages import Actor, Message, Place, Via
from commands.model.outcomes import Done, Outcome, Refused, Unknown

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
class SlowPlatform:
    """A platform that answers once ``may_answer`` is set, and whose comments cannot be looked up by default."""

    executed: int = 0
    loses_answers: bool = False
    breaks_answers: bool = False
    recovery_mode: Recovery = Recovery.MANUAL
    is_applied: bool | None = None  # what a check finds; None if it cannot tell
    result: WriteResult = field(default_factory=lambda: WriteResult(id="c1"))
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    def recovery(self, step: Write) -> Recovery:
        return self.recovery_mode

    async def execute(self, step: Write, marker: WriteMarker) -> WriteResult:
        self.executed += 1
        await self.may_answer.wait()
        if self.breaks_answers:
            raise RecursionError("an answer that is nested too deeply")
        if self.loses_answers:
            raise OutcomeUnknown("slow", "comment")
        return self.result

    async def reconcile(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        if self.is_applied is None:
            return Indeterminate()
        return Applied(self.result) if self.is_applied else NotApplied()


class NoNotices:
    async def notify_checking(self, *_: object) -> None:
        """Does nothing."""


@dataclass
class Scene:
    platform: SlowPlatform
    effect_log: EffectLog
    reconciler: Reconciler
    services: EffectServices
    outcomes: list[Outcome]  # reported late
    decided_by: list[Actor | None]  # for each of ``outcomes``

    def effects(self, message: Message, progress: Progress, services: EffectServices | None = None) -> Effects:
        return Effects(services or self.services, self.reconciler, message, progress)

    async def decide(self, *, applied: bool, by: Actor = ANA) -> Outcome | None:
        return await self.reconciler.decide("K1", STEP.step_key, applied, by)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.engine.reconciler.LOOKS", (0.0, 0.02, 0.04))


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    store = Store(f"sqlite:///{tmp_path}/liaison.db")
    await store.open()
    platform, effect_log = SlowPlatform(), EffectLog(store)
    outcomes, decided_by = list[Outcome](), list[Actor | None]()
    platforms = {"slow": cast(Adapter, platform)}
    rows, inbox = RunRows(store, lambda: NOW), Inbox(store)
    runs = RunService(
        rows,
        effect_log,
        platforms,
        lambda: NOW,
        on_change=lambda _: None,
        on_halt=lambda _: None,
        count_queued_writes=lambda _: 0,
    )
    notices: Any = NoNotices()
    services = EffectServices(
        effect_log=effect_log,
        platforms=platforms,
        outcomes=OutcomeRecorder(
            rows, effect_log, inbox, runs, platforms, lambda: NOW, cached_profile=lambda actor: actor
        ),
        notices=notices,
        now=lambda: NOW,
        write_timeout=timedelta(minutes=2),
        shutting_down=asyncio.Event(),
        slowest_answer=lambda _: timedelta(seconds=0.1),
    )

    async def on_outcome(_: Effect, outcome: Outcome, reopened: object, by: Actor | None) -> None:
        outcomes.append(outcome)
        decided_by.append(by)

    await effect_log.record_sent(EFFECT)
    await effect_log.record_state(EFFECT, "unknown")
    reconciler = Reconciler(services, on_outcome)
    yield Scene(platform, effect_log, reconciler, services, outcomes, decided_by)
    platform.may_answer.set()
    await reconciler.stop()
    await store.close()


async def test_two_people_who_press_send_it_again_send_it_once(scene: Scene) -> None:
    presses = [asyncio.create_task(scene.decide(applied=False, by=who)) for who in (ANA, BEN)]
    late = await asyncio.wait_for(presses[1], 10)
    scene.platform.may_answer.set()
    first = await asyncio.wait_for(presses[0], 10)
    assert isinstance(first, Done)
    assert late is None
    assert scene.platform.executed == 1
    assert await scene.decide(applied=False) is None
    assert scene.platform.executed == 1


async def test_the_first_of_two_opposite_decisions_counts(scene: Scene) -> None:
    first = asyncio.create_task(scene.decide(applied=False))
    second = await asyncio.wait_for(scene.decide(applied=True, by=BEN), 10)
    scene.platform.may_answer.set()
    assert isinstance(await asyncio.wait_for(first, 10), Done)
    assert second is None
    assert scene.platform.executed == 1


async def test_a_write_whose_answer_is_lost_again_can_be_decided_again(scene: Scene) -> None:
    scene.platform.loses_answers = True
    scene.platform.may_answer.set()
    assert isinstance(await scene.decide(applied=False), Unknown)
    assert scene.outcomes == [], "the activity line keeps its two buttons"
    assert isinstance(await scene.decide(applied=True), Done)
    assert scene.platform.executed == 1


async def test_a_write_that_was_applied_late_is_not_sent_again(scene: Scene) -> None:
    scene.platform.recovery_mode, scene.platform.is_applied = Recovery.LOOKUP, True
    assert isinstance(await scene.decide(applied=False), Done)
    assert scene.platform.executed == 0
    assert scene.decided_by == [ANA]


async def test_a_start_counts_as_applied_once_its_run_is_found(scene: Scene) -> None:
    """The decision alone has no run id, and the requests that follow need one."""
    runbook = RunbookKey(platform="slow", id="9")
    copy = StartRun(runbook=runbook, title="R7 Primary down", handle="R7", part="copy")
    await scene.effect_log.record_sent(replace(EFFECT, key="K7", step=copy))
    await scene.effect_log.record_state(replace(EFFECT, key="K7", step=copy), "unknown")
    scene.platform.recovery_mode, scene.platform.is_applied = Recovery.LOOKUP, False
    result = scene.platform.result = WriteResult(run=RunKey(platform="slow", id="77"))
    assert isinstance(await scene.reconciler.decide("K7", copy.step_key, True, ANA), Unknown)
    assert scene.outcomes == [], "the activity line keeps its two buttons"
    scene.platform.is_applied = True
    outcome = await scene.reconciler.decide("K7", copy.step_key, True, ANA)
    assert isinstance(outcome, Done)
    assert outcome.result == result
    logged = await scene.effect_log.get("K7", copy.step_key)
    assert logged is not None
    assert (logged.state, logged.outcome) == ("done", result)


async def test_a_decision_restarts_the_write_timeout_of_the_next_steps(scene: Scene) -> None:
    scene.platform.may_answer.set()
    message = Message(key="K3", actor=ANA, place=Place(surface="console", channel="c"), via=Via.SAY, at=NOW)
    services = replace(scene.services, now=lambda: NOW + timedelta(minutes=20))
    for requested_at, outcome_type in ((None, Refused), (NOW + timedelta(minutes=20), Done)):
        outcome = await scene.effects(message, Progress(requested_at=requested_at), services).execute(STEP, None)
        assert isinstance(outcome, outcome_type)
    assert scene.platform.executed == 1


async def test_after_a_long_downtime_an_old_write_is_not_sent_again(scene: Scene) -> None:
    """If the process is killed and started again the next day, somebody may have undone the write on purpose."""
    scene.platform.recovery_mode, scene.platform.is_applied = Recovery.IDEMPOTENT, False
    scene.platform.may_answer.set()
    for attempt, downtime, sends in ((2, timedelta(days=1), 0), (3, timedelta(seconds=20), 1)):
        services = replace(scene.services, now=lambda downtime=downtime: NOW + downtime)  # type: ignore[misc]
        await scene.effect_log.record_sent(replace(EFFECT, attempt=attempt))
        message = Message(key="K1", actor=ANA, place=Place(surface="console", channel="c"), via=Via.SAY, at=NOW)
        outcome = await scene.effects(message, Progress(resumed=True), services).execute(STEP, None)
        assert scene.platform.executed == sends
        assert isinstance(outcome, Done if sends else Unknown)


async def test_after_an_unexpected_error_the_write_is_looked_up(scene: Scene) -> None:
    scene.platform.breaks_answers, scene.platform.is_applied = True, True
    scene.platform.may_answer.set()
    message = Message(key="K2", actor=ANA, place=Place(surface="console", channel="c"), via=Via.SAY, at=NOW)
    assert isinstance(await scene.effects(message, Progress()).execute(STEP, None), Done)
    logged = await scene.effect_log.get("K2", STEP.step_key)
    assert logged is not None
    assert (logged.state, scene.platform.executed) == ("done", 1)


async def test_writes_reported_as_not_done_stay_undone_when_a_lost_write_is_found(scene: Scene) -> None:
    """``finish T1 T2``: T1 is lost; T2 waits for it, is stopped or is too late; then T1 turns out to be done."""
    scene.platform.may_answer.set()
    run = RunKey(platform="slow", id="1")
    lost, applied, next_part = (FinishTask(run=run, task="1", part=part) for part in ("begin", "", "note"))
    waiting, stopped = FinishTask(run=run, task="2"), FinishTask(run=run, task="3")
    for step, state in ((lost, "done"), (applied, "done"), (stopped, "unsent")):
        effect = replace(EFFECT, step=step)
        await scene.effect_log.record_sent(effect)
        if state == "done":
            await scene.services.outcomes.record(effect, "done", WriteResult())
        else:
            await scene.effect_log.record_state(effect, "unsent")
    message = Message(key="K1", actor=ANA, place=Place(surface="console", channel="c"), via=Via.SAY, at=NOW)
    effects = scene.effects(message, Progress(resumed=True, answered=True))
    for step in (waiting, stopped):
        assert isinstance(await effects.execute(step, None), Refused)
    assert scene.platform.executed == 0
    assert isinstance(await effects.execute(next_part, None), Done), "the rest of the write that was found"
    assert scene.platform.executed == 1


async def test_only_what_happens_after_the_decision_is_news(scene: Scene) -> None:
    scene.platform.may_answer.set()
    assert isinstance(await scene.decide(applied=False), Done)
    message = Message(key="K1", actor=ANA, place=Place(surface="console", channel="c"), via=Via.SAY, at=NOW)
    progress = Progress(resumed=True, answered=True, decided_by=ANA)
    effects = scene.effects(message, progress)
    assert isinstance(await effects.execute(STEP, None), Done)
    assert not progress.has_news
    await effects.execute(STEP.model_copy(update={"part": "more"}), None)
    assert progress.has_news


async def test_after_a_kill_during_a_resend_the_write_is_unknown_and_not_sent_blindly(scene: Scene) -> None:
    await scene.effect_log.record_sent(replace(EFFECT, attempt=2))
    assert isinstance(await scene.decide(applied=False), Unknown)
    assert scene.platform.executed == 0
    scene.platform.may_answer.set()
    assert isinstance(await scene.decide(applied=False), Done)
    assert scene.platform.executed == 1


async def test_a_reopened_message_still_counts_as_answered_after_a_crash(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/inbox.db")
    await store.open()
    inbox = Inbox(store)
    message = Message(key="K1", actor=ANA, place=Place(surface="console", channel="c"), via=Via.SAY, at=NOW)
    await inbox.record(message, b"")
    await inbox.save_route("K1", "", Route(intent=None), 1)
    assert [item.answered for item in await inbox.unfinished()] == [False]
    await inbox.mark_done("K1", "question")
    reopened = await store.transaction(lambda connection: inbox.reopen(connection, "K1", None), Commit.OUTCOME)
    assert reopened is not None
    assert reopened.answered
    assert [item.answered for item in await inbox.unfinished()] == [True]
    await inbox.mark_done("K1", "done")
    assert await inbox.unfinished() == []
    await store.close()
