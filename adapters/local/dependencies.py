"""Dependencies: finds the tasks that the titles in ``(after: …)`` refer to."""

import difflib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from graphlib import CycleError, TopologicalSorter

from adapters.local.procedure import FileProblem, TaskEntry

MAX_TITLES = 64  # in one clause
MAX_CLAUSE = 2000  # characters; more is not a dependency that anybody meant
MAX_GUESS = 200  # characters; comparing longer titles takes too long
Titles = Mapping[str, Sequence[int]]


def normalize(title: str) -> str:
    """A title without case, extra spaces, quotes and emphasis, for comparing."""
    return " ".join(re.sub(r"[*_`\"'“”‘’]", "", title).casefold().split()).rstrip(".")


def resolve(
    tasks: Sequence[TaskEntry], clauses: Sequence[Sequence[str]]
) -> tuple[list[TaskEntry], list[FileProblem]]:
    """The tasks with their ``after``, and the problems found. ``clauses[i]`` belong to ``tasks[i]``."""
    titles: dict[str, list[int]] = defaultdict(list)
    for index, task in enumerate(tasks):
        titles[normalize(task.title)].append(index)
    resolved: list[TaskEntry] = []
    problems: list[FileProblem] = []
    for index, task in enumerate(tasks):
        found: list[int] = []
        for clause in clauses[index]:
            referenced = _referenced_tasks(clause, titles, tasks, index)
            if isinstance(referenced, FileProblem):
                problems.append(referenced)
            else:
                found += referenced
        after = tuple(dict.fromkeys(found))
        resolved.append(replace(task, after=after))
    cycle = _find_cycle(resolved)
    return resolved, problems + ([cycle] if cycle else [])


def _referenced_tasks(
    clause: str, titles: Titles, tasks: Sequence[TaskEntry], index: int
) -> list[int] | FileProblem:
    facts = {"line": tasks[index].line, "title": tasks[index].title}
    if len(clause) > MAX_CLAUSE:
        return FileProblem("local.after_unknown", {**facts, "wanted": clause[:MAX_GUESS]})
    names = [clause] if normalize(clause) in titles else _split(clause, titles)
    if names is None:
        return FileProblem("local.after_unclear", {**facts, "wanted": clause})
    found: list[int] = []
    for name in names:
        indices = titles.get(normalize(name))
        if not indices:
            return _unknown_title(name, titles, tasks, facts)
        match = _closest(indices, tasks, index)
        if match is None:
            lines = ", ".join(str(tasks[other].line) for other in indices)
            return FileProblem("local.after_twice", {**facts, "wanted": name, "lines": lines})
        found.append(match)
    return found


def _split(clause: str, titles: Titles) -> list[str] | None:
    """The titles in a clause; a ``,`` or ``;`` may be part of one. None if there are two ways to split it."""
    clause = clause.strip(" ,;")
    separators = [found.start() for found in re.finditer("[;,]", clause)][:MAX_TITLES]
    starts, ends = [0, *(separator + 1 for separator in separators)], [*separators, len(clause)]

    @cache
    def splits(first: int) -> tuple[tuple[str, ...], ...]:
        """The ways to split from the ``first`` piece on; two at most, which is enough to be ambiguous."""
        if first == len(starts):
            return ((),)
        found: list[tuple[str, ...]] = []
        for last in range(first, len(ends)):
            name = clause[starts[first] : ends[last]]
            if normalize(name) in titles:
                found += [(name.strip(), *rest) for rest in splits(last + 1)]
        return tuple(found[:2])

    all_splits = splits(0)
    if len(all_splits) == 1:
        return list(all_splits[0])
    if all_splits:
        return None
    return [name.strip() for name in re.split(";" if ";" in clause else ",", clause)]


def _closest(indices: Sequence[int], tasks: Sequence[TaskEntry], index: int) -> int | None:
    """Of several tasks with the same title, the one in the same stage."""
    if len(indices) == 1:
        return indices[0]
    in_stage = [other for other in indices if tasks[other].stage == tasks[index].stage and other != index]
    return in_stage[0] if len(in_stage) == 1 else None


def _unknown_title(
    name: str, titles: Titles, tasks: Sequence[TaskEntry], facts: Mapping[str, object]
) -> FileProblem:
    candidates = [title for title in titles if len(title) <= MAX_GUESS][:500]
    near = difflib.get_close_matches(normalize(name)[:MAX_GUESS], candidates, n=1)
    if near:
        guess = tasks[titles[near[0]][0]].title
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
