"""PostgreSQL: one connection writes, in a thread of its own, another one reads, and a third one listens.

A connection that was lost is opened again. Nothing of a transaction is stored if its connection is lost before the
commit, so it runs once more. If it is lost during the commit, the server is asked what became of the transaction;
see ``_settle_commit``.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from uuid import uuid4

import psycopg

from bot.storage.change_feed import PostgresChangeFeed, add_changes
from bot.storage.postgres_connection import (
    WRITE_SECONDS,
    AsyncDriver,
    Driver,
    PostgresConnection,
    connect,
    connect_async,
    cut,
    cut_after,
    first_line,
    is_lost,
    is_outdated,
    is_unstorable,
    storable_values,
    translated,
)
from bot.storage.sql import CommitLost, Connection, Row, Unreachable, stored_values

T = TypeVar("T")

READ_SECONDS = 10.0
_SETTLE_SECONDS = 2.0
_REPEATS = 3
# Another replica was faster. What it has committed is visible when the transaction runs again.
_OVERTAKEN = (
    psycopg.errors.UniqueViolation,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
)

# A process that is stopped in the middle of a transaction must not hold its locks for long. A commit is on disk
# when it returns, whatever the defaults of the database are.
_PREPARE = """
set idle_in_transaction_session_timeout = '5s';
select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'"""
_BEGIN = "begin; select pg_current_xact_id()::text as id"
_STATUS = "select pg_xact_status(%s::xid8) as status"
_END_BACKEND = "select pg_terminate_backend(pid) from pg_stat_activity where backend_xid = %s::xid8::xid"


class PostgresDatabase:
    """``url``: a connection URI of libpq. Nothing is opened before it is used."""

    errors: tuple[type[Exception], ...] = (psycopg.Error, Unreachable, CommitLost, OSError)

    def __init__(self, url: str) -> None:
        self._url = url
        self._replica = uuid4().hex
        self.changes = PostgresChangeFeed(url, self._replica, self)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._writer: Driver | None = None  # opened and used only in ``_thread``
        self._reader: AsyncDriver | None = None
        self._opening_reader = asyncio.Lock()

    @property
    def replica(self) -> str:
        return self._replica

    def reachable(self) -> bool:
        return self.changes.listening

    async def transaction(self, run: Callable[[Connection], T], committed: Callable[[], None]) -> T:
        """``committed`` is called in the writer's thread, once what ``run`` did is on disk.

        Raises ``Unreachable`` if nothing is stored, ``CommitLost`` if that is not known.
        """
        if self.changes.unusable:
            raise Unreachable(self.changes.unusable)
        started = time.monotonic()
        self._answered()
        self._watch_writer()
        try:
            return await self._in_thread(lambda: self._transaction(run, committed, started))
        finally:
            self._watch.cancel()

    def _transaction(self, run: Callable[[Connection], T], committed: Callable[[], None], started: float) -> T:
        repeats = _REPEATS
        while True:
            try:
                return self._try_transaction(run, committed)
            except _OVERTAKEN:
                if not repeats:
                    raise
                repeats -= 1
            except psycopg.Error as error:
                if not (is_lost(error) or is_outdated(error)):
                    raise
                was_connected = self._writer is not None
                self._close_writer()
                if was_connected and time.monotonic() - started < WRITE_SECONDS:
                    continue  # on a new connection: the server may have been restarted since the last transaction
                self.changes.doubt()
                raise Unreachable(f"the database cannot be reached: {first_line(error)}") from error

    def _try_transaction(self, run: Callable[[Connection], T], committed: Callable[[], None]) -> T:
        connection = self._write_connection()
        begun = connection.execute(_BEGIN, prepare=False)
        begun.nextset()
        (transaction,) = begun.fetchall()
        try:
            changing = PostgresConnection(connection, self._answered)
            result = run(changing)
            if changing.changes:
                add_changes(connection, self._replica, changing.changes)
        except BaseException:
            if not connection.broken:
                connection.execute("rollback")
            raise
        try:
            ended = connection.execute("commit").statusmessage
        except psycopg.OperationalError as error:
            if not connection.broken:
                raise
            self._settle_commit(transaction["id"], error)
        else:
            if ended != "COMMIT":  # a change went on after a statement had failed
                raise psycopg.errors.InFailedSqlTransaction("the transaction was rolled back")
        committed()
        return result

    def _settle_commit(self, transaction: str, lost: psycopg.Error) -> None:
        """Returns if the transaction was committed. Raises ``lost`` if it was not, and runs no more, and
        ``CommitLost`` if the server cannot be asked.

        The server knows what became of a transaction by its id. One that is still open has not received the commit
        and never will, so its backend is ended.
        """
        self._close_writer()
        deadline = time.monotonic() + _SETTLE_SECONDS
        while time.monotonic() < deadline:
            try:
                connection = self._write_connection()
                (found,) = connection.execute(_STATUS, [transaction]).fetchall()
                if found["status"] == "committed":
                    return
                if found["status"] == "aborted":
                    raise lost
                connection.execute(_END_BACKEND, [transaction])
            except psycopg.OperationalError as error:
                if error is lost:
                    raise
                self._close_writer()
            time.sleep(0.05)  # the server restarts, or ends the transaction
        self.changes.doubt()
        raise CommitLost("the connection to the database was lost during a commit") from lost

    async def rows(self, query: str, /, **values: object) -> Sequence[Row]:
        started = time.monotonic()
        try:
            return await self._read(query, values)
        except psycopg.Error as error:
            if not (is_lost(error) or is_outdated(error)):
                raise
            await self._close_reader()
            if time.monotonic() - started >= READ_SECONDS:  # a new connection would stall too
                self.changes.doubt()
                raise
        try:
            return await self._read(query, values)
        except psycopg.Error as error:
            if is_lost(error):
                self.changes.doubt()
            raise

    async def _read(self, query: str, values: Mapping[str, object]) -> Sequence[Row]:
        reader, statement = await self._read_connection(), translated(query)
        with cut_after(READ_SECONDS, reader):
            try:
                found = await reader.execute(statement, stored_values(values))
            except (psycopg.DataError, UnicodeEncodeError) as error:
                if not is_unstorable(error):
                    raise
                found = await reader.execute(statement, storable_values(values))
            return await found.fetchall()

    async def release_space(self) -> None:
        """The server does that itself."""

    async def revision(self) -> str:
        """Of the tables. Empty if there are none."""
        if not await self.rows("select 1 from pg_tables where tablename = 'alembic_version'"):
            return ""
        found = await self.rows("select version_num from alembic_version")
        return str(found[0]["version_num"]) if found else ""

    async def migrate(self, newest: str) -> None:
        """Raises ``MigrationFailed``."""
        from bot.storage.migration import migrate_postgres

        await self._in_thread(lambda: migrate_postgres(self._url, newest))

    async def close(self) -> None:
        await self.changes.close()
        await self._close_reader()
        await self._in_thread(self._close_writer)
        self._thread.shutdown()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _write_connection(self) -> Driver:
        if self._writer is None:
            self._writer = connect(self._url)
            self._writer.execute(_PREPARE, prepare=False)
        return self._writer

    def _close_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _answered(self) -> None:
        self._answered_at = time.monotonic()

    def _watch_writer(self) -> None:
        """Cuts a connection that stalls. A batch of many changes may take longer."""
        rest = self._answered_at + WRITE_SECONDS - time.monotonic()
        if rest <= 0:
            self._answered()
            rest = WRITE_SECONDS
            if (writer := self._writer) is not None:
                cut(writer)
        self._watch = asyncio.get_running_loop().call_later(rest, self._watch_writer)

    async def _read_connection(self) -> AsyncDriver:
        async with self._opening_reader:
            if self._reader is None:
                self._reader = await connect_async(self._url)
            return self._reader

    async def _close_reader(self) -> None:
        if (reader := self._reader) is not None:
            self._reader = None
            await reader.close()
