"""Renders texts as ``rich_text`` blocks, so that text from outside never becomes markup or a mention.

In mrkdwn, a title such as ``*drop* <!channel>`` would need escaping, and ``*`` can't be escaped. In rich text the
type of each element is explicit (Slack docs, "Rich text block").
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bot.surfaces.slack.encoding import (
    clock_text,
    date_format,
    is_linkable_url,
    mentioned_id,
    remove_unsendable,
    truncate,
    unix_seconds,
)
from bot.surfaces.slack.formatted import containers
from bot.surfaces.slack.formatted import length as container_length
from commands.model.card import Bold, ClockTime, Code, Link, PersonName, RichText, Span
from commands.model.rich_text import CodeBlock, words
from commands.text.urls import find_urls

Element = dict[str, Any]
Line = Sequence[Span]
_COUNTED = ("text", "url", "fallback", "user_id")


def line_elements(line: Line, *, bold: bool = False) -> list[Element]:
    """The elements of one line, without empty ones."""
    return [element for span in line for part in _parts(span) if (element := _element(part, bold)) is not None]


def _parts(span: Span) -> Iterator[Span]:
    """The addresses in a plain text are links: Slack finds none in rich text."""
    if not isinstance(span, str) or "://" not in span:
        yield span
        return
    place = 0
    for start, url in find_urls(span):
        if is_linkable_url(url):
            yield span[place:start]
            yield Link(url, url)
            place = start + len(url)
    yield span[place:]


def _element(span: Span, bold: bool) -> Element | None:
    match span:
        case ClockTime():
            return _clock(span)
        case PersonName(name=name):
            if id := mentioned_id(span):
                return {"type": "user", "user_id": id}
            return _text(name, bold=bold)
        case Link(label=label, url=url):
            if not is_linkable_url(url):
                return _text(f"{label} ({url})" if url else label, bold=bold)
            style = {"style": {"bold": True}} if bold else {}
            return {"type": "link", "url": url, "text": remove_unsendable(label) or url, **style}
        case Code(text=text):
            return _text(text, code=True)
        case Bold(text=text):
            return _text(text, bold=True)
        case RichText():
            return _text(words(span), bold=bold)
    return _text(span, bold=bold)


def _text(text: str, *, bold: bool = False, code: bool = False) -> Element | None:
    if not (sendable := remove_unsendable(text)):
        return None
    if not (bold or code):
        return {"type": "text", "text": sendable}
    style = {name: True for name, on in (("bold", bold), ("code", code)) if on}
    return {"type": "text", "text": sendable, "style": style}


def _clock(clock: ClockTime) -> Element | None:
    seconds = unix_seconds(clock)
    if seconds is None:
        return _text(clock_text(clock))
    return {"type": "date", "timestamp": seconds, "format": date_format(clock), "fallback": clock_text(clock)}


def element_length(element: Element) -> int:
    """Characters that the element counts towards our limits."""
    length = 0
    for key in _COUNTED:
        if key in element:
            length += len(element[key])
    return length


def has_code_block(line: Line) -> bool:
    return bool([span for span in line if isinstance(span, Code) and span.block])


class RichTextBuilder:
    """Collects lines into rich_text blocks until the given number of characters or blocks is used up.

    Lines that no longer fit are left out, and ``is_truncated`` is set.
    """

    BLOCK = 2800  # characters of one block; sections may have 3,000

    def __init__(self, characters: int, blocks: int) -> None:
        self.characters_left = characters
        self.blocks_left = blocks
        self.is_truncated = False
        self.blocks: list[Element] = []
        self._block_room = 0

    def start_block(self) -> None:
        self._block_room = 0

    def add_block(self, block: Element, length: int) -> None:
        """Another kind of block, between the lines before and those after it."""
        if self.is_truncated or length > self.characters_left or self.blocks_left == 0:
            self.is_truncated = True
            return
        self.blocks.append(block)
        self.blocks_left -= 1
        self.characters_left -= length
        self.start_block()

    def add_rich_text(self, rich: RichText) -> None:
        for container in containers(rich):
            length = container_length(container) + 1
            if not self._make_room(length):
                return
            if container["type"] == "rich_text_section":
                self._extend_section(container["elements"])
            else:
                self.blocks[-1]["elements"].append(container)

    def add_line(self, line: Line, *, bold: bool = False) -> None:
        if len(line) == 1 and isinstance(line[0], RichText):
            self.add_rich_text(line[0])
            return
        if not has_code_block(line):
            self._add_elements(line_elements(line, bold=bold))
            return
        for span in line:
            if isinstance(span, Code) and span.block:
                self.add_rich_text(RichText((CodeBlock(span.text),)))
            else:
                self._add_elements(line_elements((span,), bold=bold))

    def _add_elements(self, line: list[Element]) -> None:
        if self.is_truncated or not line:
            return
        length = sum(map(element_length, line)) + 1
        if length > self.BLOCK + 1:
            line = _truncate_line(line, self.BLOCK)
            length = sum(map(element_length, line)) + 1
        if not self._make_room(length):
            return
        self._extend_section(line)

    def _extend_section(self, line: list[Element]) -> None:
        """Two sections in a row would be drawn without a line break between them."""
        containers = self.blocks[-1]["elements"]
        if containers and containers[-1]["type"] == "rich_text_section":
            containers[-1]["elements"] += [{"type": "text", "text": "\n"}, *line]
        else:
            containers.append({"type": "rich_text_section", "elements": [*line]})

    def _make_room(self, length: int) -> bool:
        """In the last block, or in a new one. Once something has no room, nothing after it has."""
        if self.is_truncated or length > self.characters_left:
            self.is_truncated = True
            return False
        if length > self._block_room:
            if self.blocks_left == 0:
                self.is_truncated = True
                return False
            self._open_block()
        self._block_room -= length
        self.characters_left -= length
        return True

    def _open_block(self) -> None:
        self.blocks.append({"type": "rich_text", "elements": []})
        self.blocks_left -= 1
        self._block_room = self.BLOCK + 1


def _truncate_line(line: Iterable[Element], limit: int) -> list[Element]:
    result: list[Element] = []
    remaining = limit
    for element in line:
        length = element_length(element)
        if length <= remaining:
            result.append(element)
            remaining -= length
            continue
        if element["type"] == "text" and remaining > 1:
            result.append({**element, "text": truncate(element["text"], remaining)})
        break
    return result or [{"type": "text", "text": "…"}]
