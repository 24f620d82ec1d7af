"""A typed line -> what is wanted (DESIGN section 4). Pure: the same line always reads the same.

Raises ``UnknownCommand`` (facts: ``word``, ``text`` the whole line, ``rest`` behind the word, ``guesses`` verbs)
and ``BadArguments``; nothing else.
"""

import re
from collections.abc import Mapping
from itertools import islice

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from commands.language.flags import take_flags
from commands.language.references import bare_reference
from commands.language.tokens import clean, folded, unquote
from commands.language.vocabulary import vocabulary
from commands.model.card import Code
from commands.model.command import CommandSet, Line
from commands.model.errors import UnknownCommand
from commands.model.intents import Home, Intent

_WORD = re.compile(r"[^\s:]+:?|:+")
_LONGEST_PHRASE = 3  # words: "who am i"
_INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_LIKE_ENOUGH = 0.6  # of 1: "finsh" is "finish"
_MOST_GUESSES = 3


def parse(
    text: str,
    commands: CommandSet,
    aliases: Mapping[str, str] | None = None,
    *,
    root: str = "/run",
    mention: str = "@liaison",
) -> Intent:
    """``aliases``: word -> verb, from the settings. The mention and the root command may stand first."""
    words = vocabulary(commands, aliases)
    line = _unaddressed(clean(text), words, root, mention)
    if not line:
        return Home()
    verb, rest = _verb(line, words)
    if not verb:
        if shown := bare_reference(unquote(line)):
            return shown
        raise _unknown(line, words)
    command = commands[verb]
    rest, flags = take_flags(rest, command)
    return command.read(Line(verb=verb, rest=rest, flags=flags))


def _unaddressed(line: str, words: Mapping[str, str], root: str, mention: str) -> str:
    line = line.strip().strip(_INVISIBLE).strip()
    for spellings in ({mention.casefold()}, {root.casefold(), root.casefold().lstrip("/")}):
        first, _, rest = _partition(line)
        if first.rstrip(":,").casefold() in spellings - {""} and folded(first) not in words:
            line = rest
    return line


def _partition(line: str) -> tuple[str, str, str]:
    found = re.match(r"\S+", line)
    return (found[0], "", line[found.end() :].strip()) if found else ("", "", "")


def _verb(line: str, words: Mapping[str, str]) -> tuple[str, str]:
    """The verb that the first words mean, and the rest of the line; no verb when they mean none."""
    found = list(islice(_WORD.finditer(line), _LONGEST_PHRASE))
    for count in range(len(found), 0, -1):
        spoken = [folded(word[0]) for word in found[:count]]
        phrase = " ".join(spoken) if all(spoken) else ""  # a lone accent folds to nothing, but is text
        verb = words.get(phrase) or words.get(phrase.rstrip(":,;.!?…"))
        if verb:
            end = found[count - 1].end()
            return verb, line[end:].strip()
    return "", line


def _unknown(line: str, words: Mapping[str, str]) -> UnknownCommand:
    word, _, rest = _partition(line)
    return UnknownCommand(
        "parse.unknown",
        word=word,
        shown=Code(word[:40]),
        text=unquote(line),
        rest=rest,
        guesses=_guesses(folded(word), words),
    )


def _guesses(word: str, words: Mapping[str, str]) -> tuple[str, ...]:
    """Verbs that the word may have been meant for, the likeliest first."""
    alike = process.extract(
        word[:40],
        [known for known in words if " " not in known],
        scorer=DamerauLevenshtein.normalized_similarity,
        score_cutoff=_LIKE_ENOUGH,
        limit=None,
    )
    return tuple(dict.fromkeys(words[known] for known, _, _ in alike))[:_MOST_GUESSES]
