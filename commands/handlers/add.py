"""``add``: a new task in the run; ``add comment TEXT`` is a comment (an alias of two words)."""

from adapters.protocol import Op
from commands.cards import Answer, Code
from commands.errors import BadArguments
from commands.intents import Add
from commands.ports import Context
from commands.references import RUN, one_run
from commands.spec import Command, Example, Flag, Line, Right, Scope
from commands.tokens import unquote


def read(line: Line) -> Add:
    title = unquote(line.rest)
    if not title:
        raise BadArguments("parse.missing_title", field="title", example=Code(COMMAND.examples[0].line))
    return Add(
        run=one_run(line, ""),
        title=title,
        stage=line.flags.get("stage", ""),
        person=line.flags.get("assign", ""),
    )


async def handle(intent: Add, context: Context) -> Answer:
    raise NotImplementedError


COMMAND = Command(
    verb="add",
    usage="[task] TEXT [--stage S] [--assign @u]",
    summary="add a task to the run",
    intent=Add,
    read=read,
    handle=handle,
    examples=(
        Example("add Tell support", {"title": "Tell support"}),
        Example(
            'add task Check DNS --stage "Fail over" --assign @ben',
            {"title": "Check DNS", "stage": "Fail over", "person": "@ben"},
        ),
        Example("add comment replica lags", {"verb": "comment", "text": "replica lags"}),
    ),
    flags=(Flag("stage", hint="S"), Flag("assign", hint="@u"), RUN),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.ADD,
)
