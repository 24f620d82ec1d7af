"""Splits a verb's own flags off its line.

Flags count before the text and at the end of the line. Everywhere else, and in quotes and code, they are text.
Everything that only looks like a flag is text too.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from adapters.writes import FIELD
from commands.language.due_time import is_due_time
from commands.language.tokens import Word, split_words, unquote
from commands.model.card import Code
from commands.model.command import Command, Flag, FlagKind, ParsedLine
from commands.model.errors import BadArguments

_FLAG = re.compile(r"(?:--|—|–)([A-Za-z]+)(?:=(.*))?", re.DOTALL)
_YES = frozenset({"yes", "true", "on", "1"})
_NO = frozenset({"no", "false", "off", "0"})
_MIN_SIMILARITY = 75  # of 100: "rehersal" and "rehearsal"
_MOST_TIME_WORDS = 6  # "1 de dezembro às 9h"
_SAMPLES = {"RUN": "R7", "TASK": "T5", "WHEN": "15m", "@u": "@ben"}  # of a hint
_MOST_TIMES = 3  # on a line; finding out where more of them end would take long


@dataclass(frozen=True, slots=True)
class _FlagWord:
    """A word that is a flag of the command."""

    flag: Flag
    value: str | None  # what follows its "="


@dataclass
class _FlagScanner:
    """Positions are indexes of ``words``. ``values`` collects what the consumed flags were given."""

    text: str
    command: Command
    values: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.text_start = 0  # index of the first word that is neither an argument nor a flag before the text
        self.words = split_words(self.text)
        self.flags: list[_FlagWord | None] = [self._flag_word(word) for word in self.words]

    def _flag_word(self, word: Word) -> _FlagWord | None:
        match = _FLAG.fullmatch(self.text[word.start : word.end])
        if match is None:
            return None
        flag = next((flag for flag in self.command.flags if flag.name == match[1].lower()), None)
        if flag is None:
            return None
        value = None if match[2] is None else unquote(match[2])
        if flag.kind is FlagKind.SWITCH and value is not None and value.lower() not in _YES | _NO:
            return None
        return _FlagWord(flag, value)

    def offset(self, index: int) -> int:
        """Where the word starts in the text."""
        return self.words[index].start if index < len(self.words) else len(self.text)

    def consume_leading(self, index: int) -> int:
        """Consumes the flags from ``index`` on. Returns the index after them."""
        while index < len(self.words):
            found = self.flags[index]
            if found is None or found.flag.kind is FlagKind.REST:
                return index
            if self._takes_next_word(found):
                end = self._value_end(index, len(self.words))
                if end == index:
                    raise self._missing_value(found.flag)
                self._set(found.flag, " ".join(word.value for word in self.words[index + 1 : end]))
                index = end
            else:
                if found.value == "":
                    raise self._missing_value(found.flag)
                self._set(found.flag, found.value or "")
                index += 1
        return index

    def trailing_start(self, first: int, end: int) -> int:
        """The index from which there are only flags up to ``end``."""
        starts = {end}  # indexes from which there are only flags
        for index in range(end - 1, first - 1, -1):
            found = self.flags[index]
            if found is None or found.flag.kind is FlagKind.REST or found.value == "":
                continue
            if self._takes_next_word(found):
                if (value_end := self._value_end(index, end)) > index and value_end in starts:
                    starts.add(index)
            elif index + 1 in starts:
                starts.add(index)
        return min(starts)

    def rest_flag(self, first: int, end: int) -> int:
        """The index of the first flag that takes the rest of the line, or ``end``."""
        for index in range(first, end):
            found = self.flags[index]
            if found is not None and found.flag.kind is FlagKind.REST and self._rest_value(index, end):
                return index
        return end

    def reject_empty_rest_flag(self, index: int) -> None:
        """At the start of the text, a flag that takes the rest of the line needs one: it is no text there."""
        found = self.flags[index] if index < len(self.flags) else None
        end = self.trailing_start(index, len(self.words))
        if found is not None and not self._rest_value(index, end):
            raise self._missing_value(found.flag)

    def consume_rest_flag(self, index: int, end: int) -> None:
        found = self.flags[index]
        assert found is not None
        self._set(found.flag, self._rest_value(index, end))

    def _rest_value(self, index: int, end: int) -> str:
        word, found = self.words[index], self.flags[index]
        assert found is not None
        start = word.end if found.value is None else self.text.index("=", word.start) + 1
        return unquote(self.text[start : self.offset(end)])

    def _takes_next_word(self, found: _FlagWord) -> bool:
        return found.value is None and found.flag.kind in (FlagKind.WORD, FlagKind.PAIRS, FlagKind.WHEN)

    def _value_end(self, index: int, end: int) -> int:
        """The index after the value of the flag at ``index``; ``index`` if it has none.

        Words at the end of the line that are no time are one nevertheless: they are refused, and not posted.
        """
        found = self.flags[index]
        if not self._is_value(index + 1, end) or found is None:
            return index
        if found.flag.kind is not FlagKind.WHEN or sum(word is not None for word in self.flags) > _MOST_TIMES:
            return index + 2
        last = index + 2
        while last < end and last <= index + _MOST_TIME_WORDS and self._is_value(last, end):
            last += 1
        for stop in range(last, index + 1, -1):
            if is_due_time(" ".join(word.value for word in self.words[index + 1 : stop])):
                return stop
        is_at_end = last == end or self.flags[last] is not None
        return last if is_at_end and index > self.text_start else index + 2

    def reject_unknown(self, first: int, end: int) -> None:
        """What is between these indexes is text. A misspelt flag is none, nor is one before or after the text."""
        for index in range(first, end):
            word = self.words[index]
            match, found = _FLAG.fullmatch(self.text[word.start : word.end]), self.flags[index]
            if match is None:
                continue
            name = f"--{match[1]}"
            if found is not None and found.flag.kind is FlagKind.WHEN:
                if index == end - 1 and not found.value:
                    raise self._missing_value(found.flag)
                raise BadArguments("parse.flag_middle", field=found.flag.name, flag=name)
            if found is None and (near := _near_flag(match[1], self.command.flags)):
                raise BadArguments("parse.flag_guess", flag=name, guess=f"--{near.name}")
            at_the_edge = index == first or index >= end - (1 if match[2] is not None else 2)
            if found is None and at_the_edge and not self.command.keeps_flags:
                known = [f"--{flag.name}" for flag in self.command.flags]
                raise BadArguments("parse.flag_unknown", flag=name, verb=self.command.verb, known=known)

    def _is_value(self, index: int, end: int) -> bool:
        return index < end and self.flags[index] is None and self.words[index].value.strip() != ""

    def _set(self, flag: Flag, value: str) -> None:
        earlier = self.values.get(flag.name)
        if flag.kind is FlagKind.SWITCH:
            if value.lower() in _NO:
                return
            value = ""
        elif flag.kind is FlagKind.PAIRS and earlier is not None:
            value = f"{earlier}\n{value}"
        elif earlier is not None and earlier != value:
            raise BadArguments(
                "parse.flag_twice", field=flag.name, flag=f"--{flag.name}", one=earlier, other=value
            )
        self.values[flag.name] = value

    def _missing_value(self, flag: Flag) -> BadArguments:
        return BadArguments(
            "parse.flag_value",
            field=flag.name,
            flag=f"--{flag.name}",
            example=Code(f"{self.command.verb} … --{flag.name} {_SAMPLES.get(flag.hint, flag.hint)}"),
        )


def split_flags(text: str, command: Command) -> tuple[str, Mapping[str, str]]:
    """The text without the command's own flags, and their values (see ``ParsedLine.flags``)."""
    scanner = _FlagScanner(text, command)
    arguments, first = _consume_flags_before_text(scanner)
    scanner.text_start = first
    end = scanner.trailing_start(first, len(scanner.words))
    rest_flag = text_end = scanner.rest_flag(first, end)
    if rest_flag < end:
        text_end = scanner.trailing_start(first, rest_flag)
        scanner.consume_rest_flag(rest_flag, end)
        scanner.consume_leading(text_end)
    scanner.consume_leading(end)
    scanner.reject_unknown(first, text_end)
    body = text[scanner.offset(first) : scanner.offset(text_end)].strip()
    return " ".join(part for part in (arguments, body) if part), scanner.values


def _consume_flags_before_text(scanner: _FlagScanner) -> tuple[str, int]:
    """The arguments that come before the last of these flags (tasks, a health), and the index after it."""
    first = scanner.consume_leading(0)
    scanner.reject_empty_rest_flag(first)
    start = scanner.offset(first)
    arguments_end = scanner.command.arguments_end
    stop = start + (arguments_end(scanner.text[start:]) if arguments_end else 0)
    if stop == start:
        return "", first
    next_word = next((n for n, word in enumerate(scanner.words) if word.start >= stop), len(scanner.words))
    after = scanner.consume_leading(next_word)
    scanner.reject_empty_rest_flag(after)
    return (scanner.text[start:stop], after) if after > next_word else ("", first)


def _near_flag(name: str, flags: Sequence[Flag]) -> Flag | None:
    """The flag that ``name`` is a typing mistake for."""
    near = [flag for flag in flags if _MIN_SIMILARITY <= fuzz.ratio(name.lower(), flag.name) < 100]
    return max(near, key=lambda flag: fuzz.ratio(name.lower(), flag.name), default=None)


FIELDS_FLAG = Flag("set", FlagKind.PAIRS, hint="field=value")
"""For the custom fields of a task."""


def parse_pairs(text: str) -> dict[str, str]:
    """Parses the ``key=value`` lines of a PAIRS flag. Raises ``BadArguments`` for anything else."""
    pairs: dict[str, str] = {}
    for pair in text.split("\n") if text else ():
        key, equals, value = pair.partition("=")
        if not (equals and key.strip()):
            raise BadArguments(
                "parse.pair",
                field="set",
                shown=Code(pair),
                example=Code("start Database failover --set region=eu"),
            )
        pairs[key.strip()] = unquote(value)
    return pairs


def field_options(line: ParsedLine) -> dict[str, str]:
    """Of a write to a task: its ``--set`` is for custom fields, with or without the prefix that a start needs."""
    pairs = parse_pairs(line.flags.get("set", ""))
    return {f"{FIELD}{name.removeprefix(FIELD)}": value for name, value in pairs.items()}


def reject_stray_flags(text: str, flags: Sequence[Flag]) -> None:
    """Raises ``BadArguments`` for a flag that is misspelt, or placed where it is text.

    ``start`` needs this: without its ``--rehearsal`` the run would be live.
    """
    for word in split_words(text):
        match = _FLAG.fullmatch(text[word.start : word.end])
        if match is None:
            continue
        for flag in flags:
            similarity = fuzz.ratio(match[1].lower(), flag.name)
            if similarity == 100:
                raise BadArguments("parse.flag_place", field="runbook", flag=f"--{flag.name}")
            if similarity >= _MIN_SIMILARITY:
                raise BadArguments(
                    "parse.flag_guess", field="runbook", flag=f"--{match[1]}", guess=f"--{flag.name}"
                )
