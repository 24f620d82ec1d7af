"""Everything moves from SQLite to PostgreSQL, or nothing does."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.storage.moving import CannotMove, move
from bot.storage.store import Store
from bot.storage.tables import metadata
from tests.bot.app_scene import app_scene
from tests.bot.live_runs import known_runs
from tests.databases import execute, rows
from tests.e2e.process import until

TABLES = [table.name for table in metadata.sorted_tables]


async def leave_rows(folder: Path) -> str:
    """R1 with a promise and a message that is not finished, and R2, which was deleted. Returns the URL."""
    url = f"sqlite:///{folder}/demo.db"
    async with app_scene(folder) as scene:
        assert await scene.say("start Database failover") == "done"
        assert await scene.say("begin T1") == "done"
        assert await scene.say("status amber looking --next 1h") == "done"
        assert await scene.say("start Certificate expiry --set host=www.example.com") == "done"
    execute(url, "update inbox set state = 'placed' where message like '%begin T1%'")
    execute(url, "delete from runs where number = 2")
    execute(url, "insert into surface_state values ('nul', ?)", "a\0b")
    return url


def all_rows(url: str, table: str) -> Sequence[tuple[Any, ...]]:
    names = ", ".join(f'"{column.name}"' for column in metadata.tables[table].columns)
    found = rows(url, f"select {names} from {table}")
    return sorted((tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in found), key=repr)


async def test_every_row_moves(tmp_path: Path, postgres_url: str) -> None:
    source = await leave_rows(tmp_path)
    before = (tmp_path / "demo.db").read_bytes()
    moved = await move(tmp_path / "demo.db", postgres_url)
    assert (tmp_path / "demo.db").read_bytes() == before
    for table in TABLES:
        expected = all_rows(source, table)
        if table == "surface_state":
            expected = [tuple(re.sub("\0", "\ufffd", value) for value in row) for row in expected]
        assert all_rows(postgres_url, table) == expected, table
        assert table == "compatibility" or moved[table] == len(expected)
    assert moved["runs"] == 1
    assert moved["inbox"] == 4


async def test_work_goes_on_after_the_move(tmp_path: Path, postgres_url: str) -> None:
    await leave_rows(tmp_path)
    await move(tmp_path / "demo.db", postgres_url)

    async with app_scene(tmp_path, database_url=postgres_url) as scene:

        async def all_is_done() -> bool:
            return not await scene.app.inbox.unfinished()

        await until(all_is_done)
        assert await scene.say("finish T1") == "done"
        assert await scene.say("start Certificate expiry --set host=www.example.com") == "done"
        numbers = [tracked.handle for tracked in known_runs(scene.app.run_rows)]
        assert numbers == ["R3", "R1"], "a handle is never used twice"
    jobs = "select args ->> 'key' from procrastinate_jobs where task_name = 'remind'"
    assert rows(postgres_url, jobs) == rows(postgres_url, "select slot from scheduled")
    async with app_scene(tmp_path, database_url=postgres_url):
        assert len(rows(postgres_url, jobs)) == 1, "what has a job gets no other one"


async def test_a_database_with_rows_is_left_alone(tmp_path: Path, postgres_url: str) -> None:
    await leave_rows(tmp_path)
    await move(tmp_path / "demo.db", postgres_url)
    with pytest.raises(CannotMove, match=r"not empty: it has rows in .*runs"):
        await move(tmp_path / "demo.db", postgres_url)


async def test_a_row_that_cannot_be_stored_stops_the_move(tmp_path: Path, postgres_url: str) -> None:
    source = await leave_rows(tmp_path)
    execute(source, "insert into bindings values ('place', '', 'no number', '')")
    with pytest.raises(CannotMove, match="no number"):
        await move(tmp_path / "demo.db", postgres_url)
    assert not any(rows(postgres_url, f"select 1 from {table}") for table in TABLES if table != "compatibility")


async def test_a_server_that_is_away_is_named(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/liaison.db")
    await store.open()
    await store.close()
    with pytest.raises(CannotMove, match="the PostgreSQL database can't be used"):
        await move(tmp_path / "liaison.db", "postgresql://liaison:secret@127.0.0.1:1/liaison")
