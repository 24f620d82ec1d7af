"""Draws a ``RichText`` as Mattermost Markdown, with every character that isn't formatting escaped.

The web client's Markdown is not CommonMark (a fork of marked): a fence in a list would need the list's indentation
in front of each of its lines. Fences therefore stand at the start of a line, where code is copied byte for byte
from the post's source too, even out of a quote, and a numbered list goes on with its next number.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.surfaces.mattermost.escape import code_markdown, escape, one_line, safe_url
from commands.model.rich_text import (
    Block,
    Bold,
    Code,
    CodeBlock,
    Inline,
    Italic,
    Item,
    Link,
    Paragraph,
    RichText,
    Struck,
    Table,
)

_INDENT = 4  # what both the web client and the phone apps take for a nested list


def rich_text_markdown(rich: RichText, *, limit: int) -> list[str]:
    """One string for each block, with the blank lines that it needs: blocks are left out whole, from the end."""
    drawn: list[str] = []
    nesting = _Nesting()
    last: Block | None = None
    for block in rich.blocks:
        markdown = _block(block, nesting)
        if not markdown:
            continue
        goes_on = isinstance(last, Item) and isinstance(block, Item | Paragraph) and nesting.depth > 0
        apart = last is not None and not goes_on
        limit -= len(markdown) + 2 * apart
        if limit < 0:
            return [*drawn, "\n…" if drawn else "…"]
        drawn.append("\n" * apart + markdown)
        last = block
    return [*drawn, "\n…"] if rich.shortened else drawn


@dataclass
class _Nesting:
    """How deep the list is that the last block left open; 0 for none. What is nested in a list that a fence ended
    begins a list of its own: indented like the one before it, it would be code."""

    depth: int = 0
    _outside: int = 0

    def end(self) -> None:
        self.depth = 0

    def item(self, depth: int) -> int:
        if self.depth == 0 or depth <= self._outside:
            self._outside = depth - 1
        self.depth = min(depth - self._outside, self.depth + 1)
        return self.depth

    def paragraph(self, depth: int) -> int:
        self.depth = min(max(depth - self._outside, 0), self.depth)
        return self.depth


def _block(block: Block, nesting: _Nesting) -> str:
    match block:
        case CodeBlock(text=text):
            nesting.end()
            return code_markdown(text, block=True)
        case Item(text=text, number=number):
            marker = "- " if number is None else f"{number}. "
            indent = " " * _INDENT * (nesting.item(block.depth) - 1)
            lines = inline_markdown(text or ("…",), at_line_start=True).split("\n")
            below = f"\n{indent}{' ' * _INDENT}"
            return _quote(f"{indent}{marker}{below.join(lines)}", block.quoted)
        case Paragraph(text=text):
            indent = " " * _INDENT * nesting.paragraph(block.depth)
            lines = inline_markdown(text, at_line_start=True).strip("\n").split("\n")
            return _quote("\n".join(f"{indent}{line}" for line in lines), block.quoted)
        case Table():
            nesting.end()
            return _quote(_table(block), block.quoted)


def _quote(markdown: str, quoted: bool) -> str:
    return "\n".join(f"> {line}" for line in markdown.split("\n")) if quoted and markdown.strip() else markdown


def inline_markdown(text: Sequence[Inline], *, at_line_start: bool) -> str:
    parts: list[str] = []
    for span in text:
        at_start = parts[-1].endswith("\n") if parts else at_line_start
        markdown = _span(span, at_start)
        if not markdown:
            continue
        if parts and parts[-1].endswith("`") and markdown.startswith("`"):
            parts.append(" ")  # adjacent fences would be read as one longer fence
        parts.append(markdown)
    return "".join(parts)


def _span(span: Inline, at_line_start: bool) -> str:
    match span:
        case Code(text=text):
            return code_markdown(text, block=False)
        case Link(label=label, url=url):
            safe = safe_url(url)
            if safe is None:
                return escape(label if label == url else f"{label} ({url})", at_line_start=at_line_start)
            if label == url:
                return f"<{safe}>"
            return f"[{escape(one_line(label), at_line_start=at_line_start) or 'link'}]({safe})"
        case Bold(text=text):
            return _styled(text, "**")
        case Italic(text=text):
            return _styled(text, "*")
        case Struck(text=text):
            return _styled(text, "~~")
        case str():
            return escape(span, at_line_start=at_line_start)


def _styled(text: str, mark: str) -> str:
    """The blanks at its ends stay outside: with them, the marks would be no marks."""
    shown = one_line(text)
    if not shown:
        return text
    before, after = " " * text[0].isspace(), " " * text[-1].isspace()
    return f"{before}{mark}{escape(shown, at_line_start=False)}{mark}{after}"


def _table(table: Table) -> str:
    """A line break would end the row."""
    rows = [[_cell(cell) for cell in row] for row in table.rows]
    if not rows or not rows[0]:
        return ""
    return "\n".join(_rows(rows))


def _rows(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for number, row in enumerate(rows):
        yield f"| {' | '.join(cell or ' ' for cell in row)} |"
        if number == 0:
            yield "|" + " --- |" * len(row)


def _cell(cell: Sequence[Inline]) -> str:
    """A bar ends a cell even in code, where nothing can escape it: such code is text."""
    kept = [span.text if isinstance(span, Code) and "|" in span.text else span for span in cell]
    return " ".join(inline_markdown(kept, at_line_start=False).split("\n")).strip()
