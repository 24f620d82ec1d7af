"""Parses a typed line into an intent. Pure: the same line always gives the same intent.

Raises ``UnknownCommand`` (facts: ``word``, ``text`` the whole line, ``rest`` what follows the word, ``guesses``
words for verbs) or ``BadArguments``, and nothing else.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from adapters.toolkit.folding import fold
from commands.language.flags import split_flags
from commands.language.references import opens_with_handle, parse_bare_reference
from commands.language.tokens import clean, unquote
from commands.language.vocabulary import vocabulary
from commands.model.card import Code
from commands.model.command import CommandSet, ParsedLine
from commands.model.errors import BadArguments, CommandError, UnknownCommand
from commands.model.intents import Home, Intent
from commands.model.ports import Services

_WORD = re.compile(r"[^\s:]+:?|:+")
_LONGEST_PHRASE = 4  # words: "what is going on"
_INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_MIN_SIMILARITY = 0.6  # of 1: "finsh" and "finish"
_MOST_GUESSES = 3
_MOST_LINES = 20  # of one message, each a command
_LONGEST_REMEMBERED = 2000  # characters of a line


def parse(
    text: str,
    commands: CommandSet,
    aliases: Mapping[str, str] | None = None,
    *,
    root: str = "/run",
    mention: str = "@liaison",
) -> Intent:
    """``aliases`` (word -> verb) come from the settings. The line may start with ``mention`` and ``root``."""
    read = _parse if len(text) <= _LONGEST_REMEMBERED else _parse.__wrapped__
    return read(text, commands, tuple((aliases or {}).items()), root, mention)


@lru_cache(maxsize=256)  # a message is parsed for its form, its rights, its place and its run
def _parse(
    text: str, commands: CommandSet, aliases: tuple[tuple[str, str], ...], root: str, mention: str
) -> Intent:
    words = vocabulary(commands, dict(aliases))
    line = _without_address(clean(text), words, root, mention)
    if not line:
        return Home()
    verb, arguments = _split_verb(line, words)
    if not verb:
        if show := parse_bare_reference(unquote(line)):
            return show
        raise _unknown_command(line, words)
    command = commands[verb]
    try:
        text, flags = split_flags(arguments, command)
        return command.read(ParsedLine(verb=verb, text=text, flags=flags))
    except BadArguments as error:
        error.verb, error.arguments = verb, arguments
        raise


def parse_line(text: str, services: Services) -> Intent:
    """``parse`` with the aliases and names of the settings."""
    return parse(text, services.commands, services.aliases, root=services.root_command, mention=services.mention)


def command_lines(
    text: str,
    commands: CommandSet,
    aliases: Mapping[str, str] | None = None,
    *,
    root: str = "/run",
    mention: str = "@liaison",
) -> tuple[str, ...]:
    """The lines of a text each of which is a command: it opens with a verb and a handle. Otherwise none: the first
    line is the command, and the others belong to its text."""
    lines = [line.strip() for line in clean(text).splitlines() if line.strip()]
    if not 2 <= len(lines) <= _MOST_LINES:
        return ()
    words = vocabulary(commands, aliases)
    for line in lines:
        verb, arguments = _split_verb(_without_address(line, words, root, mention), words)
        if not verb or not opens_with_handle(arguments):
            return ()
        try:
            parse(line, commands, aliases, root=root, mention=mention)
        except CommandError:
            return ()
    return tuple(lines)


def _without_address(line: str, words: Mapping[str, str], root: str, mention: str) -> str:
    line = line.strip().strip(_INVISIBLE).strip()
    for spellings in ({mention.casefold()}, {root.casefold(), root.casefold().lstrip("/")}):
        first, rest = _split_first_word(line)
        if first.rstrip(":,").casefold() in spellings - {""} and fold(first) not in words:
            line = rest
    return line


def _split_first_word(line: str) -> tuple[str, str]:
    found = re.match(r"\S+", line)
    return (found[0], line[found.end() :].strip()) if found else ("", "")


def _split_verb(line: str, words: Mapping[str, str]) -> tuple[str, str]:
    """The verb that the first words stand for, and the rest of the line. No verb: an empty string."""
    found = list(islice(_WORD.finditer(line), _LONGEST_PHRASE))
    for count in range(len(found), 0, -1):
        folded = [fold(word[0].replace("’", "'")) for word in found[:count]]
        phrase = " ".join(folded) if all(folded) else ""  # a lone accent folds to nothing, but is text
        verb = words.get(phrase) or words.get(phrase.rstrip(":,;.!?…"))
        if verb:
            end = found[count - 1].end()
            return verb, line[end:].strip()
    return "", line


def _unknown_command(line: str, words: Mapping[str, str]) -> UnknownCommand:
    word, rest = _split_first_word(line)
    return UnknownCommand(
        "parse.unknown",
        word=word,
        shown=Code(word[:40]),
        text=unquote(line),
        rest=rest,
        guesses=similar_words(fold(word), words),
    )


def similar_words(word: str, words: Mapping[str, str]) -> tuple[str, ...]:
    """The most similar words, best first, and one for each verb."""
    similar = process.extract(
        word[:40],
        [candidate for candidate in words if " " not in candidate],
        scorer=DamerauLevenshtein.normalized_similarity,
        score_cutoff=_MIN_SIMILARITY,
        limit=None,
    )
    best: dict[str, str] = {}
    for candidate, _, _ in similar:
        best.setdefault(words[candidate], candidate)
    return tuple(best.values())[:_MOST_GUESSES]
