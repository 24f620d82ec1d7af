"""``promise``: moves the time of the promised status update, or takes it back. Only buttons say it."""

from commands.cards import Answer
from commands.intents import Promise
from commands.ports import Context
from commands.spec import Command, Right, Scope, never_typed


async def handle(intent: Promise, context: Context) -> Answer:
    raise NotImplementedError


COMMAND = Command(
    verb="promise",
    usage="",
    summary="promise the next update",
    intent=Promise,
    read=never_typed,
    handle=handle,
    examples=(),
    scope=Scope.WRITE,
    right=Right.WRITE,
    typed=False,
)
