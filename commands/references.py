"""How people name runs and tasks in a line: handles, ranges, links, quoted titles (DESIGN section 4).

Pure reading of words: whether a thing of that name exists is for ``commands.resolve`` to find out.
"""

import re
from dataclasses import dataclass

from commands.errors import BadArguments
from commands.spec import Flag, Line
from commands.tokens import take_quoted, unquote

MOST_TASKS = 50  # on one line; more is a slip of the finger

RUN = Flag("run", hint="RUN")

_END = r"(?=$|[\s,;:&!?)]|\.(?:\s|$))"
_RUN = re.compile(rf"R([0-9]{{1,6}}){_END}", re.IGNORECASE)
_TASK = re.compile(rf"(?:R([0-9]{{1,6}})\.)?T([0-9]{{1,6}}){_END}", re.IGNORECASE)
_RANGE = re.compile(
    r"(?:R([0-9]{1,6})\.)?T([0-9]{1,6})"
    r"(?:-|–|—|…|\.\.\.?|\s+(?:-|–|—)\s+(?=(?:R[0-9]+\.)?T[0-9]+\s*$))"
    rf"(?:R([0-9]{{1,6}})\.)?T?([0-9]{{1,6}}){_END}",
    re.IGNORECASE,
)
_LINK = re.compile(r"https?://[^\s,]+", re.IGNORECASE)
_AND = re.compile(r"\s*[,;&]\s*(?:(?:and|e)\s+)?|\s+(?:(?:and|e|&)\s+)?", re.IGNORECASE)
_SEPARATOR = re.compile(r"[,;:]\s*|\s+")


def reference(words: str) -> str:
    """A handle in its one spelling ("T3", "R7", "R7.T3"); anything else as typed."""
    words = words.strip()
    if found := _RUN.fullmatch(words):
        return _run(found[1])
    if found := _TASK.fullmatch(words):
        return _task(found[1], found[2])
    return words


def is_run(words: str) -> bool:
    return _RUN.fullmatch(words.strip()) is not None


def is_task(words: str) -> bool:
    return _TASK.fullmatch(words.strip()) is not None


def is_link(words: str) -> bool:
    return _LINK.fullmatch(words.strip()) is not None


def _run(number: str) -> str:
    return f"R{int(number)}"


def _task(run: str | None, number: str) -> str:
    return f"{_run(run)}.T{int(number)}" if run else f"T{int(number)}"


def take_tasks(text: str) -> tuple[tuple[str, ...], str]:
    """The leading tasks, ranges spelled out and each once, and what follows them."""
    tasks, end = _leading(text)
    if len(tasks) > MOST_TASKS:
        raise BadArguments("parse.too_many_tasks", field="tasks", most=MOST_TASKS)
    after = text[end:]
    separator = _SEPARATOR.match(after) if tasks else None
    return tuple(tasks), after[separator.end() :] if separator else after


def _leading(text: str) -> tuple[dict[str, None], int]:
    tasks: dict[str, None] = {}
    end = at = 0
    while True:
        if found := _RANGE.match(text, at):
            tasks |= dict.fromkeys(_spelled_out(found))
        elif found := _TASK.match(text, at):
            tasks[_task(found[1], found[2])] = None
        elif found := _LINK.match(text, at):
            tasks[found[0]] = None
        else:
            return tasks, end
        end = found.end()
        joined = _AND.match(text, end)
        if joined is None:
            return tasks, end
        at = joined.end()


def _spelled_out(found: re.Match[str]) -> list[str]:
    run, first, other, last = found.groups()
    if other and (run is None or int(other) != int(run)):
        raise BadArguments("parse.range_runs", field="tasks", range=found[0])
    if int(last) < int(first):
        raise BadArguments("parse.range_order", field="tasks", range=found[0])
    if int(last) - int(first) >= MOST_TASKS:
        raise BadArguments("parse.too_many_tasks", field="tasks", most=MOST_TASKS)
    return [_task(run, str(number)) for number in range(int(first), int(last) + 1)]


def take_run(text: str) -> tuple[str, str]:
    """A leading run handle, and what follows it."""
    found = _RUN.match(text)
    if found is None:
        return "", text
    after = text[found.end() :]
    separator = _SEPARATOR.match(after)
    return _run(found[1]), after[separator.end() :] if separator else after


def tasks_end(text: str) -> int:
    """Where the run and the tasks at the beginning end: own flags may stand there too (``Command.head``)."""
    run, rest = take_run(text)
    offset = len(text) - len(rest)
    end = _leading(rest)[1]
    return offset + end if end else (len(text[:offset].rstrip()) if run else 0)


def one_run(line: Line, named: str) -> str:
    """The run of ``--run``, or the one named otherwise. Raises when they differ."""
    flag = reference(line.flags.get("run", ""))
    if flag and named and flag != named:
        raise BadArguments("parse.run_twice", field="run", one=named, other=flag)
    return flag or named


@dataclass(frozen=True, slots=True)
class Named:
    """``tasks``: handles and links, or one title, or nothing. ``text`` is what followed them."""

    run: str
    tasks: tuple[str, ...]
    text: str


def name_tasks(line: Line) -> Named:
    run, rest = take_run(line.rest)
    run = one_run(line, run)
    tasks, text = take_tasks(rest)
    if tasks:
        return Named(run, tasks, unquote(text))
    title, text = take_quoted(rest)
    title = title.strip()
    return Named(run, (title,) if title else (), unquote(text))
