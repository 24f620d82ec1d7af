"""Signatures in the texts that Liaison writes to Cutover, and the simple HTML of its comments.

Cutover shows every text as written by the token's user, and its API gives neither a comment nor a status an
author. Each text therefore ends in a signature, which is removed before the text is shown in chat: ``replica
lagging — Ana via Slack (7K2F), next update 2026-07-18 14:20 UTC``.
"""

import html
import re

from adapters.toolkit.signing import TextSigner

ADDED = "Added from chat"  # the description of a task that we added
SIGNER = TextSigner(separator=" — ", before="— ", name=r"[^\n—]{1,120}?")

# Linear in the length of a text, whatever is in it: anybody may write a comment.
_LINK = re.compile(r"<a\s([^<>]*)>((?:(?!<a\s).){0,1000}?)</a>", re.IGNORECASE | re.DOTALL)
_HREF = re.compile(r"\bhref=(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_ITEM = re.compile(r"<li(?:\s[^<>]*)?>", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>|</(?:p|li|div|h[1-6])>\s*", re.IGNORECASE)
_TAG = re.compile(r"</?(?:p|b|i|u|s|em|strong|ul|ol|li|code|pre|a|span|div|h[1-6])(?:\s[^<>]*)?>", re.IGNORECASE)


def to_html(text: str) -> str:
    """Each line becomes a paragraph, with everything in it escaped."""
    return "".join(f"<p>{html.escape(line, quote=False)}</p>" for line in text.splitlines() or [""])


def to_text(content: str | None) -> str:
    """The plain text of a comment or description, which may be HTML or plain text."""
    text = content or ""
    if _TAG.search(text) is not None or _BREAK.search(text) is not None:
        text = _ITEM.sub("- ", _LINK.sub(_link_text, text))
        text = _TAG.sub("", _BREAK.sub("\n", text)).replace("&nbsp;", " ")
    return html.unescape(text).strip()


def _link_text(link: "re.Match[str]") -> str:
    found, label = _HREF.search(link[1]), link[2]
    address = (found[1] or found[2] or "") if found else ""
    return label if not address or address == label else f"{label} ({address})"
