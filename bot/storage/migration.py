"""Makes the tables, or brings them to the newest revision."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, create_engine, delete, event, insert, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from bot.storage.schema import MigrationFailed
from bot.storage.sqlite import decode_text
from bot.storage.tables import OLDEST_COMPATIBLE, compatibility, metadata


def migrate_sqlite(path: Path, newest: str) -> None:
    """Blocks. Raises ``MigrationFailed``."""
    engine = create_engine(URL.create("sqlite", database=str(path)))
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    _migrate(engine, newest)


def migrate_postgres(url: str, newest: str) -> None:
    """Blocks. Raises ``MigrationFailed``. Of several replicas that start at once, one migrates."""
    import psycopg

    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(_LOCK))
    event.listen(engine, "begin", _require_utf8)
    _migrate(engine, newest)


_LOCK = "select pg_advisory_xact_lock(hashtext('liaison migration'))"


def _require_utf8(connection: Connection) -> None:
    encoding = connection.exec_driver_sql("show server_encoding").scalar_one()
    if encoding != "UTF8":
        raise MigrationFailed(f"its encoding is {encoding}; create it with: create database … encoding 'UTF8'")


def _migrate(engine: Engine, newest: str) -> None:
    """An empty database gets its tables from the metadata, without loading Alembic. A test checks that the
    migrations lead to the same tables.
    """
    try:
        with engine.begin() as connection:
            if inspect(connection).has_table("alembic_version"):
                upgrade(connection)
            else:
                _create_tables(connection, newest)
            connection.execute(delete(compatibility))
            connection.execute(insert(compatibility).values(oldest=OLDEST_COMPATIBLE))
    except (SQLAlchemyError, OSError) as error:
        raise MigrationFailed(str(error)) from error
    finally:
        engine.dispose()


def _create_tables(connection: Connection, newest: str) -> None:
    metadata.create_all(connection)
    connection.execute(text("create table alembic_version (version_num varchar(32) not null primary key)"))
    connection.execute(text("insert into alembic_version values (:newest)"), {"newest": newest})


def _prepare(connection: Any, _: object) -> None:
    """Otherwise the driver would commit each statement that changes a table."""
    connection.isolation_level = None
    connection.text_factory = decode_text


def upgrade(connection: Connection) -> None:
    """Runs the migrations with Alembic."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
