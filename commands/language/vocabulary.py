"""The words for each verb: the verb itself, its aliases and synonyms, and the aliases of the settings."""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from adapters.toolkit.folding import fold
from commands.model.command import Command, CommandSet


def vocabulary(commands: CommandSet, aliases: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """Folded word or phrase -> verb. ``aliases`` override the built-in ones, but never a verb itself.

    An alias of an alias works. An alias of anything else is left out (see ``unknown_aliases``).
    """
    return _vocabulary(commands, tuple((aliases or {}).items()))


@lru_cache(maxsize=16)  # every line that is typed asks for it
def _vocabulary(commands: CommandSet, aliases: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    typed = [command for command in commands.values() if command.typed]
    built_in = {fold(word): command.verb for command in typed for word in other_words(command)}
    verbs = {command.verb: command.verb for command in typed}
    known = {**built_in, **verbs}
    configured = {fold(word): known.get(fold(verb), "") for word, verb in aliases}
    return {**built_in, **{word: verb for word, verb in configured.items() if word and verb}, **verbs}


def other_words(command: Command) -> Iterator[str]:
    yield from command.aliases
    for words in command.synonyms.values():
        yield from words


def spelling(word: str, commands: CommandSet) -> str:
    """A folded word as people write it, with its accents."""
    return next(
        (known for command in commands.values() for known in other_words(command) if fold(known) == word), word
    )


def unknown_aliases(commands: CommandSet, aliases: Mapping[str, str]) -> Mapping[str, str]:
    """The configured aliases that stand for no verb."""
    words = vocabulary(commands)
    return {word: verb for word, verb in aliases.items() if fold(verb) not in words}
