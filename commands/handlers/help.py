"""``help``: what can be typed, and an example of each."""

from commands.cards import Answer
from commands.intents import Help
from commands.lists import show_help
from commands.ports import Context
from commands.spec import Command, Example, Line, Right, Scope
from commands.tokens import unquote


def read(line: Line) -> Help:
    return Help(words=unquote(line.rest))


async def handle(intent: Help, context: Context) -> Answer:
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
