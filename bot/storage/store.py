"""The database: connections, group commit, migrations.

One writer task carries out all changes in the order they were asked for, and commits many at once: a commit
waits for the disk, so under load a hundred changes share one wait. A change asked for earlier is never durable
later than one asked for after it; callers rely on that order. Reads go through their own connections.

On SQLite a whole batch is carried out in one thread of its own. Through aiosqlite every statement would travel to
its thread and back through a busy event loop: 1.7 ms each under load, which made the store the slowest part of a
command (measured with ``make bench``). Reads are rare and go through aiosqlite.

Lifetime: ``open`` before anything else, ``close`` last; ``close`` waits for the changes already asked for.
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
"""Runs within a transaction, perhaps in another thread, perhaps twice (the first one rolled back)."""

Asked = tuple[Change[Any], "asyncio.Future[Any]"]

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}


class StoreError(Exception):
    """The database said no. What was asked is not durable."""


class Store:
    """``url`` as in the settings: ``sqlite:///liaison.db``, or ``sqlite://`` for one that is forgotten."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self._engine: AsyncEngine = create_async_engine(
            parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
        )
        self._own: Engine | None = None  # SQLite's writing connection
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._pending: list[Asked] = []
        self._wake = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self._failing = False
        if parsed.get_backend_name() == "sqlite":
            self._own = create_engine(parsed.set(drivername="sqlite+pysqlite"))
            for engine in (self._engine.sync_engine, self._own):
                event.listen(engine, "connect", _careful)

    async def open(self) -> None:
        """Migrates to the newest tables, then starts the writer."""
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
        if self._own is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._own.dispose)
        self._thread.shutdown()

    def ready(self) -> bool:
        """Whether the last commit went through and the writer lives."""
        return self._writer is not None and not self._writer.done() and not self._failing

    def submit(self, change: Change[T]) -> "asyncio.Future[T]":
        """Asks for a change now, in order; await the future only if its durability matters to you."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        future.add_done_callback(_seen)
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

    async def _carry_out(self, changes: list[Change[Any]]) -> list[Any]:
        """In one transaction."""

        def all_of(connection: Connection) -> list[Any]:
            return [change(connection) for change in changes]

        own = self._own
        if own is None:
            async with self._engine.begin() as connection:
                return await connection.run_sync(all_of)

        def in_thread() -> list[Any]:
            with own.begin() as connection:
                return all_of(connection)

        return await asyncio.get_running_loop().run_in_executor(self._thread, in_thread)

    async def _commit(self, batch: list[Asked]) -> None:
        try:
            results = await self._carry_out([change for change, _ in batch])
        except Exception as error:  # noqa: BLE001  whatever it was, it reaches the one who asked
            del self._pending[: len(batch)]
            if len(batch) == 1:
                self._failing = True
                _settle(batch[0][1], StoreError(str(error)))
                return
            for one in batch:  # one of them is bad: each gets its own transaction
                self._pending.insert(0, one)
                await self._commit([one])
            return
        self._failing = False
        del self._pending[: len(batch)]
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)


def put(table: Table, key: Mapping[str, object], values: Mapping[str, object]) -> Change[None]:
    """The change that makes the row of ``key`` hold ``values``, whether it was there or not.

    PostgreSQL has the same clause under another import: this function and the other users of ``insert``
    are where that choice will be made.
    """

    def change(connection: Connection) -> None:
        row = insert(table).values(**key, **values)
        connection.execute(row.on_conflict_do_update(index_elements=list(key), set_=values))

    return change


def _settle(future: "asyncio.Future[Any]", error: StoreError) -> None:
    if not future.done():
        future.set_exception(error)


def _seen(future: "asyncio.Future[Any]") -> None:
    """A change nobody waits for may fail; the next one that somebody waits for will say so."""
    if not future.cancelled():
        future.exception()


def _careful(connection: Any, _: object) -> None:
    """Each SQLite connection: readers never block the writer, and a commit is on the disk when it returns."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def migrate(connection: Connection) -> None:
    """Brings the tables to the newest revision. An empty database gets them as the code has them, which a test
    holds equal to what the migrations lead to; so Alembic is loaded only where there is something to migrate."""
    versions = Path(__file__).with_name("migrations") / "versions"
    known = {path.name.partition("_")[0] for path in versions.glob("[0-9]*.py")}
    if not inspect(connection).get_table_names():
        metadata.create_all(connection)
        connection.execute(text("create table alembic_version (version_num varchar(32) not null primary key)"))
        connection.execute(text("insert into alembic_version values (:newest)"), {"newest": max(known)})
        return
    if inspect(connection).has_table("alembic_version"):
        current = connection.execute(text("select version_num from alembic_version")).scalar()
        if current == max(known):
            return
        if current not in known:
            raise StoreError(
                f"the database is of a newer Liaison (revision {current}; this one knows {max(known)}). "
                "Nothing was changed: start that newer version, or restore a backup"
            )
    upgrade(connection)


def upgrade(connection: Connection) -> None:
    """By the migrations alone."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
