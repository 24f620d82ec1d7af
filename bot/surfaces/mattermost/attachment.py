"""What an attachment says: title, text, fields and footer.

The web client folds a ``text`` of more than 200 pixels behind "Show more", and never a field. A reply quotes the
``title`` if there is one, and otherwise the whole text. Titles and footers are no Markdown in some versions, and
links with everything else removed in others.
"""

import re
from collections.abc import Sequence
from typing import Any

from bot.surfaces.mattermost.escape import safe_url, strip_controls
from bot.surfaces.mattermost.markdown import Handles, body_lines, bold_title, heading, literal, section_lines
from commands.model.card import Bold, Card

_MAX_TITLE = 120
_MAX_FOOTER = 300
_LINES_SHOWN = 8  # of 200 pixels, at 21 each, with some room
_LINE = 38  # characters of a line at 380 pixels
_MARKUP = re.compile(r"[\\`*~\[\]<>|#@&]|:\w|(?<!\w)_|_(?!\w)|\w://")


def attachment_parts(card: Card, handles: Handles, more_lines: Sequence[str] = ()) -> dict[str, Any]:
    """``more_lines`` stand below the card's own. At least one of text and fields is not empty."""
    title = _title(card)
    lines = [*body_lines(card, handles), *more_lines]
    if not title:
        shown = heading(card, handles)
        lines = [*([shown] if shown else []), *lines]
    parts: dict[str, Any] = {"title": title} if title else {}
    link = safe_url(card.link.url) if card.link else None
    if title and link:
        parts["title_link"] = link
    elif card.link and link:
        lines.append(f"[{literal((card.link.label,)).translate(_NO_BRACKETS)}]({link})")
    folded = _is_folded(lines)
    parts["text"] = "" if folded else "\n".join(lines)
    fields = [_field("", "\n".join(lines))] if folded else []
    fields += [
        _field(_field_title(section.title), "\n".join(_titled(section.title, section_lines(section, handles))))
        for section in card.sections
    ]
    if fields:
        parts["fields"] = fields
    if footer := literal(card.footer)[:_MAX_FOOTER]:
        parts["footer"] = footer
    return parts


_NO_BRACKETS = str.maketrans("", "", "[]\\`*_")


def _title(card: Card) -> str:
    """Empty where the title would not be shown as it is, or is all that there is."""
    if not (card.subtitle or card.lines or card.sections or card.link):
        return ""
    shown = literal(card.title)[:_MAX_TITLE]
    is_plain = all(isinstance(span, str | Bold) for span in card.title)
    return shown if is_plain and (card.link or _is_literal(shown)) else ""


def _is_literal(text: str) -> bool:
    return not _MARKUP.search(text)


def _field_title(title: str) -> str:
    shown = literal((title,))
    return shown if _is_literal(shown) else ""


def _titled(title: str, lines: list[str]) -> list[str]:
    """With the title above the lines, where it cannot be the field's."""
    if not title.strip() or _field_title(title):
        return lines
    return [bold_title(title), *lines]


def _field(title: str, value: str) -> dict[str, Any]:
    return {"title": title, "value": strip_controls(value), "short": False}


def _is_folded(lines: Sequence[str]) -> bool:
    return sum(max(-(-len(row) // _LINE), 1) for line in lines for row in line.split("\n")) > _LINES_SHOWN
