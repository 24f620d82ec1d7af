"""``next``: which tasks can be begun now."""

from commands.cards.list_cards import next_tasks
from commands.language.references import RUN, one_run, reference
from commands.language.tokens import unquote
from commands.lookup.run_lookup import no_run
from commands.model.card import Answer
from commands.model.command import Command, Example, Line, Right, Scope
from commands.model.intents import Next
from commands.model.ports import CommandContext


def read(line: Line) -> Next:
    return Next(run=one_run(line, reference(unquote(line.rest))))


async def handle(intent: Next, context: CommandContext) -> Answer:
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
