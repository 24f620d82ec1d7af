"""The catalogue: every sentence we show, by key. ``commands/en.toml`` is ours; each adapter folder has its own.

A sentence is plain text with ``{fact}`` placeholders; a fact may be any ``Span`` (a ``Clock`` stays a clock), a
``Text``, a ``datetime`` (shown as a ``Clock``), or anything else as its ``str``. A missing key or fact is a bug,
found by a test over all keys.
"""

import string
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from adapters.sentences import load
from commands.cards import Clock, Code, Link, Span, Strong, Text, Who

_SPANS = (str, Clock, Who, Link, Code, Strong)
_OURS = Path(__file__).with_name("en.toml")


def say(key: str, catalogue: Mapping[str, str] | None = None, /, **facts: object) -> Text:
    """The sentence of ``key``, from ``catalogue`` first, then from ours."""
    template = (catalogue or {}).get(key) or load(_OURS)[key]
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
        return (Clock(fact),)
    return (fact,) if isinstance(fact, _SPANS) else (str(fact),)


def plain(words: Text) -> str:
    """As one line of text without any chat's markup: for summaries, logs, and the console."""
    return "".join(_plain_span(span) for span in words)


def _plain_span(span: Span) -> str:
    match span:
        case Clock(at=at):
            return at.strftime("%H:%M UTC")
        case Who(name=name):
            return name
        case Link(label=label):
            return label
        case Code(text=text) | Strong(text=text):
            return text
    return span
