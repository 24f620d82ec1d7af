"""A look at a database without changing it, for ``liaison doctor``: everything is done with a copy of it."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

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
