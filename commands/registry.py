"""All commands: every module of ``commands.verbs`` exports one as ``COMMAND``.

Nothing else in ``commands`` imports this module. Parser, dispatch and forms get the commands passed in.
"""

import importlib
import pkgutil

from commands import verbs
from commands.model.command import CommandSet


def load_commands() -> CommandSet:
    names = sorted(module.name for module in pkgutil.iter_modules(verbs.__path__))
    return CommandSet(importlib.import_module(f"{verbs.__name__}.{name}").COMMAND for name in names)


COMMANDS = load_commands()
