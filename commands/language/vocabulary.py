"""The words that mean a verb: the verbs themselves, their aliases in every language, and those of the settings."""

from collections.abc import Mapping

from commands.language.aliases import built_in
from commands.language.tokens import folded
from commands.model.command import CommandSet


def vocabulary(commands: CommandSet, aliases: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """Folded word or words -> verb. ``aliases`` override the built-in ones; a verb always means itself.

    An alias of an alias works. An alias of something that is no verb is left out (see ``unknown_aliases``).
    """
    typed = [command for command in commands.values() if command.typed]
    own = {**{folded(alias): command.verb for command in typed for alias in command.aliases}, **built_in()}
    verbs = {command.verb: command.verb for command in typed}
    known = {**own, **verbs}
    added = {folded(word): known.get(folded(verb), "") for word, verb in (aliases or {}).items()}
    return {**own, **{word: verb for word, verb in added.items() if word and verb}, **verbs}


def unknown_aliases(commands: CommandSet, aliases: Mapping[str, str]) -> Mapping[str, str]:
    """The aliases that stand for no verb, for settings to report."""
    words = vocabulary(commands)
    return {word: verb for word, verb in aliases.items() if folded(verb) not in words}
