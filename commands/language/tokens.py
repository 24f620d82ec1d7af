"""Splits a line into words, respecting quotes and code. No input is an error: an unmatched quote is text."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

_QUOTES = '"“”„‟«»'
# A closing quote is followed by a space, the end of the text, or a comma or colon and then one of those.
_CLOSING = re.compile(rf"[{_QUOTES}](?=$|\s|[,:;](?:\s|$))")
_BACKTICKS = re.compile("`+")
_LINE_BREAKS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
# Control characters, lone surrogates (databases reject them), and the two marks that reverse text.
_REMOVED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202d\u202e]")


def clean(text: str) -> str:
    """Turns all line breaks into newlines, and removes characters that cannot be stored or shown."""
    return _REMOVED.sub("", _LINE_BREAKS.sub("\n", text))


@dataclass(frozen=True, slots=True)
class Word:
    """``text[start:end]``. ``value`` is without the quotes around it."""

    start: int
    end: int
    value: str


def split_words(text: str) -> list[Word]:
    """Splits at spaces, except inside code and inside quotes that enclose a word."""
    found: list[Word] = []
    closing_ends = [close.end() for close in _CLOSING.finditer(text)]  # once, which keeps the loop linear
    position = 0
    while True:
        while position < len(text) and text[position].isspace():
            position += 1
        if position == len(text):
            return found
        quoted = text[position] in _QUOTES
        word = _quoted_word(text, position) if quoted else _plain_word(text, position, closing_ends)
        found.append(word)
        position = word.end


def _quoted_word(text: str, start: int) -> Word:
    close = _CLOSING.search(text, start + 1)
    if close is None:
        return Word(start, len(text), text[start + 1 :])
    return Word(start, close.end(), text[start + 1 : close.start()])


def _plain_word(text: str, start: int, closing_ends: Sequence[int]) -> Word:
    position = start
    while position < len(text) and not text[position].isspace():
        if text[position] == "`":
            position = _code_end(text, position)
        elif text[position] == "=" and text[position + 1 : position + 2] in tuple(_QUOTES):
            close = bisect_right(closing_ends, position + 2)
            position = closing_ends[close] if close < len(closing_ends) else position + 1
        else:
            position += 1
    return Word(start, position, text[start:position])


def _code_end(text: str, start: int) -> int:
    """Where the code that starts here ends. An unclosed block runs to the end; a lone backtick is a character."""
    fence = _BACKTICKS.match(text, start)
    assert fence is not None
    for other in _BACKTICKS.finditer(text, fence.end()):
        if other[0] == fence[0]:
            return other.end()
    return len(text) if len(fence[0]) >= 3 else fence.end()


def unquote(text: str) -> str:
    """Strips outer spaces, and the quotes if they enclose all of the text."""
    text = text.strip()
    if text[:1] not in tuple(_QUOTES):
        return text
    word = _quoted_word(text, 0)
    return word.value.strip() if word.end == len(text) else text


def split_quoted(text: str) -> tuple[str, str]:
    """A leading quoted string and what follows it. Without one: all of the text, and an empty string."""
    if text[:1] not in tuple(_QUOTES):
        return text, ""
    word = _quoted_word(text, 0)
    return word.value, text[word.end :]


def join_texts(first: str, second: str) -> str:
    """For the text before a flag and the flag's own: joined by a space where both are there."""
    return f"{first} {second}" if first and second else first or second
