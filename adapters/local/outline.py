"""The sections of a text: what stands below each heading, and what kind of text the heading says it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from adapters.local.blocks import Block, is_bold, plain
from adapters.local.headings import Kind, Vocabulary, box_end, has_number

PARAGRAPH_DEPTH = 7  # of a paragraph that is written as a heading: deeper than any heading
_LONGEST_LEAD = 120  # characters of a paragraph that can be a heading


@dataclass
class Section:
    """``title`` as shown, with its number. ``kind``: that of the nearest heading that has one. ``is_step``: the
    heading itself is a step, unless steps stand below it. ``end`` is the line after all of its text, with its
    ``children``.
    """

    title: str
    depth: int
    kind: Kind
    first: int
    body: int
    end: int
    is_step: bool = False
    blocks: list[Block] = field(default_factory=list)
    children: list["Section"] = field(default_factory=list)

    def walk(self) -> Iterator["Section"]:
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def has_text(self) -> bool:
        return bool(self.blocks) or any(child.has_text for child in self.children)


@dataclass(frozen=True)
class Outline:
    """``root`` has the text before the first heading that isn't the title. ``title_block``: where the title is."""

    root: Section
    title: str
    title_block: Block | None


def outline(blocks: Sequence[Block], words: Vocabulary, lines: int, *, bold: bool = True) -> Outline:
    """``bold``: whether a paragraph can be written as a heading."""
    title_block = _find_title(blocks, words)
    title = plain(title_block.text) if title_block else ""
    kind = Kind.PROCEDURE if words.kind(title) is Kind.PROCEDURE else Kind.PLAIN
    root = Section(title, 0, kind, 0, 0, lines)
    path = [root]
    for block in blocks:
        if block is title_block:
            continue
        section = _opened_section(block, words, lines) if bold or block.type == "heading" else None
        if section is None:
            path[-1].blocks.append(block)
            continue
        while path[-1].depth >= section.depth:
            path.pop().end = section.first
        if section.kind is Kind.PLAIN and len(path) > 1:
            section.kind = path[-1].kind
        path[-1].children.append(section)
        path.append(section)
    for section in root.walk():
        _mark_numbered_steps(section.children, words)
    return Outline(root, title, title_block)


def _find_title(blocks: Sequence[Block], words: Vocabulary) -> Block | None:
    first = next((block for block in blocks if block.type == "heading" and block.depth == 1), None)
    return None if first is None or not first.text.strip() or words.is_step(plain(first.text)) else first


def _opened_section(block: Block, words: Vocabulary, lines: int) -> Section | None:
    """The section that a heading opens, or a paragraph that is written as one."""
    if block.type == "heading":
        depth, text = block.depth, plain(block.text)
    elif block.type == "paragraph" and len(block.text) <= _LONGEST_LEAD and "\n" not in block.text:
        depth, text = PARAGRAPH_DEPTH, plain(block.text)
        if not _is_heading(block, text, words):
            return None
    else:
        return None
    if not text:
        return None
    kind = words.kind(text)
    is_step = kind is Kind.STEP
    title = text[box_end(text) :].strip() if is_step else text.rstrip(":： ")
    return Section(title if title else text, depth, kind, block.first, block.end, lines, is_step)


def _is_heading(paragraph: Block, text: str, words: Vocabulary) -> bool:
    if words.is_step(text, punctuated=not paragraph.text.startswith(("**", "__"))):
        return True
    is_named = has_number(text) or words.kind(text) in (Kind.PROCEDURE, Kind.CONTEXT)
    return is_named and paragraph.text.startswith(("**", "__")) and is_bold(paragraph.text)


def _mark_numbered_steps(siblings: Sequence[Section], words: Vocabulary) -> None:
    """ "1. Copy" is a step, unless the document numbers its chapters, of which some are only context."""
    numbered = [section for section in siblings if has_number(section.title)]
    if any(words.kind(section.title) is Kind.CONTEXT for section in numbered):
        return
    for section in numbered:
        section.is_step = True
