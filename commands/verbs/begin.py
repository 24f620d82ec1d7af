"""``begin``: tasks are being worked on now, and are mine if nobody's."""

from adapters.writes import BeginTask, Op
from commands.language.references import RUN, example_of, name_tasks, tasks_end
from commands.model.card import Answer, Code
from commands.model.command import Command, Example, Line, Right, Scope
from commands.model.errors import BadArguments
from commands.model.intents import Begin
from commands.model.ports import CommandContext
from commands.operations.task_action import execute_on_tasks


def read(line: Line) -> Begin:
    named = name_tasks(line)
    if named.text:
        raise BadArguments(
            "parse.extra", extra=Code(named.text), verb="begin", example=Code(example_of(COMMAND, named.tasks))
        )
    return Begin(run=named.run, tasks=named.tasks)


async def handle(intent: Begin, context: CommandContext) -> Answer:
    return await execute_on_tasks(intent, context, BeginTask)


COMMAND = Command(
    verb="begin",
    usage="TASK…",
    summary="say that tasks are being worked on",
    intent=Begin,
    read=read,
    handle=handle,
    examples=(
        Example("begin T3", {"tasks": ("T3",)}),
        Example("take T3 and T4", {"tasks": ("T3", "T4")}),
        Example("begin page the DBA", {"tasks": ("page the DBA",)}),
    ),
    aliases=("take", "claim"),
    flags=(RUN,),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.BEGIN,
    leading_arguments=tasks_end,
)
