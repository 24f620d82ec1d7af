"""How the files of a platform's runbooks were read, for their authors. Optional for an adapter."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class RunbookReport:
    """``lines``: what was found, as text. ``checklist``: the same runbook, with a check box for each task; None if
    it has no tasks.
    """

    path: Path
    lines: Sequence[str]
    problems: Sequence[str]
    checklist: str | None


@runtime_checkable
class ReportsRunbooks(Protocol):
    """Optional: for a platform whose runbooks are text files."""

    async def report_runbooks(self, path: Path | None, /) -> Sequence[RunbookReport]:
        """Of one file, of a folder, or of all folders of the platform."""
        ...
