"""All runbooks of a platform: the files of its folder, and those of its further folders, each under its name.

Everything here blocks; call it in a thread.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from adapters.local.folder import Folder, RunbookFile
from adapters.local.headings import Vocabulary
from adapters.local.settings import LocalSettings


@dataclass(frozen=True)
class Library:
    """``folders`` are (prefix of the ids, folder). The first has no prefix, so its ids stay as they are."""

    folders: Sequence[tuple[str, Folder]]

    @classmethod
    def open(cls, settings: LocalSettings) -> "Library":
        words = Vocabulary(settings.procedure_headings, settings.context_headings)

        def folder(path: Path) -> Folder:
            return Folder(path.expanduser(), settings.ignore, words)

        further = [(f"{each.name}/", folder(each)) for each in settings.paths]
        return cls([("", folder(settings.path)), *further])

    def files(self) -> list[RunbookFile]:
        """By id. A file whose id is also in an earlier folder is left out; ``hidden`` has it."""
        first = {file.id: file for file in reversed(list(self._all()))}
        return [first[id] for id in sorted(first)]

    def by_folder(self) -> list[tuple[Path, list[RunbookFile]]]:
        return [(folder.path, folder.files()) for _, folder in self.folders]

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
