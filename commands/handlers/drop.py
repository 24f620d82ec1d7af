"""``drop``: a command that was not carried out is not wanted any more. Only buttons say it."""

from commands.cards import Answer
from commands.intents import Drop
from commands.past import take
from commands.phrases import short_card
from commands.ports import Context
from commands.sentences import say
from commands.spec import Command, Right, Scope, never_typed


async def handle(intent: Drop, context: Context) -> Answer:
    await take(intent, context.message, context.world)
    return Answer(private=short_card(say("drop.dropped")))


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
