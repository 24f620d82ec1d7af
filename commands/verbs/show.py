"""``show``: a run's card, a task and its instructions, or a runbook's steps."""

from adapters.writes import Op
from commands.language.references import RUN, is_task, one_run, shown, take_run
from commands.language.tokens import unquote
from commands.model.card import Answer
from commands.model.command import Command, Example, Line, Right, Scope
from commands.model.intents import Show
from commands.model.ports import CommandContext
from commands.operations.show import show


def read(line: Line) -> Show:
    run, rest = take_run(line.rest)
    if not is_task(rest):
        run, rest = "", line.rest
    return shown(unquote(rest)).model_copy(update={"run": one_run(line, run)})


async def handle(intent: Show, context: CommandContext) -> Answer:
    return await show(intent, context)


COMMAND = Command(
    verb="show",
    usage="[RUN|TASK|RUNBOOK]",
    summary="show a run, a task or a runbook",
    intent=Show,
    read=read,
    handle=handle,
    examples=(
        Example("show", {"what": ""}),
        Example("show T3", {"what": "T3", "kind": "task"}),
        Example("show r7", {"what": "R7", "kind": "run"}),
        Example("show database failover", {"what": "database failover", "kind": ""}),
    ),
    flags=(RUN,),
    scope=Scope.READ,
    right=Right.READ,
    op=Op.SHOW,
)
