"""Draws a ``RichText`` as plain text. Lines of code are as wide as they are: somebody will copy them."""

from collections.abc import Iterator, Sequence

from bot.surfaces.console.terminal_text import pad, strip_controls, width, wrap
from commands.model.rich_text import Block, CodeBlock, Inline, Item, Link, Paragraph, RichText, Table, inline_words
from commands.model.rich_text import Code as InlineCode

_QUOTE = "> "
_SPACE_OF_CODE = "\ue000"  # only while lines are wrapped: code is one word


def rich_text_lines(rich: RichText, width_limit: int) -> list[str]:
    """Paragraphs, lists and code are apart by a blank line."""
    lines: list[str] = []
    last: Block | None = None
    for block in rich.blocks:
        if last is not None and not (isinstance(last, Item) and isinstance(block, Item)):
            lines.append("")
        lines += _block(block, width_limit)
        last = block
    return [*lines, "…"] if rich.shortened else lines


def _block(block: Block, width_limit: int) -> Iterator[str]:
    margin = _QUOTE if block.quoted else ""
    match block:
        case CodeBlock(text=text):
            yield from (f"{margin}    {line}".rstrip() for line in strip_controls(text).split("\n"))
        case Item(text=text, depth=depth, number=number):
            indent = "  " * min(depth - 1, 4)
            marker = "- " if number is None else f"{number}. "
            yield from _wrapped(text, margin, indent + marker, width_limit)
        case Paragraph(text=text, depth=depth):
            yield from _wrapped(text, margin, "  " * min(depth, 4), width_limit)
        case Table():
            yield from _table(block, margin, width_limit)


def _wrapped(text: Sequence[Inline], margin: str, first: str, width_limit: int) -> Iterator[str]:
    start = margin + first
    for line in _shown(text).split("\n"):
        room = max(width_limit - width(start), 8)
        # Unchanged if it fits, because its spaces may be intended.
        for piece in [line.rstrip()] if width(line) <= room else wrap(line, room, _SPACE_OF_CODE):
            yield start + piece.replace(_SPACE_OF_CODE, " ")
            start = margin + " " * len(first)


def _shown(text: Sequence[Inline]) -> str:
    return "".join(strip_controls(_span(span)) for span in text)


def _span(span: Inline) -> str:
    match span:
        case InlineCode(text=text):
            return f"`{text}`".replace(" ", _SPACE_OF_CODE)
        case Link(label=label, url=url):
            return label if label == url else f"{label} ({url})"
    return inline_words((span,))


def _table(table: Table, margin: str, width_limit: int) -> Iterator[str]:
    rows = [[" ".join(_shown(cell).replace(_SPACE_OF_CODE, " ").split()) for cell in row] for row in table.rows]
    widths = [max(width(row[n]) for row in rows if n < len(row)) for n in range(max(map(len, rows), default=0))]
    if width(margin) + sum(widths) + 3 * (len(widths) - 1) > width_limit:
        heads = rows[0]
        for row in rows[1:]:
            cells = [f"{head}: {cell}" for head, cell in zip(heads, row, strict=False) if cell]
            for number, cell in enumerate(cells):
                yield from _wrapped((cell,), margin, "  " if number else "- ", width_limit)
        return
    for number, row in enumerate(rows):
        yield margin + " | ".join(pad(cell, widths[n]) for n, cell in enumerate(row)).rstrip()
        if number == 0:
            yield margin + "-+-".join("-" * cells for cells in widths)
