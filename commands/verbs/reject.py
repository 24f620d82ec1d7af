"""``reject``: refuses an approval that is the writer's own to give, and says why."""

from adapters.writes import Op, RejectTask
from commands.language.references import RUN, name_reason, tasks_end
from commands.model.card import Answer
from commands.model.command import Command, Example, Flag, Line, Right, Scope, Takes
from commands.model.intents import Reject
from commands.model.ports import CommandContext
from commands.operations.task_action import execute_on_tasks


def read(line: Line) -> Reject:
    named, reason = name_reason(line, COMMAND)
    return Reject(run=named.run, tasks=named.tasks, reason=reason)


async def handle(intent: Reject, context: CommandContext) -> Answer:
    return await execute_on_tasks(intent, context, RejectTask, reason=intent.reason)


COMMAND = Command(
    verb="reject",
    usage="TASK… REASON",
    summary="refuse your approval, and say why",
    intent=Reject,
    read=read,
    handle=handle,
    examples=(
        Example("reject T5 outside the window", {"tasks": ("T5",), "reason": "outside the window"}),
        Example("reject T5 --reason no way back", {"tasks": ("T5",), "reason": "no way back"}),
    ),
    flags=(Flag("reason", Takes.REST, hint="TEXT"), RUN),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.REJECT,
    leading_arguments=tasks_end,
)
