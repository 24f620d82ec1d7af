"""The first line of a task: its title, ``@name`` for who does it, ``(after: …)`` for what comes first."""

import re
from dataclasses import dataclass

CHECKBOX = re.compile(r"\[[ \txX]?\](?:\s+|$)")
_AFTER = re.compile(r"\(\s*after\s*:", re.IGNORECASE)
_NAME = r"@(\w(?:[\w.-]*\w)?)"
_NAME_AT_END = re.compile(rf"(?:^|(?<=\s)){_NAME}[,;]?$")
_NAME_INSIDE = re.compile(rf"(?:^|(?<=[\s(])){_NAME}(?=[\s,;:.!?)]|$)")
LONGEST = 2000  # characters; a longer line is taken as it is
_CODE = re.compile(r"`[^`]*`")


@dataclass(frozen=True, slots=True)
class TaskLine:
    """``after``: the text of each clause, unresolved. ``misplaced``: a clause stands before other words."""

    title: str
    assignees: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    misplaced: bool = False


def read_line(text: str) -> TaskLine:
    """Names and clauses at the end are taken out of the title; a name within the sentence stays in it too."""
    title, names, clauses = " ".join(text.split()), list[str](), list[str]()
    if len(title) > LONGEST:
        return TaskLine(title)
    while True:
        if found := _NAME_AT_END.search(title):
            names.insert(0, found[1])
            title = title[: found.start()].rstrip()
        elif (clause := _clause_at_end(title)) is not None:
            title, after = clause
            clauses.insert(0, after)
        else:
            break
    said = _CODE.sub("", title)
    inside = [found[1] for found in _NAME_INSIDE.finditer(said)]
    assignees = tuple(dict.fromkeys(inside + names))
    return TaskLine(title, assignees, tuple(clauses), misplaced=_AFTER.search(said) is not None)


def _clause_at_end(text: str) -> tuple[str, str] | None:
    """(what stands before, what the clause says); titles within it may have brackets of their own."""
    if not text.endswith(")"):
        return None
    starts = list(_AFTER.finditer(text))
    if not starts:
        return None
    inner = text[starts[-1].end() : -1]
    if not _balanced(inner):
        return None
    return text[: starts[-1].start()].rstrip(), inner.strip()


def _balanced(text: str) -> bool:
    depth = 0
    for sign in text:
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            return False
    return depth == 0
