"""``skip``: tasks that will not be done."""

from adapters.writes import Op, SkipTask
from commands.language.references import RUN, name_reason, tasks_end
from commands.model.card import Answer
from commands.model.command import Command, Example, Flag, Line, Right, Scope, Takes
from commands.model.intents import Skip
from commands.model.ports import CommandContext
from commands.operations.task_action import execute_on_tasks


def read(line: Line) -> Skip:
    named, reason = name_reason(line)
    return Skip(run=named.run, tasks=named.tasks, reason=reason)


async def handle(intent: Skip, context: CommandContext) -> Answer:
    return await execute_on_tasks(intent, context, SkipTask, reason=intent.reason)


COMMAND = Command(
    verb="skip",
    usage="TASK… [REASON]",
    summary="leave tasks out",
    intent=Skip,
    read=read,
    handle=handle,
    examples=(
        Example("skip T4 already pointed there", {"tasks": ("T4",), "reason": "already pointed there"}),
        Example(
            "skip repoint the app --reason not needed", {"tasks": ("repoint the app",), "reason": "not needed"}
        ),
    ),
    flags=(Flag("reason", Takes.REST, hint="TEXT"), RUN),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.SKIP,
    leading_arguments=tasks_end,
)
