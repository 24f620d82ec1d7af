"""Markdown as its reader sees it: the words, without the markup that drew them."""

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_GAP = "\u200b"


def as_read(markdown: str) -> str:
    """Line by line; code without its fence, links as their labels, blanks and zero-width gaps evened out."""
    blocks = [_block(token) for token in _MARKDOWN.parse(markdown)]
    words = "\n".join(block for block in blocks if block)
    return re.sub(r"[^\S\n]+", " ", words.replace(_GAP, ""))


def _block(token: Token) -> str:
    if token.type in ("fence", "code_block"):
        return token.content.rstrip("\n")
    children = token.children or ()
    return "".join(
        "\n" if child.type in ("softbreak", "hardbreak") else child.content
        for child in children
        if child.type in ("text", "code_inline", "softbreak", "hardbreak")
    )
