"""The database: connections, group commit, migrations.

One writer task executes all changes in the order they were submitted, and commits many in one transaction. A
commit waits for the disk, so under load a hundred changes share one wait. No change becomes durable before one
that was submitted earlier; callers rely on this. Reads use their own connections.

On SQLite a whole batch runs in one dedicated thread. Through aiosqlite each statement would go to its thread and
back through a busy event loop: 1.7 ms each under load, which made the store the slowest part of a command
(measured with ``make bench``). Reads are rare and go through aiosqlite.

Call ``open`` first and ``close`` last; ``close`` waits for the changes already submitted.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Table, create_engine, event, inspect, make_url, text
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.storage.tables import metadata

T = TypeVar("T")
Change = Callable[[Connection], T]
"""Runs in a transaction, possibly in another thread, possibly twice (after a rollback)."""

PendingChange = tuple[Change[Any], "asyncio.Future[Any]"]

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}


class StoreError(Exception):
    """A database operation failed. The change is not durable."""


class Store:
    """``url`` as in the settings: ``sqlite:///liaison.db``, or ``sqlite://`` for a database in memory."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self._engine: AsyncEngine = create_async_engine(
            parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
        )
        self._sync_engine: Engine | None = None  # SQLite only: for writes, used in ``_thread``
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._pending: list[PendingChange] = []
        self._wake = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self._failing = False
        if parsed.get_backend_name() == "sqlite":
            self._sync_engine = create_engine(parsed.set(drivername="sqlite+pysqlite"))
            for engine in (self._engine.sync_engine, self._sync_engine):
                event.listen(engine, "connect", _set_pragmas)

    async def open(self) -> None:
        """Migrates the database, then starts the writer. Raises ``StoreError``."""
        try:
            async with self._engine.begin() as connection:
                await connection.run_sync(migrate)
        except StoreError:
            await self._engine.dispose()
            raise
        except (SQLAlchemyError, OSError) as error:
            await self._engine.dispose()
            raise StoreError(f"cannot open the database: {error}") from error
        self._writer = asyncio.create_task(self._write_all(), name="store writer")

    async def close(self) -> None:
        if self._writer is not None:
            while self._pending:
                await asyncio.wait([future for _, future in self._pending])
            self._writer.cancel()
            with suppress(asyncio.CancelledError):
                await self._writer
        await self._engine.dispose()
        if self._sync_engine is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._sync_engine.dispose)
        self._thread.shutdown()

    def ready(self) -> bool:
        """Whether the writer is running and its last commit succeeded."""
        return self._writer is not None and not self._writer.done() and not self._failing

    def submit(self, change: Change[T]) -> "asyncio.Future[T]":
        """Queues a change. Await the future only if you need to know that the change is durable."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        future.add_done_callback(_ignore_error)
        self._pending.append((change, future))
        self._wake.set()
        return future

    async def write(self, change: Change[T]) -> T:
        """Durable when it returns. Raises ``StoreError``."""
        return await self.submit(change)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StoreError(str(error)) from error

    async def _write_all(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch = self._pending
            while batch:
                await self._commit(list(batch))
                batch = self._pending

    async def _execute(self, changes: list[Change[Any]]) -> list[Any]:
        """Runs the changes in one transaction."""

        def run_all(connection: Connection) -> list[Any]:
            return [change(connection) for change in changes]

        engine = self._sync_engine
        if engine is None:
            async with self._engine.begin() as connection:
                return await connection.run_sync(run_all)

        def in_thread() -> list[Any]:
            with engine.begin() as connection:
                return run_all(connection)

        return await asyncio.get_running_loop().run_in_executor(self._thread, in_thread)

    async def _commit(self, batch: list[PendingChange]) -> None:
        try:
            results = await self._execute([change for change, _ in batch])
        except Exception as error:  # noqa: BLE001  the caller gets it through the future
            del self._pending[: len(batch)]
            if len(batch) == 1:
                self._failing = True
                _set_error(batch[0][1], StoreError(str(error)))
                return
            for pending in batch:  # one of them failed: give each its own transaction
                self._pending.insert(0, pending)
                await self._commit([pending])
            return
        self._failing = False
        del self._pending[: len(batch)]
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)


def put(table: Table, key: Mapping[str, object], values: Mapping[str, object]) -> Change[None]:
    """A change that inserts or updates the row of ``key``.

    PostgreSQL has the same clause under another import: supporting it means choosing the import here and in the
    other users of ``insert``.
    """

    def change(connection: Connection) -> None:
        row = insert(table).values(**key, **values)
        connection.execute(row.on_conflict_do_update(index_elements=list(key), set_=values))

    return change


def _set_error(future: "asyncio.Future[Any]", error: StoreError) -> None:
    if not future.done():
        future.set_exception(error)


def _ignore_error(future: "asyncio.Future[Any]") -> None:
    """Keeps asyncio from logging the error of a change that nobody awaits: the next awaited one will fail too."""
    if not future.cancelled():
        future.exception()


def _set_pragmas(connection: Any, _: object) -> None:
    """For each SQLite connection: readers never block the writer, and a commit is on disk when it returns."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def migrate(connection: Connection) -> None:
    """Brings the tables to the newest revision. Raises ``StoreError`` for a newer database.

    An empty database gets its tables from the metadata, without loading Alembic. A test checks that the migrations
    lead to the same tables.
    """
    versions = Path(__file__).with_name("migrations") / "versions"
    known = {path.name.partition("_")[0] for path in versions.glob("[0-9]*.py")}
    newest = max(known)
    if not inspect(connection).get_table_names():
        metadata.create_all(connection)
        connection.execute(text("create table alembic_version (version_num varchar(32) not null primary key)"))
        connection.execute(text("insert into alembic_version values (:newest)"), {"newest": newest})
        return
    if inspect(connection).has_table("alembic_version"):
        current = connection.execute(text("select version_num from alembic_version")).scalar()
        if current == newest:
            return
        if current not in known:
            raise StoreError(
                f"the database was written by a newer version of Liaison (revision {current}; this version knows "
                f"{newest}). Downgrades are not supported: restore a backup, or start the newer version"
            )
    upgrade(connection)


def upgrade(connection: Connection) -> None:
    """Runs the migrations with Alembic."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
