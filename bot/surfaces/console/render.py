"""Renders cards as plain text without colour, for terminals and pipes.

No line is wider than the given number of cells (at least 20), except of code, which people copy. Buttons are
numbered from 1; typing the number presses the button.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from bot.surfaces.console.formatted import rich_text_lines
from bot.surfaces.console.terminal_text import clip, pad, strip_controls, width, wrap
from commands.model.card import (
    Bold,
    Button,
    Card,
    ClockTime,
    Code,
    Link,
    PersonName,
    RichText,
    Row,
    Section,
    Separator,
    Span,
    Text,
)
from commands.model.rich_text import words
from commands.text.catalogue import short_date
from commands.text.phrases import in_zone, task_state_name, task_state_width

DEFAULT_WIDTH = 80
MIN_WIDTH = 20
SECOND_COLUMN = 43  # where the second half of a line starts, if both halves fit
MAX_LABEL = 30
_MIN_WIDTH_FOR_STAGE_COLUMN = 60  # on a narrower screen, stages are above their tasks, not beside them
_STAGE_COLUMN_SHARE = 4  # the stage column takes at most this part of the width: a quarter
_MIN_NAME_COLUMN = 18


def draw(card: Card, width_limit: int = DEFAULT_WIDTH, *, now: datetime | None = None) -> list[str]:
    width_limit = max(width_limit, MIN_WIDTH)
    formatter = TextFormatter(now or datetime.now(UTC))
    lines = _side_by_side(formatter.line(card.title), formatter.line(card.subtitle), width_limit)
    for text in card.lines:
        lines += _two_halves(text, width_limit, formatter)
    lines += _sections(card.sections, width_limit, formatter)
    lines += formatter.block(card.footer, width_limit) if card.footer else []
    if card.link is not None:
        lines += wrap(f"{strip_controls(card.link.label)}: {strip_controls(card.link.url)}", width_limit)
    return [line.rstrip() for line in (*lines, *button_lines(card.all_buttons, width_limit))]


def _two_halves(text: Text, width_limit: int, formatter: "TextFormatter") -> list[str]:
    """Puts the second half of a line into the second column if both fit."""
    separator_index = next((index for index, span in enumerate(text) if isinstance(span, Separator)), None)
    if separator_index is None:
        return formatter.block(text, width_limit)
    left, right = formatter.block(text[:separator_index], width_limit), formatter.line(text[separator_index + 1 :])
    wide = max(SECOND_COLUMN, width(left[0]) + 2) + width(right) if len(left) == 1 else width_limit + 1
    return (
        _side_by_side(left[0], right, width_limit) if wide <= width_limit else formatter.block(text, width_limit)
    )


def draw_lines(
    lines: Sequence[Text], buttons: Sequence[Button], width_limit: int, *, now: datetime | None = None
) -> list[str]:
    """Lines without a card, such as activity lines."""
    width_limit = max(width_limit, MIN_WIDTH)
    formatter = TextFormatter(now or datetime.now(UTC))
    rendered: list[str] = []
    for text in lines:
        first, *rest = formatter.block(text, width_limit - 2)
        rendered += [f"- {first}", *(f"  {line}" for line in rest)]
    return [line.rstrip() for line in (*rendered, *button_lines(buttons, width_limit))]


def button_lines(buttons: Sequence[Button], width_limit: int) -> list[str]:
    """``[1 Finish T2]  [2 Begin T3]``, on as many lines as needed."""
    lines: list[str] = []
    for number, button in enumerate(buttons, 1):
        label = clip(
            clip(" ".join(strip_controls(button.label).split()), MAX_LABEL), width_limit - len(f"[{number} ]")
        )
        shown = f"[{number} {label}]"
        if lines and width(lines[-1]) + 2 + width(shown) <= width_limit:
            lines[-1] += f"  {shown}"
        else:
            lines.append(shown)
    return lines


class TextFormatter:
    """Formats spans as plain text. Only the last time of a text has its zone; a time of another day has its
    date."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def line(self, text: Text, *, zone: bool = True) -> str:
        """On one line, with runs of spaces collapsed."""
        return " ".join(self._join_spans(text, zone).split())

    def block(self, text: Text, width_limit: int) -> list[str]:
        """Wrapped, but for code blocks, which are indented. Line breaks are kept. Never empty."""
        lines: list[str] = []
        if len(text) == 1 and isinstance(text[0], RichText):
            return rich_text_lines(text[0], width_limit) or [""]
        for code, part in _split_code(text):
            if code:
                lines += [f"    {strip_controls(_text(line))}" for line in part]
            else:
                joined = self._join_spans(part, True).strip("\n")
                lines += [piece for line in joined.split("\n") for piece in _wrap_if_needed(line, width_limit)]
        return lines or [""]

    def _join_spans(self, text: Text, zone: bool) -> str:
        last = max((index for index, span in enumerate(text) if isinstance(span, ClockTime)), default=-1)
        return "".join(self._span(span, zone and index == last) for index, span in enumerate(text))

    def _span(self, span: Span, zone: bool) -> str:
        match span:
            case ClockTime():
                return self._clock(span, zone)
            case PersonName(name=name, ping=ping):
                return strip_controls(f"@{name}" if ping else name)
            case Link(label=label, url=url):
                return strip_controls(label if not url or url == label else f"{label} ({url})")
            case Code(text=text):
                return strip_controls(f"`{text}`")
            case Bold(text=text):
                return strip_controls(text)
            case RichText():
                return strip_controls(words(span))
        return strip_controls(span)

    def _clock(self, clock: ClockTime, zone: bool) -> str:
        local = in_zone(clock.at, clock.zone)
        today = self._now.astimezone(local.tzinfo).date()
        day = "" if local.date() == today else f"{short_date(local)} "
        return f"{day}{local:%H:%M}" + (f" {local:%Z}" if zone else "")


def _wrap_if_needed(line: str, width_limit: int) -> list[str]:
    """Unchanged if it fits, because its spaces may be intended."""
    return [line.rstrip()] if width(line) <= width_limit else wrap(line, width_limit)


def _split_code(text: Text) -> Iterator[tuple[bool, Text]]:
    """Splits into (is_code, spans) parts. The spans of a code part are its lines."""
    plain_spans: list[Span] = []
    for span in text:
        if isinstance(span, Code) and (span.block or "\n" in span.text):
            if plain_spans:
                yield False, tuple(plain_spans)
            yield True, tuple(span.text.strip("\n").split("\n"))
            plain_spans = []
        else:
            plain_spans.append(span)
    if plain_spans:
        yield False, tuple(plain_spans)


def _text(span: Span) -> str:
    return span if isinstance(span, str) else ""


def _side_by_side(left: str, right: str, width_limit: int) -> list[str]:
    """``right`` in the second column if both fit, else below ``left``."""
    column = max(width(left) + 2, min(SECOND_COLUMN, width_limit - width(right)))
    if not right:
        return wrap(left, width_limit)
    if column + width(right) <= width_limit:
        return [pad(left, column) + right]
    return [*wrap(left, width_limit), *wrap(right, width_limit)]


def _sections(sections: Sequence[Section], width_limit: int, formatter: TextFormatter) -> list[str]:
    titles = [_one_line(section.title) for section in sections]
    widest = max(map(width, titles), default=0)
    has_stage_column = width_limit >= _MIN_WIDTH_FOR_STAGE_COLUMN and widest <= width_limit // _STAGE_COLUMN_SHARE
    margin = (widest + 2 if widest else 0) if has_stage_column else 2 if widest else 0
    columns = _TaskTable([row for section in sections for row in section.rows], width_limit - margin, formatter)
    lines: list[str] = []
    for section, title in zip(sections, titles, strict=True):
        body = [line for row in section.rows for line in columns.row(row)]
        if section.more:
            body += formatter.block(section.more, width_limit - margin)
        if not has_stage_column and title:
            lines += wrap(title, width_limit)
        for index, line in enumerate(body or [""]):
            lines.append((pad(title, margin) if has_stage_column and index == 0 else " " * margin) + line)
    return lines


class _TaskTable:
    """State, name and note of a card's tasks in columns. Notes take at most half the width."""

    def __init__(self, rows: Sequence[Row], width_limit: int, formatter: TextFormatter) -> None:
        self._formatter = formatter
        self._state_width = task_state_width() + 2 if any(row.state for row in rows) else 0
        self._width = width_limit - self._state_width
        notes = max((width(self._note(row)) for row in rows), default=0)
        names = max((width(_name(row)) for row in rows), default=0)
        self._name_width = min(names, self._width - min(notes, self._width // 2) - 2)

    def row(self, row: Row) -> list[str]:
        name, note = _name(row), self._note(row)
        if not note:
            lines = wrap(name, self._width)
        elif self._name_width >= _MIN_NAME_COLUMN or self._name_width >= width(name):
            lines = _two_columns(name, note, self._name_width, self._width - self._name_width - 2)
        else:
            lines = [*wrap(name, self._width), *(f"  {line}" for line in wrap(note, self._width - 2))]
        state = task_state_name(row.state) if row.state else ""
        return [pad("" if index else state, self._state_width) + line for index, line in enumerate(lines)]

    def _note(self, row: Row) -> str:
        return self._formatter.line(row.note, zone=False)


def _name(row: Row) -> str:
    return _one_line(f"{row.handle} {row.title}")


def _one_line(text: str) -> str:
    return " ".join(strip_controls(text).split())


def _two_columns(left: str, right: str, left_room: int, right_room: int) -> list[str]:
    """Wraps both texts and joins them line by line."""
    left_lines, right_lines = wrap(left, left_room), wrap(right, right_room)
    height = max(len(left_lines), len(right_lines))
    left_lines += [""] * (height - len(left_lines))
    right_lines += [""] * (height - len(right_lines))
    return [
        f"{pad(left_line, left_room)}  {right_line}"
        for left_line, right_line in zip(left_lines, right_lines, strict=True)
    ]
