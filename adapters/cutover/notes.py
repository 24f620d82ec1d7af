"""What a run's card says beside its tasks: when it will end, how its streams go, and whom Cutover writes to."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from adapters.cutover import wire
from adapters.models import RunNote
from adapters.toolkit.timestamps import parse_timestamp

WORST_FIRST = ("red", "amber", "green")
MESSAGES = {"on": "cutover.messages_on", "test": "cutover.messages_test"}
_LONGEST_REASON = 60  # characters of a stream's status message
_MOST_STREAMS = 6


def notes(found: wire.Runbook, streams: Sequence[wire.Stream]) -> tuple[RunNote, ...]:
    """Of a run that is under way."""
    lines = (_end(found.attributes), _streams(streams), _messages(found.attributes))
    return tuple(line for line in lines if line is not None)


def _end(its: wire.RunbookAttributes) -> RunNote | None:
    """The forecast against what was promised: the scheduled end where there is one, else the planned."""
    forecast = parse_timestamp(its.end_forecast)
    promised = parse_timestamp(its.end_scheduled) or parse_timestamp(its.end_planned)
    if forecast is None:
        return None
    if promised is None:
        return RunNote(key="cutover.forecast", times={"forecast": forecast})
    times: Mapping[str, datetime] = {"forecast": forecast, "promised": promised}
    off = forecast - promised
    if abs(off) < timedelta(minutes=1):
        return RunNote(key="cutover.forecast_kept", times=times)
    key = "cutover.forecast_late" if off > timedelta() else "cutover.forecast_early"
    return RunNote(key=key, times=times, facts={"off": span(abs(off))})


def span(time: timedelta) -> str:
    """In its two largest units: "25 min", "1 h 05 min", "2 d 3 h"."""
    minutes = int(time.total_seconds() // 60)
    days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def _streams(streams: Sequence[wire.Stream]) -> RunNote | None:
    """Those with a colour, the worst first."""
    coloured = [one for one in streams if one.attributes.status in WORST_FIRST]
    coloured.sort(key=lambda one: WORST_FIRST.index(one.attributes.status or "green"))
    if not coloured:
        return None
    shown = [_stream(one) for one in coloured[:_MOST_STREAMS]]
    more = [f"and {len(coloured) - len(shown)} more"] if len(coloured) > len(shown) else []
    return RunNote(key="cutover.streams", facts={"streams": ", ".join([*shown, *more])})


def _stream(stream: wire.Stream) -> str:
    its = stream.attributes
    reason = " ".join((its.status_message or "").split())
    reason = reason if len(reason) <= _LONGEST_REASON else f"{reason[: _LONGEST_REASON - 1].rstrip()}…"
    name = f"{its.name or f'Stream {stream.id}'} {(its.status or '').upper()}"
    return f"{name} ({reason})" if reason else name


def _messages(its: wire.RunbookAttributes) -> RunNote | None:
    key = MESSAGES.get(its.run_comms or "")
    return RunNote(key=key) if key else None
