"""Draws a ``RichText`` with the containers of Slack's ``rich_text`` block (Slack docs, "Rich text block").

Nothing in them is parsed by Slack, so no text pings anybody, and code is copied as it was written. Tables are
drawn as preformatted text with columns, or a list of their cells where that would be too wide for a phone.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from bot.surfaces.slack.encoding import is_linkable_url, remove_unsendable
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
    inline_words,
)

Element = dict[str, Any]
MAX_TEXT = 2800  # characters of one container
MAX_INDENT = 8
_WIDEST_TABLE = 60


def containers(rich: RichText) -> Iterator[Element]:
    """In order; none has more than ``MAX_TEXT`` characters, and none is empty."""
    last: Element | None = None
    for block in rich.blocks:
        for container in _containers(block):
            if last is not None and _goes_on(last, block) and length(last) + length(container) < MAX_TEXT:
                last["elements"][-1]["elements"] += [_text("\n"), *container["elements"]]
                continue
            if last is not None and _continues(last, container):
                last["elements"] += _continuation(last, container)
                continue
            if last is not None:
                yield last
            last = container
    if last is not None:
        yield last
    if rich.shortened:
        yield _section([{"type": "text", "text": "…"}])


def length(container: Element) -> int:
    return sum(
        length(element) if "elements" in element else len(element.get("text", "")) + len(element.get("url", ""))
        for element in container["elements"]
    )


def _containers(block: Block) -> Iterator[Element]:
    match block:
        case CodeBlock(text=text, quoted=quoted):
            border = {"border": 1} if quoted else {}
            for part in _parts(remove_unsendable(text)):
                yield {"type": "rich_text_preformatted", "elements": [_text(part)], **border}
        case Item():
            for elements in _sections(block.text or ("…",)):
                yield _list(block, elements)
        case Paragraph(text=text, quoted=quoted):
            for elements in _sections(text):
                yield {"type": "rich_text_quote", "elements": elements} if quoted else _section(elements)
        case Table():
            yield from _table(block)


def _section(elements: list[Element]) -> Element:
    return {"type": "rich_text_section", "elements": elements}


def _list(item: Item, elements: list[Element]) -> Element:
    indent = min(item.depth - 1, MAX_INDENT)
    found: Element = {
        "type": "rich_text_list",
        "style": "bullet" if item.number is None else "ordered",
        "elements": [_section(elements)],
    }
    if indent > 0:
        found["indent"] = indent
    if item.number is not None and item.number > 1:
        found["offset"] = item.number - 1
    if item.quoted:
        found["border"] = 1
    return found


def _goes_on(last: Element, block: Block) -> bool:
    """Whether it is one more paragraph of the last item of a list."""
    return isinstance(block, Paragraph) and block.depth > 0 and last["type"] == "rich_text_list"


def _continues(last: Element, following: Element) -> bool:
    """Whether both are drawn as one: items of a list, or paragraphs."""
    if length(last) + length(following) + 2 > MAX_TEXT:
        return False
    kind = following["type"]
    if kind == "rich_text_list" == last["type"]:
        if following["style"] == "ordered":
            expected = last.get("offset", 0) + len(last["elements"])
            if following.get("offset", 0) != expected:
                return False
        return all(last.get(key) == following.get(key) for key in ("style", "indent", "border"))
    return kind in ("rich_text_section", "rich_text_quote") and last["type"] == kind


def _continuation(last: Element, following: Element) -> list[Element]:
    if following["type"] == "rich_text_list":
        return list(following["elements"])
    return [_text("\n\n"), *following["elements"]]


def _sections(text: Sequence[Inline]) -> Iterator[list[Element]]:
    """The elements of a text, in parts of at most ``MAX_TEXT`` characters."""
    part: list[Element] = []
    room = MAX_TEXT
    for span in text:
        for element in _elements(span):
            size = len(element["text"]) + len(element.get("url", ""))
            if size > room and part:
                yield part
                part, room = [], MAX_TEXT
            part.append(element)
            room -= size
    if part:
        yield part


def _elements(span: Inline) -> Iterator[Element]:
    match span:
        case Link(label=label, url=url) if is_linkable_url(url) and len(url) + len(label) <= MAX_TEXT:
            yield {"type": "link", "url": url, "text": remove_unsendable(label) or url}
        case Link(label=label, url=url):
            yield from _styled(label if label == url else f"{label} ({url})")
        case Code(text=text):
            yield from _styled(text, "code")
        case Bold(text=text):
            yield from _styled(text, "bold")
        case Italic(text=text):
            yield from _styled(text, "italic")
        case Struck(text=text):
            yield from _styled(text, "strike")
        case str():
            yield from _styled(span)


def _styled(text: str, style: str = "") -> Iterator[Element]:
    for part in _parts(remove_unsendable(text)):
        yield {**_text(part), "style": {style: True}} if style else _text(part)


def _text(text: str) -> Element:
    return {"type": "text", "text": text}


def _parts(text: str) -> Iterator[str]:
    """Of at most ``MAX_TEXT`` characters, cut after a line where there is one."""
    while len(text) > MAX_TEXT:
        cut = text.rfind("\n", 0, MAX_TEXT) + 1 or MAX_TEXT
        yield text[:cut]
        text = text[cut:]
    if text:
        yield text


def _table(table: Table) -> Iterator[Element]:
    rows = [[" ".join(inline_words(cell).split()) for cell in row] for row in table.rows]
    columns = max(map(len, rows), default=0)
    widths = [max((len(row[n]) for row in rows if n < len(row)), default=0) for n in range(columns)]
    if sum(widths) + 3 * max(columns - 1, 0) > _WIDEST_TABLE:
        yield from _table_as_list(table)
        return
    lines = [" │ ".join(cell.ljust(widths[n]) for n, cell in enumerate(row)).rstrip() for row in rows]
    lines.insert(1, "─┼─".join("─" * width for width in widths))
    for part in _parts(remove_unsendable("\n".join(lines))):
        yield {"type": "rich_text_preformatted", "elements": [_text(part)]}


def _table_as_list(table: Table) -> Iterator[Element]:
    """A row is an item: "Host: db-1 · Port: 5432"."""
    if len(table.rows) == 1:
        yield from _containers(Paragraph(_joined(table.rows[0])))
    heads = [inline_words(cell) for cell in table.rows[0]]
    for row in table.rows[1:]:
        cells: list[tuple[Inline, ...]] = []
        for number, cell in enumerate(row):
            head = heads[number] if number < len(heads) else ""
            if cell:
                cells.append((Bold(f"{head}: "), *cell) if head else cell)
        yield from _containers(Item(_joined(cells), quoted=table.quoted))


def _joined(cells: Sequence[Sequence[Inline]]) -> tuple[Inline, ...]:
    return tuple(span for n, cell in enumerate(cells) for span in ((" · ",) if n else ()) + tuple(cell))
