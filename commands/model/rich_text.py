"""A text with formatting, as Markdown has it, before a chat draws it.

All strings in it are plain and unescaped, as in ``commands.model.card``. Blocks are flat and in the order written:
an item of a nested list has a ``depth``, and what stands in a quote is ``quoted``.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Code:
    text: str
    block: bool = False


@dataclass(frozen=True, slots=True)
class Bold:
    text: str


@dataclass(frozen=True, slots=True)
class Italic:
    text: str


@dataclass(frozen=True, slots=True)
class Struck:
    text: str


Inline = str | Link | Code | Bold | Italic | Struck
InlineText = tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """``depth``: of the list item that it goes on with; 0 outside lists."""

    text: InlineText
    depth: int = 0
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list: of a numbered one with a ``number``. The outermost list has the depth 1."""

    text: InlineText
    depth: int = 1
    number: int | None = None
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """``text`` is copied as it is: no line of it is wrapped, and nothing is added."""

    text: str
    depth: int = 0
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """The first row is the heading."""

    rows: tuple[tuple[InlineText, ...], ...]
    quoted: bool = False


Block = Paragraph | Item | CodeBlock | Table


@dataclass(frozen=True, slots=True)
class RichText:
    """Stands in a line of its own. ``shortened``: there is more than ``blocks``."""

    blocks: tuple[Block, ...]
    shortened: bool = False


def inline_words(text: Sequence[Inline]) -> str:
    return "".join(map(_words, text))


def _words(span: Inline) -> str:
    match span:
        case Link(label=label, url=url):
            return label or url
        case Code(text=text) | Bold(text=text) | Italic(text=text) | Struck(text=text):
            return text
    return span


def words(rich: RichText) -> str:
    """Without formatting, a line for each block."""
    return "\n".join(map(_block_words, rich.blocks)) + ("…" if rich.shortened else "")


def _block_words(block: Block) -> str:
    match block:
        case Item(text=text, number=number):
            return f"{'-' if number is None else f'{number}.'} {inline_words(text)}"
        case CodeBlock(text=text):
            return text
        case Table(rows=rows):
            return "\n".join(" | ".join(map(inline_words, row)) for row in rows)
    return inline_words(block.text)
