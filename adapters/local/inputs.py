"""The values that a runbook asks for: those that its front matter declares, or else ``{{name}}`` outside code.

A declared value is written ``{{name}}``, ``${name}`` or ``<name>``, also in code. Everything else is text.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated

import regex
from pydantic import BaseModel, BeforeValidator, ConfigDict, field_validator

from adapters.local.blocks import CODE, parse_blocks
from adapters.toolkit.patterns import matches

_UNDECLARED = regex.compile(r"\{\{\s*([A-Za-z_][\w-]*)\s*\}\}")
_CODE_SPAN = regex.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", regex.DOTALL)


def _as_text(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


Text = Annotated[str, BeforeValidator(_as_text)]


class Input(BaseModel):
    """A value that a start asks for. ``pattern`` is a regular expression that all of the value must match."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    title: Text = ""
    default: Text = ""
    options: tuple[Text, ...] = ()
    pattern: str = ""

    @field_validator("pattern")
    @classmethod
    def _require_expression(cls, pattern: str) -> str:
        try:
            regex.compile(pattern)
        except regex.error as error:
            raise ValueError(f"“{pattern}” isn't a regular expression: {error}") from error
        return pattern

    def refuses(self, value: str) -> bool:
        if self.options and value not in self.options:
            return True
        return bool(self.pattern) and not matches(self.pattern, value)


def named_values(texts: Iterator[str]) -> list[str]:
    """The names of the ``{{name}}`` outside code, in the order written."""
    found = (
        name
        for text in texts
        if "{{" in text
        for part in _outside_code(text)
        for name in _UNDECLARED.findall(part)
    )
    return list(dict.fromkeys(found))


def fill(text: str, values: Mapping[str, str], declared: Mapping[str, Input]) -> str:
    """With the values that are known; the other names stay as they are."""
    if declared:
        names = "|".join(map(regex.escape, declared))
        written = regex.compile(rf"\{{\{{\s*({names})\s*\}}\}}|\$\{{({names})\}}|<({names})>")
        return written.sub(lambda found: values.get(found[1] or found[2] or found[3], found[0]), text)
    if "{{" not in text:
        return text
    return "".join(
        part if is_code else _UNDECLARED.sub(lambda found: values.get(found[1], found[0]), part)
        for part, is_code in _parts(text)
    )


def _outside_code(text: str) -> Iterator[str]:
    return (part for part, is_code in _parts(text) if not is_code)


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces, and which of them are code."""
    lines = text.splitlines(keepends=True)
    blocks = (block for top in parse_blocks(text) for block in top.walk() if block.type in CODE)
    code = {number for block in blocks for number in range(block.first, block.end)}
    place = 0
    while place < len(lines):
        end = place
        while end < len(lines) and (end in code) == (place in code):
            end += 1
        piece = "".join(lines[place:end])
        if place in code:
            yield piece, True
        else:
            yield from _spans(piece)
        place = end


def _spans(text: str) -> Iterator[tuple[str, bool]]:
    place = 0
    for found in _CODE_SPAN.finditer(text):
        yield text[place : found.start()], False
        yield found[0], True
        place = found.end()
    yield text[place:], False
