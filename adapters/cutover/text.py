"""Text on its way to Cutover and back: who wrote it, and the small HTML of its comments.

Cutover shows everything as written by the token's user, and neither a comment nor a status has an author in
its API. So each text we write ends in the mark's signature, which is taken off again before it is shown:
``replica lagging — Ana via Slack (7K2F), next update 2026-07-18 14:20 UTC``.
"""

import html
import re
from datetime import UTC, datetime

from adapters.models import Model
from adapters.writes import WriteMarker

_DUE = "%Y-%m-%d %H:%M"
_SIGNED = re.compile(
    r"(?:^(?=.* via )|— )(?P<who>[^\n—]{1,120}?) \((?P<code>[0-9A-Z]{3,12})\)"
    r"(?:, next update (?P<due>\d{4}-\d\d-\d\d \d\d:\d\d) UTC)?$"
)
_BREAK = re.compile(r"<br\s*/?>|</(?:p|li|div|h[1-6])>\s*", re.IGNORECASE)
_TAG = re.compile(r"</?(?:p|b|i|u|s|em|strong|ul|ol|li|code|pre|a|span|div|h[1-6])(?:\s[^<>]*)?>", re.IGNORECASE)


class Signed(Model):
    """A text of ours, taken apart. ``code`` is empty for text that others wrote."""

    text: str
    by: str = ""
    code: str = ""
    due: datetime | None = None


def sign(text: str, mark: WriteMarker, due: datetime | None = None) -> str:
    promise = f", next update {due.astimezone(UTC).strftime(_DUE)} UTC" if due else ""
    return f"{text.rstrip()} — {mark.signature}{promise}" if text.strip() else f"{mark.signature}{promise}"


def unsign(text: str) -> Signed:
    text = text.strip()  # and not in the pattern: it would try every blank of a long row of them
    found = _SIGNED.search(text)
    if found is None:
        return Signed(text=text)
    due = datetime.strptime(found["due"], _DUE).replace(tzinfo=UTC) if found["due"] else None
    return Signed(text=text[: found.start()].strip(), by=found["who"].strip(), code=found["code"], due=due)


def to_html(text: str) -> str:
    """Nothing of ``text`` is markup; its lines are paragraphs (all that Cutover's comments need)."""
    return "".join(f"<p>{html.escape(line, quote=False)}</p>" for line in text.splitlines() or [""])


def to_text(content: str | None) -> str:
    """The text of a comment or description, which may be HTML or may be plain."""
    text = content or ""
    if _TAG.search(text) is None and _BREAK.search(text) is None:
        return html.unescape(text).strip()
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", text))).strip()
