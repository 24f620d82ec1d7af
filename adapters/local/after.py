"""Dependencies: from the titles that ``(after: …)`` names to the tasks they mean."""

import difflib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from graphlib import CycleError, TopologicalSorter

from adapters.local.procedure import Step, Trouble

MOST_NAMES = 64  # in one clause; more of them, or longer, is no dependency that anybody meant
LONGEST_CLAUSE = 2000
LONGEST_GUESS = 200  # likeness of longer titles takes too long to work out
Titles = Mapping[str, Sequence[int]]


def plain(title: str) -> str:
    """What two spellings of one title have in common: case, spacing, quotes and emphasis do not count."""
    return " ".join(re.sub(r"[*_`\"'“”‘’]", "", title).casefold().split()).rstrip(".")


def resolve(steps: Sequence[Step], clauses: Sequence[Sequence[str]]) -> tuple[list[Step], list[Trouble]]:
    """The steps with their ``after``, and what is wrong with it. ``clauses[i]`` belong to ``steps[i]``."""
    titles: dict[str, list[int]] = defaultdict(list)
    for place, step in enumerate(steps):
        titles[plain(step.title)].append(place)
    resolved: list[Step] = []
    troubles: list[Trouble] = []
    for place, step in enumerate(steps):
        found: list[int] = []
        for clause in clauses[place]:
            meant = _meant(clause, titles, steps, place)
            if isinstance(meant, Trouble):
                troubles.append(meant)
            else:
                found += meant
        after = tuple(dict.fromkeys(found))
        resolved.append(replace(step, after=after))
    circle = _circle(resolved)
    return resolved, troubles + ([circle] if circle else [])


def _meant(clause: str, titles: Titles, steps: Sequence[Step], place: int) -> list[int] | Trouble:
    facts = {"line": steps[place].line, "title": steps[place].title}
    if len(clause) > LONGEST_CLAUSE:
        return Trouble("local.after_unknown", {**facts, "wanted": clause[:LONGEST_GUESS]})
    names = [clause] if plain(clause) in titles else _cut(clause, titles)
    if names is None:
        return Trouble("local.after_unclear", {**facts, "wanted": clause})
    found: list[int] = []
    for name in names:
        places = titles.get(plain(name))
        if not places:
            return _unknown(name, titles, steps, facts)
        one = _the_one(places, steps, place)
        if one is None:
            lines = ", ".join(str(steps[other].line) for other in places)
            return Trouble("local.after_twice", {**facts, "wanted": name, "lines": lines})
        found.append(one)
    return found


def _cut(clause: str, titles: Titles) -> list[str] | None:
    """The names in a clause; a ``,`` or ``;`` may belong to a title. None: it can be read in two ways."""
    clause = clause.strip(" ,;")
    marks = [found.start() for found in re.finditer("[;,]", clause)][:MOST_NAMES]
    starts, ends = [0, *(mark + 1 for mark in marks)], [*marks, len(clause)]

    @cache
    def ways(first: int) -> tuple[tuple[str, ...], ...]:
        """At most two readings from the ``first`` piece on: more need not be known."""
        if first == len(starts):
            return ((),)
        found: list[tuple[str, ...]] = []
        for last in range(first, len(ends)):
            name = clause[starts[first] : ends[last]]
            if plain(name) in titles:
                found += [(name.strip(), *rest) for rest in ways(last + 1)]
        return tuple(found[:2])

    readings = ways(0)
    if len(readings) == 1:
        return list(readings[0])
    if readings:
        return None
    return [name.strip() for name in re.split(";" if ";" in clause else ",", clause)]


def _the_one(places: Sequence[int], steps: Sequence[Step], place: int) -> int | None:
    """Of several tasks with one title the one in the same stage is meant."""
    if len(places) == 1:
        return places[0]
    near = [other for other in places if steps[other].stage == steps[place].stage and other != place]
    return near[0] if len(near) == 1 else None


def _unknown(name: str, titles: Titles, steps: Sequence[Step], facts: Mapping[str, object]) -> Trouble:
    known = [title for title in titles if len(title) <= LONGEST_GUESS][:500]
    near = difflib.get_close_matches(plain(name)[:LONGEST_GUESS], known, n=1)
    if near:
        guess = steps[titles[near[0]][0]].title
        return Trouble("local.after_near", {**facts, "wanted": name, "guess": guess})
    return Trouble("local.after_unknown", {**facts, "wanted": name})


def _circle(steps: Sequence[Step]) -> Trouble | None:
    graph = {place: step.after for place, step in enumerate(steps)}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        ring: list[int] = error.args[1][:-1]
        ring = ring[ring.index(min(ring)) :] + ring[: ring.index(min(ring))]
        first = steps[ring[0]]
        way = ", ".join(f'"{steps[place].title}"' for place in ring)
        return Trouble("local.circle", {"line": first.line, "title": first.title, "circle": way})
    return None
