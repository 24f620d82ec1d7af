"""Rows of every table, as 0.1 wrote them and with everything in them, are read and written alike by today's code.

Columns may have other names by now: the rows are migrated first, and compared under today's names.
"""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from bot.storage.store import Store
from tests.golden.house import DATABASE
from tests.golden.rows import rewrite

LATER = {"rate_limits"}  # tables that 0.1 did not have
ROWS = json.loads((Path(__file__).parent / "words" / "rows.json").read_text())


def put(database: sqlite3.Connection) -> None:
    """The tables of 0.1, with the rows of ``words/rows.json`` instead of those in the golden database."""
    database.executescript(DATABASE.read_text())
    for table, rows in ROWS.items():
        database.execute(f"delete from {table}")
        for row in rows:
            values = {**row, "answer": bytes.fromhex(row["answer"])} if table == "inbox" else row
            names = ", ".join(f'"{name}"' for name in values)
            marks = ", ".join("?" * len(values))
            database.execute(f"insert into {table} ({names}) values ({marks})", tuple(values.values()))
    database.commit()


def everything(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, under today's names."""
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        tables = [row["name"] for row in database.execute("select name from sqlite_master where type = 'table'")]
        found: dict[str, list[dict[str, Any]]] = {}
        for table in set(tables) - {"sqlite_sequence", "alembic_version"}:
            rows = [dict(row) for row in database.execute(f"select * from {table} order by rowid")]
            for row in rows:
                row.pop("version", None)  # it counts how often a row was changed, and these were changed anew
            found[table] = sorted(rows, key=lambda row: json.dumps(row, default=str))
    return found


async def test_rows_are_read_and_written_alike(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "old.db")) as database:
        put(database)
    old, new = Store(f"sqlite:///{tmp_path}/old.db"), Store(f"sqlite:///{tmp_path}/new.db")
    await old.open()
    before = everything(tmp_path / "old.db")
    await new.open()
    await rewrite(old, new, ROWS)
    await old.close()
    await new.close()
    after = everything(tmp_path / "new.db")
    assert set(before) == set(after)
    for table, rows in before.items():
        assert after[table] == rows, table
    assert all(rows for table, rows in before.items() if table not in LATER), "no table without rows"
