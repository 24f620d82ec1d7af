"""``approve``: gives an approval that is the writer's own to give."""

from adapters.writes import ApproveTask, Op
from commands.language.references import RUN, name_tasks, tasks_end
from commands.language.tokens import joined
from commands.model.card import Answer
from commands.model.command import Command, Example, Flag, Line, Right, Scope, Takes
from commands.model.intents import Approve
from commands.model.ports import CommandContext
from commands.operations.task_action import execute_on_tasks


def read(line: Line) -> Approve:
    named = name_tasks(line)
    return Approve(run=named.run, tasks=named.tasks, note=joined(named.text, line.flags.get("note", "")))


async def handle(intent: Approve, context: CommandContext) -> Answer:
    return await execute_on_tasks(intent, context, ApproveTask, note=intent.note)


COMMAND = Command(
    verb="approve",
    usage="TASK… [NOTE]",
    summary="give your approval",
    intent=Approve,
    read=read,
    handle=handle,
    examples=(
        Example("approve T5", {"tasks": ("T5",), "note": ""}),
        Example("approve T5 within the window", {"tasks": ("T5",), "note": "within the window"}),
    ),
    flags=(Flag("note", Takes.REST, hint="TEXT"), RUN),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.APPROVE,
    leading_arguments=tasks_end,
)
