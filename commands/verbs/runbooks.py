"""``runbooks``: runbooks that can be started."""

from adapters.writes import Op
from commands.cards.list_cards import list_runbooks
from commands.language.tokens import unquote
from commands.model.card import Answer
from commands.model.command import Command, Example, Flag, Line, Right, Scope
from commands.model.intents import Runbooks
from commands.model.ports import CommandContext


def read(line: Line) -> Runbooks:
    return Runbooks(words=unquote(line.rest), platform=line.flags.get("on", ""))


async def handle(intent: Runbooks, context: CommandContext) -> Answer:
    return await list_runbooks(context, intent.words, intent.platform)


COMMAND = Command(
    verb="runbooks",
    usage="[WORDS] [--on PLATFORM]",
    summary="list runbooks",
    intent=Runbooks,
    read=read,
    handle=handle,
    examples=(
        Example("runbooks", {"words": ""}),
        Example("list failover --on playbooks", {"words": "failover", "platform": "playbooks"}),
    ),
    aliases=("list",),
    flags=(Flag("on", hint="PLATFORM"),),
    scope=Scope.NONE,
    right=Right.READ,
    op=Op.RUNBOOKS,
)
