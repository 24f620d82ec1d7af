"""Durations as people write them in settings."""

import re
from datetime import timedelta

_DURATION = re.compile(r"(?:(\d+)\s*d)?\s*(?:(\d+)\s*h)?\s*(?:(\d+)\s*(?:m|$))?\s*(?:(\d+)\s*s)?")


def parse_duration(value: object) -> object:
    """``"90d"``, ``"2m"``, ``"90s"`` or ``"1h30"`` as a timedelta.

    A bare number is rejected, because it has no unit."""
    if isinstance(value, timedelta):
        return value
    text = str(value).strip().lower()
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()) or text.isdigit():
        raise ValueError('must be a duration like "90s", "2m" or "1h30"')
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
