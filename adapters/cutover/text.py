"""Signatures in the texts that Liaison writes to Cutover, and the simple HTML of its comments.

Cutover shows every text as written by the token's user, and its API gives neither a comment nor a status an
author. Each text therefore ends in a signature, which is removed before the text is shown in chat: ``replica
lagging — Ana via Slack (7K2F), next update 2026-07-18 14:20 UTC``.
"""

import html
import re
from datetime import UTC, datetime

from adapters.models import Model
from adapters.writes import WriteMarker

_DUE_FORMAT = "%Y-%m-%d %H:%M"
_SIGNATURE = re.compile(
    r"(?:^(?=.* via )|— )(?P<who>[^\n—]{1,120}?) \((?P<code>[0-9A-Z]{3,12})\)"
    r"(?:, next update (?P<due>\d{4}-\d\d-\d\d \d\d:\d\d) UTC)?$"
)
_BREAK = re.compile(r"<br\s*/?>|</(?:p|li|div|h[1-6])>\s*", re.IGNORECASE)
_TAG = re.compile(r"</?(?:p|b|i|u|s|em|strong|ul|ol|li|code|pre|a|span|div|h[1-6])(?:\s[^<>]*)?>", re.IGNORECASE)


class SignedText(Model):
    """A text without its signature. ``author`` and ``code`` are empty for text that Liaison did not write."""

    text: str
    author: str = ""
    code: str = ""
    due: datetime | None = None


def add_signature(text: str, marker: WriteMarker, due: datetime | None = None) -> str:
    next_update = f", next update {due.astimezone(UTC).strftime(_DUE_FORMAT)} UTC" if due else ""
    if not text.strip():
        return f"{marker.signature}{next_update}"
    return f"{text.rstrip()} — {marker.signature}{next_update}"


def parse_signature(text: str) -> SignedText:
    text = text.strip()  # not in the pattern, which would backtrack over every blank of a long run of them
    match = _SIGNATURE.search(text)
    if match is None:
        return SignedText(text=text)
    due = datetime.strptime(match["due"], _DUE_FORMAT).replace(tzinfo=UTC) if match["due"] else None
    return SignedText(text=text[: match.start()].strip(), author=match["who"].strip(), code=match["code"], due=due)


def to_html(text: str) -> str:
    """Each line becomes a paragraph, with everything in it escaped."""
    return "".join(f"<p>{html.escape(line, quote=False)}</p>" for line in text.splitlines() or [""])


def to_text(content: str | None) -> str:
    """The plain text of a comment or description, which may be HTML or plain text."""
    text = content or ""
    if _TAG.search(text) is None and _BREAK.search(text) is None:
        return html.unescape(text).strip()
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", text))).strip()
