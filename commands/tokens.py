"""A line cut into words: quotes, code, the verb's own flags (DESIGN section 4, "Reading a line").

Nothing here fails on what people type: an odd quote or dash is text. Time is linear in the length of the line.
"""

import re
import unicodedata
from dataclasses import dataclass

_QUOTES = '"“”„‟«»'
_FLAG = re.compile(r"(?:--|—|–)([A-Za-z]+)(?:=(.*))?", re.DOTALL)
_BREAKS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
# Controls, lone surrogates (no store can write them), and the two marks that make text read backwards.
_NEVER = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202d\u202e]")
_YES = frozenset({"", "yes", "true", "on", "1"})
_NO = frozenset({"no", "false", "off", "0"})


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
    return " ".join(bare.split())


@dataclass(frozen=True, slots=True)
class Word:
    """``text[start:end]``, one argument. ``value`` is it without its quotes; ``bare``: no quote, no code."""

    start: int
    end: int
    value: str
    bare: bool = True
    quoted: bool = False


def words(text: str) -> list[Word]:
    found: list[Word] = []
    at = 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return found
        word = _quoted(text, at) if text[at] in _QUOTES else _plain(text, at)
        found.append(word)
        at = word.end


def _quoted(text: str, start: int) -> Word:
    close = _closing(text, start + 1)
    if close is None:
        return Word(start, len(text), text[start + 1 :], bare=False, quoted=True)
    return Word(start, close + 1, text[start + 1 : close], bare=False, quoted=True)


def _closing(text: str, at: int) -> int | None:
    """Of a quote: the first one that has a space, the end, or a comma or colon and then one of those, after it."""
    for index in range(at, len(text)):
        if text[index] in _QUOTES:
            after = text[index + 1 : index + 3]
            if not after or after[0].isspace() or (after[0] in ",:;" and not after[1:].strip()):
                return index
    return None


def _plain(text: str, start: int) -> Word:
    at = start
    bare = True
    while at < len(text) and not text[at].isspace():
        if text[at] == "`":
            end = _code_end(text, at)
            bare = bare and end is None
            at = end or at + len(_backticks(text, at))
        elif text[at] == "=" and text[at + 1 : at + 2] in tuple(_QUOTES):
            close = _closing(text, at + 2)
            at = close + 1 if close is not None else at + 1
        else:
            at += 1
    return Word(start, at, text[start:at], bare=bare)


def _backticks(text: str, at: int) -> str:
    return text[at : len(text) - len(text[at:].lstrip("`"))]


def _code_end(text: str, start: int) -> int | None:
    """Behind the code that begins here. An unclosed block runs to the end; a lone backtick is only a character."""
    fence = _backticks(text, start)
    close = re.compile(rf"(?<!`){fence}(?!`)").search(text, start + len(fence))
    if close:
        return close.end()
    return len(text) if len(fence) >= 3 else None


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
    return word.value, text[word.end :].lstrip(",:; \t\n")
