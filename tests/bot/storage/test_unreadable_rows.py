"""One row that cannot be read does not stop the bot: it stays where it is, is reported, and the rest works."""

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio

from bot.config.settings import demo_settings
from bot.doctor import doctor
from bot.observability import metrics
from bot.storage.moving import move
from bot.storage.unreadable import find_unreadable_rows
from bot.surfaces.console.surface import person
from tests.bot.app_scene import Scene, app_scene
from tests.bot.live_runs import active_runs, known_runs
from tests.databases import execute
from tests.e2e.process import until

NOT_UTF8 = b'{"key": "\xff\xfe"}'
DEEP = "[" * 100_000
ROWS = [
    ("inbox", "message"),
    ("inbox", "route"),
    ("inbox", "at"),
    ("runs", "snapshot"),
    ("runs", "handles"),
    ("runs", "overlay"),
    ("runs", "at"),
    ("effects", "write"),
    ("effects", "kind"),
    ("effects", "marker"),
    ("effects", "baseline"),
    ("effects", "outcome"),
    ("ledger", "at"),
    ("live_cards", "place"),
    ("live_cards", "edited_at"),
    ("activity_lines", "line"),
    ("activity_posts", "place"),
    ("scheduled", "message"),
    ("scheduled", "due_at"),
    ("people", "actor"),
    ("people", "at"),
    ("choices", "by"),
    ("bindings", "run"),
    ("last_used", "run"),
    ("outbox", "card"),
    ("outbox", "place"),
    ("outbox", "until"),
    ("budgets", "window_end"),
    ("budgets", "blocked_until"),
    ("surface_state", "value"),
]

REPLACED = ("live_cards", "scheduled", "people", "bindings", "last_used")
"""A new card, promise or profile takes the place of the one that cannot be read."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with rows in each table: R1 with a promise, a choice, and a message that is not finished."""
    folder = tmp_path_factory.mktemp("rows")
    await _leave_rows(folder)
    return folder / "demo.db"


@pytest.fixture
def folder(rows: Path, tmp_path: Path) -> Path:
    shutil.copy(rows, tmp_path)
    return tmp_path


async def _leave_rows(folder: Path) -> None:
    async with app_scene(folder) as scene:
        assert await scene.say("start Database failover") == "done"
        assert await scene.say("begin T1") == "done"
        assert await scene.say("status amber looking --next 1h") == "done"
        assert await scene.say("start Database failover") == "question"
        await scene.press(scene.private[-1].buttons[-1])
        await scene.app.people.profile(person("ana"))
    with closing(sqlite3.connect(folder / "demo.db")) as database:
        database.execute("update inbox set state = 'placed' where message like '%begin T1%'")
        database.execute("update effects set state = 'unknown', outcome = null where kind = 'BeginTask'")
        database.execute("update activity_lines set shown = 0")
        database.execute("update outbox set state = 'waiting', card = '{}' where kind = 'answer'")
        database.execute(
            "insert into budgets values ('key', '2026-01-01T00:00:00+00:00', 0, 0, '2026-01-01T00:00:00+00:00')"
        )
        database.execute("insert into surface_state values ('slack:identity', '{}')")
        database.commit()


def _break(folder: Path, table: str, column: str, value: object) -> None:
    with closing(sqlite3.connect(folder / "demo.db")) as database:
        changed = database.execute(
            f'update {table} set "{column}" = cast(? as text) where "{column}" is not null', (value,)
        )
        assert changed.rowcount, f"no row in {table}"
        database.commit()


async def _is_alive(scene: Scene) -> None:
    assert await scene.say("runbooks") == "done"
    assert await scene.say("start Certificate expiry --set host=www.example.com") == "done"


@pytest.mark.parametrize(("table", "column"), ROWS)
async def test_a_row_that_cannot_be_read_is_left_out_and_reported(folder: Path, table: str, column: str) -> None:
    value: object = NOT_UTF8 if column in ("message", "snapshot", "line") else "no such thing"
    _break(folder, table, column, value)
    shown: list[str] = []
    await doctor(None, None, shown.append, lambda _: demo_settings(folder))
    assert [line for line in shown if line.startswith(f"FIX  store: {table} ") and "cannot be read" in line], shown
    async with app_scene(folder) as scene:
        await _is_alive(scene)
    with closing(sqlite3.connect(folder / "demo.db")) as database:
        kept = database.execute(f'select count(*) from {table} where "{column}" = cast(? as text)', (value,))
        if table not in REPLACED:
            assert kept.fetchone()[0], "it is kept"


@pytest.mark.parametrize(
    "table", ["runs", "inbox", "effects", "live_cards", "activity_lines", "scheduled", "people", "budgets"]
)
async def test_unreadable_rows_are_counted_in_the_metrics(folder: Path, table: str) -> None:
    column = next(column for name, column in ROWS if name == table)
    _break(folder, table, column, DEEP)
    async with app_scene(folder) as scene:
        counted = re.compile(rf'liaison_unreadable_rows{{table="{table}"}} [1-9]'.encode())
        await until(lambda: counted.search(metrics.exposition()))  # some are read once the app is up
        await _is_alive(scene)


async def test_a_run_whose_row_cannot_be_read_gets_a_new_handle_when_its_platform_shows_it(folder: Path) -> None:
    _break(folder, "runs", "snapshot", "no such thing")
    async with app_scene(folder) as scene:
        assert known_runs(scene.app.run_rows) == []
        assert await scene.say("runs") == "done"
        [tracked] = active_runs(scene.app.run_rows)
        assert tracked.handle != "R1", "a handle is never used twice"
        assert await scene.say(f"finish {tracked.handle}.T1") == "done"


async def test_nothing_is_sent_for_a_message_whose_effects_cannot_be_read(folder: Path) -> None:
    """They might say that it was sent already."""
    _break(folder, "effects", "write", "no such thing")
    with closing(sqlite3.connect(folder / "demo.db")) as database:
        before = database.execute("select document from local_runs").fetchall()
    async with app_scene(folder) as scene:
        await _is_alive(scene)
    with closing(sqlite3.connect(folder / "demo.db")) as database:
        after = database.execute("select document from local_runs").fetchall()
    assert after[: len(before)] == before


async def test_rows_that_cannot_be_read_on_a_server_are_left_out_and_reported(
    folder: Path, postgres_url: str
) -> None:
    await move(folder / "demo.db", postgres_url)
    broken = {table: column for table, column in reversed(ROWS) if column != "run"}
    for table, column in broken.items():
        assert execute(postgres_url, f'update {table} set "{column}" = ?', "no such thing")
    assert {row.table for row in await find_unreadable_rows(postgres_url)} == set(broken)
    async with app_scene(folder, database_url=postgres_url) as scene:
        await _is_alive(scene)
    for table, column in broken.items():
        if table not in REPLACED:
            assert execute(postgres_url, f"delete from {table} where \"{column}\" = 'no such thing'"), "it is kept"
