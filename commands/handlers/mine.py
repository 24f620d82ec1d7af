"""``mine``: my tasks, in all runs or in one."""

from commands.cards import Answer
from commands.intents import Mine
from commands.ports import Context
from commands.references import RUN, one_run, reference
from commands.spec import Command, Example, Line, Right, Scope
from commands.tokens import unquote


def read(line: Line) -> Mine:
    return Mine(run=one_run(line, reference(unquote(line.rest))))


async def handle(intent: Mine, context: Context) -> Answer:
    raise NotImplementedError


COMMAND = Command(
    verb="mine",
    usage="[RUN]",
    summary="my tasks",
    intent=Mine,
    read=read,
    handle=handle,
    examples=(Example("mine", {"run": ""}), Example("mine R7", {"run": "R7"})),
    flags=(RUN,),
    scope=Scope.NONE,
    right=Right.READ,
)
