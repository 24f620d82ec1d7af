"""Finds what a reader would call a step in the sections of a text, in the order written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, auto

from adapters.local.blocks import CODE, Block, is_link, plain
from adapters.local.headings import Kind, Vocabulary, box_end, is_ticked, without_number
from adapters.local.outline import Section

_LISTS = ("bullet_list", "ordered_list")


class Rule(StrEnum):
    """Which parts of a file are steps, where its front matter says so (``steps: boxes``)."""

    AUTO = auto()
    BOXES = auto()
    NUMBERED = auto()
    HEADINGS = auto()
    ALL = auto()


@dataclass
class Step:
    """``text`` as written, in the lines from ``first`` to ``body``. What follows to ``end`` are its instructions,
    without the lines of the steps inside it. ``attached``: the line where blocks begin that only follow it.
    ``rest``: instructions that are no lines of their own (a table's row).
    """

    text: str
    first: int
    body: int
    end: int
    section: Section
    is_box: bool = False
    is_ticked: bool = False
    attached: int = 0
    rest: str = ""


@dataclass
class Ignored:
    """A list that is not read as steps. ``key``: a message that says why."""

    key: str
    first: int
    end: int


@dataclass
class StepFinder:
    """``headers``: the lines of table headings whose words the steps have."""

    words: Vocabulary
    rule: Rule
    ignored: list[Ignored] = field(default_factory=list)
    headers: list[tuple[int, int]] = field(default_factory=list)

    def find(self, section: Section) -> list[Step]:
        own = list(self._in_blocks(section))
        inner = [step for child in section.children for step in self.find(child)]
        found = own + inner
        if self.rule is not Rule.AUTO or not section.depth or not self._is_procedure(section):
            return found
        if not found:
            return [self._heading_step(section, section.end)] if section.is_step or section.has_text else []
        if self._opens_with_code(section, found):
            return [self._heading_step(section, found[0].first), *found]
        return found

    def _is_procedure(self, section: Section) -> bool:
        return section.is_step or section.kind is Kind.PROCEDURE

    def _heading_step(self, section: Section, end: int) -> Step:
        return Step(without_number(section.title), section.first, section.body, end, section)

    def _opens_with_code(self, section: Section, found: Sequence[Step]) -> bool:
        return any(block.type in CODE and block.end <= found[0].first for block in section.blocks)

    def _in_blocks(self, section: Section) -> Iterator[Step]:
        """With the blocks that follow a step and belong to it, although they are not indented."""
        last: Step | None = None
        number = 0
        own_kind = kind = Kind.PROCEDURE if _lists_commands(section) else section.kind
        next_numbers = _next_numbers(section.blocks)
        for block, next_number in zip(section.blocks, next_numbers, strict=True):
            found = list(self._in_block(block, section, kind))
            if found:
                yield from found
                last, number = found[-1], _last_number(block)
            elif last is not None and (
                block.type in CODE
                or (number and next_number == number + 1)
                or last.text.rstrip("*_ ").endswith((":", "："))
            ):
                last.attached, last.end = last.attached or block.first, block.end
            else:
                last = None
            kind = own_kind
            if block.type == "paragraph" and block.text.rstrip("*_").endswith((":", "：")):
                kind = self._kind_after(block.text, kind)

    def _kind_after(self, paragraph: str, kind: Kind) -> Kind:
        last_line = plain(paragraph.rpartition("\n")[2][-200:])
        lead = self.words.lead_in_kind(last_line)
        return kind if lead is Kind.PLAIN else lead

    def _in_block(self, block: Block, section: Section, kind: Kind, *, quoted: bool = False) -> Iterator[Step]:
        match block.type:
            case "bullet_list" | "ordered_list":
                yield from self._in_list(block, section, kind, quoted)
            case "blockquote":
                for child in block.children:
                    yield from self._in_block(child, section, kind, quoted=True)
            case "table":
                yield from self._in_table(block, section, kind)
            case "paragraph":
                yield from self._in_paragraph(block, section)

    def _in_list(self, block: Block, section: Section, kind: Kind, quoted: bool) -> Iterator[Step]:
        reason, found = self._why_not_steps(block, kind, quoted), False
        for item in block.children:
            text = _opening(item)
            box = box_end(text.text) if text else 0
            if (box or not reason) and (step := self._item_step(item, text, section)) is not None:
                yield step
                for child in item.children:
                    yield from self._boxes_in(child, section)
                found = True
            else:
                for child in item.children:
                    for step in self._in_block(child, section, kind, quoted=quoted):
                        yield step
                        found = True
        if reason and not found:
            self.ignored.append(Ignored(reason, block.first, block.end))

    def _why_not_steps(self, block: Block, kind: Kind, quoted: bool) -> str:
        """The key of a message; empty for a list whose items are steps."""
        if self.rule is Rule.HEADINGS or self.rule is Rule.BOXES:
            return "local.ignored.rule"
        if kind is Kind.CONTEXT:
            return "local.ignored.context"
        if quoted:
            return "local.ignored.quote"
        if _has_only_links(block):
            return "local.ignored.links"
        if block.type == "ordered_list" or self.rule is Rule.ALL:
            return ""
        if self.rule is Rule.NUMBERED:
            return "local.ignored.rule"
        return "" if kind is Kind.PROCEDURE else "local.ignored.bullets"

    def _boxes_in(self, block: Block, section: Section) -> Iterator[Step]:
        """The steps below a step: only those with a box, since other lists are its instructions."""
        for item in block.children:
            text = _opening(item) if item.type == "list_item" else None
            if text is not None and box_end(text.text) and (step := self._item_step(item, text, section)):
                yield step
            for child in item.children:
                yield from self._boxes_in(child, section)

    def _item_step(self, item: Block, text: Block | None, section: Section) -> Step | None:
        if text is None:
            return self._code_step(item, section)
        box = box_end(text.text)
        shown = text.text[box:].lstrip()
        if not (shown or box):
            return None
        return Step(shown, item.first, text.end, item.end, section, box > 0, is_ticked(text.text))

    def _code_step(self, item: Block, section: Section) -> Step | None:
        """An item that opens with code has the code's first line as its title, and all of it as instructions."""
        code = item.children[0] if item.children and item.children[0].type in CODE else None
        first = next((line.strip() for line in code.text.split("\n") if line.strip()), "") if code else ""
        if code is None or not first:
            return None
        return Step(first, item.first, code.end, item.end, section, rest=f"```\n{code.text.rstrip()}\n```")

    def _in_paragraph(self, block: Block, section: Section) -> Iterator[Step]:
        """Lines that open with a box, without being a list."""
        lines = block.text.split("\n")
        starts = [number for number, line in enumerate(lines) if box_end(line)]
        if not starts or starts[0] != 0 or block.end - block.first != len(lines):
            return
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            text = "\n".join([lines[start][box_end(lines[start]) :].lstrip(), *lines[start + 1 : end]])
            if text:
                first, last = block.first + start, block.first + end
                yield Step(text, first, last, last, section, True, is_ticked(lines[start]))

    def _in_table(self, block: Block, section: Section, kind: Kind) -> Iterator[Step]:
        heading, *rows = block.children
        names = [plain(cell.text) for cell in heading.children]
        column = self._step_column(names, rows)
        if column is None or self.rule in (Rule.HEADINGS, Rule.BOXES, Rule.NUMBERED) or kind is Kind.CONTEXT:
            return
        self.headers.append((heading.first, rows[0].first if rows else block.end))
        for row in rows:
            cells = [cell.text for cell in row.children]
            text = cells[column][box_end(cells[column]) :].strip() if column < len(cells) else ""
            others = [
                f"{name}: {cell}" if name else cell
                for place, (name, cell) in enumerate(zip(names, cells, strict=False))
                if place != column and cell.strip() and not _is_mark(cell)
            ]
            if text:
                yield Step(text, row.first, row.end, row.end, section, rest="\n\n".join(others))

    def _step_column(self, names: Sequence[str], rows: Sequence[Block]) -> int | None:
        """The column that says what to do: not one that has only numbers or boxes."""
        named = [place for place, name in enumerate(names) if self.words.is_step_column(name)]
        if len(names) > 1 and sum(map(bool, names)) < 2:
            return None  # a list of facts
        boxed = any(box_end(cell.text) for row in rows for cell in row.children[:1])
        if not named and not boxed:
            return None
        candidates = [*named, *range((named or [0])[0] + 1, len(names)), *range(len(names))]
        texts = ([row.children[place].text for row in rows if place < len(row.children)] for place in candidates)
        return next(
            (place for place, cells in zip(candidates, texts, strict=True) if not all(map(_is_mark, cells))), None
        )


def _lists_commands(section: Section) -> bool:
    """Whether code belongs to bullets of the section: then they are steps, whatever the heading says."""
    if section.kind is not Kind.PLAIN:
        return False
    after = [*(block.type for block in section.blocks[1:]), ""]
    return any(
        block.type == "bullet_list" and (next_type in CODE or any(item.first_of(*CODE) for item in block.children))
        for block, next_type in zip(section.blocks, after, strict=False)
    )


def _next_numbers(blocks: Sequence[Block]) -> list[int]:
    """For each block the number that the next numbered list after it begins with; 0 without one."""
    numbers: list[int] = []
    following = 0
    for block in reversed(blocks):
        numbers.append(following)
        if block.type == "ordered_list":
            following = block.children[0].number or 0
    return numbers[::-1]


def _last_number(block: Block) -> int:
    return (block.children[-1].number or 0) if block.type == "ordered_list" else 0


def _opening(item: Block) -> Block | None:
    """The text that a list item opens with."""
    first = item.children[0] if item.children else None
    return first if first is not None and first.type in ("paragraph", "heading") else None


def _has_only_links(block: Block) -> bool:
    """A table of contents, or a list of links."""
    for item in block.children:
        text = _opening(item)
        if text is None or box_end(text.text) or not is_link(text.text):
            return False
    return True


def _is_mark(cell: str) -> bool:
    """Empty, a number or a box: not a text."""
    shown = cell[box_end(cell) :].strip(" .)#")
    return not shown or shown.isdigit()
