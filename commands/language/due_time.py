"""Due times as people type them: "30m", "1h30", "14:20" (in the sender's time zone) or "off"."""

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
_MAX_LENGTH = 40  # _DURATION takes quadratic time on long runs of spaces
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True, slots=True)
class DueTime:
    """Either ``after`` (from now) or ``clock`` (the next time the clock shows it) is set; neither means "off"."""

    after: timedelta | None = None
    clock: time | None = None

    @property
    def is_off(self) -> bool:
        return self.after is None and self.clock is None


def parse_due_time(text: str) -> DueTime:
    """Raises ``BadArguments`` (field "next")."""
    typed = " ".join(text.split()).lower()
    if len(typed) > _MAX_LENGTH:
        raise _not_a_due_time(text)
    if typed == "off":
        return DueTime()
    if clock := _CLOCK.fullmatch(typed):
        return DueTime(clock=time(int(clock[1]), int(clock[2])))
    duration = _DURATION.fullmatch(typed)
    if duration is None or typed.removeprefix("+").isdigit():
        raise _not_a_due_time(text)
    hours, minutes, seconds = (int(part or 0) for part in duration.groups())
    after = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if not after:
        raise _not_a_due_time(text)
    if after > timedelta(days=MOST_DAYS):
        raise BadArguments("parse.when_far", field="next", shown=Code(text.strip()[:40]), most=MOST_DAYS)
    return DueTime(after=after)


def _not_a_due_time(text: str) -> BadArguments:
    return BadArguments("parse.when", field="next", shown=Code(text.strip()[:40]))


def resolve_due_time(due: DueTime, now: datetime, zone: tzinfo) -> datetime | None:
    """The point in time, in UTC; None for "off". ``now`` is aware. A clock time is the next one in ``zone``."""
    if due.after is not None:
        return (now + due.after).astimezone(UTC)
    if due.clock is None:
        return None
    today = now.astimezone(zone).date()
    for day in range(3):
        for fold in (0, 1):  # when clocks are set back, an hour occurs twice
            local = datetime.combine(today + timedelta(days=day), due.clock, tzinfo=zone).replace(fold=fold)
            if (at := local.astimezone(UTC)) > now:
                return at
    raise AssertionError("unreachable: a clock time occurs every day")
