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
        ("1.5h", 90),
        ("1,5 horas", 90),
        ("in 20 minutes", 20),
        ("20 minutes", 20),
        ("an hour", 60),
        ("half an hour", 30),
        ("daqui a 20 minutos", 20),
        ("em 20 minutos", 20),
        ("dentro de 1 hora", 60),
        ("1 hora e 30 minutos", 90),
        ("meia hora", 30),
        ("2 dias", 2880),
        ("2 days 3h", 3060),
    ],
)
def test_a_duration_counts_from_now(text: str, minutes: float) -> None:
    due = parse_due_time(text)
    assert due == DueTime(after=timedelta(minutes=minutes))
    assert resolve_due_time(due, NOON, UTC) == NOON + timedelta(minutes=minutes)


CLOCKS = [
    ("2:30pm", 14, 30),
    ("2:30 PM", 14, 30),
    ("2pm", 14, 0),
    ("9am", 9, 0),
    ("at 9am", 9, 0),
    ("14h30", 14, 30),
    ("às 9h", 9, 0),
    ("as 9h30", 9, 30),
    ("hoje às 19h", 19, 0),
    ("today 19:00", 19, 0),
    ("noon", 12, 0),
    ("meio-dia", 12, 0),
]


@pytest.mark.parametrize(
    ("text", "hour", "minute"), [("14:20", 14, 20), ("0:05", 0, 5), (" 09:00 ", 9, 0), *CLOCKS]
)
def test_a_clock_time(text: str, hour: int, minute: int) -> None:
    assert parse_due_time(text) == DueTime(clock=time(hour, minute))


@pytest.mark.parametrize("text", ["off", "OFF", " off ", "none", "no", "nenhum", "Nenhuma", "não"])
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
        "5m ago",
        "now",
        "yesterday",
        "tomorrow 9",
        "T1 14:30",
        "may",
        "next week",
        "soonish",
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
        ("02:20", "2026-03-11T02:50+00:00", "2026-03-11T05:20+00:00"),  # 23:50 in São Paulo
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


SAO_PAULO = ZoneInfo("America/Sao_Paulo")
MONDAY = datetime(2026, 11, 30, 18, 0, tzinfo=UTC)  # 15:00 in São Paulo, on the last day of a month


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("tomorrow 9am", "2026-12-01T09:00-03:00"),
        ("tomorrow at 9:00", "2026-12-01T09:00-03:00"),
        ("amanhã às 9h", "2026-12-01T09:00-03:00"),
        ("amanha 9h30", "2026-12-01T09:30-03:00"),
        ("Amanhã às 9 horas", "2026-12-01T09:00-03:00"),
        ("friday 10:00", "2026-12-04T10:00-03:00"),
        ("fri 10:00", "2026-12-04T10:00-03:00"),
        ("sexta 10h", "2026-12-04T10:00-03:00"),
        ("sexta-feira às 10h30", "2026-12-04T10:30-03:00"),
        ("10h sexta", "2026-12-04T10:00-03:00"),
        ("monday 16:00", "2026-11-30T16:00-03:00"),  # this very day
        ("segunda 9h", "2026-12-07T09:00-03:00"),
        ("1 dec 10:00", "2026-12-01T10:00-03:00"),
        ("1 de dezembro 10h", "2026-12-01T10:00-03:00"),
        ("01/12 10:00", "2026-12-01T10:00-03:00"),
        ("2026-12-01 10:00", "2026-12-01T10:00-03:00"),
        ("2026-12-01T10:00:00+00:00", "2026-12-01T10:00+00:00"),
        ("19:30 UTC", "2026-11-30T19:30+00:00"),
        ("17:30 BRT", "2026-11-30T17:30-03:00"),
        ("17:30 -03", "2026-11-30T17:30-03:00"),
        ("20:30 CET", "2026-11-30T20:30+01:00"),
        ("tomorrow 09:00 UTC", "2026-12-01T09:00+00:00"),
    ],
)
def test_a_day_and_a_zone(text: str, at: str) -> None:
    assert resolve_due_time(parse_due_time(text), MONDAY, SAO_PAULO) == datetime.fromisoformat(at)


@pytest.mark.parametrize(
    ("text", "key", "labels"),
    [
        ("soonish", "parse.when", ["15m", "30m", "1h"]),
        ("15", "parse.when", ["15m", "15:00"]),
        ("9h", "parse.when", ["09:00", "9h 00m"]),  # a clock time in Portuguese, a duration in English
        ("9h30", "parse.when", ["09:30", "9h 30m"]),
        ("friday", "parse.when", ["friday 09:00"]),
        ("amanhã", "parse.when", ["amanhã 09:00"]),
        ("14:30", "parse.when_past", ["1 Dec 14:30"]),
        ("9:00", "parse.when_past", ["21:00", "1 Dec 09:00"]),
        ("14:30 UTC", "parse.when_past", ["1 Dec 11:30"]),
        ("yesterday 10:00", "parse.when_past", ["15m", "30m", "1h"]),
        ("12/01 10:00", "parse.when_far", ["1 Dec 10:00"]),  # with the month first
    ],
)
def test_an_ambiguous_or_past_time_is_refused_with_what_was_probably_meant(
    text: str, key: str, labels: list[str]
) -> None:
    with pytest.raises(BadArguments) as refused:
        resolve_due_time(parse_due_time(text), MONDAY, SAO_PAULO)
    assert refused.value.key == key
    assert [label for label, _ in refused.value.suggestions] == labels
    for _, values in refused.value.suggestions:
        due = parse_due_time(str(values["next"]))
        if key != "parse.when" or due.clock is None:  # that one may have passed today
            at = resolve_due_time(due, MONDAY, SAO_PAULO)
            assert at is not None
            assert at > MONDAY
