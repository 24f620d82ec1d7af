"""SQLite: one connection writes, in a thread of its own, and another one reads.

A whole batch of changes runs in the writer's thread. Through aiosqlite each statement would go to a thread and
back through a busy event loop. Reads are rarer, and go through aiosqlite.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

import aiosqlite

from bot.storage.sql import ChangeFeed, Connection, Row, encodable_text, stored_values

T = TypeVar("T")

_CACHED_STATEMENTS = 256  # more than there are queries


class SqliteConnection(Connection):
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, query: str, /, **values: object) -> int:
        return self._execute(query, values).rowcount

    def rows(self, query: str, /, **values: object) -> Sequence[Row]:
        return self._execute(query, values).fetchall()

    def _execute(self, query: str, values: Mapping[str, object]) -> sqlite3.Cursor:
        try:
            return self._connection.execute(query, stored_values(values))
        except UnicodeEncodeError:
            return self._connection.execute(query, _encodable_values(values))


class SqliteDatabase:
    """``url``: ``sqlite:///PATH``. Nothing is opened before it is used."""

    errors: tuple[type[Exception], ...] = (sqlite3.Error, OSError)
    replica: str | None = None

    def __init__(self, url: str) -> None:
        self.changes = ChangeFeed()
        self._path = unquote(url.partition(":///")[2].partition("?")[0])
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._writer: sqlite3.Connection | None = None  # used only in ``_thread``
        self._reader: aiosqlite.Connection | None = None
        self._opening_reader = asyncio.Lock()

    async def transaction(self, run: Callable[[Connection], T], committed: Callable[[], None]) -> T:
        """``committed`` is called in the writer's thread, once what ``run`` did is on disk."""
        return await self._in_thread(lambda: self._transaction(run, committed))

    def _transaction(self, run: Callable[[Connection], T], committed: Callable[[], None]) -> T:
        connection = self._write_connection()
        # A transaction that reads first would fail when another process writes in between: take the lock now.
        connection.execute("begin immediate")
        try:
            result = run(SqliteConnection(connection))
            connection.execute("commit")
        except BaseException:
            if connection.in_transaction:
                connection.execute("rollback")
            raise
        committed()
        return result

    async def rows(self, query: str, /, **values: object) -> Sequence[Row]:
        reader = await self._read_connection()
        try:
            return list(await reader.execute_fetchall(query, stored_values(values)))
        except UnicodeEncodeError:
            return list(await reader.execute_fetchall(query, _encodable_values(values)))

    async def release_space(self) -> None:
        """A few pages at a time, because changes wait for it. Does nothing for a database of version 0.1."""
        while await self.in_writer(_free_pages):
            await self.in_writer(lambda connection: connection.execute(_RELEASE).fetchall())

    async def in_writer(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Outside a transaction."""
        return await self._in_thread(lambda: work(self._write_connection()))

    def reachable(self) -> bool:
        return True

    async def revision(self) -> str:
        return await self.in_writer(_revision)

    async def migrate(self, newest: str) -> None:
        from bot.storage.migration import migrate_sqlite

        await self._in_thread(lambda: migrate_sqlite(Path(self._path), newest))

    async def close(self) -> None:
        if self._reader is not None:
            await self._reader.close()
            self._reader = None
        await self._in_thread(self._close_writer)
        self._thread.shutdown()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _write_connection(self) -> sqlite3.Connection:
        if self._writer is None:
            self._writer = sqlite3.connect(self._path, **_OPTIONS)
            _prepare(self._writer)
            for pragma in _PRAGMAS:
                self._writer.execute(f"pragma {pragma}")
        return self._writer

    def _close_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    async def _read_connection(self) -> aiosqlite.Connection:
        async with self._opening_reader:
            if self._reader is None:
                reader = await aiosqlite.connect(self._path, **_OPTIONS)
                _prepare(reader)
                for pragma in _PRAGMAS:
                    await reader.execute(f"pragma {pragma}")
                self._reader = reader
        return self._reader


def _encodable_values(values: Mapping[str, object]) -> Mapping[str, object]:
    return {
        name: encodable_text(value) if isinstance(value, str) else value
        for name, value in stored_values(values).items()
    }


def _revision(connection: sqlite3.Connection) -> str:
    if not connection.execute("select 1 from sqlite_master where name = 'alembic_version'").fetchone():
        return ""
    found = connection.execute("select version_num from alembic_version").fetchone()
    return str(found[0]) if found else ""


_OPTIONS: dict[str, Any] = {
    "isolation_level": None,  # transactions begin where we begin them
    "cached_statements": _CACHED_STATEMENTS,
    "check_same_thread": False,  # it is closed by the thread that it was opened in, or once that has ended
}
_RELEASE = "pragma incremental_vacuum(500)"
_PRAGMAS = (
    "auto_vacuum=INCREMENTAL",  # only of a new database; before everything else
    "journal_mode=WAL",  # readers never block the writer
    "synchronous=FULL",  # a commit is on disk when it returns
    "busy_timeout=5000",
    "foreign_keys=ON",
)


def _free_pages(connection: sqlite3.Connection) -> int:
    """That can be released."""
    (mode,) = connection.execute("pragma auto_vacuum").fetchone()
    (pages,) = connection.execute("pragma freelist_count").fetchone()
    return int(pages) if mode == 2 else 0


def _prepare(connection: sqlite3.Connection | aiosqlite.Connection) -> None:
    connection.row_factory = sqlite3.Row
    connection.text_factory = decode_text


def decode_text(value: bytes) -> str:
    """Text that is not UTF-8 makes one row unreadable, not the whole query."""
    return value.decode("utf-8", "surrogateescape")
