"""Due times as people type them, in English and Portuguese: "30m", "1h30", "14:20", "amanhã às 9h", "none".

``dateparser`` knows the words. It is imported when it is first needed, which takes a moment: see ``warm_up``.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any, NamedTuple

from adapters.toolkit.folding import fold
from commands.model.card import Code
from commands.model.errors import BadArguments, Suggested, Suggestion
from commands.text.catalogue import short_date

MOST_DAYS = 7
USUAL = ("15m", "30m", "1h")  # suggested for a time that says nothing
_NONE = frozenset(("off", "none", "no", "never", "nenhum", "nenhuma", "nao", "nunca", "sem"))
_MAX_LENGTH = 40
_MOST_AHEAD = timedelta(hours=12)  # "9:00" in the evening is a mistake, "0:30" at 23:50 is not
_SHIFT = timedelta(minutes=1)
_A_DAY = timedelta(days=1)
_ANY_DAY = datetime(2026, 1, 14)

# What dateparser misreads: "9h" as a clock time (it takes it for a duration), "1,5", and a few phrases.
_HOURS = re.compile(r"\b([0-9]{1,2}) ?h(?:s|rs?|oras?)?(?: ?([0-9]{2})(?: ?min)?)?\b")
_CLOCK_WORDS = re.compile(r"\b(?:at|as|a partir das)\s+(?=[0-9])")
_DECIMAL = re.compile(r"(?<=[0-9]),(?=[0-9])")
_NOT_A_CLOCK = re.compile(r"[^\x00-\x7f]|^-|:[0-9](?![0-9])|:[0-9]{2}:|\.[0-9]+:|\b[a-z][0-9]")
_PHRASES = {
    "daqui a ": "em ",
    "dentro de ": "em ",
    "meia hora": "30 min",
    "half an hour": "30 min",
    "meio-dia": "12:00",
    "meia-noite": "0:00",
}

When = Callable[[str], Suggested]
"""The fields that a corrected time replaces in the intent."""


@dataclass(frozen=True, slots=True)
class DueTime:
    """One is set: ``after`` (from now), ``clock`` (the next time the clock shows it) or ``day`` (as typed, on a
    day: "friday 10:00"). None of them means no due time."""

    after: timedelta | None = None
    clock: time | None = None
    day: str = ""

    @property
    def is_off(self) -> bool:
        return self.after is None and self.clock is None and not self.day


class _Found(NamedTuple):
    at: datetime  # aware if the text names a time zone
    period: str  # "time" if the text has a clock time, or is a duration of less than a day


def warm_up() -> None:
    """Loads the words, which would hold up the first person who types a time. For a worker thread."""
    for text in ("tomorrow 9:00 UTC", "amanha 9:00", "20 min", "soonish"):
        _read(text, _ANY_DAY)


def next_update(when: str) -> Suggested:
    return {"next": when}


def parse_due_time(text: str, when: When = next_update) -> DueTime:
    """Pure. Raises ``BadArguments`` with what was probably meant, as suggestions for ``when``."""
    text = text.strip()
    typed = _DECIMAL.sub(".", fold(text.lstrip("+"))) if len(text) <= _MAX_LENGTH else ""
    if typed in _NONE:
        return DueTime()
    due = _iso_time(text) or (_parse(typed) if typed else None)
    if due is None:
        guesses = [(guess, when(guess)) for guess in _guesses(typed, text)]
        raise BadArguments("parse.when", field="next", shown=_shown(text), suggestions=guesses)
    if due.after is not None and due.after > timedelta(days=MOST_DAYS):
        raise _too_far(text, [])
    return due


def is_due_time(text: str) -> bool:
    try:
        parse_due_time(text)
    except BadArguments:
        return False
    return True


def _shown(text: str) -> Code:
    return Code(text[:_MAX_LENGTH])


def _too_far(text: str, suggestions: Sequence[Suggestion]) -> BadArguments:
    return BadArguments(
        "parse.when_far", field="next", shown=_shown(text), most=MOST_DAYS, suggestions=suggestions
    )


def _iso_time(text: str) -> DueTime | None:
    """ "14:20" and "2026-12-01T14:20:00-03:00", which our own buttons have."""
    try:
        if len(text) == 5:
            return DueTime(clock=time.fromisoformat(text)) if text[2] == ":" else None
        return DueTime(day=text) if len(text) == 25 and datetime.fromisoformat(text).tzinfo else None
    except ValueError:
        return None


@lru_cache(1000)
def _parse(typed: str) -> DueTime | None:
    for phrase, plain in _PHRASES.items():
        typed = typed.replace(phrase, plain)
    if _NOT_A_CLOCK.search(typed):
        return None
    if alone := _HOURS.fullmatch(typed):
        hours, minutes = int(alone[1]), int(alone[2] or 0)
        if minutes > 59 or _is_ambiguous(hours, alone[2]):
            return None
        if alone[2] and 10 <= hours < 24:
            return DueTime(clock=time(hours, minutes))
        return _duration(timedelta(hours=hours, minutes=minutes))
    on_a_clock = _CLOCK_WORDS.sub("", _HOURS.sub(_as_clock, typed))
    if on_a_clock != typed and (_CLOCK_WORDS.search(typed) or _names_a_day(_HOURS.sub("", typed, count=1))):
        return _on_a_clock(on_a_clock)
    return _from_now(typed) or _on_a_clock(typed) or _on_a_clock(on_a_clock)


def _is_ambiguous(hours: int, minutes: str | None) -> bool:
    """ "9h" and "9h30" are clock times in Portuguese and durations in English. "2h" is soon, "14h30" is a clock
    time, and no clock shows "48h"."""
    return 5 <= hours < (10 if minutes else 24)


def _as_clock(hours: re.Match[str]) -> str:
    return f"{hours[1]}:{hours[2] or '00'}"


def _names_a_day(text: str) -> bool:
    """ "amanha", "sexta-feira": with an hour, it isn't a duration."""
    found = _read(text, _ANY_DAY) if text.strip() and not any(char.isdigit() for char in text) else None
    return found is not None and found.period == "day"


def _from_now(text: str) -> DueTime | None:
    found, later = _read(text, _ANY_DAY), _read(text, _ANY_DAY + _SHIFT)
    if found is None or later is None or found.at.tzinfo or later.at - found.at != _SHIFT:
        return None
    after = found.at - _ANY_DAY
    if found.period != "time" and str(after.days) not in re.findall("[0-9]+", text):
        return None  # "tomorrow", or "tomorrow 9", which dateparser reads in part
    return _duration(after)


def _duration(after: timedelta) -> DueTime | None:
    return DueTime(after=after) if after > timedelta(0) else None


def _on_a_clock(text: str) -> DueTime | None:
    """A clock time, alone or on a day."""
    found, next_day, later = (_read(text, _ANY_DAY + after) for after in (timedelta(0), _A_DAY, _SHIFT))
    if found is None or next_day is None or found.period != "time" or (later and later.at - found.at == _SHIFT):
        return None
    if found.at.date() == _ANY_DAY.date() and next_day.at - found.at == _A_DAY:
        return DueTime(clock=found.at.timetz())
    return DueTime(day=text)


def _read(text: str, base: datetime, order: str = "DMY") -> _Found | None:
    """What ``text`` means at ``base``. Before noon, as dateparser errs at the end of a month otherwise."""
    from dateparser.date import DateDataParser

    settings: dict[str, Any] = {
        "RELATIVE_BASE": base,
        "PREFER_DATES_FROM": "future",
        "RETURN_TIME_AS_PERIOD": True,
        "PARSERS": ["relative-time", "absolute-time"],
        "DATE_ORDER": order,
    }
    data = DateDataParser(languages=["en", "pt"], settings=settings).get_date_data(text)
    return _Found(data.date_obj, str(data.period)) if data.date_obj is not None else None


def _guesses(typed: str, text: str) -> Sequence[str]:
    """What was probably meant: each is understood."""
    if typed.isdecimal() and 0 < int(typed) < 24 * 60:
        return (f"{int(typed)}m", *([f"{int(typed):02}:00"] if int(typed) < 24 else []))
    if (alone := _HOURS.fullmatch(typed)) and int(alone[1]) < 24 and int(alone[2] or 0) < 60:
        hours, minutes = int(alone[1]), alone[2] or "00"
        return (f"{hours:02}:{minutes}", f"{hours}h {minutes}m")
    if typed and not _NOT_A_CLOCK.search(typed) and _names_a_day(typed):
        due = _on_a_clock(f"{typed} 09:00")
        found = _read(typed, _ANY_DAY)
        if due is not None and found is not None and found.at.date() > _ANY_DAY.date():
            return (f"{text} 09:00",)
    return USUAL


# The point in time.


def resolve_due_time(due: DueTime, now: datetime, zone: tzinfo, when: When = next_update) -> datetime | None:
    """In UTC; None for no due time. ``now`` is aware. Raises ``BadArguments`` for a time that has passed."""
    if due.after is not None:
        return (now + due.after).astimezone(UTC)
    if due.clock is not None:
        return _next_on_clock(due.clock, now, zone, when)
    if not due.day:
        return None
    at, other = (_at_day(due.day, now, zone, order) for order in ("DMY", "MDY"))
    if at is not None and _is_near(at, now):
        return at
    likely = [other] if other is not None and _is_near(other, now) else []
    if at is None or at <= now:
        raise _past(due.day, likely, now, zone, when)
    raise _too_far(due.day, _suggestions(likely, now, zone, when))


def _is_near(at: datetime, now: datetime) -> bool:
    return now < at <= now + timedelta(days=MOST_DAYS, hours=1)


def _next_on_clock(clock: time, now: datetime, zone: tzinfo, when: When) -> datetime:
    its_zone = clock.tzinfo or zone
    today = now.astimezone(its_zone).date()
    for day in range(3):
        for fold_ in (0, 1):  # when clocks are set back, an hour occurs twice
            local = datetime.combine(today + timedelta(days=day), clock.replace(tzinfo=its_zone, fold=fold_))
            if (at := local.astimezone(UTC)) > now:
                if day and at - now > _MOST_AHEAD:
                    afternoon = [at - timedelta(hours=12)] if clock.hour < 12 else []
                    raise _past(f"{clock:%H:%M}", [*afternoon, at], now, zone, when)
                return at
    raise AssertionError("unreachable: a clock time occurs every day")


def _at_day(text: str, now: datetime, zone: tzinfo, order: str) -> datetime | None:
    if _iso_time(text) is not None:
        return datetime.fromisoformat(text).astimezone(UTC)
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    readings = (_read(text, today - _A_DAY, order), _read(text, today, order))
    found = [read.at for read in readings if read is not None]
    points = [at if at.tzinfo else at.replace(tzinfo=zone) for at in found]
    if not points:
        return None
    # "monday 9:00" is today on a Monday morning, and a week later at noon.
    is_today = points[0].date() == today.date() and points[0] > now
    return (points[0] if is_today else points[-1]).astimezone(UTC)


def _past(text: str, likely: Sequence[datetime], now: datetime, zone: tzinfo, when: When) -> BadArguments:
    suggestions = _suggestions(likely, now, zone, when) or [(guess, when(guess)) for guess in USUAL]
    return BadArguments("parse.when_past", field="next", shown=_shown(text), suggestions=suggestions)


def _suggestions(points: Sequence[datetime], now: datetime, zone: tzinfo, when: When) -> Sequence[Suggestion]:
    found: list[Suggestion] = []
    for at in points:
        local = at.astimezone(zone)
        days = (local.date() - now.astimezone(zone).date()).days
        label = f"{local:%H:%M}" if days == 0 else f"{short_date(local)} {local:%H:%M}"
        found.append((label, when(local.replace(second=0, microsecond=0).isoformat())))
    return found
