"""All runbooks of a platform: the files of its folder, and those of its further folders, each under its name.

A folder may be one of a Git repository.

Everything here blocks; call it in a thread.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from adapters.local.folder import Folder, RunbookFile
from adapters.local.git_clone import GitClone
from adapters.local.git_folder import GitFolder
from adapters.local.git_source import GitSource
from adapters.local.headings import Vocabulary
from adapters.local.settings import LocalSettings


@dataclass(frozen=True)
class Library:
    """``folders`` are (prefix of the ids, folder). The first has no prefix, so its ids stay as they are."""

    folders: Sequence[tuple[str, Folder | GitFolder]]

    @classmethod
    def open(cls, settings: LocalSettings, clone: Callable[[GitSource], GitClone]) -> "Library":
        words = Vocabulary(settings.procedure_headings, settings.context_headings)

        def folder(path: Path) -> Folder:
            return Folder(path.expanduser(), settings.ignore, words)

        def opened(place: Path | GitSource) -> Folder | GitFolder:
            return GitFolder(clone(place), folder) if isinstance(place, GitSource) else folder(place)

        further = [(f"{each.name}/", opened(each)) for each in settings.paths]
        return cls([("", opened(settings.path)), *further])

    @property
    def git_folders(self) -> list[GitFolder]:
        return [folder for _, folder in self.folders if isinstance(folder, GitFolder)]

    def files(self) -> list[RunbookFile]:
        """By id. A file whose id is also in an earlier folder is left out; ``hidden`` has it."""
        first = {file.id: file for file in reversed(list(self._all()))}
        return [first[id] for id in sorted(first)]

    def by_folder(self) -> list[tuple[Path, list[RunbookFile]]]:
        """Without those of Git repositories."""
        return [(folder.path, folder.files()) for _, folder in self.folders if isinstance(folder, Folder)]

    def hidden(self) -> list[str]:
        """The ids that two folders have, because a sub-folder has the name of a further folder."""
        count = Counter(file.id for file in self._all())
        return sorted(id for id in count if count[id] > 1)

    def file(self, id: str) -> RunbookFile | None:
        for prefix, folder in self.folders:
            found = folder.file(id.removeprefix(prefix)) if id.startswith(prefix) else None
            if found is not None:
                return _prefixed(prefix, found)
        return None

    def _all(self) -> Iterator[RunbookFile]:
        for prefix, folder in self.folders:
            for file in folder.files():
                yield _prefixed(prefix, file)


def _prefixed(prefix: str, file: RunbookFile) -> RunbookFile:
    return replace(file, id=prefix + file.id) if prefix else file
