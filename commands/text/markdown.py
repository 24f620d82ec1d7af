"""Reads the texts of platforms: Markdown as formatting, plain text as it is, with links in both.

markdown-it-py finds the blocks and the markup (CommonMark, with tables and struck text). HTML is text, except for
comments, which people are not meant to see, and line breaks.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from adapters.protocol import Markup
from commands.model.rich_text import (
    Block,
    Bold,
    Code,
    CodeBlock,
    Inline,
    InlineText,
    Italic,
    Item,
    Link,
    Paragraph,
    RichText,
    Struck,
    Table,
    inline_words,
)
from commands.text.urls import find_urls

MAX_LENGTH = 20_000  # characters; no chat shows more in one message
_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_BOX = re.compile(r"\[([ xX])\](?=\s|$)")
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_RULE = "―" * 8


@lru_cache(maxsize=512)
def rich_text(text: str, markup: Markup) -> RichText:
    """A text longer than ``MAX_LENGTH`` is cut at a line."""
    shown = text.replace("\r\n", "\n").replace("\r", "\n")
    shortened = len(shown) > MAX_LENGTH
    if shortened:
        shown = shown[:MAX_LENGTH].rpartition("\n")[0] or shown[:MAX_LENGTH]
    if markup is Markup.PLAIN:
        return RichText((Paragraph(tuple(_linked(shown.strip("\n")))),), shortened)
    reader = _Reader(breaks=markup is Markup.MARKDOWN_WITH_BREAKS)
    reader.read(_PARSER.parse(shown))
    return RichText(tuple(reader.blocks), shortened)


@dataclass
class _Reader:
    """Collects blocks. ``lists`` has an entry for each open list: the next number, or None for bullets."""

    breaks: bool
    blocks: list[Block] = field(default_factory=list)
    _lists: list[int | None] = field(default_factory=list)
    _quotes: int = 0
    _starts_item: bool = False
    _is_heading: bool = False
    _rows: list[tuple[InlineText, ...]] = field(default_factory=list)
    _cells: list[InlineText] | None = None

    def read(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            self._read(token)

    def _read(self, token: Token) -> None:
        match token.type:
            case "blockquote_open" | "blockquote_close":
                self._quotes += token.nesting
            case "heading_open" | "heading_close":
                self._is_heading = token.nesting == 1
            case "fence" | "code_block":
                self._add_code(token.content.removesuffix("\n"))
            case "hr":
                self._add_text((_RULE,))
            case "html_block":
                if shown := _COMMENT.sub("", token.content).strip():
                    self._add_text(tuple(_linked(_LINE_BREAK.sub("\n", shown))))
            case "inline":
                self._add_inline(token)
            case _:
                self._read_list(token)
                self._read_table(token)

    def _read_list(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open":
                self._lists.append(None)
            case "ordered_list_open":
                start = token.attrGet("start")  # absent for 1
                self._lists.append(1 if start is None else int(start))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case "list_item_open":
                self._starts_item = True
            case "list_item_close":
                self._end_item_line()

    def _read_table(self, token: Token) -> None:
        match token.type:
            case "table_open":
                self._rows = []
            case "tr_open":
                self._cells = []
            case "tr_close":
                self._rows.append(tuple(self._cells or ()))
                self._cells = None
            case "table_close":
                self._end_item_line()
                self.blocks.append(Table(tuple(self._rows), self._quotes > 0))

    def _add_inline(self, token: Token) -> None:
        text = tuple(_joined(_inlines(token.children or (), self.breaks)))
        if self._cells is not None:
            self._cells.append(text)
        elif self._is_heading:
            self._add_text((Bold(inline_words(text)),) if all(isinstance(span, str) for span in text) else text)
        else:
            self._add_text(text)

    def _add_text(self, text: InlineText) -> None:
        quoted = self._quotes > 0
        if not self._starts_item:
            self.blocks.append(Paragraph(text, len(self._lists), quoted))
            return
        self._starts_item = False
        number = self._lists[-1]
        if number is not None:
            self._lists[-1] = number + 1
        self.blocks.append(Item(_with_box(text), len(self._lists), number, quoted))

    def _end_item_line(self) -> None:
        """An item that opens with something other than text."""
        if self._starts_item:
            self._add_text(())

    def _add_code(self, text: str) -> None:
        self._end_item_line()
        if text.strip("\n"):
            self.blocks.append(CodeBlock(text, len(self._lists), self._quotes > 0))


def _with_box(text: InlineText) -> InlineText:
    first = text[0] if text else ""
    box = _BOX.match(first) if isinstance(first, str) else None
    if box is None or not isinstance(first, str):
        return text
    return ("☐" if box[1] == " " else "☑") + first[box.end() :], *text[1:]


def _inlines(tokens: Sequence[Token], breaks: bool) -> Iterator[Inline]:
    styles: list[str] = []
    link: tuple[str, list[str]] | None = None
    for token in tokens:
        if token.type == "link_open":
            link = str(token.attrGet("href") or ""), []
        elif token.type == "link_close":
            if link is not None:
                yield from _link("".join(link[1]), link[0])
            link = None
        elif token.type in ("strong_open", "em_open", "s_open"):
            styles.append(token.type)
        elif token.type in ("strong_close", "em_close", "s_close"):
            styles.pop()
        else:
            found = list(_leaf(token, breaks))
            if link is not None:
                link[1].append(inline_words(found))
            else:
                yield from (_styled(span, styles) for span in found)


def _leaf(token: Token, breaks: bool) -> Iterator[Inline]:
    match token.type:
        case "softbreak":
            yield "\n" if breaks else " "
        case "hardbreak":
            yield "\n"
        case "code_inline":
            yield Code(token.content)
        case "image":
            yield from _link(token.content, str(token.attrGet("src") or ""))
        case "html_inline":
            if _LINE_BREAK.fullmatch(token.content):
                yield "\n"
            elif not token.content.startswith("<!--"):
                yield token.content
        case _:
            yield from _linked(token.content)


def _styled(span: Inline, styles: Sequence[str]) -> Inline:
    """Bold, or else with the outermost of its styles."""
    if not styles or not isinstance(span, str) or not span.strip():
        return span
    if "strong_open" in styles:
        return Bold(span)
    return Italic(span) if styles[0] == "em_open" else Struck(span)


def _link(label: str, url: str) -> Iterator[Inline]:
    """Only web addresses are links: what another one leads to depends on where the text was written."""
    if url.startswith(("http://", "https://")):
        yield Link(label or url, url)
    else:
        address = url.removeprefix("mailto:")
        yield label if not address or address == label else f"{label} ({address})".lstrip()


def _linked(text: str) -> Iterator[Inline]:
    place = 0
    for start, url in find_urls(text):
        if start > place:
            yield text[place:start]
        yield Link(url, url)
        place = start + len(url)
    if text[place:]:
        yield text[place:]


def _joined(spans: Iterator[Inline]) -> Iterator[Inline]:
    """Neighbours of one kind become one span, so that a chat need not end and begin a style between them."""
    last: Inline | None = None
    for span in spans:
        if isinstance(last, str) and isinstance(span, str):
            last += span
            continue
        if last is not None:
            yield last
        last = span
    if last is not None:
        yield last
