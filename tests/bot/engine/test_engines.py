"""What both engines promise: order, nothing lost, nothing twice. The work is scripted, the database is real."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.models import RunKey
from bot.engine.embedded import EmbeddedEngine
from bot.engine.port import Engine, Progress
from bot.storage.inbox import Inbox
from bot.storage.scheduled import ScheduledRows
from bot.storage.store import Store
from commands.dispatch import Route
from commands.model.card import Answer
from commands.model.messages import Actor, Message, Place, Via
from tests.e2e.process import until

ANA = Actor(surface="slack", id="U1", name="Ana")
Execute = Callable[[Message, Progress], Coroutine[Any, Any, object]]


class Work:
    """The text of a message says what it does: "start R7", "R7 words" for a write to that run, "words" for a write
    to the run of its place, and "read"."""

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox
        self.routed: list[str] = []
        self.executed: list[str] = []
        self.delivered: list[tuple[str, str]] = []  # (text, result)
        self.notices: list[tuple[str, int]] = []
        self.runs: dict[str, str] = {}  # place -> run
        self.before: dict[str, Execute] = {}  # text -> what happens first when it is executed

    def lacks_run(self, message: Message) -> bool:
        return not message.text.startswith(("start ", "R", "read"))

    async def route(self, message: Message) -> Route | Answer | RunKey:
        self.routed.append(message.text)
        first, _, rest = message.text.partition(" ")
        if first == "read":
            return Route(intent=None)
        if first == "start":
            return Route(intent=None, queue=rest, starting=True)
        run = first if first.startswith("R") else self.runs.get(message.place.key, "")
        return Route(intent=None, queue=run) if run else Answer(result="failed")

    async def read_reaction(self, message: Message) -> Message | Answer | None:
        return None

    async def read_run(self, message: Message, key: RunKey) -> Answer | None:
        return None

    def failed_answer(self, message: Message, error: Exception) -> Answer:
        return Answer(result="failed")

    async def busy_answer(self, message: Message, run: str) -> Answer:
        return Answer(result="question")

    async def notify_queued(self, message: Message, route: Route, ahead: int) -> None:
        self.notices.append((message.text, ahead))

    def stopped_answer(self, message: Message, route: Route, by: Actor) -> Answer:
        return Answer(result="failed")

    async def execute(self, message: Message, route: Route, progress: Progress) -> Answer | Route:
        if (before := self.before.get(message.text)) is not None:
            await before(message, progress)
        if progress.stopped.is_set():
            return Answer(result="failed")
        if route.starting:
            self.runs[message.place.key] = route.queue
        self.executed.append(message.text)
        return Answer(result="done")

    async def deliver(self, message: Message, answer: Answer, *, resumed: bool) -> None:
        await self.inbox.mark_done(message.key, answer.result)
        self.delivered.append((message.text, answer.result))

    def shut_down(self) -> None:
        pass


class Conversation:
    """An engine with its work, and one place."""

    def __init__(self, engine: Engine, work: Work) -> None:
        self.engine = engine
        self.work = work

    async def say(self, text: str, channel: str = "C1") -> str:
        place = Place(surface="slack", workspace="T1", channel=channel)
        key = f"{channel} {text}"
        message = Message(key=key, actor=ANA, place=place, via=Via.COMMAND, at=datetime.now(UTC), text=text)
        assert (await self.engine.record(message, b"")).new
        self.engine.process(key)
        return key

    async def finished(self, *texts: str, within: float = 20.0) -> None:
        await until(lambda: {text for text, _ in self.work.delivered} >= set(texts), within=within)


@asynccontextmanager
async def running(database_url: str, work: Work | None = None) -> AsyncIterator[Conversation]:
    store = Store(database_url)
    await store.open()
    inbox = Inbox(store)
    work = work or Work(inbox)
    work.inbox = inbox
    engine = _engine(database_url, store, inbox, work)
    await engine.start()
    await engine.process_unfinished()
    try:
        yield Conversation(engine, work)
    finally:
        await engine.stop(2.0)
        await store.close()


def _engine(database_url: str, store: Store, inbox: Inbox, work: Work) -> Engine:
    scheduled = ScheduledRows(store)
    if database_url.startswith("sqlite"):
        return EmbeddedEngine(inbox, scheduled, work, lambda: datetime.now(UTC))
    from bot.engine.distributed import DistributedEngine

    return DistributedEngine(database_url, store, inbox, scheduled, work, lambda: datetime.now(UTC))


@pytest.fixture
async def place(database_url: str) -> AsyncIterator[Conversation]:
    async with running(database_url) as place:
        yield place


def waits_for(event: asyncio.Event) -> Execute:
    async def wait(message: Message, progress: Progress) -> None:
        await event.wait()

    return wait


async def test_writes_to_one_run_are_executed_in_order_whichever_place_they_come_from(place: Conversation) -> None:
    go_on = asyncio.Event()
    place.work.before["R1 a"] = waits_for(go_on)
    texts = [f"R1 {letter}" for letter in "abcdef"]
    for number, text in enumerate(texts):
        await place.say(text, f"C{number % 2}")
        await until(lambda number=number: len(place.work.routed) == number + 1)
    await place.say("R2 other")
    await place.finished("R2 other")
    assert place.work.executed == ["R2 other"]
    go_on.set()
    await place.finished(*texts)
    assert place.work.executed == ["R2 other", *texts]


async def test_a_read_waits_for_no_write(place: Conversation) -> None:
    go_on = asyncio.Event()
    place.work.before["R1 a"] = waits_for(go_on)
    await place.say("R1 a")
    await place.say("read")
    await place.finished("read")
    go_on.set()
    await place.finished("R1 a")


async def test_a_start_holds_back_what_needs_its_run(place: Conversation) -> None:
    started = asyncio.Event()
    place.work.before["start R1"] = waits_for(started)
    await place.say("start R1")
    await until(lambda: place.work.routed)
    await place.say("first")
    await place.say("second")
    await place.say("R2 named")
    await place.finished("R2 named")
    assert place.work.routed == ["start R1", "R2 named"]
    started.set()
    await place.finished("first", "second")
    assert place.work.executed == ["R2 named", "start R1", "first", "second"]


async def test_what_a_start_holds_back_for_too_long_is_answered(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.engine.embedded.HOLD_FOR_START_SECONDS", 0.3)
    monkeypatch.setattr("bot.engine.distributed.HOLD_FOR_START_SECONDS", 0.3)
    async with running(database_url) as place:
        started = asyncio.Event()
        place.work.before["start R1"] = waits_for(started)
        await place.say("start R1")
        await until(lambda: place.work.routed)
        await place.say("held")
        await place.finished("held")
        assert place.work.delivered == [("held", "question")]
        started.set()
        await place.finished("start R1")


async def test_what_waits_behind_another_is_told_and_can_be_stopped(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.engine.embedded.QUEUED_NOTICE_SECONDS", 0.2)
    monkeypatch.setattr("bot.engine.distributed_queues.QUEUED_NOTICE_SECONDS", 0.2)
    async with running(database_url) as place:
        go_on = asyncio.Event()
        place.work.before["R1 a"] = waits_for(go_on)
        await place.say("R1 a")
        await until(lambda: place.work.routed)
        key = await place.say("R1 b")
        await until(lambda: ("R1 b", 1) in place.work.notices)
        await until(lambda: place.engine.delayed_writes("R1"))
        assert await place.engine.stop_waiting(key, ANA) == "stopped"
        await place.finished("R1 b")
        assert place.work.delivered == [("R1 b", "failed")]
        go_on.set()
        await place.finished("R1 a")
        assert place.work.executed == ["R1 a"]
        assert await place.engine.stop_waiting(key, ANA) == "over"


async def test_a_message_is_processed_when_it_is_due_unless_it_was_replaced(place: Conversation) -> None:
    now = datetime.now(UTC)
    home = Place(surface="slack", workspace="T1", channel="C1")

    def reminder(text: str) -> Message:
        return Message(key=text, actor=ANA, place=home, via=Via.SAY, at=now, text=text)

    await place.engine.schedule(now + timedelta(seconds=0.4), "slot", reminder("read old"))
    await place.engine.schedule(now + timedelta(seconds=0.6), "slot", reminder("read new"))
    await place.engine.schedule(now + timedelta(seconds=0.5), "other", reminder("read never"))
    await place.engine.schedule(now, "other", None)
    await place.finished("read new")
    await place.say("read last")
    await place.finished("read last")
    assert place.work.delivered == [("read new", "done"), ("read last", "done")]


async def test_what_was_accepted_is_done_after_a_restart_in_order(database_url: str) -> None:
    async with running(database_url) as place:
        place.work.before["R1 a"] = _shut_down
        for text in ("R1 a", "R1 b", "R1 c"):
            await place.say(text)
            await until(lambda text=text: text in place.work.routed)
    assert place.work.delivered == []
    async with running(database_url) as place:
        await place.finished("R1 a", "R1 b", "R1 c")
        assert place.work.executed == ["R1 a", "R1 b", "R1 c"]


async def _shut_down(message: Message, progress: Progress) -> None:
    """Waits until its process ends, as what waits for a platform does."""
    await asyncio.Event().wait()


on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
"""Of several replicas."""


@on_postgresql
async def test_runs_that_wait_for_a_dead_platform_take_no_place_of_others(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There are ten times as many as one replica executes at once."""
    monkeypatch.setattr("bot.engine.distributed_worker.MOST_JOBS", 20)
    monkeypatch.setattr("bot.engine.distributed_execution.WAITS_IN_PLACE_SECONDS", 0.1)
    is_dead = True

    async def wait(message: Message, progress: Progress) -> None:
        while is_dead:
            progress.give_way(5.0)
            await asyncio.sleep(5.0)

    async with running(database_url) as place:
        waiting = [f"R{number} {letter}" for number in range(100, 300) for letter in "ab"]
        for number, text in enumerate(waiting):
            place.work.before[text] = wait
            await place.say(text, f"C{number}")
        await until(lambda: len(place.work.routed) == len(waiting), within=90)
        await place.say("R1 alive")
        await place.finished("R1 alive")
        assert place.work.executed == ["R1 alive"]
        is_dead = False
        await place.finished(*waiting, within=90)
        for run in range(100, 300):
            assert [text for text in place.work.executed if text.startswith(f"R{run} ")] == [
                f"R{run} a",
                f"R{run} b",
            ]


@on_postgresql
async def test_replicas_share_the_work_and_its_order(database_url: str) -> None:
    work = Work(Inbox(Store(database_url)))
    async with running(database_url, work) as first, running(database_url, work) as second:
        texts = [f"R{run} {letter}" for letter in "abcd" for run in range(10)]
        for number, text in enumerate(texts):
            await (first, second)[number % 2].say(text)
        await first.finished(*texts)
        for run in range(10):
            done = [text for text in work.executed if text.startswith(f"R{run} ")]
            assert done == [f"R{run} {letter}" for letter in "abcd"]
        assert sorted(work.executed) == sorted(texts)


@on_postgresql
async def test_what_waits_on_another_replica_is_stopped(database_url: str) -> None:
    async with running(database_url) as first:

        async def wait(message: Message, progress: Progress) -> None:
            await progress.stopped.wait()

        first.work.before["R1 a"] = wait
        key = await first.say("R1 a")
        await until(lambda: first.work.routed)
        async with running(database_url) as second:
            await second.engine.stop_waiting(key, ANA)
            await first.finished("R1 a")
            assert first.work.delivered == [("R1 a", "failed")]
