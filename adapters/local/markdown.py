"""Reads a Markdown file into a ``Procedure``. Pure, and never raises for whatever text it is given.

The blocks are CommonMark's, cut by markdown-it-py; inline markup is left as typed, because what is shown is
plain text. The format is described in ``docs/platforms/local.md``.
"""

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from markdown_it import MarkdownIt
from markdown_it.token import Token

from adapters.local.after import resolve
from adapters.local.line import CHECKBOX, read_line
from adapters.local.procedure import Procedure, Step, Trouble

_FRONT_MATTER_LINE = re.compile(r"\s*$|[\w-]+\s*:|\s+\S|-\s+[^\[\s]")


@dataclass(frozen=True, slots=True)
class Heading:
    depth: int
    title: str
    first: int  # line, from 0
    end: int


@dataclass
class Reading:
    """What has been met so far. ``taken``: lines that are no part of the description."""

    lines: list[str]
    title: str = ""
    path: list[Heading] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    used: set[int] = field(default_factory=set)  # first lines of headings that name a stage
    stages: dict[int, tuple[int, str]] = field(default_factory=dict)  # heading's first line -> place, title
    steps: list[Step] = field(default_factory=list)
    clauses: list[tuple[str, ...]] = field(default_factory=list)
    taken: set[int] = field(default_factory=set)
    troubles: list[Trouble] = field(default_factory=list)


def read(text: str, name: str) -> Procedure:
    """``name`` is the title where the text has none."""
    lines = _without_front_matter(
        text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd").split("\n")
    )
    tokens = _blocks("\n".join(lines))
    reading = Reading(lines)
    boxes = any(_is_box(tokens, place) for place in range(len(tokens)))
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if token.type == "heading_open" and token.level == 0:
            _take_heading(reading, token, tokens[place + 1].content)
        elif token.type == "html_block" and token.content.lstrip().startswith("<!--"):
            reading.taken |= _lines_of(token)
        elif _is_box(tokens, place) if boxes else _is_numbered(tokens, place):
            end = _end_of(tokens, place)
            _take_task(reading, tokens[place : end + 1])
            place = end
        place += 1
    steps, troubles = resolve(reading.steps, reading.clauses)
    if not steps:
        troubles.append(Trouble("local.no_tasks", {"line": 1}))
    return Procedure(
        title=reading.title or name,
        description=_description(reading),
        stages=tuple(title for _, title in reading.stages.values()),
        steps=tuple(steps),
        troubles=tuple(reading.troubles + troubles),
    )


def _blocks(text: str) -> Sequence[Token]:
    return MarkdownIt("commonmark").disable(["inline", "reference"]).parse(text)


def _without_front_matter(lines: list[str]) -> list[str]:
    """Blanks a leading block of settings that other tools put there, so that line numbers stay true."""
    if lines[0].rstrip() != "---":
        return lines
    for end, line in enumerate(lines[1:], start=1):
        if line.rstrip() == "---":
            return [""] * (end + 1) + lines[end + 1 :]
        if not _FRONT_MATTER_LINE.match(line):
            break
    return lines


def _words(tokens: Sequence[Token], place: int) -> Token | None:
    """The text that a list item opens with."""
    if tokens[place].type != "list_item_open" or place + 2 >= len(tokens):
        return None
    opens = tokens[place + 1].type in ("paragraph_open", "heading_open")
    return tokens[place + 2] if opens else None


def _is_box(tokens: Sequence[Token], place: int) -> bool:
    words = _words(tokens, place)
    return words is not None and CHECKBOX.match(words.content) is not None


def _is_numbered(tokens: Sequence[Token], place: int) -> bool:
    """A step of a top-level numbered list: what a file without any checkbox has for tasks."""
    return tokens[place].level == 1 and tokens[place].info.isdigit() and _words(tokens, place) is not None


def _end_of(tokens: Sequence[Token], place: int) -> int:
    level = tokens[place].level
    for end in range(place + 1, len(tokens)):
        if tokens[end].type == "list_item_close" and tokens[end].level == level:
            return end
    return len(tokens) - 1


def _lines_of(token: Token) -> set[int]:
    return set(range(*token.map)) if token.map else set()


def _take_heading(reading: Reading, token: Token, content: str) -> None:
    title = " ".join(content.split())
    first, end = token.map or (0, 0)
    depth = int(token.tag[1:])
    if depth == 1 and title and not reading.title:
        reading.title = title
        reading.taken |= _lines_of(token)
        reading.path.clear()
        return
    while reading.path and reading.path[-1].depth >= depth:
        reading.path.pop()
    if title:
        reading.path.append(Heading(depth, title, first, end))
        reading.headings.append(reading.path[-1])


def _stage(reading: Reading) -> int | None:
    """The place of the stage that a task met now belongs to; a stage exists once it has a task."""
    if not reading.path:
        return None
    key = reading.path[-1].first
    if key not in reading.stages:
        title = ": ".join(heading.title for heading in reading.path)
        reading.stages[key] = (len(reading.stages), title)
        reading.used |= {heading.first for heading in reading.path}
    return reading.stages[key][0]


def _take_task(reading: Reading, item: Sequence[Token]) -> None:
    words = item[2]
    first = words.map[0] if words.map else 0
    reading.taken |= _lines_of(item[0])
    line = read_line(CHECKBOX.sub("", words.content.split("\n")[0], count=1))
    facts = {"line": first + 1, "title": line.title}
    if not line.title:
        reading.troubles.append(Trouble("local.no_title", facts))
        return
    if line.misplaced:
        reading.troubles.append(Trouble("local.after_misplaced", facts))
    fence = next((token for token in item if token.type == "fence"), None)
    hidden = _lines_of(fence) if fence else set()
    for token in item:
        if token.type == "html_block" and token.content.lstrip().startswith("<!--"):
            hidden |= _lines_of(token)
    end = item[0].map[1] if item[0].map else first + 1
    kept = [reading.lines[number] for number in range(first + 1, end) if number not in hidden]
    step = Step(line.title, first + 1, _stage(reading), assignees=line.assignees)
    text = _tidy(textwrap.dedent("\n".join(kept)))
    command = fence.content.rstrip("\n") if fence else ""
    reading.steps.append(replace(step, instructions=text, command=command))
    reading.clauses.append(line.after)


def _description(reading: Reading) -> str:
    """All text outside the tasks; a heading without tasks is a line of it."""
    lines = ["" if number in reading.taken else line for number, line in enumerate(reading.lines)]
    for heading in reading.headings:
        shown = "" if heading.first in reading.used else heading.title
        lines[heading.first : heading.end] = [shown] + [""] * (heading.end - heading.first - 1)
    return _tidy("\n".join(lines))


def _tidy(text: str) -> str:
    return re.sub(r"\n[ \t]*(?:\n[ \t]*)+\n", "\n\n", text).strip()
