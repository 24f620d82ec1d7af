"""Timestamps in JSON: few platforms document the format, and some put words there."""

from datetime import UTC, datetime


def parse_timestamp(text: str | None) -> datetime | None:
    """An ISO timestamp of any form in UTC, which is also the default time zone; None for anything else."""
    try:
        at = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    try:
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
