"""What the fork server of ``tests.e2e.forked`` loads before it starts processes: all that ``serve`` may use."""

import gc
from importlib import import_module

from adapters.registry import PLATFORMS
from commands.language import due_time

for module in (
    "aiosqlite",
    "bot.__main__",
    "bot.server.serve",
    "bot.surfaces.mattermost.surface",
    "bot.surfaces.slack.surface",
    "tests.e2e.faulty",
    "tests.e2e.forked",
    *(f"adapters.{kind}.adapter" for kind in PLATFORMS),
):
    import_module(module)
due_time.warm_up()
gc.collect()
gc.freeze()
