"""Cards as plain text: fits the given width, needs no colour, and reads the same in a pipe.

``draw`` returns lines, none wider than ``width`` cells (from 20 up). Buttons are numbered from 1: typing the
number presses one.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bot.surfaces.console.terminal_text import clip, cut, pad, tame, width, wrap
from commands.model.card import (
    Bold,
    Button,
    Card,
    ClockTime,
    Code,
    Link,
    PersonName,
    Row,
    Section,
    Separator,
    Span,
    Text,
)

DEFAULT_WIDTH = 80
NARROWEST = 20
ASIDE_AT = 43  # the second column, where both fit
LONGEST_LABEL = 30
_BESIDE_FROM = 60  # narrower, a stage stands above its tasks, not beside them
_STAGE_SHARE = 4  # of the width, one part at most is a stage's
_STATE = 9  # "waiting" and two spaces
_LEAST_TITLE = 18


def draw(card: Card, most: int = DEFAULT_WIDTH, *, now: datetime | None = None) -> list[str]:
    most = max(most, NARROWEST)
    ink = Ink(now or datetime.now(UTC))
    lines = _beside(ink.line(card.title), ink.line(card.subtitle), most)
    for text in card.lines:
        lines += _halves(text, most, ink)
    lines += _sections(card.sections, most, ink)
    if card.link is not None:
        lines += wrap(f"{tame(card.link.label)}: {tame(card.link.url)}", most)
    return [line.rstrip() for line in (*lines, *keys(card.buttons, most))]


def _halves(text: Text, most: int, ink: "Ink") -> list[str]:
    """The second half of a line in the second column, if there is room for both."""
    gap = next((at for at, span in enumerate(text) if isinstance(span, Separator)), None)
    if gap is None:
        return ink.block(text, most)
    left, right = ink.block(text[:gap], most), ink.line(text[gap + 1 :])
    wide = max(ASIDE_AT, width(left[0]) + 2) + width(right) if len(left) == 1 else most + 1
    return _beside(left[0], right, most) if wide <= most else ink.block(text, most)


def draw_lines(
    lines: Sequence[Text], buttons: Sequence[Button], most: int, *, now: datetime | None = None
) -> list[str]:
    """Plain lines without a card: traces."""
    most = max(most, NARROWEST)
    ink = Ink(now or datetime.now(UTC))
    drawn: list[str] = []
    for text in lines:
        first, *rest = ink.block(text, most - 2)
        drawn += [f"- {first}", *(f"  {line}" for line in rest)]
    return [line.rstrip() for line in (*drawn, *keys(buttons, most))]


def keys(buttons: Sequence[Button], most: int) -> list[str]:
    """``[1 Finish T2]  [2 Begin T3]``, on as many lines as it takes."""
    lines: list[str] = []
    for number, button in enumerate(buttons, 1):
        label = clip(clip(" ".join(tame(button.label).split()), LONGEST_LABEL), most - len(f"[{number} ]"))
        key = f"[{number} {label}]"
        if lines and width(lines[-1]) + 2 + width(key) <= most:
            lines[-1] += f"  {key}"
        else:
            lines.append(key)
    return lines


class Ink:
    """Spans as words. A clock time names its zone once a text, and its day when that is not today."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def line(self, text: Text, *, zone: bool = True) -> str:
        """On one line, runs of spaces joined."""
        return " ".join(self._words(text, zone).split())

    def block(self, text: Text, most: int) -> list[str]:
        """Wrapped; line breaks are kept, code blocks stand indented and are not re-flowed. Never empty."""
        lines: list[str] = []
        for code, part in _code_apart(text):
            if code:
                lines += [f"    {piece}" for line in part for piece in cut(tame(_text(line)), most - 4)]
            else:
                words = self._words(part, True).strip("\n")
                lines += [piece for line in words.split("\n") for piece in _flow(line, most)]
        return lines or [""]

    def _words(self, text: Text, zone: bool) -> str:
        last = max((at for at, span in enumerate(text) if isinstance(span, ClockTime)), default=-1)
        return "".join(self._span(span, zone and at == last) for at, span in enumerate(text))

    def _span(self, span: Span, zone: bool) -> str:
        match span:
            case ClockTime():
                return self._clock(span, zone)
            case PersonName(name=name, ping=ping):
                return tame(f"@{name}" if ping else name)
            case Link(label=label, url=url):
                return tame(label if not url or url == label else f"{label} ({url})")
            case Code(text=text):
                return tame(f"`{text}`")
            case Bold(text=text):
                return tame(text)
        return tame(span)

    def _clock(self, clock: ClockTime, zone: bool) -> str:
        at = clock.at.astimezone(ZoneInfo(clock.zone))
        today = self._now.astimezone(at.tzinfo).date()
        day = "" if at.date() == today else f"{at.day} {at:%b} "
        return f"{day}{at:%H:%M}" + (f" {at:%Z}" if zone else "")


def _flow(line: str, most: int) -> list[str]:
    """As it is where it fits (spaces may be meant), else wrapped."""
    return [line.rstrip()] if width(line) <= most else wrap(line, most)


def _code_apart(text: Text) -> Iterator[tuple[bool, Text]]:
    """(is code, spans): blocks of code apart from the words around them."""
    words: list[Span] = []
    for span in text:
        if isinstance(span, Code) and (span.block or "\n" in span.text):
            if words:
                yield False, tuple(words)
            yield True, tuple(span.text.strip("\n").split("\n"))
            words = []
        else:
            words.append(span)
    if words:
        yield False, tuple(words)


def _text(span: Span) -> str:
    return span if isinstance(span, str) else ""


def _beside(left: str, right: str, most: int) -> list[str]:
    """``right`` in the second column if both fit, else below."""
    at = max(width(left) + 2, min(ASIDE_AT, most - width(right)))
    if not right:
        return wrap(left, most)
    if at + width(right) <= most:
        return [pad(left, at) + right]
    return [*wrap(left, most), *wrap(right, most)]


def _sections(sections: Sequence[Section], most: int, ink: Ink) -> list[str]:
    titles = [_joined(section.title) for section in sections]
    widest = max(map(width, titles), default=0)
    beside = most >= _BESIDE_FROM and widest <= most // _STAGE_SHARE
    margin = (widest + 2 if widest else 0) if beside else 2 if widest else 0
    columns = _Columns([row for section in sections for row in section.rows], most - margin, ink)
    lines: list[str] = []
    for section, title in zip(sections, titles, strict=True):
        body = [line for row in section.rows for line in columns.row(row)]
        if section.more:
            body += ink.block(section.more, most - margin)
        if not beside and title:
            lines += wrap(title, most)
        for at, line in enumerate(body or [""]):
            lines.append((pad(title, margin) if beside and at == 0 else " " * margin) + line)
    return lines


class _Columns:
    """State, name and note of a card's tasks, each column as wide as its widest, notes at most half the room."""

    def __init__(self, rows: Sequence[Row], most: int, ink: Ink) -> None:
        self._ink = ink
        self._state = _STATE if any(row.state for row in rows) else 0
        self._room = most - self._state
        notes = max((width(self._note(row)) for row in rows), default=0)
        names = max((width(_name(row)) for row in rows), default=0)
        self._names = min(names, self._room - min(notes, self._room // 2) - 2)

    def row(self, row: Row) -> list[str]:
        name, note = _name(row), self._note(row)
        if not note:
            cells = wrap(name, self._room)
        elif self._names >= _LEAST_TITLE or self._names >= width(name):
            cells = _columns(name, note, self._names, self._room - self._names - 2)
        else:
            cells = [*wrap(name, self._room), *(f"  {line}" for line in wrap(note, self._room - 2))]
        state = row.state.value if row.state else ""
        return [pad("" if at else state, self._state) + cell for at, cell in enumerate(cells)]

    def _note(self, row: Row) -> str:
        return self._ink.line(row.note, zone=False)


def _name(row: Row) -> str:
    return _joined(f"{row.handle} {row.title}")


def _joined(text: str) -> str:
    return " ".join(tame(text).split())


def _columns(left: str, right: str, left_room: int, right_room: int) -> list[str]:
    """Two wrapped texts side by side."""
    lefts, rights = wrap(left, left_room), wrap(right, right_room)
    tall = max(len(lefts), len(rights))
    lefts += [""] * (tall - len(lefts))
    rights += [""] * (tall - len(rights))
    return [f"{pad(one, left_room)}  {other}" for one, other in zip(lefts, rights, strict=True)]
