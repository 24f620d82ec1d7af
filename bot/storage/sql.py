"""Queries, in the same words for every database.

A query is SQL with named values (``where key = :key``). Times are stored as ISO 8601 text in UTC with
microseconds, which sorts by time and comes back exactly as it was stored; ``read_time`` reads it.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Protocol, TypeVar, overload

T = TypeVar("T")


class Unreachable(Exception):
    """The database cannot be reached. Nothing was stored."""


class CommitLost(Exception):
    """The connection was lost during a commit, and the database cannot be asked what became of it."""


class Row(Protocol):
    def __getitem__(self, column: str, /) -> Any: ...


class Connection(ABC):
    """A connection in the middle of a transaction."""

    @abstractmethod
    def execute(self, query: str, /, **values: object) -> int:
        """Returns the number of rows that were changed."""

    @abstractmethod
    def rows(self, query: str, /, **values: object) -> Sequence[Row]: ...

    def row(self, query: str, /, **values: object) -> Row | None:
        """The first one."""
        return next(iter(self.rows(query, **values)), None)

    def locked_row(self, query: str, /, **values: object) -> Row | None:
        """The first one, which nobody else changes before this transaction ends."""
        return self.row(query, **values)

    def now(self) -> datetime:
        """By the clock of the database, which is the same for all who use it."""
        return datetime.now(UTC)

    def lock(self, name: str) -> None:  # noqa: B027  nobody else changes anything meanwhile
        """Until the transaction ends, nobody else gets past a call with this name."""

    def changed(self, topic: str, key: str) -> None:  # noqa: B027  nobody else is to be told
        """Tells the other replicas, once it is committed, that they have an old row in memory."""

    def put(self, table: str, key: Mapping[str, object], values: Mapping[str, object]) -> None:
        """Inserts or updates the row of ``key``."""
        self.execute(_upsert(table, tuple(key), tuple(values)), **key, **values)


Reload = Callable[[Collection[str] | None], Awaitable[None]]
"""Reads the rows of these keys again; None: all of them."""


class ChangeFeed:
    """What others changed. This is the one of a database that has no others.

    ``on_unusable`` gets the reason when a newer version has migrated the database so that this one cannot use it.
    """

    on_unusable: Callable[[str], None] = staticmethod(lambda _: None)

    def subscribe(self, topic: str, reload: Reload) -> None:
        pass

    async def open(self) -> None:
        """From here on nothing is missed, so rows are read into memory after this."""

    async def catch_up(self) -> None:
        """When it returns, what was committed before the call has been read again."""

    async def behind(self) -> int:
        """How many changes of others are not in memory yet."""
        return 0

    def miss(self) -> None:
        """It is not known what was committed: everything is read again by the next ``catch_up``."""

    async def close(self) -> None:
        pass


class Database(Protocol):
    @property
    def replica(self) -> str | None:
        """The name of this process among those that use the database. None: there are no others."""

    @property
    def changes(self) -> ChangeFeed: ...

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What its methods raise."""

    def reachable(self) -> bool:
        """As far as is known."""

    async def transaction(self, run: Callable[[Connection], T], committed: Callable[[], None]) -> T:
        """``committed`` is called in the writer's thread, once what ``run`` did is on disk."""

    async def rows(self, query: str, /, **values: object) -> Sequence[Row]: ...

    async def release_space(self) -> None:
        """Gives back to the disk what deleted rows took."""

    async def revision(self) -> str:
        """Of the tables. Empty if there are none."""

    async def migrate(self, newest: str) -> None:
        """Makes the tables, or brings them to the newest revision. Raises ``MigrationFailed``."""

    async def close(self) -> None: ...


Change = Callable[[Connection], T]
"""Runs in a transaction, in another thread, and again after a rollback: it must have no other effects."""


@cache
def _upsert(table: str, key: Sequence[str], values: Sequence[str]) -> str:
    updates = ", ".join(f"{column} = excluded.{column}" for column in values)
    return f"{insert_query(table, (*key, *values))} on conflict ({', '.join(key)}) do update set {updates}"


def insert_query(table: str, columns: Sequence[str]) -> str:
    placeholders = ", ".join(f":{column}" for column in columns)
    return f"insert into {table} ({', '.join(columns)}) values ({placeholders})"  # noqa: S608  names from our code


def update_query(table: str, columns: Sequence[str], where: str) -> str:
    assignments = ", ".join(f"{column} = :{column}" for column in columns)
    return f"update {table} set {assignments} where {where}"  # noqa: S608  names from our code


def stored_values(values: Mapping[str, object]) -> Mapping[str, object]:
    """As the database gets them."""
    return {
        name: value.astimezone(UTC).isoformat(timespec="microseconds") if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def encodable_text(text: str) -> str:
    """Without halves of surrogate pairs, which no database stores."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@overload
def read_time(stored: str) -> datetime: ...
@overload
def read_time(stored: str | None) -> datetime | None: ...
def read_time(stored: str | None) -> datetime | None:
    """Raises ``ValueError`` for text that is not a time."""
    return None if stored is None else datetime.fromisoformat(stored)
