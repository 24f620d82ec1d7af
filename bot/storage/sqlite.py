"""How SQLite is used: the settings of a connection and the lock of a transaction."""

from typing import Any

from sqlalchemy import Connection


def begin_immediately(connection: Connection) -> None:
    """A transaction that reads first would fail when another process writes in between: take the lock now."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _decode(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def set_pragmas(connection: Any, _: object) -> None:
    """For each SQLite connection: readers never block the writer, and a commit is on disk when it returns.

    Text that is not UTF-8 makes one row unreadable, not the whole query.
    """
    getattr(connection, "driver_connection", connection).text_factory = _decode
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
