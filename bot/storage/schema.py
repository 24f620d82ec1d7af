"""Whether the database has the tables of this version.

Tables are made and migrated with SQLAlchemy and Alembic, which are loaded only if there is something to do.
"""

from pathlib import Path

from bot.storage.sql import Database


class SchemaError(Exception):
    """The database cannot be used by this version."""


class MigrationFailed(Exception):
    """The database is as it was."""


async def bring_up_to_date(database: Database) -> None:
    """Raises ``SchemaError`` for a newer database."""
    versions = Path(__file__).with_name("migrations") / "versions"
    known = {path.name.partition("_")[0] for path in versions.glob("[0-9]*.py")}
    newest = max(known)
    current = await database.revision()
    if current == newest:
        return
    if current and current not in known:
        raise SchemaError(
            f"the database was written by a newer version of Liaison (revision {current}; this version knows "
            f"{newest}). Downgrades are not supported: restore a backup, or start the newer version"
        )
    try:
        await database.migrate(newest)
    except MigrationFailed as error:
        raise SchemaError(f"cannot open the database: {error}") from error
