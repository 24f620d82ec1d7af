"""``next``: which tasks can be begun now."""

from commands.cards import Answer
from commands.intents import Next
from commands.lists import next_tasks
from commands.ports import Context
from commands.references import RUN, one_run, reference
from commands.resolve import no_run
from commands.spec import Command, Example, Line, Right, Scope
from commands.tokens import unquote


def read(line: Line) -> Next:
    return Next(run=one_run(line, reference(unquote(line.rest))))


async def handle(intent: Next, context: Context) -> Answer:
    if context.run is None:
        raise no_run()
    return await next_tasks(context, context.run)


COMMAND = Command(
    verb="next",
    usage="[RUN]",
    summary="what can be begun now",
    intent=Next,
    read=read,
    handle=handle,
    examples=(Example("next", {"run": ""}), Example("next R7", {"run": "R7"})),
    flags=(RUN,),
    scope=Scope.READ,
    right=Right.READ,
)
