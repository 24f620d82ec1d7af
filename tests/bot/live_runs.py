"""The runs of an application, for tests, where there are few."""

from collections.abc import Sequence

from bot.storage.runs import RunRows
from commands.model.run_head import run_head
from commands.model.tracked_run import TrackedRun

_HIGHEST = 200  # handle


def known_runs(rows: RunRows) -> Sequence[TrackedRun]:
    """Those in memory, newest first: the ones that are not over, and others that were used lately."""
    found = [rows.get(f"R{number}") for number in range(_HIGHEST, 0, -1)]
    return [run for run in found if run is not None]


def active_runs(rows: RunRows) -> Sequence[TrackedRun]:
    """Newest first."""
    return [run for run in known_runs(rows) if run_head(run).is_active]
