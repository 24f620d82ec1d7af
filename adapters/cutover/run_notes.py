"""Lines for the card of a run: custom fields, forecast end, streams, and whether Cutover messages people."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from adapters.cutover import wire
from adapters.cutover.errors import MESSAGES
from adapters.cutover.tasks import RunbookContext, field_lines
from adapters.models import RunNote
from adapters.toolkit.messages import message_text
from adapters.toolkit.timestamps import parse_timestamp

STREAM_COLOURS = {  # worst first
    "red": "cutover.label.red",
    "amber": "cutover.label.amber",
    "green": "cutover.label.green",
}
COMMS_NOTES = {"on": "cutover.messages_on", "test": "cutover.messages_test"}
_MAX_REASON_LENGTH = 60  # characters of a stream's status message
_MAX_FIELDS_LENGTH = 300
_MAX_STREAMS = 6


def run_notes(item: wire.Runbook, context: RunbookContext) -> tuple[RunNote, ...]:
    notes = (
        _fields_note(item.attributes),
        _forecast_note(item.attributes),
        _streams_note(context),
        _comms_note(item.attributes),
    )
    return tuple(note for note in notes if note is not None)


def _fields_note(attributes: wire.RunbookAttributes) -> RunNote | None:
    lines = field_lines(attributes.custom_field_values)
    if not lines:
        return None
    return RunNote(key="cutover.fields", facts={"fields": _shortened("; ".join(lines), _MAX_FIELDS_LENGTH)})


def _forecast_note(attributes: wire.RunbookAttributes) -> RunNote | None:
    """Compares the forecast end with the scheduled end, or with the planned end if none is scheduled."""
    forecast = parse_timestamp(attributes.end_forecast)
    promised = parse_timestamp(attributes.end_scheduled) or parse_timestamp(attributes.end_planned)
    if forecast is None:
        return None
    if promised is None:
        return RunNote(key="cutover.forecast", times={"forecast": forecast})
    times: Mapping[str, datetime] = {"forecast": forecast, "promised": promised}
    difference = forecast - promised
    if abs(difference) < timedelta(minutes=1):
        return RunNote(key="cutover.forecast_kept", times=times)
    key = "cutover.forecast_late" if difference > timedelta() else "cutover.forecast_early"
    return RunNote(key=key, times=times, facts={"off": format_duration(abs(difference))})


def format_duration(duration: timedelta) -> str:
    """The two largest units: "25 min", "1 h 05 min", "2 d 3 h"."""
    minutes = int(duration.total_seconds() // 60)
    days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def _streams_note(context: RunbookContext) -> RunNote | None:
    """The streams that have a colour, worst first."""
    worst_first = list(STREAM_COLOURS)
    coloured = [stream for stream in context.streams if stream.attributes.status in STREAM_COLOURS]
    coloured.sort(key=lambda stream: worst_first.index(stream.attributes.status or "green"))
    if not coloured:
        return None
    shown = [_stream_status(stream, context) for stream in coloured[:_MAX_STREAMS]]
    if len(coloured) > len(shown):
        shown.append(message_text(MESSAGES, "cutover.label.more_streams", count=len(coloured) - len(shown)))
    return RunNote(key="cutover.streams", facts={"streams": ", ".join(shown)})


def _stream_status(stream: wire.Stream, context: RunbookContext) -> str:
    attributes = stream.attributes
    reason = _shortened(" ".join((attributes.status_message or "").split()), _MAX_REASON_LENGTH)
    colour = message_text(MESSAGES, STREAM_COLOURS[attributes.status or "green"])
    status = f"{context.stream_name(stream)} {colour}"
    return f"{status} ({reason})" if reason else status


def _comms_note(attributes: wire.RunbookAttributes) -> RunNote | None:
    key = COMMS_NOTES.get(attributes.run_comms or "")
    return RunNote(key=key) if key else None


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"
