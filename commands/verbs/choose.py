"""``choose``: completes the command of an earlier message. Only buttons send it."""

from commands.model.card import Answer
from commands.model.command import Command, button_only
from commands.model.errors import Stale
from commands.model.intents import Choose
from commands.model.ports import CommandContext


async def handle(intent: Choose, context: CommandContext) -> Answer:
    """Not reached: ``dispatch.route`` replaces the intent with the one it completes."""
    raise Stale("choice.forgotten")


COMMAND = Command(verb="choose", intent=Choose, read=button_only, handle=handle, typed=False)
