"""Connections to PostgreSQL: how they are opened and cut, which queries and texts they take, and which errors mean
that one is lost."""

import asyncio
import os
import re
import select
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cache
from typing import Any

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from bot.storage.sql import Connection, Row, encodable_text, stored_values

WRITE_SECONDS = 3.0  # a server that does not answer a query for so long counts as unreachable
OPTIONS: dict[str, Any] = {
    "connect_timeout": 2,  # seconds, the least that libpq accepts
    "tcp_user_timeout": int(WRITE_SECONDS * 1000),
    "client_encoding": "utf8",
    "fallback_application_name": "liaison",
}
# The server is stopping or starting, has too many connections, or ended an idle transaction.
_LOST = frozenset({"57P01", "57P02", "57P03", "57P05", "53300", "25P03"})
_VALUE = re.compile(r"(?<!:):([a-z_]+)")

AsyncDriver = psycopg.AsyncConnection[DictRow]
Driver = psycopg.Connection[DictRow]


def connect(url: str) -> Driver:
    return psycopg.connect(url, autocommit=True, row_factory=dict_row, **OPTIONS)


async def connect_async(url: str) -> AsyncDriver:
    return await psycopg.AsyncConnection.connect(url, autocommit=True, row_factory=dict_row, **OPTIONS)


def new_pool(**options: Any) -> AsyncConnectionPool:
    return AsyncConnectionPool(**options | {"check": _check})


async def end_each_statement(connection: psycopg.AsyncConnection[Any]) -> None:
    await connection.set_autocommit(True)


async def _check(connection: psycopg.AsyncConnection[Any]) -> None:
    """Before each use, without a request: an idle connection that has something to read was probably closed."""
    if select.select([connection.fileno()], [], [], 0)[0]:
        await AsyncConnectionPool.check_connection(connection)


class PostgresConnection(Connection):
    """``driver`` is for a library that takes part in the transaction. ``changes``: what it tells other replicas,
    each (topic, key) once, in order."""

    def __init__(self, driver: Driver, answered: Callable[[], None] = lambda: None) -> None:
        """``answered`` is called after each query."""
        self.driver = driver
        self._answered = answered
        self.changes: dict[tuple[str, str], None] = {}

    def execute(self, query: str, /, **values: object) -> int:
        return self._execute(query, values).rowcount

    def rows(self, query: str, /, **values: object) -> Sequence[Row]:
        return self._execute(query, values).fetchall()

    def locked_row(self, query: str, /, **values: object) -> Row | None:
        return self.row(f"{query} for update", **values)

    def now(self) -> datetime:
        found: datetime = self.rows("select clock_timestamp() as now")[0]["now"]
        return found

    def lock(self, name: str) -> None:
        self.execute("select pg_advisory_xact_lock(hashtextextended(:name, 0))", name=name)

    def changed(self, topic: str, key: str) -> None:
        self.changes[topic, storable_text(key)] = None

    def _execute(self, query: str, values: Mapping[str, object]) -> psycopg.Cursor[DictRow]:
        statement = translated(query)
        try:
            return self.driver.execute(statement, stored_values(values))
        except (psycopg.DataError, UnicodeEncodeError) as error:
            if not is_unstorable(error):
                raise
            return self.driver.execute(statement, storable_values(values))
        finally:
            self._answered()


@contextmanager
def cut_after(seconds: float, connection: AsyncDriver) -> Iterator[None]:
    timer = asyncio.get_running_loop().call_later(seconds, cut, connection)
    try:
        yield
    finally:
        timer.cancel()


def cut(connection: Driver | AsyncDriver) -> None:
    """Ends a connection whose other side does not answer: whoever waits gets an error at once. May be called in
    any thread."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as shared:
        shared.shutdown(socket.SHUT_RDWR)


@cache
def translated(query: str) -> bytes:
    """With the placeholders of this driver."""
    return _VALUE.sub(r"%(\1)s", query.replace("%", "%%")).encode()


def is_lost(error: psycopg.Error) -> bool:
    """The connection cannot be used any more, or could not be opened."""
    if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    state = error.sqlstate
    return state is None or state[:2] == "08" or state in _LOST


def is_outdated(error: psycopg.Error) -> bool:
    """A prepared statement is older than a column that another replica has added since. A new connection helps."""
    return isinstance(error, psycopg.errors.FeatureNotSupported) and "cached plan" in str(error)


def is_unstorable(error: Exception) -> bool:
    """The driver has refused a text. The server has not seen it."""
    return isinstance(error, UnicodeEncodeError) or getattr(error, "sqlstate", None) is None


def storable_values(values: Mapping[str, object]) -> Mapping[str, object]:
    """PostgreSQL stores no NUL character in a text."""
    return {
        name: storable_text(value) if isinstance(value, str) else value
        for name, value in stored_values(values).items()
    }


def storable_text(text: str) -> str:
    return encodable_text(text.replace("\0", "\ufffd"))


def first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
