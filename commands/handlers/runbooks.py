"""``runbooks``: runbooks that can be started."""

from adapters.writes import Op
from commands.cards import Answer
from commands.intents import Runbooks
from commands.lists import list_runbooks
from commands.ports import Context
from commands.spec import Command, Example, Flag, Line, Right, Scope
from commands.tokens import unquote


def read(line: Line) -> Runbooks:
    return Runbooks(words=unquote(line.rest), platform=line.flags.get("on", ""))


async def handle(intent: Runbooks, context: Context) -> Answer:
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
