"""Renders spans, texts and cards as lines of Mattermost Markdown. All text from outside is escaped."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from bot.surfaces.mattermost.escape import code_markdown, escape, one_line, safe_url, strip_controls
from bot.surfaces.mattermost.formatted import rich_text_markdown
from bot.surfaces.state_icons import STATE_ICONS
from commands.model.card import Bold, Card, ClockTime, Code, Link, PersonName, RichText, Row, Section, Span, Text
from commands.model.rich_text import words
from commands.text.catalogue import short_date
from commands.text.phrases import in_zone, state_and_note

_MAX_TEXT = 5000  # characters of one text; longer ones, such as instructions, end in "…"
_MAX_TITLE = 300
_MAX_RICH_TEXT = 12_000

Handles = Mapping[str, str]
"""Usernames by user id, for mentions: Mattermost has no mention by id."""


def text_markdown(text: Text, handles: Handles, *, at_line_start: bool = True) -> str:
    """May have several lines. Truncated to ``_MAX_TEXT`` characters."""
    parts: list[str] = []
    remaining = _MAX_TEXT
    for span in text:
        if remaining <= 0:
            parts.append("…")
            break
        shown, length = _truncate_span(span, remaining)
        remaining -= length
        at_start = parts[-1].endswith("\n") if parts else at_line_start
        markdown = _span_markdown(shown, handles, at_start)
        if not markdown:
            continue
        if parts and parts[-1].endswith("`") and markdown.startswith("`"):
            parts.append(" ")  # adjacent fences would be read as one longer fence
        parts.append(markdown)
    return "".join(parts)


def line_markdown(text: Text, handles: Handles, *, at_line_start: bool = False) -> str:
    """The same on one line, for titles and rows: line breaks become spaces."""
    flattened = tuple(_flatten(span) for span in text)
    return text_markdown(flattened, handles, at_line_start=at_line_start).replace("\n", " ").strip()


def clock_text(at: datetime, zone: str, *, dated: bool = False) -> str:
    """ "14:03 UTC", always with the zone: Mattermost can't show a time in the reader's zone."""
    local = in_zone(at, zone)
    name = local.strftime("%Z")
    day = f"{short_date(local)} " if dated else ""
    return f"{day}{local:%H:%M} {f'UTC{name}' if name[:1] in '+-' else name}"


def card_lines(card: Card, handles: Handles) -> list[str]:
    """The whole card as text, in order of importance, because lines that do not fit are left out from the end."""
    title = heading(card, handles)
    lines = [*([title] if title else []), *body_lines(card, handles)]
    for section in card.sections:
        title = bold_title(section.title)
        if section.rows:
            # The blank line ends the list before it.
            lines += ["", *([title] if title else []), *(f"- {line}" for line in section_lines(section, handles))]
        else:
            lines += ["", " ".join(filter(None, (title, *section_lines(section, handles))))]
    footer = line_markdown(card.footer, handles, at_line_start=True)
    lines += ["", footer] if footer else []
    if card.link is not None:
        lines += ["", _span_markdown(card.link, handles, True)]
    return lines


def bold_title(title: str) -> str:
    return f"**{escape(_truncate_title(title), at_line_start=False)}**" if title.strip() else ""


def heading(card: Card, handles: Handles) -> str:
    """The title, bold where something follows it: a card of one sentence is not."""
    if not (card.subtitle or card.lines or card.sections):
        return line_markdown(card.title, handles, at_line_start=True)
    plain = tuple(span.text if isinstance(span, Bold) else span for span in card.title)
    return f"**{title}**" if (title := line_markdown(plain, handles)) else ""


def body_lines(card: Card, handles: Handles) -> list[str]:
    subtitle = line_markdown(card.subtitle, handles, at_line_start=True)
    return [*([subtitle] if subtitle else []), *text_lines(card.lines, handles)]


def section_lines(section: Section, handles: Handles) -> list[str]:
    """Without the title. A menu's label says how much it has where nothing else does: its options go into the one
    menu of the card."""
    unsaid = section.menu.label if section.menu and not section.more and not section.menu.search else ""
    more = line_markdown(section.more or (unsaid.rstrip("…"),), handles, at_line_start=True)
    return [*(row_markdown(row, handles) for row in section.rows), *([more] if more else [])]


def literal(text: Text) -> str:
    """On one line, for the places where Mattermost reads no Markdown."""
    return one_line("".join(map(_span_literal, text)))


def _span_literal(span: Span) -> str:
    match span:
        case ClockTime(at=at, zone=zone, dated=dated):
            return clock_text(at, zone, dated=dated)
        case PersonName(name=shown) | Link(label=shown) | Code(text=shown) | Bold(text=shown):
            return shown
        case RichText():
            return words(span)
    return span


def text_lines(texts: Sequence[Text], handles: Handles) -> list[str]:
    lines: list[str] = []
    for text in texts:
        if len(text) == 1 and isinstance(text[0], RichText):
            lines += [
                *([""] if lines and lines[-1] else []),
                *rich_text_markdown(text[0], limit=_MAX_RICH_TEXT),
                "",
            ]
        else:
            lines += _split_lines(text_markdown(text, handles))
    while lines and not lines[-1]:
        lines.pop()
    return lines


def mentioned_ids(texts: Iterable[Text]) -> set[str]:
    """Ids of the people whom the texts mention."""
    return {span.id for text in texts for span in text if isinstance(span, PersonName) and span.ping and span.id}


def card_texts(card: Card) -> Iterator[Text]:
    yield card.title
    yield card.subtitle
    yield from card.lines
    yield card.footer
    for section in card.sections:
        yield section.more
        yield from (row.note for row in section.rows)


def row_markdown(row: Row, handles: Handles) -> str:
    icon = STATE_ICONS[row.state] if row.state is not None else ""
    handle = f"**{escape(one_line(row.handle), at_line_start=False)}**" if row.handle else ""
    title = escape(_truncate_title(row.title), at_line_start=not (icon or handle))
    note = line_markdown(state_and_note(row), handles)
    text = " ".join(part for part in (icon, handle, title) if part)
    return text + (f" — {note}" if note else "")


def _span_markdown(span: Span, handles: Handles, at_line_start: bool) -> str:
    match span:
        case ClockTime(at=at, zone=zone, dated=dated):
            return escape(clock_text(at, zone, dated=dated), at_line_start=False)
        case PersonName(name=name, id=id, ping=ping):
            handle = handles.get(id, "")
            return f"@{handle}" if ping and handle else escape(one_line(name), at_line_start=at_line_start)
        case Link(label=label, url=url):
            safe = safe_url(url)
            shown = escape(one_line(label) or "link", at_line_start=at_line_start)
            return f"[{shown}]({safe})" if safe else shown
        case Code(text=text, block=True):
            return f"{'' if at_line_start else chr(10)}{code_markdown(text, block=True)}\n"
        case Code(text=text):
            return code_markdown(text, block=False)
        case Bold(text=text):
            shown = escape(one_line(text), at_line_start=False)
            return f"**{shown}**" if shown else ""
        case RichText():
            return escape(words(span), at_line_start=at_line_start)
    return escape(span, at_line_start=at_line_start)


def _truncate_span(span: Span, remaining: int) -> tuple[Span, int]:
    """The span cut to ``remaining`` characters, and the number of characters it counts for."""
    match span:
        case str() as text:
            return _truncate(text, remaining), len(text)
        case Code(text=text, block=block):
            return Code(_truncate(text, remaining), block), len(text)
        case Bold(text=text):
            return Bold(_truncate(text, remaining)), len(text)
        case Link(label=label, url=url):
            return Link(_truncate_title(label), url), len(url)
        case PersonName(name=name, id=id, ping=ping):
            return PersonName(_truncate_title(name), id, ping), len(name)
        case RichText():
            return _truncate(words(span), remaining), len(words(span))
    return span, 0


def _truncate(text: str, remaining: int) -> str:
    return text if len(text) <= remaining else f"{text[:remaining]}…"


def _truncate_title(text: str) -> str:
    return _truncate(one_line(text), _MAX_TITLE)


def _flatten(span: Span) -> Span:
    match span:
        case str() as text:
            text = strip_controls(text)
            edges = text[:1].isspace(), text[-1:].isspace()
            return f"{' ' * edges[0]}{_truncate_title(text)}{' ' * edges[1]}"
        case Code(text=text):
            return Code(_truncate_title(text))
        case RichText():
            return _truncate_title(words(span))
    return span


def _split_lines(text: str) -> list[str]:
    """Split, so that only the end of a long text is left out. A code block is kept whole."""
    text = text.rstrip("\n")
    return [text] if "```" in text else text.split("\n")
