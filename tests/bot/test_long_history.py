"""What a start and a command cost does not grow with the runs that are over. Rows are counted, not seconds."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from adapters.models import Person
from bot.app import utc_now
from bot.storage import live_runs, runs
from bot.storage.run_transaction import StoredRun, stored_run
from bot.storage.sql import Row
from bot.storage.store import Store
from commands.model.messages import Actor
from tests.benchmarks.history_database import RUNS_OF_ONE_PERSON, History, make_database
from tests.bot.app_scene import Scene, app_scene
from tests.e2e.process import until
from tests.loop_lag import MAX_LAG_SECONDS, measure_lag

PERSON = Person(id="ana", name="Ana", email="ana@example.com")
SMALL, LARGE = History(100, 200, ["C1", "C2"], PERSON), History(100, 3000, ["C1", "C2"], PERSON)
MANY = History(500, 0, ["C1", "C2"], PERSON)


@dataclass
class Work:
    """``read`` counts the rows that were read, by query."""

    read: Counter[str] = field(default_factory=Counter)
    parsed: int = 0  # runs

    def take(self) -> tuple[Counter[str], int]:
        taken = self.read, self.parsed
        self.read, self.parsed = Counter(), 0
        return taken


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    work, read = Work(), Store.rows

    async def count_read(store: Store, query: str, /, **values: object) -> Sequence[Row]:
        rows = await read(store, query, **values)
        if " as page" not in query:  # retention reads pages beside what is measured
            work.read[query.strip()] += len(rows)
        return rows

    def count_parsed(row: Row) -> StoredRun:
        work.parsed += 1
        return stored_run(row)

    monkeypatch.setattr(Store, "rows", count_read)
    monkeypatch.setattr("bot.storage.runs.stored_run", count_parsed)
    return work


@asynccontextmanager
async def scene_with(folder: Path, history: History) -> AsyncIterator[Scene]:
    await make_database(folder / "demo.db", history)
    async with app_scene(folder) as scene:
        yield scene


async def heads_are_made(scene: Scene) -> None:
    await scene.app.run_rows.make_heads()


async def cost(folder: Path, history: History, work: Work) -> tuple[Counter[str], int]:
    """Of a start, and of some commands."""
    async with scene_with(folder, history) as scene:
        await heads_are_made(scene)
        newest = history.live + history.finished
        for line in ("mine", "runs", f"next R{newest}", "start Database failover", f"finish R{newest + 1}.T1"):
            assert await scene.say(line) == "done"
        return work.take()


async def test_finished_runs_cost_nothing(tmp_path: Path, work: Work) -> None:
    few_at, many_at = tmp_path / "few", tmp_path / "many"
    for folder in (few_at, many_at):
        folder.mkdir()
    few = await cost(few_at, SMALL, work)
    many = await cost(many_at, LARGE, work)
    assert sum(many[0].values()) <= sum(few[0].values()) + 10, many[0] - few[0]
    assert many[1] <= few[1] + 10


async def test_a_start_parses_no_run_before_it_is_ready(tmp_path: Path, work: Work) -> None:
    await make_database(tmp_path / "demo.db", SMALL)
    store = Store(f"sqlite:///{tmp_path}/demo.db")
    rows = runs.RunRows(store, utc_now)
    await rows.load()
    read, parsed = work.take()
    assert (sum(read.values()), parsed) == (200, 0)  # runs and their bindings
    assert rows.get("R300") is not None
    assert work.take()[1] == 1
    assert rows.get("R1") is None, "it is over"
    assert await rows.read("R1") is not None
    assert rows.get("R1") is not None, "it was used lately"
    await store.close()


async def test_old_cards_are_not_edited_by_a_start(tmp_path: Path) -> None:
    """The cards in this database were drawn by an older version."""
    async with scene_with(tmp_path, SMALL) as scene:
        await heads_are_made(scene)
        assert await scene.app.store.rows("select * from outbox") == []


async def test_a_list_parses_only_the_runs_that_it_shows(tmp_path: Path, work: Work) -> None:
    async with scene_with(tmp_path, MANY) as scene:
        await heads_are_made(scene)
        work.take()
        assert await scene.say("runs") == "done"
        assert work.take()[1] <= 10
        slack = Actor(surface="slack", workspace="T0ACME", id="U0ANA", email="ana@example.com")
        mine = await scene.app.runs.runs_of(slack)
        assert len(mine) == RUNS_OF_ONE_PERSON
        assert work.take()[1] <= RUNS_OF_ONE_PERSON


async def test_the_runs_that_stay_parsed_are_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_runs, "MOST_PARSED_TASKS", 100)
    async with scene_with(tmp_path, SMALL) as scene:
        rows = scene.app.run_rows
        for number in range(201, 301):
            await rows.change(f"R{number}", lambda run: run.model_copy(update={"started": False}))
        kept = [number for number in range(201, 301) if rows._live.parsed(f"R{number}")]
        assert len(kept) <= 100 // 12
        assert all((run := rows.get(f"R{number}")) and not run.started for number in range(201, 301))


async def test_lists_do_not_hold_up_the_loop(tmp_path: Path) -> None:
    async with scene_with(tmp_path, MANY) as scene:
        assert await measure_lag(scene.app.run_rows.make_heads) < MAX_LAG_SECONDS
        for line in ("mine", "runs", "runs failover of service 12"):
            assert await measure_lag(lambda line=line: scene.say(line)) < MAX_LAG_SECONDS  # type: ignore[misc]


async def test_the_places_of_a_run_that_goes_on_are_known_again(tmp_path: Path) -> None:
    async with scene_with(tmp_path, SMALL) as scene:
        rows, place = scene.app.run_rows, SMALL.place(1)
        thread = place.model_copy(update={"thread": "1767600000.000001"})
        found = await rows.bound_to(thread)
        assert found is not None
        assert found.handle == "R1"
        assert "R1" not in [run.handle for run in rows.in_channel(place)]
        state = found.run.state
        reopened = SMALL._run(1, over=False).run
        await rows.change("R1", lambda run: run.model_copy(update={"run": reopened}))
        assert "R1" in [run.handle for run in rows.in_channel(place)]
        ended = reopened.model_copy(update={"state": state})
        await rows.change("R1", lambda run: run.model_copy(update={"run": ended}))
        assert "R1" not in [run.handle for run in rows.in_channel(place)]


async def test_a_run_that_another_process_changed_is_read_again(tmp_path: Path) -> None:
    async with scene_with(tmp_path, SMALL) as scene:
        rows = scene.app.run_rows
        other = runs.RunRows(scene.app.store, scene.app.run_rows._now)
        await other.change("R300", lambda run: run.model_copy(update={"started": False}))
        assert (run := rows.get("R300")) is not None
        assert run.started
        assert (run := await rows.reload("R300")) is not None
        assert not run.started
        await other.change("R299", lambda run: run.model_copy(update={"started": False}))
        await rows.reload_all(None)
        assert (run := rows.get("R299")) is not None
        assert not run.started
        assert (run := rows.get("R300")) is not None
        assert not run.started


async def test_unfinished_messages_are_read_once(tmp_path: Path, work: Work) -> None:
    await make_database(tmp_path / "demo.db", SMALL)
    async with app_scene(tmp_path) as scene:
        await until(lambda: scene.app.engine.ready())
        queries = [query for query in work.read if "from inbox" in query and "state in" in query]
        assert len(queries) == 1
