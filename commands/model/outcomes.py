"""How a write ended: done, refused, or unknown while it is being reconciled."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from adapters.errors import AdapterError
from adapters.writes import Write, WriteMarker, WriteResult
from commands.model.tracked_run import TrackedRun


@dataclass(frozen=True, slots=True)
class Done:
    step: Write
    marker: WriteMarker
    result: WriteResult


@dataclass(frozen=True, slots=True)
class Refused:
    """The platform said no, or nothing was sent within patience (``why``)."""

    step: Write
    error: AdapterError | None
    why: Literal["refused", "patience", "stopped"] = "refused"


@dataclass(frozen=True, slots=True)
class Unknown:
    """Sent, no answer. Settling goes on by itself, and corrects the trace line of this step."""

    step: Write
    marker: WriteMarker
    sent_at: datetime


Outcome = Done | Refused | Unknown


@dataclass(frozen=True)
class WriteOutcome:
    """``known``: the run afterwards. ``outcomes``: of the steps in order; only the last may not be ``Done``."""

    wanted: Write
    known: TrackedRun
    outcomes: tuple[Outcome, ...]

    @property
    def last(self) -> Outcome:
        return self.outcomes[-1]

    @property
    def last_told(self) -> Outcome:
        """The last one, which is partial if any of them was: what comes after is only words on it."""
        partial = any(isinstance(one, Done) and one.result.partial for one in self.outcomes)
        if not partial or not isinstance(self.last, Done):
            return self.last
        return replace(self.last, result=self.last.result.model_copy(update={"partial": True}))

    @property
    def partly(self) -> bool:
        """Some steps were done, and then one was not."""
        return len(self.outcomes) > 1 and not isinstance(self.last, Done)
