"""Tables are made once, whoever comes first, and an upgrade only adds to them."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect

from bot.storage import migration
from bot.storage.schema import known_revisions
from bot.storage.store import Store, StoreError
from bot.storage.tables import OLDEST_COMPATIBLE
from tests import databases
from tests.postgresql import shared_server


@pytest.fixture
def empty_url() -> Iterator[str]:
    """A PostgreSQL database without tables."""
    server = shared_server()
    url = server.create_database()
    yield url
    server.drop_database(url)


async def open_all(url: str, number: int) -> None:
    stores = [Store(url) for _ in range(number)]
    try:
        await asyncio.gather(*(store.open() for store in stores))
    finally:
        for store in stores:
            await store.close()


async def test_of_replicas_that_start_at_once_one_makes_the_tables(empty_url: str) -> None:
    await open_all(empty_url, 4)
    assert databases.rows(empty_url, "select oldest from compatibility") == [(OLDEST_COMPATIBLE,)]


async def test_of_replicas_that_start_at_once_one_migrates(empty_url: str) -> None:
    engine = create_engine(empty_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        command.upgrade(_config(connection), "0009")
    engine.dispose()
    await open_all(empty_url, 4)
    assert databases.rows(empty_url, "select version_num from alembic_version") == [(max(known_revisions()),)]
    assert databases.rows(empty_url, "select oldest from compatibility") == [(OLDEST_COMPATIBLE,)]
    assert databases.rows(empty_url, "select attempt, owner, in_flight_until from effects") == []


async def test_a_database_with_another_encoding_is_refused() -> None:
    server = shared_server()
    server.execute("create database latin encoding 'LATIN1' template template0")
    store = Store(server.url("latin"))
    with pytest.raises(StoreError, match="its encoding is LATIN1"):
        await store.open()
    server.execute("drop database latin")


EXPANDING = [revision for revision in sorted(known_revisions()) if revision > "0009"]
"""Replicas of the release before run beside those that have migrated."""


@pytest.mark.parametrize("revision", EXPANDING)
def test_a_migration_only_adds(tmp_path: Path, revision: str) -> None:
    """So code of the revision before finds its tables and columns, and what is new gets a value when it inserts a
    row. It gets no errors from new constraints either."""
    before, after = tables_at(tmp_path, _before(revision)), tables_at(tmp_path, revision)
    for name, old in before.items():
        new = after[name]
        assert {**new.columns, **old.columns} == new.columns, name
        assert new.unique == old.unique, name
        added = {column: has_value for column, has_value in new.has_value.items() if column not in old.columns}
        assert all(added.values()), f"{name}: {added}"


@dataclass(frozen=True)
class TableShape:
    columns: Mapping[str, tuple[str, bool]]  # name -> type, whether it may be null
    has_value: Mapping[str, bool]  # without being named in an insert
    unique: set[tuple[str, ...]]


def tables_at(folder: Path, revision: str) -> Mapping[str, TableShape]:
    engine = create_engine(f"sqlite:///{folder}/{revision}.db")
    with engine.begin() as connection:
        command.upgrade(_config(connection), revision)
        found = inspect(connection)
        shapes = {}
        for table in set(found.get_table_names()) - {"alembic_version"}:
            columns = found.get_columns(table)
            unique: list[list[str | None]] = [
                list(constraint["column_names"]) for constraint in found.get_unique_constraints(table)
            ]
            unique += [index["column_names"] for index in found.get_indexes(table) if index["unique"]]
            shapes[table] = TableShape(
                {column["name"]: (str(column["type"]), bool(column["nullable"])) for column in columns},
                {column["name"]: bool(column["nullable"] or column["default"]) for column in columns},
                {tuple(map(str, columns_of)) for columns_of in unique},
            )
    engine.dispose()
    return shapes


def _before(revision: str) -> str:
    found = ScriptDirectory.from_config(_config()).get_revision(revision)
    assert found is not None
    return str(found.down_revision)


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migration.__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    return config
