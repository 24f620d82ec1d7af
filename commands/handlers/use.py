"""``use``: binds this thread or channel to a run."""

from commands.cards import Answer
from commands.intents import Use
from commands.ports import Context
from commands.references import RUN, one_run, reference
from commands.spec import Command, Example, Line, Right, Scope
from commands.tokens import unquote


def read(line: Line) -> Use:
    return Use(run=one_run(line, reference(unquote(line.rest))))


async def handle(intent: Use, context: Context) -> Answer:
    raise NotImplementedError


COMMAND = Command(
    verb="use",
    usage="RUN",
    summary="make a run the one of this place",
    intent=Use,
    read=read,
    handle=handle,
    examples=(Example("use R7", {"run": "R7"}), Example("use primary down in EU", {"run": "primary down in EU"})),
    flags=(RUN,),
    scope=Scope.READ,
    right=Right.WRITE,
)
