"""Measures, wraps and cuts text in terminal cells: wide characters take two cells, combining characters none."""

import re
import unicodedata

ELLIPSIS = "…"
_CONTROLS = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def strip_controls(text: str) -> str:
    """Removes escape sequences, control characters and direction overrides. Tabs become spaces; newlines stay."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\t", "    "))


def one_line(text: str) -> str:
    return " ".join(strip_controls(text).splitlines())


def width(text: str) -> int:
    return len(text) if text.isascii() else sum(map(_character_width, text))


def clip(text: str, limit: int) -> str:
    """At most ``limit`` cells, ending in an ellipsis if the text was cut."""
    if width(text) <= limit:
        return text
    return _prefix(text, limit - 1) + ELLIPSIS if limit > 1 else ELLIPSIS[:limit]


def pad(text: str, cells: int) -> str:
    return text + " " * (cells - width(text))


def wrap(text: str, limit: int, uncut: str = "") -> list[str]:
    """Lines of at most ``limit`` cells, broken at spaces. Longer words are cut, unless ``uncut`` is in them. Never
    empty."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if width(joined) <= limit:
            line = joined
            continue
        if line:
            lines.append(line)
        *full, line = [word] if uncut and uncut in word else cut(word, limit)
        lines += full
    return [*lines, line] if line or not lines else lines


def cut(text: str, limit: int) -> list[str]:
    """Pieces of at most ``limit`` cells. Spaces are kept. Never empty."""
    pieces: list[str] = []
    while len(prefix := _prefix(text, limit) or text[:1]) < len(text):
        pieces.append(prefix)
        text = text[len(prefix) :]
    return [*pieces, text]


def _prefix(text: str, limit: int) -> str:
    cells = 0
    for position, character in enumerate(text):
        cells += _character_width(character)
        if cells > limit:
            return text[:position]
    return text


def _character_width(character: str) -> int:
    if unicodedata.combining(character) or character in "\u200b\u200d\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
