"""``stop``: gives up waiting for a platform, while nothing was sent. Only buttons say it."""

from commands.cards import Answer
from commands.intents import Stop
from commands.phrases import short_card
from commands.ports import Context
from commands.sentences import say
from commands.spec import Command, Right, Scope, never_typed


async def handle(intent: Stop, context: Context) -> Answer:
    if await context.world.messages.stop(intent.key):
        return Answer(private=short_card(say("stop.stopped")))
    return Answer(private=short_card(say("stop.too_late"), tone="warn"), result="failed")


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
