"""How a write ended: done, refused, or unknown while it is being reconciled."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from adapters.errors import AdapterError
from adapters.results import Indeterminate, NotApplied, WriteResult
from adapters.writes import NOTE, Write, WriteMarker
from commands.model.tracked_run import TrackedRun


@dataclass(frozen=True, slots=True)
class Done:
    step: Write
    marker: WriteMarker
    result: WriteResult


@dataclass(frozen=True, slots=True)
class Downtime:
    """When Liaison was not running, as far as it knows."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """The platform refused it, or nothing was sent: before the write timeout, a [Stop], or while Liaison was down.

    ``patience``: its platform did not take it in time. ``late``: it had to wait too long for other writes.
    ``finding``: of a step that a start went on with, what the platform shows of it; None if it could not be read.
    """

    step: Write
    error: AdapterError | None
    why: Literal["refused", "patience", "stopped", "late", "down"] = "refused"
    downtime: Downtime | None = None
    finding: NotApplied | Indeterminate | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Sent, without a response. It is reconciled in the background, which corrects the write's activity line.

    ``finding`` is what the last look at the platform showed; None if it could not be read.
    """

    step: Write
    marker: WriteMarker
    sent_at: datetime
    finding: NotApplied | Indeterminate | None = None


Outcome = Done | Refused | Unknown


@dataclass(frozen=True)
class WriteOutcome:
    """``tracked``: the run afterwards. ``outcomes``: of the steps, in order; only the last may not be ``Done``."""

    wanted: Write
    tracked: TrackedRun
    outcomes: tuple[Outcome, ...]

    @property
    def last(self) -> Outcome:
        return self.outcomes[-1]

    @property
    def combined(self) -> Outcome:
        """The last outcome, marked partial if any step was, and with the code that the platform shows: that of the
        step that wrote the note."""
        if not isinstance(self.last, Done):
            return self.last
        done = [outcome for outcome in self.outcomes if isinstance(outcome, Done)]
        partial = any(outcome.result.partial for outcome in done)
        notes = [outcome for outcome in done if outcome.step.part == NOTE and not outcome.result.already]
        result = self.last.result.model_copy(update={"partial": partial})
        return replace(self.last, result=result, marker=(notes or [self.last])[-1].marker)

    @property
    def partly(self) -> bool:
        """Whether some steps changed something and then one did not go through."""
        return bool(self.changes_made) and not isinstance(self.last, Done)

    @property
    def changes_made(self) -> Sequence[Done]:
        """The steps before the last one that changed something: others had nothing to do."""
        return [made for made in self.outcomes[:-1] if isinstance(made, Done) and not made.result.already]

    @property
    def changed_more_than_notes(self) -> bool:
        """False if somebody else had done it before, even if a note was written about it."""
        return any(
            isinstance(made, Done) and not made.result.already and made.step.part != NOTE for made in self.outcomes
        )
