"""One process a store: ``<db>.lock`` is held by whoever carries messages out."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


class Held(Exception):
    """Another process has the store."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"another Liaison holds {path}")


class NoFolder(Exception):
    """The store's folder cannot be written. ``why`` in the system's words."""

    def __init__(self, path: Path, why: str) -> None:
        self.path = path
        self.why = why
        super().__init__(f"cannot write {path}: {why}")


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Until the block ends, or the process does. Raises ``Held`` at once, or ``NoFolder``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, timeout=0, mode=0o600)
        lock.acquire()
    except Timeout:
        raise Held(path) from None
    except OSError as error:
        raise NoFolder(path, error.strerror or str(error)) from None
    try:
        yield
    finally:
        lock.release()
