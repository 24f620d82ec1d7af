"""Whether the database has the tables of this version.

Tables are made and migrated with SQLAlchemy and Alembic, which are loaded only if there is something to do.
"""

import sqlite3
from pathlib import Path

from bot.storage.sqlite import SqliteDatabase


class SchemaError(Exception):
    """The database cannot be used by this version."""


async def bring_up_to_date(database: SqliteDatabase) -> None:
    """Raises ``SchemaError`` for a newer database."""
    versions = Path(__file__).with_name("migrations") / "versions"
    known = {path.name.partition("_")[0] for path in versions.glob("[0-9]*.py")}
    newest = max(known)
    current = await database.in_writer(_current_revision)
    if current == newest:
        return
    if current and current not in known:
        raise SchemaError(
            f"the database was written by a newer version of Liaison (revision {current}; this version knows "
            f"{newest}). Downgrades are not supported: restore a backup, or start the newer version"
        )
    await database.in_writer(lambda _: _migrate(database.path, newest))


def _current_revision(connection: sqlite3.Connection) -> str:
    """Empty if there are no tables, or none that says its revision."""
    if not connection.execute("select 1 from sqlite_master where name = 'alembic_version'").fetchone():
        return ""
    found = connection.execute("select version_num from alembic_version").fetchone()
    return str(found[0]) if found else ""


def _migrate(path: Path, newest: str) -> None:
    from bot.storage.migration import MigrationFailed, migrate

    try:
        migrate(path, newest)
    except MigrationFailed as error:
        raise SchemaError(f"cannot open the database: {error}") from error
