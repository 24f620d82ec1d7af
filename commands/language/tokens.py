"""A line cut into words: quotes, code, and what is never kept (DESIGN section 4, "Reading a line").

Nothing here fails on what people type: an odd quote is text.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

_QUOTES = '"“”„‟«»'
# A closing quote has a space or the end behind it, or a comma or colon and then one of those.
_CLOSING = re.compile(rf"[{_QUOTES}](?=$|\s|[,:;](?:\s|$))")
_BACKTICKS = re.compile("`+")
_BREAKS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
# Controls, lone surrogates (no store can write them), and the two marks that make text read backwards.
_NEVER = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202d\u202e]")


def clean(text: str) -> str:
    """As typed, without what cannot be stored or shown: line breaks are newlines, controls are gone."""
    return _NEVER.sub("", _BREAKS.sub("\n", text))


def folded(words: str) -> str:
    """For comparing: without case, accents and invisible marks, single-spaced."""
    bare = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", words.casefold())
        if unicodedata.category(letter) not in ("Mn", "Cf")
    )
    return " ".join(bare.casefold().split())


@dataclass(frozen=True, slots=True)
class Word:
    """One argument: ``text[start:end]``. ``value`` is it without the quotes that wrap it."""

    start: int
    end: int
    value: str


def words(text: str) -> list[Word]:
    """Cut at spaces, except inside quotes that wrap an argument and inside code."""
    found: list[Word] = []
    ends = [close.end() for close in _CLOSING.finditer(text)]  # looked up, never searched for again
    at = 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return found
        word = _quoted(text, at) if text[at] in _QUOTES else _plain(text, at, ends)
        found.append(word)
        at = word.end


def _quoted(text: str, start: int) -> Word:
    close = _CLOSING.search(text, start + 1)
    if close is None:
        return Word(start, len(text), text[start + 1 :])
    return Word(start, close.end(), text[start + 1 : close.start()])


def _plain(text: str, start: int, ends: Sequence[int]) -> Word:
    at = start
    while at < len(text) and not text[at].isspace():
        if text[at] == "`":
            at = _behind_code(text, at)
        elif text[at] == "=" and text[at + 1 : at + 2] in tuple(_QUOTES):
            close = bisect_right(ends, at + 2)
            at = ends[close] if close < len(ends) else at + 1
        else:
            at += 1
    return Word(start, at, text[start:at])


def _behind_code(text: str, start: int) -> int:
    """The end of code beginning here. An unclosed block runs to the end; a lone backtick is a character."""
    fence = _BACKTICKS.match(text, start)
    assert fence is not None
    for other in _BACKTICKS.finditer(text, fence.end()):
        if other[0] == fence[0]:
            return other.end()
    return len(text) if len(fence[0]) >= 3 else fence.end()


def unquote(text: str) -> str:
    """The text without outer spaces, and without the quotes that wrap all of it."""
    text = text.strip()
    if text[:1] not in tuple(_QUOTES):
        return text
    word = _quoted(text, 0)
    return word.value.strip() if word.end == len(text) else text


def take_quoted(text: str) -> tuple[str, str]:
    """A quoted argument at the beginning, and what follows it; without one, all of the text and nothing."""
    if text[:1] not in tuple(_QUOTES):
        return text, ""
    word = _quoted(text, 0)
    return word.value, text[word.end :]


def joined(text: str, more: str) -> str:
    """What was said before a flag, and in it."""
    return f"{text} {more}" if text and more else text or more
