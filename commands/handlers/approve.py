"""``approve``: gives an approval that is the writer's own to give."""

from adapters.writes import ApproveTask, Op
from commands.cards import Answer
from commands.intents import Approve
from commands.ports import Context
from commands.references import RUN, name_tasks, tasks_end
from commands.spec import Command, Example, Flag, Line, Right, Scope, Takes
from commands.taskwork import carry_tasks
from commands.tokens import joined


def read(line: Line) -> Approve:
    named = name_tasks(line)
    return Approve(run=named.run, tasks=named.tasks, note=joined(named.text, line.flags.get("note", "")))


async def handle(intent: Approve, context: Context) -> Answer:
    return await carry_tasks(intent, context, ApproveTask, note=intent.note)


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
    head=tasks_end,
)
