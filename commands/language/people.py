"""How people are named in what somebody typed."""

import re

from commands.language.references import (
    TaskArguments,
    run_argument,
    split_run,
    split_run_at_end,
    split_tasks,
    title_as_tasks,
    without_separator,
)
from commands.language.tokens import split_quoted, unquote
from commands.model.command import ParsedLine

_ME = frozenset({"me", "myself", "mim", "eu"})
_TO = re.compile(r"(?:to|para|a|ao|à)(?:\s+|$)", re.IGNORECASE)
_INNER_TO = re.compile(r"\s(?:to|para)\s", re.IGNORECASE)
_SEPARATOR = r"(?:\s*[,;&]\s*(?:(?:and|e)\s+)?|\s+(?:and|e)\s+)"
_HANDLES = r"@[^\s,;&]+(?:\s+@[^\s,;&]+)*"
_PEOPLE = rf"(?:{_HANDLES}|(?:{'|'.join(sorted(_ME))})\b)"
_LIST = rf"{_PEOPLE}(?:{_SEPARATOR}{_PEOPLE})*"
_LEADING_PEOPLE = re.compile(rf"(?:(?:to|para|a|ao|à)\s+)?({_LIST})(?:\s+|$)", re.IGNORECASE)
_TRAILING_PEOPLE = re.compile(rf"(?:^|\s)({_LIST})$", re.IGNORECASE)
_BETWEEN = re.compile(rf"{_SEPARATOR}|\s+", re.IGNORECASE)
_ONE = re.compile(rf"@\S+|\S+@\S+|[A-Z][A-Z0-9]{{6,}}|[a-z0-9]{{26}}|(?i:{'|'.join(sorted(_ME))})")


def split_people(text: str) -> list[str]:
    """Each of "@ana, @ben and me". A name of several words is one person."""
    parts = [part for part in _BETWEEN.split(text.strip()) if part]
    if len(parts) > 1 and all(_ONE.fullmatch(part) for part in parts):
        return ["me" if part.lower() in _ME else part for part in parts]
    return [text]


def parse_tasks_and_person(line: ParsedLine) -> TaskArguments:
    """As ``parse_tasks``, for ``TASK… [to] @u…`` in either order. ``text`` is the person, or several."""
    run, rest = split_run(line.text)
    at_end, rest = split_run_at_end(rest)
    tasks, text = split_tasks(rest)
    if tasks:
        after, text = split_run(text)
        return TaskArguments(run_argument(line, run, after, at_end), tasks, _person(text))
    run = run_argument(line, run, at_end)
    if people := _LEADING_PEOPLE.match(rest):
        tasks, text = split_tasks(rest[people.end() :])
        if not text:
            return TaskArguments(run, tasks, _person(people[1]))
    title, text = split_quoted(rest)
    if text.strip():
        return TaskArguments(run, title_as_tasks(title), _person(without_separator(text)))
    title, last = _split_trailing_people(rest)
    return TaskArguments(run, title_as_tasks(unquote(title)), _person(last))


def _split_trailing_people(text: str) -> tuple[str, str]:
    """A title and the people after it: "@ben" or "me" at the end, or anyone after "to"."""
    if people := _TRAILING_PEOPLE.search(text):
        title = text[: people.start()]
        first, _, connector = title.rstrip().rpartition(" ")
        return (first if _TO.fullmatch(connector) else title), people[1]
    connectors = list(_INNER_TO.finditer(text))
    return (text[: connectors[-1].start()], text[connectors[-1].end() :]) if connectors else (text, "")


def _person(text: str) -> str:
    person = unquote(_TO.sub("", text.strip(), count=1) if _TO.match(text.strip()) else text)
    return "me" if person.lower() in _ME else person
