"""``help``: what can be typed, and an example of each."""

from commands.cards.list_cards import show_help
from commands.language.tokens import unquote
from commands.model.card import Answer
from commands.model.command import Command, Example, Line, Right, Scope
from commands.model.intents import Help
from commands.model.ports import CommandContext


def read(line: Line) -> Help:
    return Help(words=unquote(line.rest))


async def handle(intent: Help, context: CommandContext) -> Answer:
    return show_help(context, intent.words)


COMMAND = Command(
    verb="help",
    usage="[VERB]",
    summary="what can be typed",
    intent=Help,
    read=read,
    handle=handle,
    examples=(Example("help", {"words": ""}), Example("help finish", {"words": "finish"})),
    scope=Scope.NONE,
    right=Right.READ,
)
