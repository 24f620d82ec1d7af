"""Whether the database has the tables of this version.

Tables are made and migrated with SQLAlchemy and Alembic, which are loaded only if there is something to do.
"""

from pathlib import Path

from bot.storage.sql import Database


class SchemaError(Exception):
    """The database cannot be used by this version."""


class MigrationFailed(Exception):
    """The database is as it was."""


def known_revisions() -> frozenset[str]:
    versions = Path(__file__).with_name("migrations") / "versions"
    return frozenset(path.name.partition("_")[0] for path in versions.glob("[0-9]*.py"))


async def bring_up_to_date(database: Database) -> None:
    """Raises ``SchemaError`` for a newer database that this version cannot use."""
    known = known_revisions()
    newest = max(known)
    current = await database.revision()
    if current == newest:
        return
    if current and current not in known:
        return await require_compatible(database)
    try:
        await database.migrate(newest)
    except MigrationFailed as error:
        raise SchemaError(f"cannot open the database: {error}") from error


async def require_compatible(database: Database) -> None:
    """A newer version may have migrated the database, also while this one runs. Raises ``SchemaError``."""
    newest = max(known_revisions())
    oldest = [str(row["oldest"]) for row in await database.rows("select oldest from compatibility")]
    if oldest and max(oldest) > newest:
        current = await database.revision()
        raise SchemaError(
            f"the database was written by a newer version of Liaison (revision {current}; this version knows "
            f"{newest}). Downgrades are not supported: restore a backup, or start the newer version"
        )
