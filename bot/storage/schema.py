"""Creates and migrates the tables."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from bot.storage.tables import metadata


class NewerDatabase(Exception):
    """It was written by a newer version of Liaison."""


def migrate(connection: Connection) -> None:
    """Brings the tables to the newest revision. Raises ``NewerDatabase``.

    An empty database gets its tables from the metadata, without loading Alembic. A test checks that the migrations
    lead to the same tables.
    """
    versions = Path(__file__).with_name("migrations") / "versions"
    known = {path.name.partition("_")[0] for path in versions.glob("[0-9]*.py")}
    newest = max(known)
    if not inspect(connection).get_table_names():
        metadata.create_all(connection)
        connection.execute(text("create table alembic_version (version_num varchar(32) not null primary key)"))
        connection.execute(text("insert into alembic_version values (:newest)"), {"newest": newest})
        return
    if inspect(connection).has_table("alembic_version"):
        current = connection.execute(text("select version_num from alembic_version")).scalar()
        if current == newest:
            return
        if current not in known:
            raise NewerDatabase(
                f"the database was written by a newer version of Liaison (revision {current}; this version knows "
                f"{newest}). Downgrades are not supported: restore a backup, or start the newer version"
            )
    upgrade(connection)


def upgrade(connection: Connection) -> None:
    """Runs the migrations with Alembic."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
