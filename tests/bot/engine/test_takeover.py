"""A replica whose work was taken over is still alive: whatever it does then, nothing is done twice.

Each replica has its own store on the same database, as two processes would.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from adapters.deadline import DeadlinePassed, current_deadline
from adapters.errors import AdapterError, Rejected, Unreachable
from adapters.models import Run, RunbookKey, RunKey, Task
from adapters.protocol import Adapter
from adapters.results import Applied, Baseline, NotApplied, Reconciliation, Recovery, WriteResult
from adapters.writes import AddComment, FinishTask, StartRun, Write, WriteMarker
from bot.engine.effect_outcomes import EffectServices
from bot.engine.effects import Effects
from bot.engine.port import Progress
from bot.engine.reconciler import Reconciler
from bot.services.outcome_recorder import OutcomeRecorder
from bot.services.run_service import RunService
from bot.storage.effects import Effect, EffectLog, NotClaimed
from bot.storage.inbox import Inbox
from bot.storage.runs import RunRows
from bot.storage.store import Commit, Store, StoreError
from commands.model.messages import Actor, Message, Place, Via
from commands.model.outcomes import Done, Outcome, Unknown
from commands.model.ports import RunChanged
from commands.model.tracked_run import TrackedRun
from tests.e2e.process import until

RUN = RunKey(platform="p", id="1")
COMMENT = AddComment(run=RUN, text="still looking")
ANA = Actor(surface="console", id="ana")


def message() -> Message:
    return Message(
        key="K1", actor=ANA, place=Place(surface="console", channel="c"), via=Via.SAY, at=datetime.now(UTC)
    )


class Platform:
    """``before_sending`` is what happens to a replica between its claim and its request."""

    def __init__(self) -> None:
        self.requests = 0
        self.applied = 0
        self.recovery_mode = Recovery.LOOKUP
        self.answers = asyncio.Event()
        self.answers.set()
        self.refusal: AdapterError | None = None
        self.before_sending: Callable[[], None] = lambda: None

    capabilities: Mapping[str, object] = {}

    def recovery(self, step: Write) -> Recovery:
        return self.recovery_mode

    async def execute(self, step: Write, marker: WriteMarker) -> WriteResult:
        self.before_sending()
        deadline = current_deadline()
        assert deadline is not None
        try:
            deadline.require()
        except DeadlinePassed as error:
            raise Unreachable("p", step.op.value, said=str(error)) from error
        self.requests += 1
        await self.answers.wait()
        if self.refusal is not None:
            raise self.refusal
        self.applied += 1
        return WriteResult()

    async def reconcile(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        return Applied(WriteResult()) if self.applied else NotApplied()


class NoNotices:
    def __getattr__(self, _: str) -> Any:
        async def ignore(*_: object) -> None:
            pass

        return ignore


@dataclass
class Replica:
    platform: Platform
    store: Store
    rows: RunRows
    effect_log: EffectLog
    services: EffectServices
    reconciler: Reconciler
    late: list[Outcome]

    def execute(self, step: Write = COMMENT, *, resumed: bool = False, **options: Any) -> "asyncio.Task[Outcome]":
        progress = Progress(resumed=resumed)
        effects = Effects(self.services, self.reconciler, message(), progress)
        run = options.pop("run", None)
        return asyncio.create_task(effects.execute(step, run, **options))

    async def state(self, step: Write = COMMENT) -> str:
        effect = await self.effect_log.get("K1", step.step_key)
        return "" if effect is None else effect.state


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.engine.reconciler.LOOKS", (0.0, 0.05, 0.1))
    monkeypatch.setattr("bot.engine.reconciler.LATER_LOOKS_SECONDS", 0.2)
    set_times(monkeypatch, 2.0, 0.5)


def set_times(monkeypatch: pytest.MonkeyPatch, in_flight: float, margin: float) -> None:
    monkeypatch.setattr("bot.storage.effects.IN_FLIGHT_SECONDS", in_flight)
    monkeypatch.setattr("bot.storage.effects.MARGIN_SECONDS", margin)


async def replica(platform: Platform, url: str, stack: AsyncExitStack) -> Replica:
    store = Store(url)
    await store.open()
    stack.push_async_callback(store.close)

    def now() -> datetime:
        return datetime.now(UTC)

    effect_log, rows, inbox = EffectLog(store), RunRows(store, now), Inbox(store)
    platforms, late = {"p": cast(Adapter, platform)}, list[Outcome]()
    runs = RunService(
        rows,
        effect_log,
        platforms,
        now,
        on_change=lambda _: None,
        on_halt=lambda _: None,
        count_queued_writes=lambda _: 0,
    )
    services = EffectServices(
        effect_log=effect_log,
        platforms=platforms,
        outcomes=OutcomeRecorder(
            rows, effect_log, inbox, runs, platforms, now, cached_profile=lambda actor: actor
        ),
        notices=cast(Any, NoNotices()),
        now=now,
        write_timeout=timedelta(minutes=2),
        shutting_down=asyncio.Event(),
        slowest_answer=lambda _: timedelta(seconds=0.1),
        shared_runs=rows,
    )

    async def on_outcome(_: Effect, outcome: Outcome, reopened: object, by: Actor | None) -> None:
        late.append(outcome)

    reconciler = Reconciler(services, on_outcome)
    stack.push_async_callback(reconciler.stop)
    return Replica(platform, store, rows, effect_log, services, reconciler, late)


@pytest.fixture
async def two(postgres_url: str) -> AsyncIterator[tuple[Replica, Replica]]:
    platform = Platform()
    async with AsyncExitStack() as stack:
        yield await replica(platform, postgres_url, stack), await replica(platform, postgres_url, stack)


async def test_what_is_in_flight_elsewhere_is_looked_at_and_not_sent_again(two: tuple[Replica, Replica]) -> None:
    old, new = two
    old.platform.answers.clear()
    first = old.execute()
    await until(lambda: old.platform.requests)
    taken_over = new.execute(resumed=True)
    await asyncio.sleep(1.0)
    assert (new.platform.requests, taken_over.done()) == (1, False)
    old.platform.answers.set()
    assert isinstance(await first, Done)
    assert isinstance(await taken_over, Done)
    assert (new.platform.applied, await new.state()) == (1, "done")


async def test_what_never_arrived_is_sent_again_when_its_time_is_over(two: tuple[Replica, Replica]) -> None:
    old, new = two
    await old.effect_log.record_sent(effect(old))  # and then it was killed
    began = asyncio.get_running_loop().time()
    assert isinstance(await new.execute(resumed=True), Done)
    assert asyncio.get_running_loop().time() - began > 2.4
    assert (new.platform.requests, new.platform.applied) == (1, 1)


def effect(replica: Replica, step: Write = COMMENT) -> Effect:
    marker = Effects(replica.services, replica.reconciler, message(), Progress()).marker(step)
    return Effect("K1", step, "", "p", marker, Baseline(sent_at=datetime.now(UTC)), "sent", 1)


@pytest.mark.parametrize("clock", ["monotonic", "wall"])
async def test_a_replica_that_was_stopped_after_its_claim_sends_nothing(
    two: tuple[Replica, Replica], monkeypatch: pytest.MonkeyPatch, clock: str
) -> None:
    """Which clock notices depends on what stopped it."""
    old = two[0]
    passed = {"monotonic": 0.0, "wall": 0.0}
    shifted = SimpleNamespace(
        monotonic=lambda: time.monotonic() + passed["monotonic"], time=lambda: time.time() + passed["wall"]
    )
    monkeypatch.setattr("adapters.deadline.time", shifted)
    sent_by: list[str] = []

    def stop() -> None:
        if not sent_by:
            passed[clock] = 60.0
        sent_by.append("old")

    old.platform.before_sending = stop
    first = old.execute()
    await until(lambda: sent_by)
    assert isinstance(await first, Done), "by its next attempt, because nobody has taken it over"
    assert len(sent_by) == 2
    assert (old.platform.requests, old.platform.applied) == (1, 1)


async def test_an_older_attempt_that_was_not_sent_takes_nothing_from_a_newer_one(
    two: tuple[Replica, Replica],
) -> None:
    old, new = two
    first = effect(old)
    await old.effect_log.record_sent(first)
    await old.effect_log.record_state(first, "unsent")
    second = replace(first, attempt=2)
    await new.effect_log.record_sent(second)
    with pytest.raises(NotClaimed):
        await old.effect_log.record_sent(second)
    await old.effect_log.record_state(first, "unsent")
    assert await new.state() == "sent"


async def test_a_late_success_is_recorded_and_a_late_refusal_is_not(two: tuple[Replica, Replica]) -> None:
    old, new = two
    first = effect(old)
    await old.effect_log.record_sent(first)
    await old.effect_log.record_state(first, "unsent")
    await new.effect_log.record_sent(replace(first, attempt=2))
    assert not await old.services.outcomes.record(first, "refused", Rejected("p", "comment", said="no"))
    assert await old.services.outcomes.record(first, "done", WriteResult(id="of the first"))
    assert not await new.services.outcomes.record(replace(first, attempt=2), "done", WriteResult(id="second"))
    known = await new.effect_log.get("K1", COMMENT.step_key)
    assert known is not None
    assert isinstance(known.outcome, WriteResult)
    assert (known.state, known.outcome.id) == ("done", "of the first")
    rows = await new.store.rows("select count(*) as count from ledger")
    assert rows[0]["count"] == 1


@pytest.mark.parametrize(
    "step", [COMMENT, StartRun(runbook=RunbookKey(platform="p", id="1"), title="x", handle="R1")]
)
async def test_what_cannot_be_looked_up_and_a_start_are_never_sent_again(
    two: tuple[Replica, Replica], step: Write
) -> None:
    old, new = two
    is_start = isinstance(step, StartRun)
    new.platform.recovery_mode = Recovery.LOOKUP if is_start else Recovery.MANUAL
    await old.effect_log.record_sent(effect(old, step))
    assert isinstance(await new.execute(step, resumed=True), Unknown)
    await asyncio.sleep(2.6)
    assert new.platform.requests == 0


async def test_an_outcome_that_only_the_other_replica_knows_ends_the_looks(two: tuple[Replica, Replica]) -> None:
    old, new = two
    new.platform.recovery_mode = Recovery.LOOKUP
    first = effect(old)
    await old.effect_log.record_sent(first)
    taken_over = new.execute(resumed=True)
    await old.services.outcomes.record(first, "done", WriteResult())
    assert isinstance(await taken_over, Done)
    assert new.platform.requests == 0


async def test_a_person_cannot_have_it_sent_again_while_it_is_in_flight(two: tuple[Replica, Replica]) -> None:
    old, new = two
    first = effect(old)
    await old.effect_log.record_sent(first)
    await new.effect_log.record_state(first, "unknown")
    assert isinstance(await new.reconciler.decide("K1", COMMENT.step_key, False, ANA), Unknown)
    assert new.platform.requests == 0


async def test_nothing_is_sent_if_the_database_cannot_be_reached(
    two: tuple[Replica, Replica], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(when: str, kinds: object) -> None:
        raise OSError("the network is gone")

    monkeypatch.setattr(Store, "commit_hook", staticmethod(fail))
    with pytest.raises(StoreError):
        await two[0].execute()
    assert two[0].platform.requests == 0


# The state of runs


async def tracked(replica: Replica, *tasks: str, id: str = "1") -> TrackedRun:
    run = Run(
        key=RunKey(platform="p", id=id), title="Failover", tasks=tuple(Task(id=id, title=id) for id in tasks)
    )
    return await replica.rows.transaction(lambda rows: rows.insert(run).run, Commit.RUN)


def add_task(id: str) -> Callable[[TrackedRun], TrackedRun]:
    def change(tracked: TrackedRun) -> TrackedRun:
        run = tracked.run.model_copy(update={"tasks": (*tracked.run.tasks, Task(id=id, title=id))})
        return tracked.model_copy(update={"run": run})

    return change


async def test_a_check_counts_only_for_the_run_that_is_stored(two: tuple[Replica, Replica]) -> None:
    """This replica has not been told what another one has changed."""
    first, second = two
    run = await tracked(first, "a", "b")
    await second.rows.load()
    old = second.rows.get(run.handle)
    assert old is not None
    await first.rows.change(run.handle, add_task("c"))
    step, checked = FinishTask(run=RUN, task="a"), list[str]()
    with pytest.raises(RunChanged):
        await second.execute(step, run=old, check=lambda: checked.append("old"))
    assert (second.platform.requests, await second.state(step)) == (0, "")
    latest = second.rows.get(run.handle)
    assert latest is not None
    assert [task.id for task in latest.run.tasks] == ["a", "b", "c"]
    assert isinstance(await second.execute(step, run=latest, check=lambda: checked.append("new")), Done)
    assert checked == ["old", "new"]


async def test_a_handle_is_given_once_whatever_each_replica_has_in_memory(two: tuple[Replica, Replica]) -> None:
    first, second = two
    run = await tracked(first, "a")
    await second.rows.load()
    await first.rows.change(run.handle, add_task("b"))
    changed = await second.rows.change(run.handle, add_task("c"))
    assert dict(changed.handles) == {"a": "T1", "b": "T2", "c": "T3"}
    assert (await tracked(second, id="2")).handle != run.handle
