"""The database: group commit, and rows that cannot be read.

``Store.transaction`` is how anything is changed, and every caller awaits it. One writer task executes all
changes in the order they were requested, and commits many at once. A commit waits for the disk, so under load a
hundred changes share one wait. No change becomes durable before one that was requested earlier. Reads use their
own connection.

``Store.later`` is for a change that may be lost in a crash, because the next start does the same again. It waits
for the next commit, or a short time. If it fails, it is tried again until it is stored.

Call ``open`` first and ``close`` last; ``close`` waits for the changes already requested.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Generic, Literal, TypeVar

import structlog
from pydantic import ValidationError

from bot.observability import metrics
from bot.storage.schema import SchemaError, bring_up_to_date
from bot.storage.sql import Change, CommitLost, Connection, Database, Reload, Row, Unreachable

log = structlog.get_logger(__name__)

T = TypeVar("T")


class Commit(StrEnum):
    """What is committed. Tests kill the process before and after a commit of each kind."""

    RECORD = "record"
    CHAT_ANSWER = "chat answer"
    WITHDRAW = "withdraw"
    ROUTE = "route"
    DONE = "done"
    STOPPED = "stopped"
    CHOICE = "choice"
    OUTBOX = "outbox"
    DELIVERED = "delivered"
    PARKED = "parked"
    CLEANUP = "cleanup"
    SENT = "sent"
    OUTCOME = "outcome"
    RUN = "run"
    START = "start"
    BINDING = "binding"
    LAST_USED = "last used"
    LIVE_CARD = "live card"
    ACTIVITY = "activity"
    SCHEDULED = "scheduled"
    PERSON = "person"
    PREFERENCE = "preference"
    NEWS = "news"
    RATE_LIMIT = "rate limit"
    SURFACE_STATE = "surface state"
    INSTALLATION = "installation"
    LOCAL_RUN = "local run"
    JOB = "job"
    TELL = "tell"
    REPLICA = "replica"


LATER_SECONDS = 0.1
RETRY_SECONDS = 1.0

CommitHook = Callable[[Literal["before", "after"], Sequence[Commit]], None]


@dataclass(frozen=True, slots=True)
class _PendingChange(Generic[T]):
    change: Change[T]
    kind: Commit
    future: "asyncio.Future[T]"
    may_wait: bool = False


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """``key`` names the row in its table."""

    table: str
    key: str
    reason: str


class StoreError(Exception):
    """A database operation failed. The change is not durable."""


class CommitUnknown(StoreError):
    """The database was lost during the commit: the change may be durable."""


class Store:
    """``url`` as in the settings: ``sqlite:///liaison.db`` or ``postgresql://…``.

    ``commit_hook`` is for tests. It is called in the writer's thread before and after each commit, and may kill
    the process or raise, which rolls the commit back.
    """

    commit_hook: ClassVar[CommitHook | None] = None

    def __init__(self, url: str) -> None:
        self._database = _database(url)
        self._pending: list[_PendingChange[Any]] = []
        self._postponed: list[_PendingChange[Any]] = []  # those of ``later`` that failed, and newer ones
        self._wake = asyncio.Event()
        self._later: asyncio.Future[Any] | None = None  # of the newest change that may wait
        self._writer: asyncio.Task[None] | None = None
        self._failing = False
        self._closed = False
        self._unreadable: dict[tuple[str, str], UnreadableRow] = {}  # by (table, key)

    async def open(self) -> None:
        """Migrates the database, then starts the writer. Raises ``StoreError``."""
        try:
            await bring_up_to_date(self._database)
            await self._database.changes.open()
        except SchemaError as error:
            await self.close()
            raise StoreError(str(error)) from error
        except self._database.errors as error:
            await self.close()
            raise StoreError(f"cannot open the database: {' '.join(str(error).split())}") from error
        self._writer = asyncio.create_task(self._write_all(), name="store writer")

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._writer is not None:
            while self._pending:
                self._wake.set()
                await asyncio.wait([pending.future for pending in self._pending])
            self._writer.cancel()
            with suppress(asyncio.CancelledError):
                await self._writer
        await self._database.close()

    def ready(self) -> bool:
        """Whether the writer is running, its last commit succeeded, and the database can be reached."""
        is_running = self._writer is not None and not self._writer.done()
        return is_running and not self._failing and self._database.reachable()

    async def transaction(self, change: Change[T], kind: Commit) -> T:
        """Durable when it returns. Raises ``StoreError`` if nothing was changed, and ``CommitUnknown`` if it
        cannot be known."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._pending.append(_PendingChange(change, kind, future))
        self._wake.set()
        return await future

    def later(self, change: Change[None], kind: Commit) -> None:
        """Durable soon, and before anything that is requested after it, unless it fails at first. Reads wait for
        the first attempt."""
        loop = asyncio.get_running_loop()
        if self._later is None or self._later.done():
            loop.call_later(LATER_SECONDS, self._wake.set)
        self._later = loop.create_future()
        self._later.add_done_callback(lambda done: _log_lost(done, kind))
        self._pending.append(_PendingChange(change, kind, self._later, may_wait=True))

    def tell_others(self, topic: str, key: str) -> None:
        """Other replicas, of what is in no table: soon."""
        self.later(lambda connection: connection.changed(topic, key), Commit.TELL)

    async def execute(self, query: str, kind: Commit, /, **values: object) -> int:
        """A transaction of one statement. Returns the number of rows that it changed."""
        return await self.transaction(lambda connection: connection.execute(query, **values), kind)

    async def put(self, table: str, key: Mapping[str, object], values: Mapping[str, object], kind: Commit) -> None:
        """Inserts or updates the row of ``key``."""
        await self.transaction(lambda connection: connection.put(table, key, values), kind)

    async def release_space(self) -> None:
        """Gives back to the disk what deleted rows took. Raises ``StoreError``."""
        try:
            await self._database.release_space()
        except self._database.errors as error:
            raise StoreError(str(error)) from error

    async def flush(self) -> None:
        """What was put off until later is durable when it returns, unless it failed at first."""
        if self._later is not None and not self._later.done():
            self._wake.set()
            await asyncio.wait([self._later])

    async def rows(self, query: str, /, **values: object) -> Sequence[Row]:
        """As last committed, with what was put off until later. Raises ``StoreError``."""
        await self.flush()
        try:
            return await self._database.rows(query, **values)
        except self._database.errors as error:
            raise StoreError(str(error)) from error

    async def row(self, query: str, /, **values: object) -> Row | None:
        """The first one."""
        return next(iter(await self.rows(query, **values)), None)

    @property
    def replica(self) -> str | None:
        """The name of this process among the replicas. None: nobody else uses the database."""
        return self._database.replica

    def subscribe(self, topic: str, reload: Reload) -> None:
        """``reload`` gets the keys of rows that another replica has changed (``Connection.changed``)."""
        self._database.changes.subscribe(topic, reload)

    def on_unusable(self, stop: Callable[[str], None]) -> None:
        """``stop`` gets the reason if a newer version makes the database unusable for this one while it runs."""
        self._database.changes.on_unusable = stop

    async def catch_up(self) -> None:
        """When it returns, memory has what other replicas had committed before the call. Raises ``StoreError``."""
        try:
            await self._database.changes.catch_up()
        except self._database.errors as error:
            raise StoreError(str(error)) from error

    async def changes_behind(self) -> int:
        """How many changes of other replicas are not in memory yet. Raises ``StoreError``."""
        try:
            return await self._database.changes.behind()
        except self._database.errors as error:
            raise StoreError(str(error)) from error

    def parse_rows(
        self, table: str, rows: Iterable[Row], parse: Callable[[Row], T], *, key: Sequence[str]
    ) -> list[T]:
        """Leaves out what cannot be read: one bad row must not stop the others. It stays where it is.

        ``key``: the columns that name a row in logs and in ``liaison doctor``.
        """
        parsed: list[T] = []
        for row in rows:
            try:
                parsed.append(parse(row))
            except Exception as error:  # noqa: BLE001  whatever is wrong with it
                name = "/".join(str(row[column]) for column in key)
                self._set_aside(UnreadableRow(table, name, _reason(error)))
        return parsed

    def _set_aside(self, row: UnreadableRow) -> None:
        if (row.table, row.key) not in self._unreadable:
            log.error("row cannot be read and is left out", table=row.table, key=row.key, reason=row.reason)
        self._unreadable[row.table, row.key] = row
        metrics.set_unreadable_rows(row.table, sum(table == row.table for table, _ in self._unreadable))

    @property
    def unreadable(self) -> Sequence[UnreadableRow]:
        """The rows that could not be read so far."""
        return tuple(self._unreadable.values())

    async def _write_all(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            self._pending[:0] = self._postponed
            self._postponed.clear()
            if self._pending:
                await self._commit(list(self._pending))

    async def _execute(self, batch: Sequence[_PendingChange[Any]]) -> list[Any]:
        """Runs the changes in one transaction."""
        kinds = [pending.kind for pending in batch]

        def run_all(connection: Connection) -> list[Any]:
            results = [pending.change(connection) for pending in batch]
            _call_hook("before", kinds)
            return results

        return await self._database.transaction(run_all, lambda: _call_hook("after", kinds))

    async def _commit(self, batch: list[_PendingChange[Any]]) -> None:
        try:
            results = await self._execute(batch)
        except (Unreachable, CommitLost) as error:
            del self._pending[: len(batch)]
            self._fail(
                batch, StoreError(str(error)) if isinstance(error, Unreachable) else CommitUnknown(str(error))
            )
            return
        except Exception as error:  # noqa: BLE001  the caller gets it through the future
            del self._pending[: len(batch)]
            if len(batch) == 1:
                self._failing = not isinstance(error, StoreError)
                _set_error(batch[0].future, error if isinstance(error, StoreError) else StoreError(str(error)))
                if batch[0].may_wait and isinstance(error, self._database.errors):
                    self._postpone(batch[0])
                return
            for pending in batch:  # one of them failed: give each its own transaction
                if pending.may_wait and self._postponed:
                    _set_error(pending.future, StoreError("an earlier change was not stored"))
                    self._postpone(pending)
                    continue
                self._pending.insert(0, pending)
                await self._commit([pending])
            return
        self._failing = False
        del self._pending[: len(batch)]
        for pending, result in zip(batch, results, strict=True):
            if not pending.future.done():
                pending.future.set_result(result)

    def _fail(self, batch: Sequence[_PendingChange[Any]], error: StoreError) -> None:
        """All of it: the database cannot be reached, so there is no use in trying them one by one."""
        if isinstance(error, CommitUnknown):
            self._database.changes.miss()
        for pending in batch:
            _set_error(pending.future, error)
            if pending.may_wait:
                self._postpone(pending)

    def _postpone(self, pending: _PendingChange[Any]) -> None:
        if not self._postponed:
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self._wake.set)
        self._postponed.append(pending)


def _database(url: str) -> Database:
    if url.startswith("sqlite"):
        from bot.storage.sqlite import SqliteDatabase

        return SqliteDatabase(url)
    from bot.storage.postgres import PostgresDatabase

    return PostgresDatabase(url)


def _set_error(future: "asyncio.Future[Any]", error: StoreError) -> None:
    if not future.done():
        future.set_exception(error)


def _log_lost(done: "asyncio.Future[Any]", kind: Commit) -> None:
    if not done.cancelled() and (error := done.exception()) is not None:
        log.warning("change not stored yet", kind=kind, error=str(error))


def _call_hook(when: Literal["before", "after"], kinds: Sequence[Commit]) -> None:
    if (hook := Store.commit_hook) is not None:
        hook(when, kinds)


def _reason(error: Exception) -> str:
    """Without the contents of the row, which are people's messages."""
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False)[0]
        return f"{error.title}: {'.'.join(str(part) for part in first['loc'])} {first['msg']}"[:200]
    return f"{type(error).__name__}: {error}"[:200]
