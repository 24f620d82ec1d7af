"""A verb's own flags, taken off its line (DESIGN section 4, "Reading a line", point 2).

They count before the text and last on the line; everywhere else, in quotes and in code they are text, and so
is everything that only looks like a flag.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from commands.language.tokens import Word, unquote, words
from commands.model.card import Code
from commands.model.command import Command, Flag, Takes
from commands.model.errors import BadArguments

_FLAG = re.compile(r"(?:--|—|–)([A-Za-z]+)(?:=(.*))?", re.DOTALL)
_YES = frozenset({"yes", "true", "on", "1"})
_NO = frozenset({"no", "false", "off", "0"})
_LIKE_ENOUGH = 75  # of 100: "rehersal" is "rehearsal"


@dataclass(frozen=True, slots=True)
class _Found:
    flag: Flag
    value: str | None  # what followed its "="


@dataclass
class _Reading:
    text: str
    command: Command
    given: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.words = words(self.text)
        self.found: list[_Found | None] = [self._own(word) for word in self.words]

    def _own(self, word: Word) -> _Found | None:
        match = _FLAG.fullmatch(self.text[word.start : word.end])
        if match is None:
            return None
        flag = next((flag for flag in self.command.flags if flag.name == match[1].lower()), None)
        if flag is None:
            return None
        value = None if match[2] is None else unquote(match[2])
        if flag.takes is Takes.NOTHING and value is not None and value.lower() not in _YES | _NO:
            return None
        return _Found(flag, value)

    def begins(self, index: int) -> int:
        return self.words[index].start if index < len(self.words) else len(self.text)

    def leading(self, index: int) -> int:
        """Takes the flags that stand from ``index`` on; the index behind them."""
        while index < len(self.words):
            found = self.found[index]
            if found is None or found.flag.takes is Takes.REST:
                return index
            if self._needs_next(found):
                if not self._is_value(index + 1, len(self.words)):
                    raise self._no_value(found.flag)
                self._give(found.flag, self.words[index + 1].value)
                index += 2
            else:
                if found.value == "":
                    raise self._no_value(found.flag)
                self._give(found.flag, found.value or "")
                index += 1
        return index

    def trailing(self, first: int, end: int) -> int:
        """Where the flags begin that stand last among these words."""
        whole = {end}  # from here to ``end`` there are only flags
        for index in range(end - 1, first - 1, -1):
            found = self.found[index]
            if found is None or found.flag.takes is Takes.REST or found.value == "":
                continue
            if self._needs_next(found):
                if self._is_value(index + 1, end) and index + 2 in whole:
                    whole.add(index)
            elif index + 1 in whole:
                whole.add(index)
        return min(whole)

    def rest(self, first: int, end: int) -> int:
        """The first flag that takes the rest of the line, or ``end``."""
        for index in range(first, end):
            found = self.found[index]
            if found is not None and found.flag.takes is Takes.REST and self._rest_of(index, end):
                return index
        return end

    def refuse_empty(self, index: int) -> None:
        """Where the text would begin, a flag that takes the rest of the line and finds nothing is a slip."""
        found = self.found[index] if index < len(self.found) else None
        end = self.trailing(index, len(self.words))
        if found is not None and not self._rest_of(index, end):
            raise self._no_value(found.flag)

    def take_rest(self, index: int, end: int) -> None:
        found = self.found[index]
        assert found is not None
        self._give(found.flag, self._rest_of(index, end))

    def _rest_of(self, index: int, end: int) -> str:
        word, found = self.words[index], self.found[index]
        assert found is not None
        start = word.end if found.value is None else self.text.index("=", word.start) + 1
        return unquote(self.text[start : self.begins(end)])

    def _needs_next(self, found: _Found) -> bool:
        return found.value is None and found.flag.takes in (Takes.WORD, Takes.PAIRS)

    def _is_value(self, index: int, end: int) -> bool:
        return index < end and self.found[index] is None and self.words[index].value.strip() != ""

    def _give(self, flag: Flag, value: str) -> None:
        before = self.given.get(flag.name)
        if flag.takes is Takes.NOTHING:
            if value.lower() in _NO:
                return
            value = ""
        elif flag.takes is Takes.PAIRS and before is not None:
            value = f"{before}\n{value}"
        elif before is not None and before != value:
            raise BadArguments("parse.flag_twice", field=flag.name, flag=f"--{flag.name}", one=before, other=value)
        self.given[flag.name] = value

    def _no_value(self, flag: Flag) -> BadArguments:
        return BadArguments(
            "parse.flag_value",
            field=flag.name,
            flag=f"--{flag.name}",
            example=Code(f"{self.command.verb} {self.command.usage}"),
        )


def take_flags(text: str, command: Command) -> tuple[str, Mapping[str, str]]:
    """The text without the command's own flags, and those (as ``Line.flags`` holds them)."""
    line = _Reading(text, command)
    head, first = _head(line)
    end = line.trailing(first, len(line.words))
    rest = last = line.rest(first, end)
    if rest < end:
        last = line.trailing(first, rest)
        line.take_rest(rest, end)
        line.leading(last)
    line.leading(end)
    body = text[line.begins(first) : line.begins(last)].strip()
    return " ".join(part for part in (head, body) if part), line.given


def _head(line: _Reading) -> tuple[str, int]:
    """Takes the flags before the text. What stands before the last of them, and the word behind it."""
    first = line.leading(0)
    line.refuse_empty(first)
    start = line.begins(first)
    stop = start + (line.command.leading_arguments(line.text[start:]) if line.command.leading_arguments else 0)
    if stop == start:
        return "", first
    behind = next((n for n, word in enumerate(line.words) if word.start >= stop), len(line.words))
    after = line.leading(behind)
    line.refuse_empty(after)
    return (line.text[start:stop], after) if after > behind else ("", first)


def pairs(given: str) -> dict[str, str]:
    """``--set`` as often as it was given. Raises on what is not ``key=value``."""
    found: dict[str, str] = {}
    for pair in given.split("\n") if given else ():
        key, equals, value = pair.partition("=")
        if not (equals and key.strip()):
            raise BadArguments(
                "parse.pair",
                field="set",
                shown=Code(pair),
                example=Code("start Database failover --set region=eu"),
            )
        found[key.strip()] = unquote(value)
    return found


def no_stray_flags(text: str, flags: Sequence[Flag]) -> None:
    """Refuses a flag that is misspelt, or stands where it is text: for a ``start``, where missing
    ``--rehearsal`` would make it live."""
    for word in words(text):
        match = _FLAG.fullmatch(text[word.start : word.end])
        if match is None:
            continue
        for flag in flags:
            likeness = fuzz.ratio(match[1].lower(), flag.name)
            if likeness == 100:
                raise BadArguments("parse.flag_place", field="runbook", flag=f"--{flag.name}")
            if likeness >= _LIKE_ENOUGH:
                raise BadArguments(
                    "parse.flag_guess", field="runbook", flag=f"--{match[1]}", guess=f"--{flag.name}"
                )
