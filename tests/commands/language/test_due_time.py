"""WHEN: what is read, and which point in time it is."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from commands.language.due_time import DueTime, parse_due_time, resolve_due_time
from commands.model.errors import BadArguments

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "minutes"),
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
def test_a_duration_counts_from_now(words: str, minutes: float) -> None:
    when = parse_due_time(words)
    assert when == DueTime(after=timedelta(minutes=minutes))
    assert resolve_due_time(when, NOON, UTC) == NOON + timedelta(minutes=minutes)


@pytest.mark.parametrize(("words", "hour", "minute"), [("14:20", 14, 20), ("0:05", 0, 5), (" 09:00 ", 9, 0)])
def test_a_clock_time(words: str, hour: int, minute: int) -> None:
    assert parse_due_time(words) == DueTime(clock=time(hour, minute))


@pytest.mark.parametrize("words", ["off", "OFF", " off "])
def test_off_promises_nothing(words: str) -> None:
    assert parse_due_time(words).is_off
    assert resolve_due_time(parse_due_time(words), NOON, UTC) is None


@pytest.mark.parametrize(
    "words",
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
def test_what_is_no_time(words: str) -> None:
    with pytest.raises(BadArguments) as refused:
        parse_due_time(words)
    assert (refused.value.key, refused.value.field) == ("parse.when", "next")


@pytest.mark.parametrize("words", ["169h", "999999h", "20000m"])
def test_a_promise_too_far_away(words: str) -> None:
    with pytest.raises(BadArguments) as refused:
        parse_due_time(words)
    assert refused.value.key == "parse.when_far"


def test_a_week_is_not_too_far() -> None:
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
def test_a_clock_time_is_the_next_one_of_the_writer(clock: str, now: str, at: str) -> None:
    zone = ZoneInfo("America/Sao_Paulo")
    assert resolve_due_time(parse_due_time(clock), datetime.fromisoformat(now), zone) == datetime.fromisoformat(at)


@pytest.mark.parametrize(
    ("now", "at"),
    [
        ("2026-10-24T23:50+00:00", "2026-10-25T00:30+00:00"),  # before the first 02:30 of that night
        ("2026-10-25T00:40+00:00", "2026-10-25T01:30+00:00"),  # between the two
        ("2026-10-25T01:40+00:00", "2026-10-26T01:30+00:00"),  # after both
        ("2026-03-29T00:10+00:00", "2026-03-29T00:30+00:00"),  # a night without one, seen from the hour before
    ],
)
def test_clocks_that_are_set_back_or_forward(now: str, at: str) -> None:
    found = resolve_due_time(parse_due_time("02:30"), datetime.fromisoformat(now), ZoneInfo("Europe/Berlin"))
    assert found is not None
    assert found > datetime.fromisoformat(now)
    if now.startswith("2026-10"):
        assert found == datetime.fromisoformat(at)
    else:
        assert found - datetime.fromisoformat(now) < timedelta(hours=2)
