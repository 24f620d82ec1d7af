"""Makes the tables, or brings them to the newest revision."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from bot.storage.sqlite import decode_text
from bot.storage.tables import metadata


class MigrationFailed(Exception):
    """The database is as it was."""


def migrate(path: Path, newest: str) -> None:
    """An empty database gets its tables from the metadata, without loading Alembic. A test checks that the
    migrations lead to the same tables. Blocks. Raises ``MigrationFailed``.
    """
    engine = create_engine(URL.create("sqlite", database=str(path)))
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    try:
        with engine.begin() as connection:
            if inspect(connection).get_table_names():
                upgrade(connection)
            else:
                _create_tables(connection, newest)
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


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def upgrade(connection: Connection) -> None:
    """Runs the migrations with Alembic."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
