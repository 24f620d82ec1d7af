"""A look at a database without changing it, for ``liaison doctor``. Of a file, everything is done with a copy."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from bot.storage.schema import SchemaError, known_revisions, require_compatible
from bot.storage.store import Store, StoreError


class CorruptDatabase(Exception):
    """The file cannot be read as a database."""


def copy_database(path: Path, copy: Path, *, in_use: bool) -> None:
    """Copies it and checks the copy. Blocks. Raises ``CorruptDatabase`` or ``OSError``."""
    try:
        if in_use and _log_of(path).exists():
            _back_up(path, copy)
        else:
            _copy_files(path, copy)
        with closing(sqlite3.connect(copy)) as database:
            problems = [row[0] for row in database.execute("pragma quick_check(1)")]
    except sqlite3.Error as error:
        raise CorruptDatabase(str(error)) from error
    if problems != ["ok"]:
        raise CorruptDatabase(str(problems[0]).splitlines()[0])


@contextmanager
def without_leftovers(copy: Path) -> Iterator[None]:
    """Removes the files of a copy that cannot be used."""
    try:
        yield
    except (CorruptDatabase, StoreError, OSError):
        for file in copy.parent.glob(f"{copy.name}*"):
            file.unlink()
        raise


async def migrate(copy: Path) -> None:
    """Brings a copy, or a new database, to this version. Raises ``StoreError``."""
    store = Store(f"sqlite:///{copy}")
    try:
        await store.open()
    finally:
        await store.close()


async def inspect_server(url: str) -> Literal["empty", "old", "current"]:
    """The tables of a PostgreSQL database. Raises ``StoreError``, also if a newer version made them."""
    from bot.storage.postgres import PostgresDatabase

    database = PostgresDatabase(url)
    try:
        revision = await database.revision()
        if not revision:
            return "empty"
        if revision in known_revisions() and revision != max(known_revisions()):
            return "old"
        await require_compatible(database)
        return "current"
    except SchemaError as error:
        raise StoreError(str(error)) from error
    except database.errors as error:
        raise StoreError(f"cannot open the database: {' '.join(str(error).split())}") from error
    finally:
        await database.close()


def _copy_files(path: Path, copy: Path) -> None:
    """Nobody writes. The second file has what was committed last, if the process was killed."""
    shutil.copyfile(path, copy)
    if _log_of(path).exists():
        shutil.copyfile(_log_of(path), _log_of(copy))


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _back_up(path: Path, copy: Path) -> None:
    with (
        closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
