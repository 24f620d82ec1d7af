"""Spans, texts and cards as lines of Mattermost Markdown. Everything from outside goes through ``escape``."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.surfaces.mattermost.escape import GAP, address, clean, code, escape, one_line
from commands.model.card import Bold, Card, ClockTime, Code, Link, PersonName, Row, Section, Span, Text

_ROOM = 5000  # characters of one text; a status update or instructions longer than this are cut, and say so
_TITLE_ROOM = 300

Handles = Mapping[str, str]
"""User id -> username, for real mentions: Mattermost has no mention by id."""


def text(words: Text, handles: Handles, *, opens_line: bool = True) -> str:
    """May be several lines. Cut at ``_ROOM`` characters, with "…"."""
    drawn: list[str] = []
    room = _ROOM
    for span in words:
        if room <= 0:
            drawn.append("…")
            break
        shown, used = _cut(span, room)
        room -= used
        starts = drawn[-1].endswith("\n") if drawn else opens_line
        piece = _span(shown, handles, starts)
        if drawn and drawn[-1].endswith("`") and piece.startswith("`"):
            drawn.append(GAP)  # two fences side by side would be read as one longer fence
        drawn.append(piece)
    return "".join(drawn)


def line(words: Text, handles: Handles, *, opens_line: bool = False) -> str:
    """The same on one line, for titles and rows: line breaks become blanks."""
    flat = tuple(_flat(span) for span in words)
    return text(flat, handles, opens_line=opens_line).replace("\n", " ").strip()


def clock(at: datetime, zone: str) -> str:
    """ "14:03 UTC": Mattermost does not tell the reader's zone, so the zone's name is part of the time."""
    try:
        local = at.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        local = at.astimezone(ZoneInfo("UTC"))
    name = local.strftime("%Z")
    return f"{local:%H:%M} {f'UTC{name}' if name[:1] in '+-' else name}"


def card_lines(card: Card, handles: Handles) -> list[str]:
    """From the top down, so that what does not fit is dropped from the end."""
    aside = line(card.subtitle, handles)
    if card.subtitle or card.lines or card.sections:
        plain = tuple(span.text if isinstance(span, Bold) else span for span in card.title)
        head = f"**{title}**" if (title := line(plain, handles)) else ""
    else:
        head = line(card.title, handles, opens_line=True)  # one sentence, and nothing that it heads
    lines = [" · ".join(part for part in (head, aside) if part), *text_lines(card.lines, handles)]
    for section in card.sections:
        lines += ["", *_section(section, handles)]  # without a blank line it would belong to the list before
    if card.link is not None:
        lines += ["", _span(card.link, handles, True)]
    return lines


def text_lines(texts: Sequence[Text], handles: Handles) -> list[str]:
    return [piece for words in texts for piece in _split(text(words, handles))]


def pinged(texts: Iterable[Text]) -> set[str]:
    """Ids of the people who get a real mention."""
    return {span.id for words in texts for span in words if isinstance(span, PersonName) and span.ping and span.id}


def texts_of(card: Card) -> Iterator[Text]:
    yield card.title
    yield card.subtitle
    yield from card.lines
    for section in card.sections:
        yield section.more
        yield from (row.note for row in section.rows)


def _section(section: Section, handles: Handles) -> list[str]:
    lines = [f"**{escape(_short(section.title), opens_line=False)}**"] if section.title.strip() else []
    lines += [_row(row, handles) for row in section.rows]
    more = line(section.more, handles)
    return [*lines, f"- {more}"] if more else lines


def _row(row: Row, handles: Handles) -> str:
    state = f"_{row.state.value}_" if row.state is not None else ""
    handle = f"**{escape(one_line(row.handle), opens_line=False)}**" if row.handle else ""
    title = escape(_short(row.title), opens_line=False)
    note = line(row.note, handles)
    words = " ".join(part for part in (state, handle, title) if part)
    return f"- {words}" + (f" · {note}" if note else "")


def _span(span: Span, handles: Handles, opens_line: bool) -> str:
    match span:
        case ClockTime(at=at, zone=zone):
            return escape(clock(at, zone), opens_line=False)
        case PersonName(name=name, id=id, ping=ping):
            handle = handles.get(id, "")
            return f"@{handle}" if ping and handle else escape(one_line(name), opens_line=opens_line)
        case Link(label=label, url=url):
            safe = address(url)
            shown = escape(one_line(label) or "link", opens_line=opens_line)
            return f"[{shown}]({safe})" if safe else shown
        case Code(text=words, block=True):
            return f"{'' if opens_line else chr(10)}{code(words, block=True)}\n"
        case Code(text=words):
            return code(words, block=False)
        case Bold(text=words):
            shown = escape(one_line(words), opens_line=False)
            return f"**{shown}**" if shown else ""
    return escape(span, opens_line=opens_line)


def _cut(span: Span, room: int) -> tuple[Span, int]:
    """The span within ``room`` characters, and how many it takes."""
    match span:
        case str() as words:
            return _within(words, room), len(words)
        case Code(text=words, block=block):
            return Code(_within(words, room), block), len(words)
        case Bold(text=words):
            return Bold(_within(words, room)), len(words)
        case Link(label=label, url=url):
            return Link(_short(label), url), len(url)
        case PersonName(name=name, id=id, ping=ping):
            return PersonName(_short(name), id, ping), len(name)
    return span, 0


def _within(words: str, room: int) -> str:
    return words if len(words) <= room else f"{words[:room]}…"


def _short(words: str) -> str:
    return _within(one_line(words), _TITLE_ROOM)


def _flat(span: Span) -> Span:
    match span:
        case str() as words:
            words = clean(words)
            edges = words[:1].isspace(), words[-1:].isspace()
            return f"{' ' * edges[0]}{_short(words)}{' ' * edges[1]}"
        case Code(text=words):
            return Code(_short(words))
    return span


def _split(words: str) -> list[str]:
    """By lines, so that a long text loses its end and not all of itself. A code block stays whole."""
    words = words.rstrip("\n")
    return [words] if "```" in words else words.split("\n")
