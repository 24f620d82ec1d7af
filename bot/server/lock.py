"""``<database>.lock``: held by the one process that works on a store."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


class CannotStart(Exception):
    """The process cannot work at all. The text says why, and what to do."""


class StoreLocked(CannotStart):
    """Another process has the lock."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"Another Liaison process is using this database (it holds {path}).")


class StoreFolderNotWritable(CannotStart):
    """The lock file cannot be created."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"bot.database_url: cannot write {path} ({reason}). Set it to a folder that this account can write "
            "to, or with PostgreSQL, start Liaison in one."
        )


@contextmanager
def hold_lock(path: Path, timeout: float = 0.0) -> Iterator[None]:
    """Raises ``StoreLocked`` after ``timeout`` seconds, or ``StoreFolderNotWritable``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, timeout=timeout, mode=0o600)
        lock.acquire()
    except Timeout:
        raise StoreLocked(path) from None
    except OSError as error:
        raise StoreFolderNotWritable(path, error.strerror or str(error)) from None
    try:
        yield
    finally:
        lock.release()


def is_locked(path: Path) -> bool:
    """Whether another process has the lock. Creates nothing. Raises ``StoreFolderNotWritable``."""
    if not path.exists():
        return False
    try:
        with hold_lock(path):
            return False
    except StoreLocked:
        return True
