"""``decide``: a person's word on a write whose outcome is unknown. Only buttons say it."""

from commands.cards import Answer
from commands.intents import Decide
from commands.ports import Context
from commands.spec import Command, Right, Scope, never_typed


async def handle(intent: Decide, context: Context) -> Answer:
    raise NotImplementedError


COMMAND = Command(
    verb="decide",
    usage="",
    summary="say what became of a write",
    intent=Decide,
    read=never_typed,
    handle=handle,
    examples=(),
    scope=Scope.NONE,
    right=Right.WRITE,
    typed=False,
)
