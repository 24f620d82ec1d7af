"""``reopen``: tasks that were over are not, after all."""

from adapters.writes import Op, ReopenTask
from commands.language.references import RUN, example_of, name_tasks, tasks_end
from commands.model.card import Answer, Code
from commands.model.command import Command, Example, Line, Right, Scope
from commands.model.errors import BadArguments
from commands.model.intents import Reopen
from commands.model.ports import CommandContext
from commands.operations.task_action import execute_on_tasks


def read(line: Line) -> Reopen:
    named = name_tasks(line)
    if named.text:
        raise BadArguments(
            "parse.extra", extra=Code(named.text), verb="reopen", example=Code(example_of(COMMAND, named.tasks))
        )
    return Reopen(run=named.run, tasks=named.tasks)


async def handle(intent: Reopen, context: CommandContext) -> Answer:
    return await execute_on_tasks(intent, context, ReopenTask)


COMMAND = Command(
    verb="reopen",
    usage="TASK…",
    summary="open finished tasks again",
    intent=Reopen,
    read=read,
    handle=handle,
    examples=(
        Example("reopen T3", {"tasks": ("T3",)}),
        Example("reabrir t3", {"tasks": ("T3",)}),
    ),
    flags=(RUN,),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.REOPEN,
    leading_arguments=tasks_end,
)
