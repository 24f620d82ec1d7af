"""``choose``: a button that completes the command typed in an earlier message. Only buttons say it."""

from commands.model.card import Answer
from commands.model.command import Command, Right, Scope, button_only
from commands.model.errors import Stale
from commands.model.intents import Choose
from commands.model.ports import CommandContext


async def handle(intent: Choose, context: CommandContext) -> Answer:
    """Not reached: ``dispatch.place`` puts the command that it completes in its stead."""
    raise Stale("choice.forgotten")


COMMAND = Command(
    verb="choose",
    usage="",
    summary="complete an earlier command",
    intent=Choose,
    read=button_only,
    handle=handle,
    examples=(),
    scope=Scope.NONE,
    right=Right.READ,
    typed=False,
)
