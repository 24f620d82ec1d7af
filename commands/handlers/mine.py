"""``mine``: my tasks."""

from commands.cards import Answer, Code
from commands.errors import BadArguments
from commands.intents import Mine
from commands.lists import my_tasks
from commands.ports import Context
from commands.spec import Command, Example, Line, Right, Scope


def read(line: Line) -> Mine:
    if line.rest:
        raise BadArguments("parse.extra", extra=Code(line.rest), verb="mine", example=Code("mine"))
    return Mine()


async def handle(intent: Mine, context: Context) -> Answer:
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
