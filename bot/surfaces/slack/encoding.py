"""Converts between Slack's text encoding and plain text.

Incoming text has control sequences in angle brackets and three HTML entities (Slack docs, "Formatting message
text"). Outgoing ``text`` must escape the same three characters.
"""

import re
from urllib.parse import urlsplit

from commands.model.card import Bold, ClockTime, Code, Link, PersonName, RichText, Text
from commands.model.rich_text import words
from commands.text.catalogue import short_date
from commands.text.phrases import in_zone

_TOKEN = re.compile(r"<([^<>\n]*)>")
_ENTITY = re.compile(r"&(lt|gt|amp);")
_CHARACTERS = {"lt": "<", "gt": ">", "amp": "&"}
# Control characters other than tab and line break, and lone surrogates: Slack rejects or drops them. Overrides of
# the writing direction would turn around the text after them.
_UNSENDABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_USER = re.compile(r"[UW][A-Z0-9]{2,}")
_MAX_TIMESTAMP = 4_102_444_800  # 2100-01-01: a later time is an error in the data


def decode(text: str) -> str:
    """The text as the person typed it: ``<@U1|ben>`` becomes "@U1", ``<#C1|ops>`` "#ops", and ``&lt;`` "<"."""
    parts: list[str] = []
    end = 0
    for token in _TOKEN.finditer(text):
        parts += [_decode_entities(text[end : token.start()]), _decode_entities(_decode_token(token[1]))]
        end = token.end()
    parts.append(_decode_entities(text[end:]))
    return "".join(parts)


def _decode_entities(text: str) -> str:
    return _ENTITY.sub(lambda entity: _CHARACTERS[entity[1]], text)


def _decode_token(inner: str) -> str:
    target, _, label = inner.partition("|")
    match target[:1]:
        case "@":
            return target
        case "#":
            return f"#{label}" if label else target
        case "!":
            return _decode_special(target[1:], label)
    return _decode_link(target, label)


def _decode_special(target: str, label: str) -> str:
    if target.startswith("subteam^"):
        return "@" + (label.removeprefix("@") or target.removeprefix("subteam^"))
    if target.startswith("date^"):
        return label or target
    return label or f"@{target}"


def _decode_link(url: str, label: str) -> str:
    """The label where the person typed it: Slack turns "example.com" into ``<http://example.com|example.com>``."""
    if not label or label == url:
        return url
    bare = url.split("://", 1)[-1].removeprefix("mailto:").removeprefix("tel:")
    if label.rstrip("/") == bare.rstrip("/"):
        return label
    return f"{label} ({url})"


def text_after_mention(text: str, bot: str) -> str | None:
    """The text after a mention of ``bot`` at the start of the raw text; None if it does not start with one."""
    opening = re.match(rf"\s*<@{re.escape(bot)}(?:\|[^<>]*)?>[\s,:]*", text) if bot else None
    return text[opening.end() :] if opening else None


def around_mention(text: str, bot: str) -> tuple[str, str] | None:
    """The texts before and after the first mention of ``bot`` in the raw text."""
    mention = re.search(rf"<@{re.escape(bot)}(?:\|[^<>]*)?>", text) if bot else None
    return (text[: mention.start()], text[mention.end() :]) if mention else None


def remove_unsendable(text: str) -> str:
    """Also normalizes line breaks to ``\\n``."""
    if text.isprintable():  # most texts; none of those characters is
        return text
    return _UNSENDABLE.sub("", text.replace("\r\n", "\n"))


def truncate(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def escape(text: str) -> str:
    """For ``text`` and mrkdwn, so that a typed ``<!channel>`` stays text."""
    return remove_unsendable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escape_truncated(text: str, limit: int) -> str:
    """At most ``limit`` characters after escaping. Never splits an entity."""
    allowed = limit
    while len(escaped := escape(truncate(text, allowed))) > limit:
        allowed -= max(1, (len(escaped) - limit) // 5)
    return escaped


def fallback_text(text: Text) -> str:
    """mrkdwn for the ``text`` of a message: escaped, with date tokens, and mentions only where ``ping`` is set."""
    return "".join(_fallback_span(span) for span in text)


def _fallback_span(span: object) -> str:
    match span:
        case ClockTime():
            return date_token(span)
        case PersonName(name=name, id=id, ping=ping):
            return f"<@{id}>" if ping and _USER.fullmatch(id) else escape(name)
        case Link(label=label, url=url):
            return escape(label or url)
        case Code(text=text) | Bold(text=text):
            return escape(text)
        case RichText():
            return escape(words(span))
    return escape(str(span))


def unix_seconds(clock: ClockTime) -> int | None:
    """None where a date token would make no sense (before 1970 or after 2100)."""
    seconds = int(clock.at.timestamp())
    return seconds if 0 < seconds < _MAX_TIMESTAMP else None


def clock_text(clock: ClockTime) -> str:
    local = in_zone(clock.at, clock.zone)
    day = f"{short_date(local)} " if clock.dated else ""
    return day + local.strftime("%H:%M ") + (local.tzname() or clock.zone)


def date_format(clock: ClockTime) -> str:
    """With "yesterday" or "tomorrow" in place of the date where that is so for the reader."""
    return "{date_short_pretty} {time}" if clock.dated else "{time}"


def date_token(clock: ClockTime) -> str:
    """Shown in the reader's zone (Slack docs, "Formatting message text")."""
    seconds = unix_seconds(clock)
    if seconds is None:
        return escape(clock_text(clock))
    return f"<!date^{seconds}^{date_format(clock)}|{escape(clock_text(clock))}>"


def mentioned_id(person: PersonName) -> str:
    """The user id to mention; "" for a plain name."""
    return person.id if person.ping and _USER.fullmatch(person.id) else ""


def is_linkable_url(url: str) -> bool:
    """Whether Slack accepts ``url`` as a link."""
    if len(url) > 3000 or re.search(r"[\s<>|\x00-\x1f\x7f\ud800-\udfff]", url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False
