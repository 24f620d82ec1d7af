"""``stop``: stops waiting for a platform, as long as nothing was sent. Only buttons send it."""

from commands.model.card import Answer
from commands.model.command import Command, button_only
from commands.model.intents import Retry, Stop
from commands.model.ports import CommandContext
from commands.text.catalogue import translate
from commands.text.phrases import button, short_card


async def handle(intent: Stop, context: CommandContext) -> Answer:
    match await context.services.messages.stop_waiting(intent.key, context.actor):
        case "stopped":
            retry = button("button.again", Retry(key=intent.key))
            return Answer(private=short_card(translate("stop.stopped"), buttons=[retry]))
        case "trying":
            return Answer(private=short_card(translate("stop.trying")))
        case "over":
            return Answer(private=short_card(translate("stop.too_late"), tone="warn"), result="failed")


COMMAND = Command(verb="stop", intent=Stop, read=button_only, handle=handle, typed=False)
