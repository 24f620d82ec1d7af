"""``again``: carries the command of an earlier message out anew. Only buttons say it."""

from commands.model.card import Answer
from commands.model.command import Command, Right, Scope, button_only
from commands.model.errors import Stale
from commands.model.intents import Retry
from commands.model.ports import CommandContext


async def handle(intent: Retry, context: CommandContext) -> Answer:
    """Not reached: ``dispatch.place`` puts the command that it completes in its stead."""
    raise Stale("choice.forgotten")


COMMAND = Command(
    verb="again",
    usage="",
    summary="try again",
    intent=Retry,
    read=button_only,
    handle=handle,
    examples=(),
    scope=Scope.NONE,
    right=Right.READ,
    typed=False,
)
