"""``stop``: gives up waiting for a platform, while nothing was sent. Only buttons say it."""

from commands.model.card import Answer
from commands.model.command import Command, Right, Scope, button_only
from commands.model.intents import Retry, Stop
from commands.model.ports import CommandContext
from commands.text.catalogue import translate
from commands.text.phrases import button, short_card


async def handle(intent: Stop, context: CommandContext) -> Answer:
    match await context.services.messages.stop_waiting(intent.key, context.actor):
        case "stopped":
            again = button("button.again", Retry(key=intent.key))
            return Answer(private=short_card(translate("stop.stopped"), buttons=[again]))
        case "trying":
            return Answer(private=short_card(translate("stop.trying")))
        case "over":
            return Answer(private=short_card(translate("stop.too_late"), tone="warn"), result="failed")


COMMAND = Command(
    verb="stop",
    usage="",
    summary="stop waiting",
    intent=Stop,
    read=button_only,
    handle=handle,
    examples=(),
    scope=Scope.NONE,
    right=Right.READ,
    typed=False,
)
