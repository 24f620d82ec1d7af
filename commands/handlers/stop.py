"""``stop``: gives up waiting for a platform, while nothing was sent. Only buttons say it."""

from commands.cards import Answer
from commands.intents import Again, Stop
from commands.phrases import button, short_card
from commands.ports import Context
from commands.sentences import say
from commands.spec import Command, Right, Scope, never_typed


async def handle(intent: Stop, context: Context) -> Answer:
    match await context.world.messages.stop(intent.key, context.actor):
        case "stopped":
            again = button("button.again", Again(key=intent.key))
            return Answer(private=short_card(say("stop.stopped"), buttons=[again]))
        case "trying":
            return Answer(private=short_card(say("stop.trying")))
        case "over":
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
