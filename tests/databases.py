"""What a test does with a database from outside, of either kind."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Any


def execute(url: str, statement: str, *values: object) -> int:
    """Returns how many rows were changed. ``?`` stands for a value."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database, database:
            return database.execute(statement, values).rowcount
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(statement.replace("%", "%%").replace("?", "%s"), values).rowcount


def rows(url: str, query: str) -> Sequence[tuple[Any, ...]]:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
            return database.execute(query).fetchall()
    import psycopg

    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()
