"""``drop``: cancels a command that was not executed. Only buttons send it."""

from commands.lookup.earlier_message import take_choice
from commands.model.card import Answer
from commands.model.command import Command, button_only
from commands.model.intents import Drop
from commands.model.ports import CommandContext
from commands.text.catalogue import translate
from commands.text.phrases import short_card


async def handle(intent: Drop, context: CommandContext) -> Answer:
    await take_choice(intent, context.message, context.services)
    return Answer(private=short_card(translate("drop.dropped")))


COMMAND = Command(verb="drop", intent=Drop, read=button_only, handle=handle, typed=False)
