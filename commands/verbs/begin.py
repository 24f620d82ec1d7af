"""``begin``: starts work on tasks, and assigns those that nobody has to the sender."""

from adapters.writes import BeginTask, Op
from commands.forms.fields import task_form
from commands.language.flags import FIELDS_FLAG, field_options
from commands.language.references import RUN_FLAG, example_with_tasks, parse_tasks, tasks_end
from commands.model.card import Answer, Code
from commands.model.command import Command, Example, ParsedLine, Right, Scope
from commands.model.errors import BadArguments
from commands.model.intents import Begin
from commands.model.ports import CommandContext
from commands.operations.task_action import execute_on_tasks


def read(line: ParsedLine) -> Begin:
    arguments = parse_tasks(line)
    if arguments.text:
        example = Code(example_with_tasks(COMMAND, arguments.tasks))
        raise BadArguments("parse.extra", extra=Code(arguments.text), verb="begin", example=example)
    return Begin(run=arguments.run, tasks=arguments.tasks, options=field_options(line))


async def handle(intent: Begin, context: CommandContext) -> Answer:
    return await execute_on_tasks(intent, context, BeginTask)


COMMAND = Command(
    verb="begin",
    intent=Begin,
    read=read,
    handle=handle,
    arguments="TASK… [--set field=value]…",
    examples=(
        Example("begin T3", {"tasks": ("T3",)}),
        Example("take T3 and T4", {"tasks": ("T3", "T4")}),
        Example("begin page the DBA", {"tasks": ("page the DBA",)}),
    ),
    aliases=("take", "claim"),
    synonyms={"en": ("taking",), "pt": ("assumir", "assumo", "pegar", "começar")},
    flags=(FIELDS_FLAG, RUN_FLAG),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.BEGIN,
    form=task_form(Begin, "form.title_begin", "form.submit_begin"),
    arguments_end=tasks_end,
)
