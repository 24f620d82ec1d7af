"""``again``: runs the command of an earlier message again. Only buttons send it."""

from commands.model.card import Answer
from commands.model.command import Command, button_only
from commands.model.errors import Stale
from commands.model.intents import Retry
from commands.model.ports import CommandContext


async def handle(intent: Retry, context: CommandContext) -> Answer:
    """Not reached: ``dispatch.route`` replaces the intent with the one of the earlier message."""
    raise Stale("choice.forgotten")


COMMAND = Command(verb="again", intent=Retry, read=button_only, handle=handle, typed=False)
