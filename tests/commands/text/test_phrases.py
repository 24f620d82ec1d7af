"""Small pieces of text that several cards share."""

from datetime import UTC, datetime

import pytest

from commands.text.phrases import in_zone

AT = datetime(2026, 5, 4, 14, 5, tzinfo=UTC)


def test_a_time_is_shown_in_its_zone() -> None:
    assert in_zone(AT, "America/Sao_Paulo").strftime("%H:%M") == "11:05"


@pytest.mark.parametrize(
    ("at", "zone"),
    [(AT, "Mars/Olympus"), (AT, "../etc"), (datetime.min.replace(tzinfo=UTC), "America/Sao_Paulo")],
)
def test_a_time_that_cannot_be_converted_is_shown_in_utc(at: datetime, zone: str) -> None:
    assert in_zone(at, zone) == at
    assert in_zone(at, zone).utcoffset() == AT.utcoffset()
