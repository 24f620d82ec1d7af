"""``hold``: tasks that cannot go on, and why."""

from adapters.writes import HoldTask, Op
from commands.language.references import RUN, name_reason, tasks_end
from commands.model.card import Answer
from commands.model.command import Command, Example, Flag, Line, Right, Scope, Takes
from commands.model.intents import Hold
from commands.model.ports import CommandContext
from commands.operations.task_action import execute_on_tasks


def read(line: Line) -> Hold:
    named, reason = name_reason(line, COMMAND)
    return Hold(run=named.run, tasks=named.tasks, reason=reason)


async def handle(intent: Hold, context: CommandContext) -> Answer:
    return await execute_on_tasks(intent, context, HoldTask, reason=intent.reason)


COMMAND = Command(
    verb="hold",
    usage="TASK… REASON",
    summary="say why tasks cannot go on",
    intent=Hold,
    read=read,
    handle=handle,
    examples=(
        Example("hold T4 waiting for the vendor", {"tasks": ("T4",), "reason": "waiting for the vendor"}),
        Example("block promote the replica --reason no quorum", {"tasks": ("promote the replica",)}),
    ),
    aliases=("block", "pause"),
    flags=(Flag("reason", Takes.REST, hint="TEXT"), RUN),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.HOLD,
    leading_arguments=tasks_end,
)
