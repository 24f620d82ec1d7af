"""``runs``: runs that are under way."""

from adapters.writes import Op
from commands.cards import Answer
from commands.intents import Runs
from commands.lists import list_runs
from commands.ports import Context
from commands.spec import Command, Example, Line, Right, Scope
from commands.tokens import unquote


def read(line: Line) -> Runs:
    return Runs(words=unquote(line.rest))


async def handle(intent: Runs, context: Context) -> Answer:
    return await list_runs(context, intent.words)


COMMAND = Command(
    verb="runs",
    usage="[WORDS]",
    summary="list runs",
    intent=Runs,
    read=read,
    handle=handle,
    examples=(Example("runs", {"words": ""}), Example("runs failover", {"words": "failover"})),
    scope=Scope.NONE,
    right=Right.READ,
    op=Op.RUNS,
)
