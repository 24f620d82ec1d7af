"""Converts Markdown to the text that people see."""

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def visible_text(markdown: str) -> str:
    """Code without its fence, links as their labels, runs of spaces collapsed."""
    blocks = [_block(token) for token in _MARKDOWN.parse(markdown)]
    text = "\n".join(block for block in blocks if block)
    return re.sub(r"[^\S\n]+", " ", text)


def _block(token: Token) -> str:
    if token.type in ("fence", "code_block"):
        return token.content.rstrip("\n")
    children = token.children or ()
    return "".join(
        "\n" if child.type in ("softbreak", "hardbreak") else child.content
        for child in children
        if child.type in ("text", "code_inline", "softbreak", "hardbreak")
    )


def copied_code(markdown: str) -> list[str]:
    """What the copy button of each code block puts into the clipboard."""
    return [token.content.removesuffix("\n") for token in _MARKDOWN.parse(markdown) if token.type == "fence"]
