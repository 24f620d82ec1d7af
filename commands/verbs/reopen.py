"""``reopen``: reopens tasks that are over, and takes tasks off hold."""

from adapters.models import TaskState
from adapters.protocol import supports
from adapters.writes import BeginTask, Op, ReopenTask
from commands.forms.fields import task_form
from commands.language.references import RUN_FLAG, example_with_tasks, parse_tasks, tasks_end
from commands.lookup.task_lookup import find_tasks
from commands.model.card import Answer, Code
from commands.model.command import Command, Example, ParsedLine, Right, Scope
from commands.model.errors import BadArguments, CommandError
from commands.model.intents import Reopen
from commands.model.ports import CommandContext
from commands.operations.task_action import execute_on_tasks


def read(line: ParsedLine) -> Reopen:
    arguments = parse_tasks(line)
    if arguments.text:
        example = Code(example_with_tasks(COMMAND, arguments.tasks))
        raise BadArguments("parse.extra", extra=Code(arguments.text), verb="reopen", example=example)
    return Reopen(run=arguments.run, tasks=arguments.tasks)


async def handle(intent: Reopen, context: CommandContext) -> Answer:
    return await execute_on_tasks(intent, context, BeginTask if _can_only_begin(intent, context) else ReopenTask)


def _can_only_begin(intent: Reopen, context: CommandContext) -> bool:
    """Whether the tasks are on hold on a platform that takes them off hold by beginning them, and reopens none."""
    tracked = context.run
    if tracked is None or not intent.tasks:
        return False
    can = context.adapter(tracked).capabilities
    if supports(can, Op.REOPEN) or not supports(can, Op.BEGIN):
        return False
    try:
        tasks = find_tasks(intent.tasks, tracked, context.message, context.services)
    except CommandError:
        return False
    return all(task.state is TaskState.HELD and task.id not in tracked.overlay.holds for task in tasks)


COMMAND = Command(
    verb="reopen",
    intent=Reopen,
    read=read,
    handle=handle,
    arguments="TASK…",
    examples=(
        Example("reopen T3", {"tasks": ("T3",)}),
        Example("reabrir t3", {"tasks": ("T3",)}),
    ),
    aliases=("resume",),
    synonyms={"en": ("unhold", "unblock"), "pt": ("reabrir", "retomar", "desbloquear")},
    flags=(RUN_FLAG,),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.REOPEN,
    form=task_form(Reopen, "form.title_reopen", "form.submit_reopen"),
    arguments_end=tasks_end,
)
