"""How a line refers to runs and tasks: handles, ranges, links, quoted titles.

Pure parsing: ``commands.lookup`` finds out whether the run or task exists.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from commands.language.health_words import health_named
from commands.language.tokens import join_texts, split_quoted, unquote
from commands.model.card import Code
from commands.model.command import Command, Flag, ParsedLine
from commands.model.errors import BadArguments
from commands.model.intents import Show

MOST_TASKS = 50  # on one line; more is most likely a typing mistake

RUN_FLAG = Flag("run", hint="RUN")

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
_LIST_SEPARATOR = re.compile(r"\s*[,;&]\s*(?:(?:and|e)\s+)?|\s+(?:(?:and|e|&)\s+)?", re.IGNORECASE)
_TEXT_SEPARATOR = re.compile(r"\s*[,;:](?=\s|$)\s*|[.!?]+(?=\s|$)\s*|[,;:]\s*|\s+")
_HEALTH = re.compile(r"[^\s:,.;!]+(?=[\s:,;!]|\.(?:\s|$)|$)")
_COLON = re.compile(r"[ \t]*:\s*")
_IN = r"(?:in|of|from|em|de|do|da|no|na)\s+"
_RUN_IN_WORDS = re.compile(rf"{_IN}(R[0-9]{{1,6}}){_END}", re.IGNORECASE)
_RUN_AT_END = re.compile(rf"(?:^|[\s,;])(?:{_IN})?R([0-9]{{1,6}})[.!?]*\s*$", re.IGNORECASE)


def normalize_handle(text: str) -> str:
    """A handle in its canonical spelling ("T3", "R7", "R7.T3"). Anything else is returned as typed."""
    text = text.strip()
    if found := _RUN.fullmatch(text):
        return _run_handle(found[1])
    if found := _TASK.fullmatch(text):
        return _task_handle(found[1], found[2])
    return text


def is_run_handle(text: str) -> bool:
    return _RUN.fullmatch(text.strip()) is not None


def is_task_handle(text: str) -> bool:
    return _TASK.fullmatch(text.strip()) is not None


def is_link(text: str) -> bool:
    return _LINK.fullmatch(text.strip()) is not None


def _run_handle(number: str) -> str:
    return f"R{int(number)}"


def _task_handle(run: str | None, number: str) -> str:
    return f"{_run_handle(run)}.T{int(number)}" if run else f"T{int(number)}"


def split_tasks(text: str) -> tuple[tuple[str, ...], str]:
    """The leading tasks (ranges expanded, without duplicates), and what follows them."""
    tasks, end = _leading_tasks(text)
    if len(tasks) > MOST_TASKS:
        raise BadArguments("parse.too_many_tasks", field="tasks", most=MOST_TASKS)
    return tuple(tasks), without_separator(text[end:]) if tasks else text


def _leading_tasks(text: str) -> tuple[dict[str, None], int]:
    """The tasks in order, and the offset where they end."""
    tasks: dict[str, None] = {}
    end = position = 0
    for _ in range(MOST_TASKS + 1):
        if found := _RANGE.match(text, position):
            tasks |= dict.fromkeys(_expand_range(found))
        elif found := _TASK.match(text, position):
            tasks[_task_handle(found[1], found[2])] = None
        elif found := _LINK.match(text, position):
            tasks[found[0]] = None
        else:
            return tasks, end
        end = found.end()
        separator = _LIST_SEPARATOR.match(text, end)
        if separator is None:
            return tasks, end
        position = separator.end()
    raise BadArguments("parse.too_many_tasks", field="tasks", most=MOST_TASKS)


def _expand_range(found: re.Match[str]) -> list[str]:
    run, first, other_run, last = found.groups()
    if other_run and (run is None or int(other_run) != int(run)):
        raise BadArguments("parse.range_runs", field="tasks", range=found[0])
    if int(last) < int(first):
        raise BadArguments("parse.range_order", field="tasks", range=found[0])
    if int(last) - int(first) >= MOST_TASKS:
        raise BadArguments("parse.too_many_tasks", field="tasks", most=MOST_TASKS)
    return [_task_handle(run, str(number)) for number in range(int(first), int(last) + 1)]


def split_run(text: str) -> tuple[str, str]:
    """A leading run handle, and what follows it."""
    found = _RUN.match(text)
    if found is None:
        return "", text
    return _run_handle(found[1]), without_separator(text[found.end() :])


def opens_with_handle(text: str) -> bool:
    return _RUN.match(text) is not None or _TASK.match(text) is not None or _RANGE.match(text) is not None


def split_run_after_tasks(text: str) -> tuple[str, str]:
    """A run handle right after the tasks ("T1 R7 by hand", "T1 in R7"), and what follows it: it names the run.

    Raises ``BadArguments`` for "T1 in R7 as well": that may be the run, or part of the text.
    """
    if not (found := _RUN_IN_WORDS.match(text)):
        return split_run(text)
    run, rest = split_run(text[found.start(1) :])
    if rest:
        raise BadArguments("parse.run_or_text", field="run", run=run)
    return run, rest


def split_run_at_end(text: str) -> tuple[str, str]:
    """A run handle at the end of a title, a person or an action, and what is before it."""
    found = _RUN_AT_END.search(text)
    if found is None:
        return "", text
    return _run_handle(found[1]), text[: found.start()]


def without_separator(text: str) -> str:
    separator = _TEXT_SEPARATOR.match(text)
    return text[separator.end() :] if separator else text


def example_with_tasks(command: Command, tasks: Sequence[str]) -> str:
    """The command's first example, with the handles that were typed instead of its own."""
    first = command.examples[0]
    own = " ".join(first.fields["tasks"])
    are_handles = all(is_task_handle(task) for task in tasks)
    return first.line.replace(own, " ".join(tasks), 1) if tasks and are_handles else first.line


def tasks_end(text: str) -> int:
    """Where the leading run and tasks end (``Command.arguments_end``)."""
    run, rest = split_run(text)
    offset = len(text) - len(rest)
    end = _leading_tasks(rest)[1]
    if not end:
        return len(text[:offset].rstrip()) if run else 0
    run, after = split_run(without_separator(rest[end:]))
    return len(text[: len(text) - len(after)].rstrip()) if run else offset + end


def run_argument(line: ParsedLine, *runs: str) -> str:
    """The run of ``--run``, or the one among ``runs``. Raises ``BadArguments`` if they differ."""
    named = [run for run in (*runs, normalize_handle(line.flags.get("run", ""))) if run]
    for other in named[1:]:
        if other != named[0]:
            raise BadArguments("parse.run_twice", field="run", one=named[0], other=other)
    return named[-1] if named else ""


@dataclass(frozen=True, slots=True)
class TaskArguments:
    """``tasks`` are handles and links, or one title, or empty. ``text`` is what follows them."""

    run: str
    tasks: tuple[str, ...]
    text: str


def parse_tasks(line: ParsedLine) -> TaskArguments:
    run, rest = split_run(line.text)
    tasks, text = split_tasks(rest)
    if not tasks:
        title, text = split_quoted(rest)
        text = without_separator(text)
        named, title = ("", title) if _is_quoted(rest) else split_run_at_end(title)
        run, tasks = run_argument(line, run, named), title_as_tasks(title)
    named, text = split_run_after_tasks(text)
    return TaskArguments(run_argument(line, run, named), tasks, unquote(text))


def _is_quoted(text: str) -> bool:
    return split_quoted(text)[0] != text


def title_as_tasks(title: str) -> tuple[str, ...]:
    return (title.strip(),) if title.strip() else ()


def parse_tasks_and_reason(line: ParsedLine, required_for: Command | None = None) -> tuple[TaskArguments, str]:
    """As ``parse_tasks``, with the reason: the text and ``--reason``.

    Raises ``BadArguments`` if ``required_for`` is given and there is no reason.
    """
    arguments = parse_tasks(line)
    reason = join_texts(arguments.text, line.flags.get("reason", ""))
    if not reason and required_for is not None:
        example = Code(example_with_tasks(required_for, arguments.tasks))
        raise BadArguments("parse.missing_reason", field="reason", example=example)
    return arguments, reason


def parse_health(line: ParsedLine) -> tuple[str, str, str]:
    """The run, the health and the sentence of a status.

    A run handle counts only if it is alone, beside a health, or before a colon. Raises ``BadArguments`` for
    "amber R7 is slow": that may be the run, or part of the text.
    """
    run, health, end = _leading_health(line.text)
    text = line.text[end:].strip()
    if health and not run:
        run, rest = split_run_after_tasks(text)
        if run and rest:
            raise BadArguments("parse.run_or_text", field="run", run=run)
        text = rest
    return run_argument(line, run), health, text


def health_end(text: str) -> int:
    """Where the leading run and health end (``Command.arguments_end``)."""
    end = _leading_health(text)[2]
    return len(text[:end].rstrip())


def _leading_health(text: str) -> tuple[str, str, int]:
    if is_link(text):
        return text, "", len(text)
    run, rest = split_run(text)
    found = _HEALTH.match(rest)
    health = health_named(found[0]) if found else ""
    if health and found:
        return run, health, len(text) - len(without_separator(rest[found.end() :]))
    if run and (not rest or ":" in text[: len(text) - len(rest)]):
        return run, "", len(text) - len(rest)
    return "", "", 0


def split_comment(text: str) -> tuple[str, str, str]:
    """The run, the task and the text of ``[TASK:] TEXT``. Only a colon makes the first words a task."""
    run, rest = split_run(text)
    if run and text[: len(text) - len(rest)].rstrip().endswith(":"):
        return run, "", rest
    quoted, after = split_quoted(rest)
    if found := _TASK.match(rest):
        task, after = _task_handle(found[1], found[2]), rest[found.end() :]
    elif after:
        task = quoted.strip()
    else:
        return "", "", text
    colon = _COLON.match(after)
    return (run, task, after[colon.end() :]) if colon else ("", "", text)


def action_tasks(text: str) -> tuple[tuple[str, ...], str]:
    """The tasks before or after the name of an action ("T2 report as failed", "restart T2"), and the name."""
    tasks, rest = split_tasks(text)
    if tasks:
        return tasks, rest
    first, _, last = text.rstrip(" .!?").rpartition(" ")
    if is_task_handle(last) or is_link(last):
        return (normalize_handle(last),), first.strip()
    return (), text


def split_action_runs(text: str) -> tuple[tuple[str, ...], str]:
    """The run handles before, after and right behind the tasks of an action, and the text without them."""
    first, text = split_run(text)
    last, text = split_run_at_end(text)
    end = _leading_tasks(text)[1]
    middle, rest = split_run(without_separator(text[end:])) if end else ("", "")
    return (first, middle, last), f"{text[:end]} {rest}" if middle else text


def split_run_beside_task(text: str) -> tuple[str, str]:
    """The run and the task of "R1 T3" and "T3 R1", and the text as it is otherwise."""
    for split in (split_run, split_run_at_end):
        run, rest = split(text)
        if run and is_task_handle(rest):
            return run, rest
    return "", text


def show_intent(text: str) -> Show:
    """``kind`` is set only if the text alone tells it."""
    what = normalize_handle(text)
    if is_run_handle(what):
        return Show(what=what, kind="run")
    return Show(what=what, kind="task" if is_task_handle(what) else "")


def parse_bare_reference(text: str) -> Show | None:
    """A line that is only a handle or a link shows it."""
    text = text.rstrip("?!., ")
    return show_intent(text) if is_run_handle(text) or is_task_handle(text) or is_link(text) else None
