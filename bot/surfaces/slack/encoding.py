"""Slack's own way to write text, and plain words: both directions.

Incoming text has control sequences in angle brackets and three HTML entities
(docs.slack.dev/messaging/formatting-message-text); outgoing ``text`` must escape the same three characters.
"""

import re
from datetime import UTC
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from commands.model.card import Bold, ClockTime, Code, Link, PersonName, Text

_TOKEN = re.compile(r"<([^<>\n]*)>")
_ENTITY = re.compile(r"&(lt|gt|amp);")
_CHARACTERS = {"lt": "<", "gt": ">", "amp": "&"}
# Control characters other than tab and line break, and halves of surrogate pairs: Slack refuses or eats them.
_UNSENDABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_USER = re.compile(r"[UW][A-Z0-9]{2,}")
_LATEST = 4_102_444_800  # 2100-01-01: beyond it is no clock time that anybody meant


def decode(text: str) -> str:
    """What the person typed: ``<@U1|ben>`` is "@U1", ``<#C1|ops>`` is "#ops", ``&lt;`` is "<"."""
    pieces: list[str] = []
    end = 0
    for token in _TOKEN.finditer(text):
        pieces += [_entities(text[end : token.start()]), _entities(_token(token[1]))]
        end = token.end()
    pieces.append(_entities(text[end:]))
    return "".join(pieces)


def _entities(text: str) -> str:
    return _ENTITY.sub(lambda entity: _CHARACTERS[entity[1]], text)


def _token(inner: str) -> str:
    what, _, label = inner.partition("|")
    match what[:1]:
        case "@":
            return what
        case "#":
            return f"#{label}" if label else what
        case "!":
            return _special(what[1:], label)
    return _link(what, label)


def _special(what: str, label: str) -> str:
    if what.startswith("subteam^"):
        return "@" + (label.removeprefix("@") or what.removeprefix("subteam^"))
    if what.startswith("date^"):
        return label or what
    return label or f"@{what}"


def _link(url: str, label: str) -> str:
    """Slack turns a typed "example.com" into ``<http://example.com|example.com>``: then the label was typed."""
    if not label or label == url:
        return url
    bare = url.split("://", 1)[-1].removeprefix("mailto:").removeprefix("tel:")
    if label.rstrip("/") == bare.rstrip("/"):
        return label
    return f"{label} ({url})"


def mention_rest(text: str, bot: str) -> str | None:
    """What follows when a mention of ``bot`` opens the raw text; None when it does not."""
    opening = re.match(rf"\s*<@{re.escape(bot)}(?:\|[^<>]*)?>[\s,:]*", text) if bot else None
    return text[opening.end() :] if opening else None


def clean(text: str) -> str:
    """Without characters that Slack does not take."""
    return _UNSENDABLE.sub("", text.replace("\r\n", "\n"))


def cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def escape(text: str) -> str:
    """For ``text`` and mrkdwn: ``<!channel>`` typed by somebody must stay words."""
    return clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escape_within(text: str, longest: int) -> str:
    """Escaped, and at most ``longest`` characters after that; never half an entity."""
    wanted = longest
    while len(escaped := escape(cut(text, wanted))) > longest:
        wanted -= max(1, (len(escaped) - longest) // 5)
    return escaped


def fallback(words: Text) -> str:
    """As mrkdwn for the ``text`` of a message: escaped, with date tokens, nobody mentioned unless ``ping``."""
    return "".join(_fallback(span) for span in words)


def _fallback(span: object) -> str:
    match span:
        case ClockTime():
            if (stamp := timestamp(span)) is not None:
                return f"<!date^{stamp}^{{time}}|{escape(clock_words(span))}>"
            return escape(clock_words(span))
        case PersonName(name=name, id=id, ping=ping):
            return f"<@{id}>" if ping and _USER.fullmatch(id) else escape(name)
        case Link(label=label, url=url):
            return escape(label or url)
        case Code(text=text) | Bold(text=text):
            return escape(text)
    return escape(str(span))


def timestamp(clock: ClockTime) -> int | None:
    """Unix seconds, or None where a date token would be nonsense."""
    stamp = int(clock.at.timestamp())
    return stamp if 0 < stamp < _LATEST else None


def clock_words(clock: ClockTime) -> str:
    try:
        zone = ZoneInfo(clock.zone)
    except (KeyError, ValueError, OSError):  # not a zone of this system: UTC is true everywhere
        return clock.at.astimezone(UTC).strftime("%H:%M UTC")
    local = clock.at.astimezone(zone)
    return local.strftime("%H:%M ") + (local.tzname() or clock.zone)


def pinged(who: PersonName) -> str:
    """The user id to mention, or "" when this is only a name."""
    return who.id if who.ping and _USER.fullmatch(who.id) else ""


def linkable(url: str) -> bool:
    """Whether Slack will take ``url`` as a link."""
    if len(url) > 3000 or re.search(r"[\s<>|\x00-\x1f\x7f\ud800-\udfff]", url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False
