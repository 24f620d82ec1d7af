"""How people name runs and tasks in a line: handles, ranges, links, quoted titles (DESIGN section 4).

Pure reading of words: whether a thing of that name exists is for ``commands.resolve`` to find out.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from commands.language.aliases import health_of
from commands.language.tokens import joined, take_quoted, unquote
from commands.model.card import Code
from commands.model.command import Command, Flag, Line
from commands.model.errors import BadArguments
from commands.model.intents import Show

MOST_TASKS = 50  # on one line; more is a slip of the finger

RUN = Flag("run", hint="RUN")

_END = r"(?=$|[\s,;:&!?]|\.(?:\s|$))"
_RUN = re.compile(rf"R([0-9]{{1,6}}){_END}", re.IGNORECASE)
_TASK = re.compile(rf"(?:R([0-9]{{1,6}})\.)?T([0-9]{{1,6}}){_END}", re.IGNORECASE)
_RANGE = re.compile(
    r"(?:R([0-9]{1,6})\.)?T([0-9]{1,6})"
    r"(?:-|–|—|…|\.\.\.?|\s+(?:-|–|—)\s+(?=(?:R[0-9]+\.)?T[0-9]+\s*$))"
    rf"(?:R([0-9]{{1,6}})\.)?T?([0-9]{{1,6}}){_END}",
    re.IGNORECASE,
)
_LINK = re.compile(r"https?://\S+?(?=[,;:]?(?:\s|$)|,https?:)", re.IGNORECASE)
_AND = re.compile(r"\s*[,;&]\s*(?:(?:and|e)\s+)?|\s+(?:(?:and|e|&)\s+)?", re.IGNORECASE)
_SEPARATOR = re.compile(r"\s*[,;:](?=\s|$)\s*|[.!?]+(?=\s|$)\s*|[,;:]\s*|\s+")
_ME = frozenset({"me", "myself", "mim", "eu"})
_TO = re.compile(r"(?:to|para|a|ao|à)(?:\s+|$)", re.IGNORECASE)
_GIVEN_TO = re.compile(r"\s(?:to|para)\s", re.IGNORECASE)
_FIRST_PERSON = re.compile(r"(?:(?:to|para|a|ao|à)\s+)?(@\S+|me|myself|mim|eu)(?:\s+|$)", re.IGNORECASE)
_HEALTH = re.compile(r"[^\s:,.;!]+(?=[\s:,;!]|\.(?:\s|$)|$)")
_COLON = re.compile(r"[ \t]*:\s*")


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
    return tuple(tasks), _after(text[end:]) if tasks else text


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
    return _run(found[1]), _after(text[found.end() :])


def example_of(command: Command, tasks: Sequence[str]) -> str:
    """Its first example, with the tasks that were typed in place of the example's own."""
    first = command.examples[0]
    own = " ".join(first.fields["tasks"])
    handles = all(is_task(task) for task in tasks)
    return first.line.replace(own, " ".join(tasks), 1) if tasks and handles else first.line


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
class TaskArguments:
    """``tasks``: handles and links, or one title, or nothing. ``text`` is what followed them."""

    run: str
    tasks: tuple[str, ...]
    text: str


def name_tasks(line: Line) -> TaskArguments:
    run, rest = take_run(line.rest)
    run = one_run(line, run)
    tasks, text = take_tasks(rest)
    if tasks:
        return TaskArguments(run, tasks, unquote(text))
    title, text = take_quoted(rest)
    return TaskArguments(run, _titled(title), unquote(_after(text)))


def _titled(title: str) -> tuple[str, ...]:
    return (title.strip(),) if title.strip() else ()


def _after(text: str) -> str:
    separator = _SEPARATOR.match(text)
    return text[separator.end() :] if separator else text


def name_reason(line: Line, command: Command | None = None) -> tuple[TaskArguments, str]:
    """Like ``name_tasks``, and the reason: what follows, or ``--reason``. Raises without one for ``command``."""
    named = name_tasks(line)
    reason = joined(named.text, line.flags.get("reason", ""))
    if not reason and command is not None:
        example = Code(example_of(command, named.tasks))
        raise BadArguments("parse.missing_reason", field="reason", example=example)
    return named, reason


def name_person(line: Line) -> TaskArguments:
    """Like ``name_tasks``, for ``TASK… [to] @u``; ``text`` is the person, in either order."""
    named, rest = take_run(line.rest)
    run = one_run(line, named)
    tasks, text = take_tasks(rest)
    if tasks:
        return TaskArguments(run, tasks, _person(text))
    if first := _FIRST_PERSON.match(rest):
        tasks, text = take_tasks(rest[first.end() :])
        if not text:
            return TaskArguments(run, tasks, _person(first[1]))
    title, text = take_quoted(rest)
    if text.strip():
        return TaskArguments(run, _titled(title), _person(_after(text)))
    title, person = _last_person(rest)
    return TaskArguments(run, _titled(unquote(title)), _person(person))


def _last_person(text: str) -> tuple[str, str]:
    """A title and the person behind it: "@ben" and "me" at its end, anybody else behind "to"."""
    title, _, last = text.rpartition(" ") if " " in text else ("", "", text)
    if last.startswith("@") or last.lower() in _ME:
        first, _, connector = title.rstrip().rpartition(" ")
        return (first if _TO.fullmatch(connector) else title), last
    given = list(_GIVEN_TO.finditer(text))
    return (text[: given[-1].start()], text[given[-1].end() :]) if given else (text, "")


def _person(words: str) -> str:
    person = unquote(_TO.sub("", words.strip(), count=1) if _TO.match(words.strip()) else words)
    return "me" if person.lower() in _ME else person


def name_health(line: Line) -> tuple[str, str, str]:
    """The run, the health and the sentence of a status. A run is one only alone, or before a colon or health."""
    run, health, end = _status_head(line.rest)
    return one_run(line, run), health, line.rest[end:].strip()


def health_end(text: str) -> int:
    """Where the run and the health at the beginning end (``Command.head``)."""
    end = _status_head(text)[2]
    return len(text[:end].rstrip())


def _status_head(text: str) -> tuple[str, str, int]:
    if is_link(text):
        return text, "", len(text)
    run, rest = take_run(text)
    found = _HEALTH.match(rest)
    health = health_of(found[0]) if found else ""
    if health and found:
        return run, health, len(text) - len(_after(rest[found.end() :]))
    if run and (not rest or ":" in text[: len(text) - len(rest)]):
        return run, "", len(text) - len(rest)
    return "", "", 0


def name_subject(text: str) -> tuple[str, str, str]:
    """The run, the task and the text of ``[TASK:] TEXT``: only a colon makes the first words a task."""
    run, rest = take_run(text)
    if run and text[: len(text) - len(rest)].rstrip().endswith(":"):
        return run, "", rest
    quoted, after = take_quoted(rest)
    task = _TASK.match(rest)
    if task:
        about, after = _task(task[1], task[2]), rest[task.end() :]
    elif after:
        about = quoted.strip()
    else:
        return "", "", text
    colon = _COLON.match(after)
    return (run, about, after[colon.end() :]) if colon else ("", "", text)


def shown(words: str) -> Show:
    """What ``show`` is asked for; the kind only where the words alone tell it."""
    what = reference(words)
    if is_run(what):
        return Show(what=what, kind="run")
    return Show(what=what, kind="task" if is_task(what) else "")


def bare_reference(words: str) -> Show | None:
    """A line that is nothing but a handle or a link shows it."""
    words = words.rstrip("?!., ")
    return shown(words) if is_run(words) or is_task(words) or is_link(words) else None
