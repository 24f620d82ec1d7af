"""``home``: this place's run, my tasks and what I can do: what a bare root command shows."""

from commands.cards import Answer, Code
from commands.errors import BadArguments
from commands.intents import Home
from commands.ports import Context
from commands.references import RUN, one_run
from commands.spec import Command, Example, Line, Right, Scope


def read(line: Line) -> Home:
    if line.rest:
        raise BadArguments("parse.extra", extra=Code(line.rest), verb="home", example=Code("home"))
    return Home(run=one_run(line, ""))


async def handle(intent: Home, context: Context) -> Answer:
    raise NotImplementedError


COMMAND = Command(
    verb="home",
    usage="",
    summary="this place's run, and what I can do",
    intent=Home,
    read=read,
    handle=handle,
    examples=(Example("", {"verb": "home"}), Example("home", {})),
    flags=(RUN,),
    scope=Scope.READ,
    right=Right.READ,
)
