"""``again``: carries the command of an earlier message out anew. Only buttons say it."""

from commands.cards import Answer
from commands.errors import Stale
from commands.intents import Again
from commands.ports import Context
from commands.spec import Command, Right, Scope, never_typed


async def handle(intent: Again, context: Context) -> Answer:
    """Not reached: ``dispatch.place`` puts the command that it completes in its stead."""
    raise Stale("choice.forgotten")


COMMAND = Command(
    verb="again",
    usage="",
    summary="try again",
    intent=Again,
    read=never_typed,
    handle=handle,
    examples=(),
    scope=Scope.NONE,
    right=Right.READ,
    typed=False,
)
