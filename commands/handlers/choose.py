"""``choose``: a button that completes the command typed in an earlier message. Only buttons say it."""

from commands.cards import Answer
from commands.errors import Stale
from commands.intents import Choose
from commands.ports import Context
from commands.spec import Command, Right, Scope, never_typed


async def handle(intent: Choose, context: Context) -> Answer:
    """Not reached: ``dispatch.place`` puts the command that it completes in its stead."""
    raise Stale("choice.forgotten")


COMMAND = Command(
    verb="choose",
    usage="",
    summary="complete an earlier command",
    intent=Choose,
    read=never_typed,
    handle=handle,
    examples=(),
    scope=Scope.NONE,
    right=Right.READ,
    typed=False,
)
