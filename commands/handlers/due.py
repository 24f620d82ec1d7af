"""``due``: the promised status update is due. Only the engine says it, never a button or a line."""

from commands.cards import Answer
from commands.intents import Due
from commands.ports import Context
from commands.spec import Command, Right, Scope, never_typed


async def handle(intent: Due, context: Context) -> Answer:
    raise NotImplementedError


COMMAND = Command(
    verb="due",
    usage="",
    summary="say that an update is due",
    intent=Due,
    read=never_typed,
    handle=handle,
    examples=(),
    scope=Scope.READ,
    right=Right.READ,
    typed=False,
)
