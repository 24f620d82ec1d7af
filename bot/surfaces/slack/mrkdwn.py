"""Renders lines as the text of a block that takes no rich text: a section beside a button, or the footer.

mrkdwn has no escape for ``*``, ``_``, ``~``, backticks and ``:emoji:`` (Slack docs, "Formatting message text").
Lines with one of them that could be markup become plain text, which shows everything as it was typed.
"""

import re
from collections.abc import Sequence
from typing import Any

from bot.surfaces.slack.encoding import (
    clock_text,
    date_token,
    escape,
    is_linkable_url,
    mentioned_id,
    remove_unsendable,
    truncate,
)
from commands.model.card import Bold, ClockTime, Code, Link, PersonName, RichText, Span, Text
from commands.model.rich_text import words

MAX_TEXT = 3000
_MARKUP = re.compile(r"[*~`]|(?<!\w)_|_(?!\w)|:[\w+'-]+:|^\s*>", re.MULTILINE)


def text_object(lines: Sequence[Text]) -> dict[str, Any]:
    """Empty lines are left out. Never empty, and at most ``MAX_TEXT`` characters."""
    if all(_is_literal(span) for line in lines for span in line):
        marked = "\n".join(filter(None, ("".join(map(_mark, line)).strip() for line in lines)))
        if 0 < len(marked) <= MAX_TEXT:
            return {"type": "mrkdwn", "text": marked}
    plain = "\n".join(filter(None, ("".join(map(_plain, line)).strip() for line in lines)))
    return {"type": "plain_text", "text": truncate(plain, MAX_TEXT) or "…", "emoji": False}


def _is_literal(span: Span) -> bool:
    match span:
        case ClockTime():
            return True
        case PersonName(name=shown) | Link(label=shown) | Bold(text=shown):
            return not _MARKUP.search(shown) and "\n" not in shown
        case Code(text=shown, block=block):
            return not block and "`" not in shown and "\n" not in shown and bool(shown.strip())
        case RichText():
            return False
    return not _MARKUP.search(span)


def _mark(span: Span) -> str:
    match span:
        case ClockTime():
            return date_token(span)
        case PersonName(name=name):
            return f"<@{id}>" if (id := mentioned_id(span)) else escape(name)
        case Link(label=label, url=url):
            shown = escape(label or url).replace("|", "¦")
            return f"<{escape(url)}|{shown}>" if is_linkable_url(url) else escape(_plain(span))
        case Code(text=text):
            return f"`{escape(text)}`"
        case Bold(text=text):
            return f"*{shown}*" if (shown := escape(text).strip()) else ""
        case RichText():
            return escape(words(span))
    return escape(span)


def _plain(span: Span) -> str:
    match span:
        case ClockTime():
            return clock_text(span)
        case PersonName(name=shown) | Code(text=shown) | Bold(text=shown):
            return remove_unsendable(shown)
        case Link(label=label, url=url):
            return remove_unsendable(label if not url or label == url else f"{label} ({url})")
        case RichText():
            return remove_unsendable(words(span))
    return remove_unsendable(span)
