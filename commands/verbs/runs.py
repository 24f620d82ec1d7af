"""``runs``: runs that are under way."""

from adapters.writes import Op
from commands.cards.list_cards import list_runs
from commands.language.tokens import unquote
from commands.model.card import Answer
from commands.model.command import Command, Example, Line, Right, Scope
from commands.model.intents import Runs
from commands.model.ports import CommandContext


def read(line: Line) -> Runs:
    return Runs(words=unquote(line.rest))


async def handle(intent: Runs, context: CommandContext) -> Answer:
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
