"""Dependencies: finds the tasks that the titles in ``(after: …)`` refer to, in time linear in the file's size."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from graphlib import CycleError, TopologicalSorter

from rapidfuzz import fuzz, process

from adapters.local.procedure import FileProblem, TaskEntry

MAX_TITLES = 64  # in one clause
MAX_CLAUSE = 2000  # characters; more is not a dependency that anybody meant
MAX_GUESS = 200  # characters; comparing longer titles takes too long
MAX_CANDIDATES = 500  # titles that an unknown one is compared with
MAX_GUESSES = 20  # in one file; the unknown titles after these are reported without a guess
MAX_LINES = 10  # line numbers in one problem
_CLOSE = 60  # percent
_SEPARATOR = re.compile("[;,]")


def normalize(title: str) -> str:
    """A title without case, extra spaces, quotes and emphasis, for comparing."""
    return " ".join(re.sub(r"[*_`\"'“”‘’]", "", title).casefold().split()).rstrip(".")


@dataclass
class Titles:
    """The tasks of a file, by normalized title, and by the first line of one that has several where no other task
    has that title. ``most_separators``: ``,`` and ``;`` in one title."""

    tasks: Sequence[TaskEntry]
    first_lines: Sequence[str] = ()
    by_title: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    by_stage: dict[tuple[str, int | None], list[int]] = field(default_factory=lambda: defaultdict(list))
    most_separators: int = 0
    guesses: int = 0

    def __post_init__(self) -> None:
        for index, task in enumerate(self.tasks):
            title = normalize(task.title)
            self.by_title[title].append(index)
            self.by_stage[title, task.stage].append(index)
            self.most_separators = max(self.most_separators, len(_SEPARATOR.findall(task.title)))
        for index, line in enumerate(self.first_lines):
            title = normalize(line)
            if title and self.by_title.get(title, [index]) == [index]:
                self.by_title[title] = [index]
        self.candidates = [title for title in self.by_title if len(title) <= MAX_GUESS][:MAX_CANDIDATES]

    def __contains__(self, name: str) -> bool:
        return normalize(name) in self.by_title

    def closest(self, title: str, index: int) -> int | None:
        """The task with this title; of several, the only other one in the stage of the task ``index``."""
        found = self.by_title[title]
        if len(found) == 1:
            return found[0]
        in_stage = self.by_stage.get((title, self.tasks[index].stage), [])
        others = [other for other in in_stage[:3] if other != index]
        return others[0] if len(others) == 1 else None

    def guess(self, name: str) -> str | None:
        """The title that was probably meant."""
        self.guesses += 1
        if self.guesses > MAX_GUESSES:
            return None
        best = process.extractOne(
            normalize(name)[:MAX_GUESS], self.candidates, scorer=fuzz.ratio, score_cutoff=_CLOSE
        )
        return self.tasks[self.by_title[best[0]][0]].title if best else None


def resolve(
    tasks: Sequence[TaskEntry], clauses: Sequence[Sequence[str]], first_lines: Sequence[str] = ()
) -> tuple[list[TaskEntry], list[FileProblem]]:
    """The tasks with their ``after``, and the problems found. ``clauses[i]`` and ``first_lines[i]`` belong to
    ``tasks[i]``.
    """
    titles = Titles(tasks, first_lines)
    resolved: list[TaskEntry] = []
    problems: list[FileProblem] = []
    for index, task in enumerate(tasks):
        found: list[int] = []
        for clause in clauses[index]:
            referenced = _referenced_tasks(clause, titles, index)
            if isinstance(referenced, FileProblem):
                problems.append(referenced)
            else:
                found += referenced
        after = tuple(dict.fromkeys(found))
        resolved.append(replace(task, after=after))
    cycle = _find_cycle(resolved)
    return resolved, problems + ([cycle] if cycle else [])


def _referenced_tasks(clause: str, titles: Titles, index: int) -> list[int] | FileProblem:
    tasks = titles.tasks
    facts = {"line": tasks[index].line, "title": tasks[index].title}
    if len(clause) > MAX_CLAUSE:
        return FileProblem("local.after_unknown", {**facts, "wanted": clause[:MAX_GUESS]})
    names = [clause] if clause in titles else _split(clause, titles)
    if names is None:
        return FileProblem("local.after_unclear", {**facts, "wanted": clause})
    found: list[int] = []
    for name in names:
        if name not in titles:
            return _unknown_title(name, titles, facts)
        match = titles.closest(normalize(name), index)
        if match is None:
            indices = titles.by_title[normalize(name)]
            lines = ", ".join(str(tasks[other].line) for other in indices[:MAX_LINES])
            lines += ", …" if len(indices) > MAX_LINES else ""
            return FileProblem("local.after_twice", {**facts, "wanted": name, "lines": lines})
        found.append(match)
    return found


def _split(clause: str, titles: Titles) -> list[str] | None:
    """The titles in a clause; a ``,`` or ``;`` may be part of one. None if there are two ways to split it."""
    clause = clause.strip(" ,;")
    separators = [found.start() for found in _SEPARATOR.finditer(clause)][:MAX_TITLES]
    starts, ends = [0, *(separator + 1 for separator in separators)], [*separators, len(clause)]

    @cache
    def splits(first: int) -> tuple[tuple[str, ...], ...]:
        """The ways to split from the ``first`` piece on; two at most, which is enough to be ambiguous."""
        if first == len(starts):
            return ((),)
        found: list[tuple[str, ...]] = []
        for last in range(first, min(len(ends), first + titles.most_separators + 1)):
            name = clause[starts[first] : ends[last]]
            if name in titles:
                found += [(name.strip(), *rest) for rest in splits(last + 1)]
        return tuple(found[:2])

    all_splits = splits(0)
    if len(all_splits) == 1:
        return list(all_splits[0])
    if all_splits:
        return None
    return [name.strip() for name in re.split(";" if ";" in clause else ",", clause)]


def _unknown_title(name: str, titles: Titles, facts: Mapping[str, object]) -> FileProblem:
    guess = titles.guess(name)
    if guess is not None:
        return FileProblem("local.after_near", {**facts, "wanted": name, "guess": guess})
    return FileProblem("local.after_unknown", {**facts, "wanted": name})


def _find_cycle(tasks: Sequence[TaskEntry]) -> FileProblem | None:
    graph = {index: task.after for index, task in enumerate(tasks)}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        cycle: list[int] = error.args[1][:-1]
        start = cycle.index(min(cycle))
        in_order = [tasks[index] for index in cycle[start:] + cycle[:start]]
        titles = ", ".join(f"“{task.title}”" for task in in_order)
        return FileProblem(
            "local.circle", {"line": in_order[0].line, "title": in_order[0].title, "circle": titles}
        )
    return None
