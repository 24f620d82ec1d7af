"""The folder of runbooks: lists and parses its files. Everything here blocks; call it in a thread.

A runbook's id is the path of its file inside the folder. An id from outside is only compared with the listing,
never used as a path. Links are followed while they stay inside the folder (a mounted Kubernetes ConfigMap consists
of such links); one that leaves it is reported as a problem and not opened.
"""

import codecs
import gc
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path

from adapters.local.headings import DEFAULT_WORDS, Vocabulary
from adapters.local.markdown import parse
from adapters.local.procedure import FileProblem, Procedure
from adapters.local.settings import IGNORED
from adapters.local.text import message

SUFFIXES = (".md", ".markdown")
MAX_FILE_SIZE = 256 * 1024  # bytes; nobody reads a larger runbook during an incident
LARGE_FILE = 16 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class RunbookFile:
    """``text`` is None if it could not be read. ``source``: of which commit it is, where it comes from Git."""

    id: str
    procedure: Procedure
    text: str | None = None
    source: str = ""


@dataclass
class Folder:
    path: Path
    ignore: Sequence[str] = IGNORED
    words: Vocabulary = DEFAULT_WORDS
    _cache: dict[str, tuple[tuple[int, int, int], RunbookFile]] = field(default_factory=dict)

    def files(self) -> list[RunbookFile]:
        """By id. Empty when the folder is missing. A file that cannot be read is listed with its problem."""
        return [self._file(id, path) for id, path in sorted(self._paths())]

    def file(self, id: str) -> RunbookFile | None:
        path = dict(self._paths()).get(id)
        return None if path is None else self._file(id, path)

    def _paths(self) -> Iterator[tuple[str, Path]]:
        for root, folders, names in os.walk(self.path):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in names:
                if name.lower().endswith(SUFFIXES) and not name.startswith(".") and not self._ignores(name):
                    path = Path(root, name)
                    id = path.relative_to(self.path).as_posix()
                    yield id.encode("utf-8", "backslashreplace").decode(), path

    def _ignores(self, name: str) -> bool:
        return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in self.ignore)

    def _file(self, id: str, path: Path) -> RunbookFile:
        name = path.stem.replace("-", " ").replace("_", " ").strip().capitalize() or id
        try:
            real = path.resolve(strict=True)
            if not real.is_relative_to(self.path.resolve()):
                return _unreadable(id, name, "local.outside")
            status = real.stat()
            if not stat.S_ISREG(status.st_mode):
                return _unreadable(id, name, "local.no_file")
            if status.st_size > MAX_FILE_SIZE:
                return _unreadable(id, name, "local.too_big", most=f"{MAX_FILE_SIZE // 1024} KB")
            version = (status.st_mtime_ns, status.st_size, status.st_ino)
            cached = self._cache.get(id)
            if cached is None or cached[0] != version:
                with _without_garbage_collection(status.st_size > LARGE_FILE):
                    content = real.read_bytes()
                    cached = (version, RunbookFile(id, parse_file(content, name, self.words), decode(content)))
                self._cache[id] = cached
        except (OSError, RuntimeError) as error:  # RuntimeError: links that lead back to themselves
            why = error.strerror if isinstance(error, OSError) and error.strerror else message("label.link_circle")
            return _unreadable(id, name, "local.unreadable", why=why)
        return cached[1]


@contextmanager
def _without_garbage_collection(disabled: bool) -> Iterator[None]:
    """A collection over the tokens of a large file would stop all threads for up to 0.2 s, also the event loop's.

    The tokens have no cycles, so they are freed without it.
    """
    disabled = disabled and gc.isenabled()
    if disabled:
        gc.disable()
    try:
        yield
    finally:
        if disabled:
            gc.enable()


def decode(content: bytes) -> str:
    """What cannot be decoded is replaced."""
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if is_utf16 else "utf-8-sig", "replace")


def parse_file(content: bytes, name: str, words: Vocabulary = DEFAULT_WORDS) -> Procedure:
    """Text that is not UTF-8 is parsed anyway, with a problem that is not fatal."""
    problems: tuple[FileProblem, ...] = ()
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = content.decode("utf-16", "replace")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            text = content.decode("utf-8-sig", "replace")
            line = content.count(b"\n", 0, error.start) + 1
            problems = (FileProblem("local.encoding", {"line": line}, fatal=False),)
    parsed = parse(text, name, words)
    return replace(parsed, problems=parsed.problems + problems)


def _unreadable(id: str, name: str, key: str, **facts: object) -> RunbookFile:
    return RunbookFile(id, Procedure(name, problems=(FileProblem(key, {"line": 1, **facts}),)))
