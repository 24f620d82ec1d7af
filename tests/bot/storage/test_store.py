"""The store commits in order, together, and survives one bad change."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, insert, select, text

from bot.storage.facts import SurfaceStateRows
from bot.storage.store import Store, StoreError, upgrade
from bot.storage.tables import metadata, surface_state


@pytest.fixture
async def store(tmp_path: Path) -> Store:
    made = Store(f"sqlite:///{tmp_path}/liaison.db")
    await made.open()
    return made


async def test_migrations_lead_to_the_tables_of_the_code(tmp_path: Path) -> None:
    """A new database gets its tables straight from the code; an old one by the migrations. They are the same."""
    with create_engine(f"sqlite:///{tmp_path}/migrated.db").begin() as connection:
        upgrade(connection)
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []
        migrated = {row.name: row.sql for row in connection.execute(text("select name, sql from sqlite_master"))}
    assert "AUTOINCREMENT" in migrated["runs"], "a handle is never given twice"
    made = Store(f"sqlite:///{tmp_path}/made.db")
    await made.open()
    async with made.read() as reading:
        rows = {row.name: row.sql for row in await reading.execute(text("select name, sql from sqlite_master"))}
    await made.close()
    assert set(rows) == set(migrated)
    assert "AUTOINCREMENT" in rows["runs"]


async def test_one_bad_change_does_not_take_the_others_with_it(store: Store) -> None:
    def bad(connection: Connection) -> None:
        connection.execute(text("insert into nowhere values (1)"))

    def good(connection: Connection) -> None:
        connection.execute(insert(surface_state).values(name="good", value="yes"))

    def after(connection: Connection) -> None:
        connection.execute(insert(surface_state).values(name="after", value="yes"))

    asked = [store.submit(good), store.submit(bad), store.submit(after)]
    await asked[0]
    with pytest.raises(StoreError):
        await asked[1]
    await asked[2]
    async with store.read() as connection:
        assert {row.name for row in await connection.execute(select(surface_state))} == {"good", "after"}
    await store.close()


async def test_close_waits_for_what_was_asked(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/liaison.db"
    first = Store(url)
    await first.open()

    def change(connection: Connection) -> None:
        connection.execute(insert(surface_state).values(name="late", value="kept"))

    first.submit(change)
    await first.close()
    second = Store(url)
    await second.open()
    assert await SurfaceStateRows(second, "").get("late") == "kept"
    await second.close()


async def test_a_database_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        await Store(f"sqlite:///{tmp_path}/missing/folder/liaison.db").open()


async def test_a_database_of_a_newer_liaison_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/liaison.db"
    first = Store(url)
    await first.open()

    def newer(connection: Connection) -> None:
        connection.execute(text("update alembic_version set version_num = '9999'"))

    await first.write(newer)
    await first.close()
    with pytest.raises(StoreError, match="newer Liaison"):
        await Store(url).open()
