"""The folder of runbooks: which files it has, and what they say. Everything here blocks; call it in a thread.

A runbook's id is its file's path from the folder, as listed: an id from outside is only ever compared with the
listing, never made into a path. Links are followed while they stay within the folder (a mounted Kubernetes
ConfigMap is made of such links); one that leaves it is named as a problem and not opened.
"""

import codecs
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from adapters.local.markdown import read
from adapters.local.procedure import Procedure, Trouble

SUFFIXES = (".md", ".markdown")
LARGEST = 512 * 1024  # bytes; a bigger file is no runbook that anybody reads during an incident


@dataclass(frozen=True, slots=True)
class RunbookFile:
    id: str
    procedure: Procedure


@dataclass
class Folder:
    path: Path
    _read: dict[str, tuple[tuple[int, int, int], RunbookFile]] = field(default_factory=dict)

    def files(self) -> list[RunbookFile]:
        """By id. Empty when the folder is missing; a file that cannot be read is there, with its trouble."""
        found = [self._file(id, path) for id, path in sorted(self._paths())]
        return [file for file in found if not _is_about_the_folder(file)]

    def file(self, id: str) -> RunbookFile | None:
        path = dict(self._paths()).get(id)
        return None if path is None else self._file(id, path)

    def _paths(self) -> Iterator[tuple[str, Path]]:
        for where, folders, names in os.walk(self.path):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in names:
                if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                    path = Path(where, name)
                    id = path.relative_to(self.path).as_posix()
                    yield id.encode("utf-8", "backslashreplace").decode(), path

    def _file(self, id: str, path: Path) -> RunbookFile:
        name = path.stem.replace("-", " ").replace("_", " ").strip().capitalize() or id
        try:
            real = path.resolve(strict=True)
            if not real.is_relative_to(self.path.resolve()):
                return _unread(id, name, "local.outside")
            found = real.stat()
            if not stat.S_ISREG(found.st_mode):
                return _unread(id, name, "local.no_file")
            if found.st_size > LARGEST:
                return _unread(id, name, "local.too_big", most=f"{LARGEST // 1024} KB")
            version = (found.st_mtime_ns, found.st_size, found.st_ino)
            known = self._read.get(id)
            if known is None or known[0] != version:
                known = (version, RunbookFile(id, procedure(real.read_bytes(), name)))
                self._read[id] = known
        except (OSError, RuntimeError) as error:  # RuntimeError: links that go round in a circle
            why = error.strerror if isinstance(error, OSError) and error.strerror else "its link goes in a circle"
            return _unread(id, name, "local.unreadable", why=why)
        return known[1]


def procedure(content: bytes, name: str) -> Procedure:
    """A file's bytes, read. Text that is not UTF-8 is read all the same, and said."""
    troubles: tuple[Trouble, ...] = ()
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = content.decode("utf-16", "replace")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            text = content.decode("utf-8-sig", "replace")
            line = content.count(b"\n", 0, error.start) + 1
            troubles = (Trouble("local.encoding", {"line": line}, fatal=False),)
    said = read(text, name)
    return Procedure(said.title, said.description, said.stages, said.steps, said.troubles + troubles)


def _unread(id: str, name: str, key: str, **facts: object) -> RunbookFile:
    return RunbookFile(id, Procedure(name, troubles=(Trouble(key, {"line": 1, **facts}),)))


def _is_about_the_folder(file: RunbookFile) -> bool:
    """A README without tasks tells about the folder; it is not a runbook gone wrong."""
    readme = Path(file.id).stem.lower() == "readme"
    return readme and [trouble.key for trouble in file.procedure.fatal] == ["local.no_tasks"]
