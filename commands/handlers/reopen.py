"""``reopen``: tasks that were over are not, after all."""

from adapters.writes import Op, ReopenTask
from commands.cards import Answer, Code
from commands.errors import BadArguments
from commands.intents import Reopen
from commands.ports import Context
from commands.references import RUN, example_of, name_tasks, tasks_end
from commands.spec import Command, Example, Line, Right, Scope
from commands.taskwork import carry_tasks


def read(line: Line) -> Reopen:
    named = name_tasks(line)
    if named.text:
        raise BadArguments(
            "parse.extra", extra=Code(named.text), verb="reopen", example=Code(example_of(COMMAND, named.tasks))
        )
    return Reopen(run=named.run, tasks=named.tasks)


async def handle(intent: Reopen, context: Context) -> Answer:
    return await carry_tasks(intent, context, ReopenTask)


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
    head=tasks_end,
)
