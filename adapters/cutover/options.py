"""What ``--set`` takes at a start: Cutover's own options, details of the run, and its custom fields."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from adapters.cutover import wire
from adapters.cutover.text import to_text
from adapters.errors import Rejected
from adapters.models import StartOption
from adapters.toolkit.timestamps import parse_timestamp
from adapters.writes import FIELD, StartRun

TRUE_FALSE = ("true", "false")
OPTIONS: Mapping[str, Sequence[str]] = {
    "comms": ("off", "test", "on"),
    "run_type": ("live", "rehearsal"),
    "validation_level": ("warning", "error"),
    "rebaseline": TRUE_FALSE,
    "shift_fixed_times": TRUE_FALSE,
    "disable_task_notify": TRUE_FALSE,
}
FOLDER, RUNBOOK_TYPE, DESCRIPTION = "folder", "runbook_type", "description"
PLACES = (FOLDER, RUNBOOK_TYPE)  # a name or an id; a runbook gets them when it is created
TIMES = ("start_scheduled", "end_scheduled")
KNOWN = (*OPTIONS, *PLACES, DESCRIPTION, *TIMES)
# Options that start with an underscore can't be typed: only buttons made by Liaison pass them.
COPIED = "_copied"  # the id of the copy made by an earlier attempt that could not start it
ALERT = "_alert"  # "yes": somebody confirmed that Cutover sends messages to people
START_OPTIONS = (
    StartOption(label="cutover.way_live", values={"run_type": "live", "comms": "off"}),
    StartOption(label="cutover.way_rehearsal", values={"run_type": "rehearsal", "comms": "off"}, rehearsal=True),
    StartOption(label="cutover.way_messages", values={"run_type": "live", "comms": "on"}, confirms={ALERT: "yes"}),
    StartOption(label="cutover.way_test", values={"run_type": "live", "comms": "test"}),
)


def check_options(write: StartRun) -> None:
    """Raises ``Rejected`` for an option or a value that Cutover does not have."""
    for option, value in write.options.items():
        if option in (COPIED, ALERT) or option.startswith(FIELD):
            continue
        if option not in KNOWN:
            raise rejected(write, "cutover.unknown_option", option=option, allowed=", ".join(KNOWN))
        allowed = OPTIONS.get(option)
        if allowed is not None and value not in allowed:
            raise rejected(write, "cutover.bad_option", option=option, value=value, allowed=", ".join(allowed))
        if option in TIMES and parse_timestamp(value) is None:
            raise rejected(write, "cutover.bad_time", option=option, value=value)
    if "end_scheduled" in write.options and "start_scheduled" not in write.options:
        raise rejected(write, "cutover.end_without_start")


def has_details(write: StartRun) -> bool:
    return bool(details(write))


def details(write: StartRun) -> dict[str, Any]:
    """The attributes of the run that were given, for creating and for changing it."""
    given: dict[str, Any] = {name: _as_text(write.options[name]) for name in TIMES if name in write.options}
    if DESCRIPTION in write.options:
        given[DESCRIPTION] = write.options[DESCRIPTION]
    return given | custom_fields(write.fields)


def custom_fields(values: Mapping[str, str]) -> dict[str, Any]:
    """As attributes of a runbook or a task; empty without any. A field is named, so no id has to be known."""
    pairs = [{"name": name, "value": value} for name, value in values.items()]
    return {"custom_field_values": pairs} if pairs else {}


def shows_fields(shown: Sequence[wire.FieldValue], wanted: Mapping[str, str]) -> bool:
    """Whether the custom fields have these values."""
    values = {name.casefold(): field.value for field in shown for name in (field.name, field.display_name) if name}
    return all(values.get(name.casefold()) == value for name, value in wanted.items())


def shows_details(runbook: wire.Runbook, write: StartRun) -> bool:
    attributes, given = runbook.attributes, details(write)
    times = {"start_scheduled": attributes.start_scheduled, "end_scheduled": attributes.end_scheduled}
    return (
        to_text(attributes.description) == to_text(given.get(DESCRIPTION, attributes.description))
        and all(parse_timestamp(times[name]) == parse_timestamp(given[name]) for name in TIMES if name in given)
        and shows_fields(attributes.custom_field_values, write.fields)
    )


def rejected(write: StartRun, key: str, retry_with: tuple[str, ...] = (), **facts: Any) -> Rejected:
    return Rejected(write.runbook.platform, "start", key=key, retry_with=retry_with, said="", reasons=(), **facts)


def _as_text(time: str) -> str:
    at: datetime | None = parse_timestamp(time)
    assert at is not None, "checked before"
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
