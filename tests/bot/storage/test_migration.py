"""Tables are made once, whoever comes first, and an upgrade only adds to them."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect

from bot.storage import migration
from bot.storage.schema import known_revisions
from bot.storage.store import Store, StoreError
from bot.storage.tables import OLDEST_COMPATIBLE, metadata
from tests import databases
from tests.postgresql import shared_server

FIRST_ON_POSTGRESQL = "0010"


@pytest.fixture
def empty_url() -> Iterator[str]:
    """A PostgreSQL database without tables."""
    server = shared_server()
    url = server.create_database()
    yield url
    server.drop_database(url)


def make_tables(url: str, revision: str) -> None:
    """Those of this revision."""
    engine = create_engine(url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(migration.__file__).with_name("migrations")))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


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
    make_tables(empty_url.replace("postgresql:", "postgresql+psycopg:"), FIRST_ON_POSTGRESQL)
    await open_all(empty_url, 4)
    assert databases.rows(empty_url, "select version_num from alembic_version") == [(max(known_revisions()),)]
    assert databases.rows(empty_url, "select oldest from compatibility") == [(OLDEST_COMPATIBLE,)]
    for table in metadata.tables.values():
        assert databases.rows(empty_url, f"select {', '.join(table.columns.keys())} from {table.name}") is not None


async def test_a_database_with_another_encoding_is_refused() -> None:
    server = shared_server()
    server.execute("create database latin encoding 'LATIN1' template template0")
    store = Store(server.url("latin"))
    with pytest.raises(StoreError, match="its encoding is LATIN1"):
        await store.open()
    server.execute("drop database latin")


def test_code_of_the_revision_before_works_on_the_newest_tables(tmp_path: Path) -> None:
    """Its tables and columns are there, and what is new gets a value when it inserts a row."""
    previous, newest = sorted(known_revisions())[-2:]
    if newest == OLDEST_COMPATIBLE:
        return  # it does not have to
    url = f"sqlite:///{tmp_path}/old.db"
    make_tables(url, previous)
    engine = create_engine(url)
    with engine.begin() as connection:
        old = inspect(connection)
        for table in set(old.get_table_names()) - {"alembic_version"}:
            names = {column["name"] for column in old.get_columns(table)}
            assert names <= set(metadata.tables[table].columns.keys()), table
            for column in metadata.tables[table].columns:
                has_value = column.nullable or column.server_default is not None
                assert column.name in names or has_value, f"{table}.{column.name}"
    engine.dispose()
