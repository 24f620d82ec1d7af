"""What a run's card says beside its tasks: how urgent the case is, and what was promised about it."""

from datetime import UTC, datetime, timedelta

from adapters.models import RunNote
from adapters.tines import wire

URGENT = ("critical", "high")
_STEP = timedelta(minutes=5)
_LONGEST = timedelta(days=3650)  # beyond that it is no time that anybody counts down


def notes(case: wire.Case, at: datetime) -> tuple[RunNote, ...]:
    """Of an open case, read ``at``. Requests say a priority in small letters, answers in capitals."""
    priority = case.priority.lower()
    urgent = (RunNote(key="tines.priority", facts={"priority": priority}),) if priority in URGENT else ()
    return (*urgent, *(note for sla in case.slas if (note := _promised(sla, at)) is not None))


def _promised(sla: wire.Sla, at: datetime) -> RunNote | None:
    """Nothing of a promise that nobody made: all its numbers are 0 then (samples, L8741-8757)."""
    kind = {"kind": sla.sla_type or "not said which"}
    if sla.exceeded:
        return RunNote(key="tines.sla_exceeded", facts=kind)
    left = sla.remaining_time_seconds or 0
    if not 0 < left < _LONGEST.total_seconds():
        return None
    return RunNote(key="tines.sla_until", facts=kind, times={"until": _rounded(at + timedelta(seconds=left))})


def _rounded(at: datetime) -> datetime:
    """To five minutes: it is counted from when it was read, and would change with every read."""
    step = _STEP.total_seconds()
    return datetime.fromtimestamp(round(at.timestamp() / step) * step, UTC)
