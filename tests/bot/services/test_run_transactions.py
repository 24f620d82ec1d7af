"""Runs change within transactions: what is read, listed or answered at the same time never takes anything away."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from adapters.models import Run, RunbookKey, RunKey, RunState, RunSummary, Task, TaskState
from adapters.protocol import Adapter, Capability
from adapters.results import Baseline, WriteResult
from adapters.writes import EndRun, FinishTask, Op, SetStatus, StartRun, Write, WriteMarker
from bot.services.outcome_recorder import OutcomeRecorder, Reopening
from bot.services.run_service import RunService
from bot.storage.effects import Effect, EffectLog
from bot.storage.inbox import Inbox
from bot.storage.outbox import Delivery, Kind, OutboxRows
from bot.storage.runs import RunRows
from bot.storage.store import Commit, Store, StoreError
from commands.dispatch import Route
from commands.model.messages import Actor, Message, Place, Via
from commands.model.tracked_run import EndOfRun, ReservedStart
from tests.bot.live_runs import known_runs

NOW = datetime(2026, 5, 4, 14, 5, tzinfo=UTC)
KEY = RunKey(platform="slow", id="77")
ANA = Actor(surface="console", id="ana", name="Ana")
PLACE = Place(surface="console", channel="c")
NEW = ReservedStart("K1", RunbookKey(platform="slow", id="9"), "Failover", "Failover")
MARKER = WriteMarker(code="7K2F", who="Ana", at=NOW)


def task(id: str, state: TaskState = TaskState.READY) -> Task:
    return Task(id=id, title=f"Task {id}", state=state)


@dataclass
class SlowPlatform:
    """Reads return ``run`` as it was when they began, once ``may_answer`` is set."""

    run: Run
    reads: int = 0
    reading: asyncio.Event = field(default_factory=asyncio.Event)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    capabilities: Mapping[Op, Capability] = field(default_factory=dict)

    async def read(self, id: str) -> Run:
        run = self.run
        self.reads += 1
        self.reading.set()
        await self.may_answer.wait()
        return run


@dataclass
class Scene:
    store: Store
    rows: RunRows
    runs: RunService
    outcomes: OutcomeRecorder
    inbox: Inbox
    effect_log: EffectLog
    platform: SlowPlatform

    async def sent(self, step: Write, run: str, key: str = "K1") -> Effect:
        effect = Effect(key, step, run, "slow", MARKER, Baseline(sent_at=NOW), "sent", 1)
        await self.effect_log.record_sent(effect)
        return effect

    async def after_a_restart(self) -> RunRows:
        rows = RunRows(self.store, lambda: NOW)
        await rows.load()
        return rows

    async def start(self) -> str:
        """The handle of a start whose request was sent."""
        return await self.runs.reserve_handle(NEW)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    store = Store(f"sqlite:///{tmp_path}/liaison.db")
    await store.open()
    rows, effect_log, inbox = RunRows(store, lambda: NOW), EffectLog(store), Inbox(store)
    platform = SlowPlatform(Run(key=KEY, title="R1 Failover", state=RunState.ACTIVE, tasks=(task("1"), task("2"))))
    runs = RunService(
        rows,
        effect_log,
        {"slow": cast(Adapter, platform)},
        lambda: NOW,
        on_change=lambda _: None,
        on_halt=lambda _: None,
        count_queued_writes=lambda _: 0,
    )
    yield Scene(
        store,
        rows,
        runs,
        OutcomeRecorder(
            rows,
            effect_log,
            inbox,
            runs,
            {"slow": cast(Adapter, platform)},
            lambda: NOW,
            cached_profile=lambda actor: actor,
        ),
        inbox,
        effect_log,
        platform,
    )
    platform.may_answer.set()
    await runs.stop()
    await store.close()


START = StartRun(runbook=RunbookKey(platform="slow", id="9"), title="R1 Failover", handle="R1")


async def test_a_list_read_during_a_start_shows_the_new_run_under_its_own_handle(scene: Scene) -> None:
    handle = await scene.start()
    effect = await scene.sent(START, handle)
    listed = await scene.runs.track(RunSummary(key=KEY, title="R1 Failover"))
    assert (listed.handle, listed.started) == ("R1", False)
    await scene.outcomes.record(effect, "done", WriteResult(run=KEY))
    for rows in (scene.rows, await scene.after_a_restart()):
        [tracked] = known_runs(rows)
        assert (tracked.handle, tracked.run.key, tracked.started) == ("R1", KEY, True)


async def test_a_list_read_while_a_start_is_answered_meets_it_in_one_row(scene: Scene) -> None:
    """In both orders, and requested at the same moment."""
    handle = await scene.start()
    effect = await scene.sent(START, handle)
    head = RunSummary(key=KEY, title="renamed there")
    await asyncio.gather(
        scene.runs.track(head),
        scene.outcomes.record(effect, "done", WriteResult(run=KEY)),
        scene.runs.track(head),
    )
    for rows in (scene.rows, await scene.after_a_restart()):
        found = await rows.find(KEY)
        assert found is not None
        assert (found.handle, found.started) == ("R1", True)
        others = [run for run in known_runs(rows) if run.handle != "R1"]
        assert [(run.run.key.id, run.run.state) for run in others] in ([], [("", RunState.CANCELLED)])


async def test_another_run_with_a_similar_title_gets_a_handle_of_its_own(scene: Scene) -> None:
    await scene.start()
    for number, title in enumerate(("Failover", "R1", "R10 Failover", "R1 Something else")):
        tracked = await scene.runs.track(RunSummary(key=RunKey(platform="slow", id=str(number)), title=title))
        assert tracked.handle != "R1", title


async def test_one_message_reserves_one_handle_however_often_it_asks(scene: Scene) -> None:
    handles = await asyncio.gather(*(scene.runs.reserve_handle(NEW) for _ in range(5)))
    assert set(handles) == {"R1"}


async def test_changes_at_the_same_time_are_all_kept(scene: Scene) -> None:
    tracked = await scene.runs.track(scene.platform.run)
    effect = await scene.sent(FinishTask(run=KEY, task="1"), tracked.handle)
    await asyncio.gather(
        scene.runs.update_overlay(tracked.handle, lambda overlay: overlay.with_hold("2", "vendor")),
        scene.outcomes.record(effect, "done", WriteResult(tasks=(task("1", TaskState.DONE),))),
        scene.runs.update_overlay(tracked.handle, lambda overlay: overlay.with_hold("3", "vendor")),
    )
    for rows in (scene.rows, await scene.after_a_restart()):
        run = rows.get(tracked.handle)
        assert run is not None
        assert set(run.overlay.holds) == {"2", "3"}
        assert [one.state for one in run.run.tasks] == [TaskState.DONE, TaskState.READY]


async def test_a_read_that_is_older_than_a_write_does_not_undo_it(scene: Scene) -> None:
    tracked = await scene.runs.track(scene.platform.run)
    effect = await scene.sent(FinishTask(run=KEY, task="1"), tracked.handle)
    reading = asyncio.create_task(scene.runs.refresh(tracked.handle))
    await scene.platform.reading.wait()
    finished = scene.platform.run.model_copy(update={"tasks": (task("1", TaskState.DONE), task("2"))})
    await scene.outcomes.record(effect, "done", WriteResult(snapshot=finished))
    scene.platform.run = finished
    scene.platform.may_answer.set()
    assert (await reading).run.tasks[0].state is TaskState.DONE
    assert scene.platform.reads == 2


async def test_an_outcome_is_stored_with_its_run_or_not_at_all(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = await scene.start()
    effect = await scene.sent(START, handle)

    def fail(when: str, kinds: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(Store, "commit_hook", staticmethod(fail))
    with pytest.raises(StoreError):
        await scene.outcomes.record(effect, "done", WriteResult(run=KEY))
    monkeypatch.setattr(Store, "commit_hook", None)
    logged = await scene.effect_log.get(*effect.id)
    assert logged is not None
    assert logged.state == "sent"
    for rows in (scene.rows, await scene.after_a_restart()):
        tracked = rows.get(handle)
        assert tracked is not None
        assert not tracked.started, "memory does not run ahead of the store"


async def test_a_late_outcome_reopens_its_message_in_the_same_commit(scene: Scene) -> None:
    handle = await scene.start()
    effect = await scene.sent(START, handle)
    message = Message(key="K1", actor=Actor(surface="console", id="ana"), place=PLACE, via=Via.SAY, at=NOW)
    await scene.inbox.record(message, b"")
    await scene.inbox.save_route("K1", "", Route(intent=None, queue=handle, starting=True), 1)
    await scene.inbox.mark_done("K1", "question")
    commits: list[Commit] = []
    Store.commit_hook = lambda when, kinds: commits.extend(kinds if when == "after" else ())
    try:
        reopening = Reopening(requested_at=NOW)
        await scene.outcomes.record(effect, "done", WriteResult(run=KEY), reopening=reopening)
    finally:
        Store.commit_hook = None
    assert commits == [Commit.OUTCOME]
    assert reopening.message is not None
    [unfinished] = await scene.inbox.unfinished()
    assert (unfinished.answered, unfinished.requested_at) == (True, NOW)


async def test_what_an_outcome_implies_is_stored_in_its_commit(scene: Scene) -> None:
    """Also if it becomes known late; then it doesn't replace a promise that was made since."""
    tracked = await scene.runs.track(scene.platform.run)
    for key in ("K1", "K2"):
        await scene.inbox.record(Message(key=key, actor=ANA, place=PLACE, via=Via.SAY, at=NOW), b"")
    status = SetStatus(run=KEY, text="lagging", next_at=NOW + timedelta(minutes=15))
    late = await scene.sent(status, tracked.handle, "K2")
    commits: list[Commit] = []
    Store.commit_hook = lambda when, kinds: commits.extend(kinds if when == "after" else ())
    try:
        for step in (status, EndRun(run=KEY, text="that is it")):
            await scene.outcomes.record(await scene.sent(step, tracked.handle), "done", WriteResult())
    finally:
        Store.commit_hook = None
    assert commits == [Commit.SENT, Commit.OUTCOME] * 2
    for rows in (scene.rows, await scene.after_a_restart()):
        run = rows.get(tracked.handle)
        assert run is not None
        assert (run.overlay.update_due, run.overlay.update_by) == (status.next_at, ANA)
        assert run.overlay.ended == EndOfRun(by=ANA, at=NOW, text="that is it")
    later = NOW + timedelta(minutes=1)
    await scene.runs.update_overlay("R1", lambda overlay: overlay.with_promise(None, ANA, later))
    await scene.outcomes.record(late, "done", WriteResult())
    run = scene.rows.get(tracked.handle)
    assert run is not None
    assert (run.overlay.update_due, run.overlay.promised_at) == (None, later)


async def test_a_late_outcome_drops_the_answer_that_still_waits_for_the_chat(scene: Scene) -> None:
    """It says that the outcome is unknown: after a kill, the message is processed again instead."""
    handle = await scene.start()
    effect = await scene.sent(START, handle)
    message = Message(key="K1", actor=Actor(surface="console", id="ana"), place=PLACE, via=Via.SAY, at=NOW)
    await scene.inbox.record(message, b"")
    await scene.inbox.save_route("K1", "", Route(intent=None, queue=handle, starting=True), 1)
    waiting = Delivery("answer K1 digest", Kind.ANSWER, PLACE, NOW, NOW, cause=message)
    await scene.inbox.mark_done("K1", "question", [waiting])
    outbox = OutboxRows(scene.store)
    assert [delivery.key for delivery in await outbox.unsent()] == [waiting.key]
    await scene.outcomes.record(effect, "done", WriteResult(run=KEY), reopening=Reopening())
    assert not await outbox.unsent()
    assert len(await scene.inbox.unfinished()) == 1


async def test_a_key_that_moves_to_another_handle_is_forgotten_by_the_old_one(scene: Scene) -> None:
    """A planned run that was shown under R1 is started as R2."""
    planned = await scene.runs.track(RunSummary(key=KEY, title="Failover", state=RunState.PLANNED))
    handle = await scene.runs.reserve_handle(NEW)
    await scene.outcomes.record(await scene.sent(START, handle), "done", WriteResult(run=KEY))
    for rows in (scene.rows, await scene.after_a_restart()):
        found, old = await rows.find(KEY), await rows.read(planned.handle)
        assert found is not None
        assert old is not None
        assert found.handle == handle
        assert old.run.state is RunState.CANCELLED
        assert handle in old.overlay.not_started
