"""What Liaison has stored, read beside it."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any


class Database:
    def __init__(self, url: str) -> None:
        kind, _, self._path = url.partition(":///")
        if kind != "sqlite":
            raise ValueError(f"only SQLite can be read here yet, not {url}")

    def rows(self, query: str, *values: object) -> Sequence[Mapping[str, Any]]:
        with closing(sqlite3.connect(self._path, timeout=30)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(query, values)]

    def count(self, what: str) -> int:
        """``what``: "TABLE where CONDITION"."""
        return int(self.rows(f"select count(*) as number from {what}")[0]["number"])
