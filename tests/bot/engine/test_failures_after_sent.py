"""Whatever is raised after a write was sent, it ends as done, refused or unknown, and the reconciler has it."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adapters.errors import OutcomeUnknown
from adapters.models import TaskState
from adapters.results import Recovery
from bot.storage.store import Commit, Store
from commands.text.catalogue import plain_text
from tests.bot.app_scene import Scene, app_scene
from tests.e2e.process import until


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.engine.reconciler.LOOKS", (0.0, 0.02, 0.04))
    monkeypatch.setattr("bot.engine.reconciler.LATER_LOOKS_SECONDS", 0.1)


@pytest.fixture
async def scene(tmp_path: Path, database_url: str) -> AsyncIterator[Scene]:
    async with app_scene(tmp_path, database_url=database_url) as scene:
        assert await scene.say("start Database failover") == "done"
        yield scene


class Fault:
    """Makes commits of one kind fail while it is entered, as a full disk or a lock would."""

    def __init__(self, kind: Commit, monkeypatch: pytest.MonkeyPatch, times: int = 10_000) -> None:
        self._kind = kind
        self._times = times
        self._monkeypatch = monkeypatch

    def __enter__(self) -> None:
        self._monkeypatch.setattr(Store, "commit_hook", staticmethod(self._fail))

    def __exit__(self, *_: object) -> None:
        self._monkeypatch.setattr(Store, "commit_hook", None)

    def _fail(self, when: str, kinds: Sequence[Commit]) -> None:
        if when == "before" and self._kind in kinds and self._times:
            self._times -= 1
            raise OSError("no space left on device")


def states(database_url: str) -> list[str]:
    """Of all effects but those of the start."""
    with connected(database_url) as database:
        rows = database.execute("select state from effects where kind != 'StartRun'").fetchall()
    return [row[0] for row in rows]


def connected(database_url: str) -> Any:
    """Another connection, for as long as it is entered."""
    if database_url.startswith("sqlite"):
        return closing(sqlite3.connect(database_url.partition(":///")[2]))
    return psycopg.connect(database_url)


def task_state(scene: Scene, handle: str = "T1") -> TaskState:
    tracked = scene.app.run_rows.get("R1")
    assert tracked is not None
    task = tracked.run.task(tracked.task_id(handle) or "")
    assert task is not None
    return task.state


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_an_outcome_that_cannot_be_stored_at_once_is_stored_soon(
    scene: Scene, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    with Fault(Commit.OUTCOME, monkeypatch, times):
        assert await scene.say("begin T1") == "done"
    assert states(database_url) == ["done"]
    assert task_state(scene) is TaskState.RUNNING
    assert scene.find_private("running")


@pytest.mark.parametrize("kind", [Commit.ROUTE, Commit.SENT, Commit.LAST_USED])
async def test_a_commit_that_fails_for_a_moment_is_made_again_and_nothing_is_done_twice(
    scene: Scene, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, kind: Commit
) -> None:
    """The disk was full right before or after a write: its sender was told that something broke."""
    with Fault(kind, monkeypatch, 1):
        assert await scene.say("comment still looking") == "done"
    assert states(database_url) == ["done"]
    assert scene.find_private("comment added")
    assert not scene.find_private("Something broke")
    comments = await scene.platform.comments((await scene.platform.runs("")).items[0].key.id, None)
    assert [comment.text.splitlines()[0] for comment in comments] == ["still looking"]


async def test_an_outcome_that_cannot_be_stored_for_long_is_unknown_and_then_told(
    scene: Scene, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Fault(Commit.OUTCOME, monkeypatch):
        assert await scene.say("begin T1") == "question"
        assert states(database_url) == ["sent"]
    await until(lambda: states(database_url) == ["done"])
    await until(lambda: any("began T1" in line for line in scene.lines))
    assert task_state(scene) is TaskState.RUNNING


@pytest.mark.parametrize("kind", [Commit.ROUTE, Commit.SENT])
async def test_a_write_that_cannot_be_noted_as_sent_is_not_sent(
    scene: Scene, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, kind: Commit
) -> None:
    with Fault(kind, monkeypatch):
        assert await scene.say("begin T1") == "failed"
    assert states(database_url) == []
    assert task_state(scene) is not TaskState.RUNNING
    assert await scene.say("begin T1") == "done"


@pytest.mark.parametrize("method", ["execute", "reconcile", "recovery"])
async def test_a_bug_in_an_adapter_after_the_request_leaves_nothing_sent_for_ever(
    scene: Scene, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """The platform has applied the write; then its answer breaks us."""
    original = scene.platform.execute

    async def execute(*arguments: Any) -> Any:
        await original(*arguments)
        raise OutcomeUnknown("local", "begin") if method != "execute" else RecursionError("nested too deeply")

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(scene.platform, "execute", execute)
        if method != "execute":
            patch.setattr(scene.platform, method, broken)
        result = await scene.say("begin T1")
        assert result in ("done", "question")
        assert states(database_url) == [{"done": "done", "question": "unknown"}[result]]
    if method != "recovery":  # without it a person has to decide
        await until(lambda: states(database_url) == ["done"])
        await until(lambda: task_state(scene) is TaskState.RUNNING)


async def test_a_notice_that_fails_does_not_change_what_becomes_of_the_write(
    scene: Scene, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def execute(*_: Any) -> Any:
        raise OutcomeUnknown("local", "begin")

    async def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(scene.platform, "execute", execute)
    monkeypatch.setattr(scene.platform, "recovery", lambda _: Recovery.LOOKUP)
    monkeypatch.setattr(scene.app.responder, "notify_checking", broken)
    assert await scene.say("begin T1") == "question"
    assert states(database_url) == ["unknown"]


async def test_what_was_sent_by_a_process_that_died_is_checked_after_a_restart(
    scene: Scene, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its message was answered, so nothing else takes it up."""
    assert await scene.say("begin T1") == "done"
    await scene.app.stop()
    with connected(database_url) as database:
        database.execute("update effects set state = 'sent', outcome = null where kind != 'StartRun'")
        database.commit()
    async with app_scene(tmp_path, database_url=database_url):
        await until(lambda: states(database_url) == ["done"])


async def test_an_outcome_found_while_its_message_is_being_answered_continues_it(
    scene: Scene, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chat is slow, and the reconciler is faster than the answer that says that nothing is known."""
    original, may_deliver = scene.app.responder.deliver, asyncio.Event()

    async def lost(*arguments: Any) -> Any:
        await execute(*arguments)
        raise OutcomeUnknown("local", "begin")

    async def slow(*arguments: Any, **options: Any) -> Any:
        await may_deliver.wait()
        return await original(*arguments, **options)

    async def no_answer(*_: Any) -> Any:
        raise OutcomeUnknown("local", "begin")

    execute, reconcile = scene.platform.execute, scene.platform.reconcile
    monkeypatch.setattr(scene.platform, "execute", lost)
    monkeypatch.setattr(scene.platform, "reconcile", no_answer)
    monkeypatch.setattr(scene.app.responder, "deliver", slow)
    saying = scene.say("begin T1")
    await until(lambda: scene.app.reconciler.is_checking)
    monkeypatch.setattr(scene.platform, "execute", execute)
    monkeypatch.setattr(scene.platform, "reconcile", reconcile)
    await until(lambda: states(database_url) == ["done"])
    may_deliver.set()
    assert await saying in ("question", "done")
    await until(lambda: any("began T1" in line for line in scene.lines))


async def test_an_outcome_found_while_the_process_stops_is_taken_up_by_the_next_one(
    scene: Scene, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A finish of two tasks: the first is lost, and found when nothing may begin any more."""
    execute = scene.platform.execute

    async def lost(*arguments: Any) -> Any:
        await execute(*arguments)
        raise OutcomeUnknown("local", "begin")

    async def no_answer(*_: Any) -> Any:
        raise OutcomeUnknown("local", "begin")

    with monkeypatch.context() as patch:
        patch.setattr(scene.platform, "execute", lost)
        patch.setattr(scene.platform, "reconcile", no_answer)
        assert await scene.say("begin T1") == "question"
        await scene.app.reconciler.stop()
    effect, *_ = await scene.app.effect_log.list_open()
    await scene.app.engine.stop(1.0)
    by = scene.sent[-1].actor
    await scene.app.reconciler.decide(*effect.id, applied=True, by=by)
    assert states(database_url) == ["done"]
    [unfinished] = await scene.app.inbox.unfinished()
    assert unfinished.answered
    await scene.app.stop()
    async with app_scene(tmp_path, database_url=database_url) as again:
        await until(lambda: any("began T1" in line for line in again.lines))


async def test_the_reconciler_stops_before_the_engine(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    for part in ("reconciler", "engine"):
        monkeypatch.setattr(getattr(scene.app, part), "stop", _noted(order, part, getattr(scene.app, part).stop))
    await scene.app.stop()
    assert order == ["reconciler", "engine"]


def _noted(order: list[str], part: str, stop: Any) -> Any:
    async def noted(*arguments: Any) -> None:
        order.append(part)
        await stop(*arguments)

    return noted


async def test_a_bug_is_told_with_the_id_that_is_in_the_log(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(scene.platform, "steps", broken)
        assert await scene.say("begin T1") == "failed"
    await until(lambda: scene.find_private("Something broke on our side"))
    told = scene.find_private("Something broke on our side")
    assert told is not None
    assert told.card is not None
    id = plain_text(told.card.title).partition("(ID ")[2].partition(")")[0]
    logged = capsys.readouterr()
    assert id
    assert id in logged.out + logged.err
