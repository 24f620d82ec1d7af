"""One process a store: ``<db>.lock`` is held by whoever carries messages out."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


class CannotStart(Exception):
    """The process cannot do its work at all. Its text says why, and what to do."""


class StoreLocked(CannotStart):
    """Another process has the store."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"Another Liaison is running on this store ({path} is held). Nothing was done.")


class StoreFolderNotWritable(CannotStart):
    """The store's folder cannot be written."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"bot.database_url: cannot write {path} ({why}). Set it to a folder of this account.")


@contextmanager
def hold_lock(path: Path, wait: float = 0.0) -> Iterator[None]:
    """Until the block ends, or the process does. Raises ``StoreLocked`` after ``wait`` seconds, or ``StoreFolderNotWritable``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, timeout=wait, mode=0o600)
        lock.acquire()
    except Timeout:
        raise StoreLocked(path) from None
    except OSError as error:
        raise StoreFolderNotWritable(path, error.strerror or str(error)) from None
    try:
        yield
    finally:
        lock.release()
