"""The catalogue: every sentence we show, by key. ``commands/text/messages.toml`` is ours; each adapter folder has its own.

A sentence is plain text with ``{fact}`` placeholders; a fact may be any ``Span`` (a ``ClockTime`` stays a clock), a
``Text``, a ``datetime`` (shown as a ``ClockTime``), or anything else as its ``str``. A missing key or fact is a bug,
found by a test over all keys.
"""

import string
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from adapters.toolkit.messages import load_messages
from commands.model.card import Bold, ClockTime, Code, Link, PersonName, Span, Text

_SPANS = (str, ClockTime, PersonName, Link, Code, Bold)
_OURS = Path(__file__).with_name("messages.toml")


def translate(key: str, catalogue: Mapping[str, str] | None = None, /, **facts: object) -> Text:
    """The sentence of ``key``, from ``catalogue`` first, then from ours."""
    template = (catalogue or {}).get(key) or load_messages(_OURS)[key]
    spans: list[Span] = []
    for literal, fact, _, _ in string.Formatter().parse(template):
        if literal:
            spans.append(literal)
        if fact:
            spans += _as_spans(facts[fact])
    return tuple(spans)


def _as_spans(fact: object) -> Text:
    if isinstance(fact, tuple):
        return fact
    if isinstance(fact, datetime):
        return (ClockTime(fact),)
    return (fact,) if isinstance(fact, _SPANS) else (str(fact),)


def plain_text(words: Text) -> str:
    """As one line of text without any chat's markup: for summaries, logs, and the console."""
    return "".join(_plain_span(span) for span in words)


def _plain_span(span: Span) -> str:
    match span:
        case ClockTime(at=at):
            return at.strftime("%H:%M UTC")
        case PersonName(name=name):
            return name
        case Link(label=label):
            return label
        case Code(text=text) | Bold(text=text):
            return text
    return span
