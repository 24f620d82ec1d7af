"""Every command there is: the modules of ``commands.handlers``, found by themselves."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import Any

from pydantic import ValidationError

from commands import verbs as handlers
from commands.language.aliases import built_in
from commands.language.tokens import folded
from commands.model.card import Code
from commands.model.command import Command
from commands.model.errors import BadArguments, UnknownCommand
from commands.model.intents import Intent


class _Commands(Mapping[str, Command]):
    """Verb -> command. Loaded at first use, so that handlers may import this module."""

    @cached_property
    def _found(self) -> dict[str, Command]:
        names = sorted(module.name for module in pkgutil.iter_modules(handlers.__path__))
        modules = [importlib.import_module(f"{handlers.__name__}.{name}") for name in names]
        found = [module.COMMAND for module in modules if hasattr(module, "COMMAND")]
        return {command.verb: command for command in found}

    def __getitem__(self, verb: str) -> Command:
        return self._found[verb]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


COMMANDS: Mapping[str, Command] = _Commands()


@cache
def _own_words() -> Mapping[str, str]:
    typed = [command for command in COMMANDS.values() if command.typed]
    return {**{folded(alias): command.verb for command in typed for alias in command.aliases}, **built_in()}


def vocabulary(aliases: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """Folded word or words -> verb: the settings' aliases over the built-in ones. A verb always means itself.

    An alias of an alias works; one of something that is no verb is left out (``unknown_aliases`` names those).
    """
    own = _own_words()
    verbs = {command.verb: command.verb for command in COMMANDS.values() if command.typed}
    known = {**own, **verbs}
    added = {folded(word): known.get(folded(means), "") for word, means in (aliases or {}).items()}
    return {**own, **{word: verb for word, verb in added.items() if word and verb}, **verbs}


def unknown_aliases(aliases: Mapping[str, str]) -> Mapping[str, str]:
    """Those whose meaning is no verb, for the settings to complain about."""
    words = vocabulary()
    return {word: means for word, means in aliases.items() if folded(means) not in words}


def intent_from(dump: Mapping[str, Any]) -> Intent:
    """The intent that ``model_dump`` wrote, from a button, a form, or the store.

    Raises ``UnknownCommand`` for a verb that is not one, ``BadArguments`` when the fields do not fit it.
    """
    verb = str(dump.get("verb", ""))
    command = COMMANDS.get(verb)
    if command is None:
        raise UnknownCommand("parse.unknown", word=verb, shown=Code(verb[:40]), text=verb, rest="", guesses=())
    try:
        return command.intent.model_validate(dict(dump))
    except ValidationError as error:
        raise BadArguments("parse.stale_intent", verb=verb) from error
