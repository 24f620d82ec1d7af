"""Moves everything from an SQLite database to an empty PostgreSQL database.

All rows are copied in one transaction, and counted before it is committed: either everything is there, or nothing.
A number that was once used for a run is not used again. The SQLite database is only read.
"""

import asyncio
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Boolean, Table

from bot.storage.inspection import CorruptDatabase, copy_database, migrate
from bot.storage.postgres_connection import Driver, connect, first_line, storable_text
from bot.storage.sqlite import decode_text
from bot.storage.store import Store, StoreError
from bot.storage.tables import compatibility, metadata

_ROWS = 500  # read at a time


class CannotMove(Exception):
    """Nothing was stored in the PostgreSQL database. The text says why."""


async def move(source: Path, url: str) -> Mapping[str, int]:
    """Returns the number of rows by table. Nobody may use either database meanwhile. Raises ``CannotMove``."""
    with tempfile.TemporaryDirectory(prefix="liaison-migrate-") as folder:
        copy = Path(folder, "liaison.db")
        try:
            await asyncio.to_thread(copy_database, source, copy, in_use=False)
            await migrate(copy)
        except (CorruptDatabase, StoreError, OSError) as error:
            raise CannotMove(f"{source} can't be read: {error}") from error
        await _make_tables(url)
        try:
            return await asyncio.to_thread(_copy, copy, url)
        except (psycopg.Error, sqlite3.Error) as error:
            raise CannotMove(f"the rows can't be stored: {first_line(error)}") from error


async def _make_tables(url: str) -> None:
    store = Store(url)
    try:
        await store.open()
    except StoreError as error:
        raise CannotMove(f"the PostgreSQL database can't be used: {error}") from error
    finally:
        await store.close()


def _copy(source: Path, url: str) -> Mapping[str, int]:
    tables = [table for table in metadata.sorted_tables if table is not compatibility]
    with closing(sqlite3.connect(source)) as old, connect(url) as new, new.transaction():
        old.text_factory = decode_text
        for table in tables:
            new.execute(sql.SQL("lock table {}").format(sql.Identifier(table.name)))
        if used := [table.name for table in tables if _count(new, table)]:
            raise CannotMove(f"the PostgreSQL database is not empty: it has rows in {', '.join(used)}")
        copied = {table.name: _copy_table(old, new, table) for table in tables}
        for table in tables:
            if (stored := _count(new, table)) != copied[table.name]:
                raise CannotMove(f"only {stored} of {copied[table.name]} rows of {table.name} were stored")
            _continue_numbers(old, new, table)
        return copied


def _count(new: Driver, table: Table) -> int:
    query = sql.SQL("select count(*) as count from {}").format(sql.Identifier(table.name))
    (row,) = new.execute(query).fetchall()
    return int(row["count"])


def _copy_table(old: sqlite3.Connection, new: Driver, table: Table) -> int:
    """Returns the number of rows that SQLite has."""
    columns = [column.name for column in table.columns]
    converters = [_converter(isinstance(column.type, Boolean)) for column in table.columns]
    names = ", ".join(f'"{column}"' for column in columns)
    rows = old.execute(f'select {names} from "{table.name}"')  # noqa: S608  names from our code
    statement = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with new.cursor().copy(statement) as target:
        for row in _all(rows):
            target.write_row([convert(value) for convert, value in zip(converters, row, strict=True)])
    (count,) = old.execute(f'select count(*) from "{table.name}"').fetchone()  # noqa: S608
    return int(count)


def _all(rows: sqlite3.Cursor) -> Iterable[Sequence[Any]]:
    while found := rows.fetchmany(_ROWS):
        yield from found


def _converter(is_boolean: bool) -> Callable[[Any], Any]:
    """From a value of SQLite to one of PostgreSQL."""

    def convert(value: Any) -> Any:
        if isinstance(value, str):
            return storable_text(value)
        return bool(value) if is_boolean and value is not None else value

    return convert


def _continue_numbers(old: sqlite3.Connection, new: Driver, table: Table) -> None:
    """SQLite remembers the last number of runs and news, also if that row was deleted."""
    column = table.autoincrement_column
    if column is None:
        return
    (last,) = old.execute(f'select max("{column.name}") from "{table.name}"').fetchone()  # noqa: S608
    used = old.execute("select seq from sqlite_sequence where name = ?", (table.name,)).fetchone()
    number = max(last or 0, used[0] if used else 0)
    if number:
        new.execute(
            "select setval(pg_get_serial_sequence(%s, %s), %s)", [table.name, column.name, number]
        ).fetchall()
