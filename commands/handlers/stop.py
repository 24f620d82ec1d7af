"""``stop``: gives up waiting for a platform, while nothing was sent. Only buttons say it."""

from commands.cards import Answer
from commands.intents import Stop
from commands.ports import Context
from commands.spec import Command, Right, Scope, never_typed


async def handle(intent: Stop, context: Context) -> Answer:
    raise NotImplementedError


COMMAND = Command(
    verb="stop",
    usage="",
    summary="stop waiting",
    intent=Stop,
    read=never_typed,
    handle=handle,
    examples=(),
    scope=Scope.NONE,
    right=Right.READ,
    typed=False,
)
