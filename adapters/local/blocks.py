"""The blocks of a Markdown text (CommonMark with tables), as a tree with the lines of each.

markdown-it-py finds them. Inline markup is only parsed where somebody asks for it, which keeps large files quick.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

_BLOCKS = MarkdownIt("commonmark").enable("table").disable("inline")
_INLINE = MarkdownIt("commonmark").enable("strikethrough")
_KEPT = frozenset({"paragraph", "heading", "fence", "code_block", "html_block", "hr", "blockquote", "table"})
_LISTS = frozenset({"bullet_list", "ordered_list", "list_item"})
_CELLS = frozenset({"tr", "th", "td"})
CODE = frozenset({"fence", "code_block"})


@dataclass(slots=True)
class Block:
    """``first`` and ``end`` are lines from 0; ``end`` is the line after it. ``text`` as written, without marks of
    lists and headings. ``depth``: of a heading. ``number``: of an item or the first of a numbered list.
    """

    type: str
    first: int
    end: int
    text: str = ""
    depth: int = 0
    number: int | None = None
    children: list["Block"] = field(default_factory=list)

    def first_of(self, *types: str) -> "Block | None":
        return next((block for block in self.children if block.type in types), None)

    def walk(self) -> Iterator["Block"]:
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass
class LinkDefinitions:
    """Where links lead that are written ``[text][label]``, as markdown-it-py passes it on."""

    found: dict[str, Any] = field(default_factory=dict)

    def lines(self) -> Iterator[tuple[str, int, int]]:
        """(label, first line, line after it)."""
        for label, one in self.found.get("references", {}).items():
            yield label, *one["map"]


def parse_blocks(text: str, links: "LinkDefinitions | None" = None) -> list[Block]:
    """Adds to ``links``."""
    tokens = _BLOCKS.parse(text, {} if links is None else links.found)
    root = Block("root", 0, 0)
    open_blocks = [root]
    for token in tokens:
        name = token.type.removesuffix("_open").removesuffix("_close")
        if token.type == "inline":
            open_blocks[-1].text = token.content
        elif name not in _KEPT and name not in _LISTS and name not in _CELLS:
            continue
        elif token.nesting < 0:
            open_blocks.pop()
        else:
            block = _block(name, token, open_blocks[-1])
            open_blocks[-1].children.append(block)
            if token.nesting > 0:
                open_blocks.append(block)
    while tokens:  # freeing all tokens of a large file at once would stop the other threads
        del tokens[-5000:]
    return root.children


def _block(name: str, token: Token, parent: Block) -> Block:
    first, end = token.map or (parent.first, parent.end)
    block = Block(name, first, end, token.content)
    if name == "heading":
        block.depth = int(token.tag[1:])
    elif name == "list_item" and token.info:
        block.number = int(token.info)
    return block


_MARKUP = frozenset("*_[]!<>&\\`~")


def plain(text: str, links: LinkDefinitions | None = None) -> str:
    """One line without emphasis and addresses of links. Code keeps its marks."""
    if _MARKUP.isdisjoint(text):
        return " ".join(text.split())
    return " ".join("".join(_words(_inline(text, links))).split())


def _inline(text: str, links: LinkDefinitions | None = None) -> Sequence[Token]:
    tokens = _INLINE.parseInline(text, {} if links is None else links.found)
    return (tokens[0].children or ()) if tokens else ()


def _words(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        match token.type:
            case "softbreak" | "hardbreak":
                yield " "
            case "code_inline":
                yield f"{token.markup}{token.content}{token.markup}"
            case _:
                yield token.content


def has_link(text: str, links: LinkDefinitions | None = None) -> bool:
    """Whether ``plain`` leaves out the address of a link or a picture."""
    return "[" in text and any(token.type in ("link_open", "image") for token in _inline(text, links))


def is_link(text: str) -> bool:
    """Whether it is only a link, or several."""
    if "[" not in text and "http" not in text:
        return False
    depth, links = 0, 0
    for token in _inline(text):
        if token.type == "link_open":
            depth, links = depth + 1, links + 1
        elif token.type == "link_close":
            depth -= 1
        elif not depth and any(character.isalnum() for character in token.content):
            if (
                token.type == "text"
                and token.content.strip().startswith(("http://", "https://"))
                and " " not in token.content.strip()
            ):
                links += 1
            else:
                return False
    return links > 0


def is_bold(text: str) -> bool:
    """Whether all of it is."""
    tokens = [token for token in _inline(text) if token.content.strip() or token.nesting]
    return (
        len(tokens) > 1
        and tokens[0].type == "strong_open"
        and tokens[-1].type == "strong_close"
        and (sum(token.type == "strong_open" for token in tokens) == 1)
    )
