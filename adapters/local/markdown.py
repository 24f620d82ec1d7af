"""Parses a Markdown file into a ``Procedure``. Pure, and never raises, whatever the text.

``blocks`` finds the blocks, ``outline`` the sections and ``steps`` the steps. Here every line gets its place: in
the title, a stage, a task or a passage of context. The format is described in ``docs/platforms/local.md``.
"""

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, islice

from adapters.local.blocks import Block, LinkDefinitions, parse_blocks, plain
from adapters.local.dependencies import resolve
from adapters.local.front_matter import FileSettings, FrontMatter, read_front_matter
from adapters.local.headings import DEFAULT_WORDS, Vocabulary, without_number
from adapters.local.line import parse_line
from adapters.local.outline import Outline, Section, outline
from adapters.local.procedure import FileProblem, Passage, Procedure, Remark, TaskEntry
from adapters.local.sections import find_sections
from adapters.local.steps import Ignored, Rule, Step, StepFinder
from adapters.local.titles import split_title

MAX_TASKS = 2000  # of a file; a run with more could not be shown or changed quickly
_CONTEXT = -1
_NOWHERE = -2  # a line that is part of a title, or that nobody is meant to see
_DESCRIPTION = -1
_MOST_LINKS = 200  # in a file, that are defined apart from where they are used


@dataclass
class ParseState:
    """``places``: for each line the index of its task, ``_CONTEXT`` or ``_NOWHERE``. ``stages``: the line of its
    heading -> place and title, in the order of their first tasks. ``rests``: what the first text of each task says
    after the title. ``first_lines``: the first line of each title.
    """

    lines: list[str]
    places: list[int]
    definitions: LinkDefinitions
    stages: dict[int, tuple[int, str]] = field(default_factory=dict)
    tasks: list[TaskEntry] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    rests: list[str] = field(default_factory=list)
    clauses: list[tuple[str, ...]] = field(default_factory=list)
    first_lines: list[str] = field(default_factory=list)
    problems: list[FileProblem] = field(default_factory=list)

    def place(self, first: int, end: int, where: int) -> None:
        self.places[first:end] = [where] * (end - first)


def parse(text: str, name: str, words: Vocabulary = DEFAULT_WORDS) -> Procedure:
    """``name`` is the title of a text without one."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd").split("\n")
    file = read_front_matter(lines)
    lines[: file.lines] = [""] * file.lines
    definitions = LinkDefinitions()
    blocks = parse_blocks("\n".join(lines), definitions)
    found = outline(blocks, words, len(lines), bold=file.settings.steps is Rule.AUTO)
    title = file.settings.title or found.title or name
    finder = StepFinder(words, file.settings.steps)
    by_heading = file.settings.steps is Rule.HEADINGS
    steps = [] if by_heading else finder.find(found.root)
    from_sections = not steps and not by_heading
    if not steps:
        stages = file.settings.deepest_stage
        steps = find_sections(found.root, title, stages + 1 if by_heading and stages else 0)
    state = ParseState(lines, [_CONTEXT] * len(lines), definitions, problems=list(file.problems))
    _read(state, blocks, found, steps, file.settings)
    links = _links(state)
    for first, end in finder.headers:
        state.place(first, end, _NOWHERE)
    entries = [replace(task, instructions=_with_links(task.instructions, links)) for task in state.tasks]
    tasks, problems = resolve(entries, state.clauses, state.first_lines)
    if not tasks:
        problems.append(FileProblem("local.no_tasks", {"line": 1}))
    passages = [
        replace(passage, text=_with_links(passage.text, links)) for passage in _passages(state, found.root)
    ]
    return Procedure(
        title=title,
        description="\n\n".join(passage.text for passage in passages if passage.before == _DESCRIPTION),
        stages=tuple(title for _, title in state.stages.values()),
        tasks=tuple(tasks),
        passages=tuple(passage for passage in passages if passage.before != _DESCRIPTION),
        from_sections=from_sections and bool(tasks),
        inputs=file.settings.inputs,
        problems=tuple(state.problems + problems),
        remarks=tuple(_remarks(file, finder, state)),
    )


def _read(
    state: ParseState, blocks: Sequence[Block], found: Outline, steps: Sequence[Step], settings: FileSettings
) -> None:
    if found.title_block:
        state.place(found.title_block.first, found.title_block.end, _NOWHERE)
    if len(steps) > MAX_TASKS:
        facts = {"line": steps[MAX_TASKS].first + 1, "most": MAX_TASKS}
        state.problems.append(FileProblem("local.too_many_tasks", facts))
    paths = dict(_paths(found.root, (), settings))
    for step in steps[:MAX_TASKS]:
        _add_task(state, step, paths[id(step.section)])
    for block in blocks:
        _hide_comments(state, block)
    for index, step in enumerate(state.steps):
        instructions = _instructions(state, index, step)
        state.tasks[index] = replace(state.tasks[index], instructions=instructions)


def _paths(
    section: Section, above: tuple[Section, ...], settings: FileSettings
) -> Iterator[tuple[int, tuple[Section, ...]]]:
    """(id of the section, the headings that name the stage of its steps)."""
    deepest = settings.deepest_stage or section.depth
    path = (*above, section) if 0 < section.depth <= deepest else above
    yield id(section), path
    for child in section.children:
        yield from _paths(child, path, settings)


def _add_task(state: ParseState, step: Step, path: Sequence[Section]) -> None:
    title, rest = split_title(step.text, state.definitions)
    line = parse_line(title)
    facts = {"line": step.first + 1, "title": line.title}
    if not line.title:
        if step.is_box:
            state.problems.append(FileProblem("local.no_title", facts))
        return
    if line.misplaced:
        state.problems.append(FileProblem("local.after_misplaced", facts))
    if path and path[-1] is step.section and step.first == step.section.first and step.end == step.section.end:
        path = path[:-1]  # the heading is the step, and names no stage
    state.place(step.first, step.end, len(state.tasks))
    state.place(step.first, step.body, _NOWHERE)
    state.tasks.append(TaskEntry(line.title, step.first + 1, _stage(state, path), assignees=line.assignees))
    state.steps.append(step)
    state.rests.append(rest)
    state.clauses.append(line.after)
    state.first_lines.append(parse_line(plain(step.text.partition("\n")[0])).title)


def _stage(state: ParseState, path: Sequence[Section]) -> int | None:
    """The index of the stage that the headings name; a stage exists once it has a task."""
    if not path:
        return None
    if path[-1].first not in state.stages:
        title = ": ".join(without_number(section.title) for section in path)
        state.stages[path[-1].first] = (len(state.stages), title)
        for section in path:
            if state.places[section.first] == _CONTEXT:
                state.place(section.first, section.body, _NOWHERE)
    return state.stages[path[-1].first][0]


def _hide_comments(state: ParseState, block: Block) -> None:
    """Unless other text stands on their last line."""
    content = block.text.strip()
    if block.type == "html_block" and content.startswith("<!--") and content.endswith("-->"):
        state.place(block.first, block.end, _NOWHERE)
    for child in block.children:
        _hide_comments(state, child)


def _instructions(state: ParseState, index: int, step: Step) -> str:
    def own(first: int, end: int) -> str:
        numbers = (number for number in range(first, end) if state.places[number] == index)
        return textwrap.dedent("\n".join(state.lines[number] for number in numbers))

    attached = step.attached or step.end
    texts = (state.rests[index], own(step.body, attached), own(attached, step.end), step.rest)
    return _tidy("\n".join(text for text in texts if text.strip()))


def _passages(state: ParseState, root: Section) -> Iterator[Passage]:
    """What is neither a title nor part of a task."""
    stages = [-1] * len(state.lines)
    _fill_stages(state, root, -1, stages)
    starts = [step.first for step in state.steps]
    first_section = root.children[0].first if root.children else len(state.lines)
    before, places = 0, list[tuple[int, int]]()
    for number in range(len(state.lines)):
        while before < len(starts) and starts[before] <= number:
            before += 1
        is_description = before == 0 and number < first_section
        places.append((_DESCRIPTION if is_description else before, stages[number]))
    shown = [number for number in range(len(state.lines)) if state.places[number] == _CONTEXT]
    for (next_task, stage), numbers in groupby(shown, lambda number: places[number]):
        text = _tidy("\n".join(_spaced(state.lines, list(numbers))))
        if text:
            yield Passage(text, next_task, None if stage < 0 else stage)


def _spaced(lines: Sequence[str], numbers: Sequence[int]) -> Iterator[str]:
    """With an empty line where others are left out between them."""
    last = numbers[0]
    for number in numbers:
        if number > last + 1:
            yield ""
        yield lines[number]
        last = number


def _fill_stages(state: ParseState, section: Section, above: int, stages: list[int]) -> None:
    index = state.stages[section.first][0] if section.depth and section.first in state.stages else above
    stages[section.first : section.end] = [index] * (section.end - section.first)
    for child in section.children:
        _fill_stages(state, child, index, stages)


def _links(state: ParseState) -> Mapping[str, str]:
    """The labels of links in lower case, as they are used, with the lines that say where they lead."""
    return {
        f"[{label.lower()}]": "\n".join(map(str.strip, state.lines[first:end]))
        for label, first, end in islice(state.definitions.lines(), _MOST_LINKS)
    }


def _with_links(text: str, links: Mapping[str, str]) -> str:
    """A part of a file is shown by itself, so it needs the addresses of its links, which may stand elsewhere."""
    if not links or "[" not in text:
        return text
    lowered = text.lower()
    used = [line for label, line in links.items() if label in lowered and line not in text]
    return "\n\n".join([text, "\n".join(used)]) if used else text


def _remarks(file: FrontMatter, finder: StepFinder, state: ParseState) -> Iterator[Remark]:
    """By line."""
    if file.lines:
        yield Remark("local.ignored.front_matter", 1, file.lines)
    found = [Remark(one.key, one.first + 1, _last_line(state.lines, one)) for one in _outermost(finder.ignored)]
    ticked = [Remark("local.ticked", step.first + 1, step.first + 1) for step in state.steps if step.is_ticked]
    yield from sorted([*found, *ticked], key=lambda remark: remark.line)


def _outermost(ignored: Sequence[Ignored]) -> Iterator[Ignored]:
    """Without the lists inside others."""
    end = 0
    for one in sorted(ignored, key=lambda one: (one.first, -one.end)):
        if one.first >= end:
            yield one
            end = one.end


def _last_line(lines: Sequence[str], one: Ignored) -> int:
    """The number of its last line that is not blank."""
    return next((n for n in range(one.end, one.first, -1) if lines[n - 1].strip()), one.first + 1)


def _tidy(text: str) -> str:
    return re.sub(r"\n[ \t]*(?:\n[ \t]*)+\n", "\n\n", text).strip("\n").rstrip()
