"""``drop``: a command that was not carried out is not wanted any more. Only buttons say it."""

from commands.cards import Answer
from commands.intents import Drop
from commands.ports import Context
from commands.spec import Command, Right, Scope, never_typed


async def handle(intent: Drop, context: Context) -> Answer:
    raise NotImplementedError


COMMAND = Command(
    verb="drop",
    usage="",
    summary="forget a command",
    intent=Drop,
    read=never_typed,
    handle=handle,
    examples=(),
    scope=Scope.NONE,
    right=Right.READ,
    typed=False,
)
