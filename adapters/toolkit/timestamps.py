"""Dates that come as text: few platforms say in which form, and some write words there."""

from datetime import UTC, datetime


def parse_timestamp(text: str | None) -> datetime | None:
    """A date in whatever ISO form, in UTC; without a zone it is UTC; anything else is as good as none."""
    try:
        at = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    try:
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
