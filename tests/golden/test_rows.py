"""The current code reads the rows of every table that version 0.1 wrote, and writes identical rows.

The rows are migrated first and compared under the current column names. They have a value in every column.
"""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from bot.storage.store import Store
from tests.golden.environment import DATABASE
from tests.golden.rows import copy_tables

LATER = {
    "budgets",
    "changes",
    "compatibility",
    "installations",
    "news",
    "outbox",
    "preferences",
    "rate_limits",
    "replicas",
}  # tables that 0.1 did not have
ROWS = json.loads((Path(__file__).parent / "words" / "rows.json").read_text())

NEW_COLUMNS = ("version", "runbook_title", "due_version", "drawn_at", "over")
"""Which are made from others, or count what was done anew here."""


def insert_rows(database: sqlite3.Connection) -> None:
    """Creates the tables of version 0.1 with the rows of ``words/rows.json``."""
    database.executescript(DATABASE.read_text())
    for table, rows in ROWS.items():
        database.execute(f"delete from {table}")
        for row in rows:
            values = {**row, "answer": bytes.fromhex(row["answer"])} if table == "inbox" else row
            names = ", ".join(f'"{name}"' for name in values)
            placeholders = ", ".join("?" * len(values))
            database.execute(f"insert into {table} ({names}) values ({placeholders})", tuple(values.values()))
    database.commit()


def all_rows(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Table -> rows, under the current names."""
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        tables = [row["name"] for row in database.execute("select name from sqlite_master where type = 'table'")]
        rows_by_table: dict[str, list[dict[str, Any]]] = {}
        for table in set(tables) - {"sqlite_sequence", "alembic_version"}:
            rows = [dict(row) for row in database.execute(f"select * from {table} order by rowid")]
            for row in rows:
                for column in NEW_COLUMNS:
                    row.pop(column, None)
            if table == "ledger":  # version 0.1 also wrote a receipt for what had been done before
                rows = [row | {"answer": json.loads(row["answer"]) | {"already": False}} for row in rows]
            rows_by_table[table] = sorted(rows, key=lambda row: json.dumps(row, default=str))
    return rows_by_table


async def test_rows_of_version_0_1_are_read_and_written_unchanged(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "old.db")) as database:
        insert_rows(database)
    old, new = Store(f"sqlite:///{tmp_path}/old.db"), Store(f"sqlite:///{tmp_path}/new.db")
    await old.open()
    before = all_rows(tmp_path / "old.db")
    await new.open()
    await copy_tables(old, new, ROWS)
    await old.close()
    await new.close()
    after = all_rows(tmp_path / "new.db")
    assert set(before) == set(after)
    for table, rows in before.items():
        assert after[table] == rows, table
    assert all(rows for table, rows in before.items() if table not in LATER), "no table without rows"
