"""``mine``: my tasks."""

from commands.cards.list_cards import my_tasks
from commands.model.card import Answer, Code
from commands.model.command import Command, Example, Line, Right, Scope
from commands.model.errors import BadArguments
from commands.model.intents import Mine
from commands.model.ports import CommandContext


def read(line: Line) -> Mine:
    if line.rest:
        raise BadArguments("parse.extra", extra=Code(line.rest), verb="mine", example=Code("mine"))
    return Mine()


async def handle(intent: Mine, context: CommandContext) -> Answer:
    return await my_tasks(context)


COMMAND = Command(
    verb="mine",
    usage="",
    summary="my tasks",
    intent=Mine,
    read=read,
    handle=handle,
    examples=(Example("mine", {"run": ""}),),
    scope=Scope.NONE,
    right=Right.READ,
)
