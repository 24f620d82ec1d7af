"""Texts as ``rich_text`` blocks: there nothing from outside can become markup or a mention.

In mrkdwn a title like ``*drop* <!channel>`` would have to be escaped, and ``*`` cannot be. In rich text every
piece says what it is (docs.slack.dev/reference/block-kit/blocks/rich-text-block).
"""

from collections.abc import Iterable, Sequence
from typing import Any

from bot.surfaces.slack.encoding import clean, clock_words, cut, linkable, pinged, timestamp
from commands.model.card import Bold, ClockTime, Code, Link, PersonName, Span

Piece = dict[str, Any]
Line = Sequence[Span]


def pieces(line: Line, *, bold: bool = False) -> list[Piece]:
    """The elements of one line, empty ones left out."""
    return [piece for span in line if (piece := _piece(span, bold)) is not None]


def _piece(span: Span, bold: bool) -> Piece | None:
    match span:
        case ClockTime():
            return _clock(span)
        case PersonName(name=name):
            if id := pinged(span):
                return {"type": "user", "user_id": id}
            return _text(name, bold=bold)
        case Link(label=label, url=url):
            if not linkable(url):
                return _text(f"{label} ({url})" if url else label, bold=bold)
            return {"type": "link", "url": url, "text": clean(label) or url}
        case Code(text=text):
            return _text(text, code=True)
        case Bold(text=text):
            return _text(text, bold=True)
    return _text(span, bold=bold)


def _text(text: str, *, bold: bool = False, code: bool = False) -> Piece | None:
    if not (shown := clean(text)):
        return None
    style = {name: True for name, on in (("bold", bold), ("code", code)) if on}
    return {"type": "text", "text": shown, **({"style": style} if style else {})}


def _clock(clock: ClockTime) -> Piece | None:
    stamp = timestamp(clock)
    if stamp is None:
        return _text(clock_words(clock))
    return {"type": "date", "timestamp": stamp, "format": "{time}", "fallback": clock_words(clock)}


def size(piece: Piece) -> int:
    """Characters, as we budget them."""
    return sum(len(str(piece.get(key, ""))) for key in ("text", "url", "fallback", "user_id"))


def is_block(line: Line) -> bool:
    return any(isinstance(span, Code) and span.block for span in line)


class Paper:
    """Collects lines into rich_text blocks until ``left`` characters or ``blocks_left`` blocks are used up.

    What does not fit any more is dropped from the end, and ``dropped`` says so.
    """

    BLOCK = 2800  # characters of one block; sections may have 3,000

    def __init__(self, characters: int, blocks: int) -> None:
        self.left = characters
        self.blocks_left = blocks
        self.dropped = False
        self.blocks: list[Piece] = []
        self._room = 0
        self._open: list[Piece] = []  # the section being written to

    def new_block(self) -> None:
        self._room = 0

    def write(self, line: Line, *, bold: bool = False) -> None:
        if not is_block(line):
            self._write(pieces(line, bold=bold), preformatted=False)
            return
        for span in line:
            if isinstance(span, Code) and span.block:
                self._write(pieces((span.text,)), preformatted=True)
            else:
                self._write(pieces((span,), bold=bold), preformatted=False)

    def _write(self, line: list[Piece], *, preformatted: bool) -> None:
        if self.dropped or not line:
            return
        line = _shortened(line, self.BLOCK)
        needed = sum(size(piece) for piece in line) + 1
        if needed > self.left or (needed > self._room and self.blocks_left == 0):
            self.dropped = True
            return
        if needed > self._room:
            self._start_block()
        self._room -= needed
        self.left -= needed
        if preformatted:
            self._container("rich_text_preformatted").extend(line)
            self._open = []
            return
        if not self._open:
            self._open = self._container("rich_text_section")
        else:
            self._open.append({"type": "text", "text": "\n"})
        self._open.extend(line)

    def _start_block(self) -> None:
        self.blocks.append({"type": "rich_text", "elements": []})
        self.blocks_left -= 1
        self._room = self.BLOCK + 1
        self._open = []

    def _container(self, kind: str) -> list[Piece]:
        elements: list[Piece] = []
        self.blocks[-1]["elements"].append({"type": kind, "elements": elements})
        return elements


def _shortened(line: Iterable[Piece], longest: int) -> list[Piece]:
    kept: list[Piece] = []
    room = longest
    for piece in line:
        if size(piece) <= room:
            kept.append(piece)
            room -= size(piece)
            continue
        if piece["type"] == "text" and room > 1:
            kept.append({**piece, "text": cut(piece["text"], room)})
        break
    return kept or [{"type": "text", "text": "…"}]
