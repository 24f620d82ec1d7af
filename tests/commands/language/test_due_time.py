"""Due times: parsing, and the point in time they stand for."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from commands.language.due_time import DueTime, parse_due_time, resolve_due_time
from commands.model.errors import BadArguments

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("30m", 30),
        ("30 m", 30),
        ("30min", 30),
        ("+15m", 15),
        ("1h", 60),
        ("1h30", 90),
        ("1H30", 90),
        ("1h30m", 90),
        ("1h 30m", 90),
        ("2h15m", 135),
        ("90s", 1.5),
        ("2 hours", 120),
        ("48h", 2880),
    ],
)
def test_a_duration_counts_from_now(text: str, minutes: float) -> None:
    due = parse_due_time(text)
    assert due == DueTime(after=timedelta(minutes=minutes))
    assert resolve_due_time(due, NOON, UTC) == NOON + timedelta(minutes=minutes)


@pytest.mark.parametrize(("text", "hour", "minute"), [("14:20", 14, 20), ("0:05", 0, 5), (" 09:00 ", 9, 0)])
def test_a_clock_time(text: str, hour: int, minute: int) -> None:
    assert parse_due_time(text) == DueTime(clock=time(hour, minute))


@pytest.mark.parametrize("text", ["off", "OFF", " off "])
def test_off_is_no_due_time(text: str) -> None:
    assert parse_due_time(text).is_off
    assert resolve_due_time(parse_due_time(text), NOON, UTC) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "soon",
        "15",
        "+15",
        "0m",
        "0h0m",
        "24:00",
        "12:60",
        "14:2",
        "1:2:3",
        "-5m",
        "5m later",
        "h",
        "1.5h",
        "٣m",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BadArguments) as refused:
        parse_due_time(text)
    assert (refused.value.key, refused.value.field) == ("parse.when", "next")


@pytest.mark.parametrize("text", ["169h", "999999h", "20000m"])
def test_more_than_a_week_is_refused(text: str) -> None:
    with pytest.raises(BadArguments) as refused:
        parse_due_time(text)
    assert refused.value.key == "parse.when_far"


def test_a_week_is_accepted() -> None:
    assert parse_due_time("168h").after == timedelta(days=7)


@pytest.mark.parametrize(
    ("clock", "now", "at"),
    [
        ("14:20", "2026-03-10T13:00+00:00", "2026-03-10T17:20+00:00"),  # 10:00 in São Paulo
        ("14:20", "2026-03-10T17:20+00:00", "2026-03-11T17:20+00:00"),  # now is over
        ("14:20", "2026-03-10T18:00+00:00", "2026-03-11T17:20+00:00"),
        ("00:05", "2026-03-10T23:00+00:00", "2026-03-11T03:05+00:00"),  # tomorrow there, and in UTC
    ],
)
def test_a_clock_time_is_the_next_one_in_the_senders_zone(clock: str, now: str, at: str) -> None:
    zone = ZoneInfo("America/Sao_Paulo")
    assert resolve_due_time(parse_due_time(clock), datetime.fromisoformat(now), zone) == datetime.fromisoformat(at)


@pytest.mark.parametrize(
    ("now", "at"),
    [
        ("2026-10-24T23:50+00:00", "2026-10-25T00:30+00:00"),  # before the first 02:30 of that night
        ("2026-10-25T00:40+00:00", "2026-10-25T01:30+00:00"),  # between the two
        ("2026-10-25T01:40+00:00", "2026-10-26T01:30+00:00"),  # after both
        ("2026-03-29T00:10+00:00", "2026-03-29T00:30+00:00"),  # a night without 02:30, from the hour before
    ],
)
def test_a_clock_time_around_a_change_to_or_from_summer_time(now: str, at: str) -> None:
    found = resolve_due_time(parse_due_time("02:30"), datetime.fromisoformat(now), ZoneInfo("Europe/Berlin"))
    assert found is not None
    assert found > datetime.fromisoformat(now)
    if now.startswith("2026-10"):
        assert found == datetime.fromisoformat(at)
    else:
        assert found - datetime.fromisoformat(now) < timedelta(hours=2)
