"""The runbooks of a Git repository: a folder whose files are replaced all at once. Blocks; call it in a thread."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from adapters.local.folder import Folder, RunbookFile
from adapters.local.git_clone import GitClone


@dataclass
class GitFolder:
    """Empty until the repository was copied for the first time. ``open_folder`` opens a checkout."""

    clone: GitClone
    open_folder: Callable[[Path], Folder]
    _opened: tuple[Path, Folder] | None = field(default=None, init=False)

    @property
    def path(self) -> Path:
        """Of the copy, not of its files: those are somewhere else after each change."""
        return self.clone.folder

    def files(self) -> list[RunbookFile]:
        folder, source = self._current()
        return [replace(file, source=source) for file in folder.files()] if folder else []

    def file(self, id: str) -> RunbookFile | None:
        folder, source = self._current()
        found = folder.file(id) if folder else None
        return replace(found, source=source) if found else None

    def _current(self) -> tuple[Folder | None, str]:
        """The same folder as long as the commit is: it remembers the files that it has read."""
        current = self.clone.current()
        if current is None:
            return None, ""
        path, commit = current
        opened = self._opened
        if opened is None or opened[0] != path:
            self._opened = opened = (path, self.open_folder(path))
        return opened[1], f"{self.clone.source.name}@{commit}"
