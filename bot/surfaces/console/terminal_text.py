"""Text measured in terminal cells: wide characters take two, combining ones none."""

import re
import unicodedata

ELLIPSIS = "…"
_CONTROLS = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def tame(text: str) -> str:
    """Without escape sequences, control characters and direction overrides; newlines stay, tabs are spaces."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\t", "    "))


def one_line(text: str) -> str:
    return " ".join(tame(text).splitlines())


def width(text: str) -> int:
    return len(text) if text.isascii() else sum(map(_cell, text))


def clip(text: str, most: int) -> str:
    """At most ``most`` cells, with an ellipsis where something is left out."""
    if width(text) <= most:
        return text
    return _head(text, most - 1) + ELLIPSIS if most > 1 else ELLIPSIS[:most]


def pad(text: str, cells: int) -> str:
    return text + " " * (cells - width(text))


def wrap(text: str, most: int) -> list[str]:
    """Lines of at most ``most`` cells, broken at spaces; a longer word is cut. Never empty."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if width(joined) <= most:
            line = joined
            continue
        if line:
            lines.append(line)
        *full, line = cut(word, most)
        lines += full
    return [*lines, line] if line or not lines else lines


def cut(text: str, most: int) -> list[str]:
    """The text in pieces of at most ``most`` cells, spaces kept. Never empty."""
    pieces: list[str] = []
    while len(head := _head(text, most) or text[:1]) < len(text):
        pieces.append(head)
        text = text[len(head) :]
    return [*pieces, text]


def _head(text: str, most: int) -> str:
    cells = 0
    for at, character in enumerate(text):
        cells += _cell(character)
        if cells > most:
            return text[:at]
    return text


def _cell(character: str) -> int:
    if unicodedata.combining(character) or character in "\u200b\u200d\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
