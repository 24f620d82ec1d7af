"""Parses a Markdown file into a ``Procedure``. Pure, and never raises, whatever the text.

markdown-it-py finds the CommonMark blocks. Inline markup stays as typed, because everything is shown as plain
text. The format is described in ``docs/platforms/local.md``.
"""

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from markdown_it import MarkdownIt
from markdown_it.token import Token

from adapters.local.dependencies import resolve
from adapters.local.line import CHECKBOX, parse_line
from adapters.local.procedure import FileProblem, Procedure, TaskEntry

MAX_TASKS = 2000  # of a file; a run with more could not be shown or changed quickly

_FRONT_MATTER_LINE = re.compile(r"\s*$|[\w-]+\s*:|\s+\S|-\s+[^\[\s]")


@dataclass(frozen=True, slots=True)
class Heading:
    depth: int
    title: str
    first: int  # line, from 0
    end: int


@dataclass
class ParseState:
    """What was parsed so far. ``consumed``: lines that are not part of the description."""

    lines: list[str]
    title: str = ""
    path: list[Heading] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    used: set[int] = field(default_factory=set)  # first lines of headings that name a stage
    stages: dict[int, tuple[int, str]] = field(default_factory=dict)  # heading's first line -> place, title
    tasks: list[TaskEntry] = field(default_factory=list)
    clauses: list[tuple[str, ...]] = field(default_factory=list)
    consumed: set[int] = field(default_factory=set)
    problems: list[FileProblem] = field(default_factory=list)


def parse(text: str, name: str) -> Procedure:
    """``name`` is the title of a text without one."""
    lines = _without_front_matter(
        text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd").split("\n")
    )
    tokens = _blocks("\n".join(lines))
    state = ParseState(lines)
    has_boxes = any(_is_box(tokens, index) for index in range(len(tokens)))
    index = 0
    while index < len(tokens) and len(state.tasks) <= MAX_TASKS:
        token = tokens[index]
        if token.type == "heading_open" and token.level == 0:
            _add_heading(state, token, tokens[index + 1].content)
        elif token.type == "html_block" and token.content.lstrip().startswith("<!--"):
            state.consumed |= _lines_of(token)
        elif _is_box(tokens, index) if has_boxes else _is_numbered(tokens, index):
            end = _end_of_item(tokens, index)
            _add_task(state, tokens[index : end + 1])
            index = end
        index += 1
    if len(state.tasks) > MAX_TASKS:
        facts = {"line": state.tasks.pop().line, "most": MAX_TASKS}
        state.problems.append(FileProblem("local.too_many_tasks", facts))
    while tokens:  # freeing all tokens of a large file at once would stop the other threads
        del tokens[-5000:]
    tasks, problems = resolve(state.tasks, state.clauses)
    if not tasks:
        problems.append(FileProblem("local.no_tasks", {"line": 1}))
    return Procedure(
        title=state.title or name,
        description=_description(state),
        stages=tuple(title for _, title in state.stages.values()),
        tasks=tuple(tasks),
        problems=tuple(state.problems + problems),
    )


def _blocks(text: str) -> list[Token]:
    return MarkdownIt("commonmark").disable(["inline", "reference"]).parse(text)


def _without_front_matter(lines: list[str]) -> list[str]:
    """Blanks the front matter that other tools put there, so that line numbers stay true."""
    if lines[0].rstrip() != "---":
        return lines
    for end, line in enumerate(lines[1:], start=1):
        if line.rstrip() == "---":
            return [""] * (end + 1) + lines[end + 1 :]
        if not _FRONT_MATTER_LINE.match(line):
            break
    return lines


def _first_text(tokens: Sequence[Token], index: int) -> Token | None:
    """The text that a list item opens with."""
    if tokens[index].type != "list_item_open" or index + 2 >= len(tokens):
        return None
    opens = tokens[index + 1].type in ("paragraph_open", "heading_open")
    return tokens[index + 2] if opens else None


def _is_box(tokens: Sequence[Token], index: int) -> bool:
    text = _first_text(tokens, index)
    return text is not None and CHECKBOX.match(text.content) is not None


def _is_numbered(tokens: Sequence[Token], index: int) -> bool:
    """An item of a top-level numbered list, which is a task in a file without checkboxes."""
    return tokens[index].level == 1 and tokens[index].info.isdigit() and _first_text(tokens, index) is not None


def _end_of_item(tokens: Sequence[Token], index: int) -> int:
    level = tokens[index].level
    for end in range(index + 1, len(tokens)):
        if tokens[end].type == "list_item_close" and tokens[end].level == level:
            return end
    return len(tokens) - 1


def _lines_of(token: Token) -> set[int]:
    return set(range(*token.map)) if token.map else set()


def _add_heading(state: ParseState, token: Token, content: str) -> None:
    title = " ".join(content.split())
    first, end = token.map or (0, 0)
    depth = int(token.tag[1:])
    if depth == 1 and title and not state.title:
        state.title = title
        state.consumed |= _lines_of(token)
        state.path.clear()
        return
    while state.path and state.path[-1].depth >= depth:
        state.path.pop()
    if title:
        state.path.append(Heading(depth, title, first, end))
        state.headings.append(state.path[-1])


def _stage(state: ParseState) -> int | None:
    """The index of the current heading's stage; a stage exists once it has a task."""
    if not state.path:
        return None
    key = state.path[-1].first
    if key not in state.stages:
        title = ": ".join(heading.title for heading in state.path)
        state.stages[key] = (len(state.stages), title)
        state.used |= {heading.first for heading in state.path}
    return state.stages[key][0]


def _add_task(state: ParseState, item: Sequence[Token]) -> None:
    text = item[2]
    first = text.map[0] if text.map else 0
    state.consumed |= _lines_of(item[0])
    line = parse_line(CHECKBOX.sub("", text.content.split("\n")[0], count=1))
    facts = {"line": first + 1, "title": line.title}
    if not line.title:
        state.problems.append(FileProblem("local.no_title", facts))
        return
    if line.misplaced:
        state.problems.append(FileProblem("local.after_misplaced", facts))
    fence = next((token for token in item if token.type == "fence"), None)
    hidden = _lines_of(fence) if fence else set()
    for token in item:
        if token.type == "html_block" and token.content.lstrip().startswith("<!--"):
            hidden |= _lines_of(token)
    end = item[0].map[1] if item[0].map else first + 1
    kept = [state.lines[number] for number in range(first + 1, end) if number not in hidden]
    task = TaskEntry(line.title, first + 1, _stage(state), assignees=line.assignees)
    instructions = _tidy(textwrap.dedent("\n".join(kept)))
    command = fence.content.rstrip("\n") if fence else ""
    state.tasks.append(replace(task, instructions=instructions, command=command))
    state.clauses.append(line.after)


def _description(state: ParseState) -> str:
    """All text outside the tasks, with the headings that have no tasks."""
    lines = ["" if number in state.consumed else line for number, line in enumerate(state.lines)]
    for heading in state.headings:
        shown = "" if heading.first in state.used else heading.title
        lines[heading.first : heading.end] = [shown] + [""] * (heading.end - heading.first - 1)
    return _tidy("\n".join(lines))


def _tidy(text: str) -> str:
    return re.sub(r"\n[ \t]*(?:\n[ \t]*)+\n", "\n\n", text).strip()
