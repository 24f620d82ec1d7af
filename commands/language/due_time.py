"""WHEN: "30m", "1h30", "14:20" (the writer's zone) or "off" (DESIGN section 4, "Reading a line", point 5)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from commands.model.card import Code
from commands.model.errors import BadArguments

MOST_DAYS = 7

_DURATION = re.compile(
    r"\+?\s*(?:([0-9]{1,6})\s*h(?:rs?|ours?|oras?)?)?"
    r"\s*(?:([0-9]{1,6})\s*(?:m(?:in(?:s|ute?s?|utos?)?)?|(?=$)))?"
    r"\s*(?:([0-9]{1,6})\s*s(?:ecs?|egs?)?)?"
)
_LONGEST = 40  # letters; blanks without end would keep the pattern above busy for hours
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True, slots=True)
class DueTime:
    """One of: ``after`` (from now), ``clock`` (the next time it is that late), or neither: off."""

    after: timedelta | None = None
    clock: time | None = None

    @property
    def is_off(self) -> bool:
        return self.after is None and self.clock is None


def parse_due_time(text: str) -> DueTime:
    """Raises ``BadArguments`` (field "next")."""
    words = " ".join(text.split()).lower()
    if len(words) > _LONGEST:
        raise _unreadable(text)
    if words == "off":
        return DueTime()
    if clock := _CLOCK.fullmatch(words):
        return DueTime(clock=time(int(clock[1]), int(clock[2])))
    found = _DURATION.fullmatch(words)
    if found is None or words.removeprefix("+").isdigit():
        raise _unreadable(text)
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    after = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if not after:
        raise _unreadable(text)
    if after > timedelta(days=MOST_DAYS):
        raise BadArguments("parse.when_far", field="next", shown=Code(text.strip()[:40]), most=MOST_DAYS)
    return DueTime(after=after)


def _unreadable(text: str) -> BadArguments:
    return BadArguments("parse.when", field="next", shown=Code(text.strip()[:40]))


def resolve_due_time(when: DueTime, now: datetime, zone: tzinfo) -> datetime | None:
    """The point in time, in UTC; None for off. ``now`` is aware; a clock time is the next one in ``zone``."""
    if when.after is not None:
        return (now + when.after).astimezone(UTC)
    if when.clock is None:
        return None
    today = now.astimezone(zone).date()
    for day in range(3):
        for fold in (0, 1):  # the hour that clocks set back show twice
            local = datetime.combine(today + timedelta(days=day), when.clock, tzinfo=zone).replace(fold=fold)
            if (at := local.astimezone(UTC)) > now:
                return at
    raise AssertionError("a clock time comes every day")
