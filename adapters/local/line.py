"""The first line of a task: its title, ``@name`` for assignees and ``(after: …)`` for what it waits for."""

import re
from dataclasses import dataclass

_AFTER = re.compile(r"\(\s*after\s*:", re.IGNORECASE)
_NAME = r"@(\w(?:[\w.-]*\w)?)"
_NAME_AT_END = re.compile(rf"(?:^|(?<=\s)){_NAME}[,;]?$")
_NAME_INSIDE = re.compile(rf"(?:^|(?<=[\s(])){_NAME}(?=[\s,;:.!?)]|$)")
MAX_LINE = 2000  # characters; a longer line is used as it is
_CODE = re.compile(r"`[^`]*`")


@dataclass(frozen=True, slots=True)
class TaskLine:
    """``after`` is the text of each clause. ``misplaced``: a clause is followed by other text."""

    title: str
    assignees: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    misplaced: bool = False


def parse_line(text: str) -> TaskLine:
    """Removes names and clauses at the end from the title. A name inside the sentence also stays in the title."""
    title, names, clauses = " ".join(text.split()), list[str](), list[str]()
    if len(title) > MAX_LINE:
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
    without_code = _CODE.sub("", title)
    inside = [found[1] for found in _NAME_INSIDE.finditer(without_code)]
    assignees = tuple(dict.fromkeys(inside + names))
    return TaskLine(title, assignees, tuple(clauses), misplaced=_AFTER.search(without_code) is not None)


def ends_with_note(line: str) -> bool:
    """Whether it ends with a name or a clause, which end a title."""
    return (
        len(line) <= MAX_LINE and (_NAME_AT_END.search(line.rstrip()) or _clause_at_end(line.rstrip())) is not None
    )


def _clause_at_end(text: str) -> tuple[str, str] | None:
    """(the text before the clause, the clause's own text). Titles in it may have brackets."""
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
    for character in text:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return False
    return depth == 0
