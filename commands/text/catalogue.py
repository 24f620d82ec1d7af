"""Looks up messages by key and fills in their facts.

The messages of ``commands`` are in ``messages.toml`` beside this module; each platform and chat folder has its own
file. A message is plain text with ``{fact}`` placeholders. A fact may be any ``Span`` or ``Text``, a ``datetime``
(shown as a ``ClockTime``), a ``LazyText``, a list of facts (joined with commas), or anything else, shown as its
``str``.
"""

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from adapters.toolkit.messages import current_language, load_messages
from commands.model.card import Bold, ClockTime, Code, Link, PersonName, RichText, Span, Text
from commands.model.rich_text import words

_SPANS = (str, ClockTime, PersonName, Link, Code, Bold, RichText)
_PATH = Path(__file__).with_name("messages.toml")
_own_messages: dict[str, Mapping[str, str]] = {}  # by language


@dataclass(frozen=True, slots=True)
class LazyText:
    """A fact that is a message itself. It is translated together with the message that it fills: an error is
    raised once and may be shown in two languages, to its person and in the channel."""

    key: str
    facts: Mapping[str, object]


def lazy(key: str, **facts: object) -> LazyText:
    return LazyText(key, facts)


def translate(key: str, catalogue: Mapping[str, str] | None = None, /, **facts: object) -> Text:
    """The message ``key`` in the current language. ``catalogue`` is searched before the messages of
    ``commands``."""
    return fill(template(key, catalogue), facts)


def template(key: str, catalogue: Mapping[str, str] | None = None) -> str:
    """The message with its placeholders."""
    return (catalogue or {}).get(key) or own_messages()[key]


def own_messages(language: str | None = None) -> Mapping[str, str]:
    """The catalogue of ``commands``."""
    language = language or current_language()
    found = _own_messages.get(language)
    if found is None:
        found = _own_messages[language] = load_messages(_PATH, language)
    return found


def fill(message: str, facts: Mapping[str, object]) -> Text:
    spans: list[Span] = []
    for literal, fact in _parts(message):
        if literal:
            spans.append(literal)
        if fact:
            spans += _as_spans(facts[fact])
    return tuple(spans)


@lru_cache(maxsize=2048)
def _parts(message: str) -> Sequence[tuple[str, str | None]]:
    """Literal text, and the placeholder after it."""
    return tuple((literal, fact) for literal, fact, _, _ in string.Formatter().parse(message))


def plural(key: str, count: int) -> str:
    """The key of the message for ``count``: ``key`` itself, and ``key_one`` for one."""
    return f"{key}_one" if count == 1 else key


def _as_spans(fact: object) -> Text:
    match fact:
        case tuple():
            return fact
        case LazyText():
            return translate(fact.key, None, **fact.facts)
        case list():
            parts = [_as_spans(part) for part in fact]
            return tuple(span for number, part in enumerate(parts) for span in ((", ",) if number else ()) + part)
        case datetime():
            return (ClockTime(fact),)
    return (fact,) if isinstance(fact, _SPANS) else (str(fact),)


def plain_text(text: Text) -> str:
    """As one line without any chat's markup: for summaries, logs and the console."""
    return "".join(_plain_span(span) for span in text)


def short_date(day: date) -> str:
    """ "1 Dec", which nobody can take for January 12th."""
    return f"{day.day} {template('date.months').split()[day.month - 1]}"


def _plain_span(span: Span) -> str:
    match span:
        case ClockTime(at=at, dated=dated):
            return f"{short_date(at)} {at:%H:%M} UTC" if dated else f"{at:%H:%M} UTC"
        case PersonName(name=name):
            return name
        case Link(label=label):
            return label
        case Code(text=text) | Bold(text=text):
            return text
        case RichText():
            return words(span)
    return span
