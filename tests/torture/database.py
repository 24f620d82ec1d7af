"""What Liaison has stored, read beside it."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

import psycopg
from psycopg.rows import dict_row


class Database:
    """``url`` as in the settings."""

    def __init__(self, url: str) -> None:
        self._url = url

    def rows(self, query: str) -> Sequence[Mapping[str, Any]]:
        if self._url.startswith("postgresql:"):
            with psycopg.connect(self._url, row_factory=dict_row) as connection:
                return connection.execute(query.encode()).fetchall()
        with closing(sqlite3.connect(self._url.removeprefix("sqlite:///"), timeout=30)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(query)]

    def count(self, what: str) -> int:
        """``what``: "TABLE where CONDITION"."""
        return int(self.rows(f"select count(*) as number from {what}")[0]["number"])
