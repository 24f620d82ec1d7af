"""Runbooks that are text files: copies of those that live elsewhere, and how one changed since a run was started.

All are optional for an adapter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from adapters.protocol import CheckResult


@runtime_checkable
class SyncedRunbooks(Protocol):
    """Optional: for a platform whose runbooks are read from a copy of what lives elsewhere."""

    async def sync_runbooks(self) -> Sequence[CheckResult]:
        """Refreshes every copy now. A result for each, and none if there are no copies."""
        ...

    async def sync_runbooks_forever(self) -> None:
        """Refreshes them as often as the settings say, until it is cancelled. Returns if there are none."""
        ...


@dataclass(frozen=True, slots=True)
class RunbookVersions:
    """The text of a run's runbook when the run was started, and now.

    ``started`` is None if it was not kept, ``current`` if the file is gone. ``file`` is its name; ``started_as``
    and ``current_as`` name the versions, where they have names: "runbooks@1a2b3c4".
    """

    file: str
    started: str | None
    current: str | None
    started_as: str = ""
    current_as: str = ""


@runtime_checkable
class KeptRunbookText(Protocol):
    """Optional: for a platform whose runs keep the text that they were started from."""

    async def runbook_versions(self, run: str, /) -> RunbookVersions:
        """Of the run with this id. Raises ``adapters.errors``."""
        ...
