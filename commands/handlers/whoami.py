"""``whoami``: who I am here, and what I may do."""

from commands.cards import Answer, Code
from commands.errors import BadArguments
from commands.intents import Whoami
from commands.ports import Context
from commands.spec import Command, Example, Line, Right, Scope


def read(line: Line) -> Whoami:
    if line.rest:
        raise BadArguments("parse.extra", extra=Code(line.rest), verb="whoami", example=Code("whoami"))
    return Whoami()


async def handle(intent: Whoami, context: Context) -> Answer:
    raise NotImplementedError


COMMAND = Command(
    verb="whoami",
    usage="",
    summary="who I am here, and what I may do",
    intent=Whoami,
    read=read,
    handle=handle,
    examples=(Example("whoami", {}),),
    scope=Scope.NONE,
    right=Right.READ,
)
