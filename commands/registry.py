"""All commands, found by importing every module of ``commands.verbs``. The top of this package: nothing in
``commands`` imports it, so parser and dispatch get the commands passed in."""

import importlib
import pkgutil

from commands import verbs
from commands.model.command import CommandSet


def load_commands() -> CommandSet:
    names = sorted(module.name for module in pkgutil.iter_modules(verbs.__path__))
    return CommandSet(importlib.import_module(f"{verbs.__name__}.{name}").COMMAND for name in names)


COMMANDS = load_commands()
