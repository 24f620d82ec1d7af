"""``approve``: gives the sender's own approval."""

from adapters.writes import ApproveTask, Op
from commands.forms.fields import NOTE, task_form
from commands.language.references import RUN_FLAG, parse_tasks, tasks_end
from commands.language.tokens import join_texts
from commands.model.card import Answer
from commands.model.command import Command, Example, Flag, FlagKind, ParsedLine, Right, Scope
from commands.model.intents import Approve
from commands.model.ports import CommandContext
from commands.operations.task_action import execute_on_tasks


def read(line: ParsedLine) -> Approve:
    arguments = parse_tasks(line)
    note = join_texts(arguments.text, line.flags.get("note", ""))
    return Approve(run=arguments.run, tasks=arguments.tasks, note=note)


async def handle(intent: Approve, context: CommandContext) -> Answer:
    return await execute_on_tasks(intent, context, ApproveTask, note=intent.note)


COMMAND = Command(
    verb="approve",
    intent=Approve,
    read=read,
    handle=handle,
    arguments="TASK… [NOTE]",
    examples=(
        Example("approve T5", {"tasks": ("T5",), "note": ""}),
        Example("approve T5 within the window", {"tasks": ("T5",), "note": "within the window"}),
    ),
    synonyms={"pt": ("aprovar", "aprovo")},
    flags=(Flag("note", FlagKind.REST, hint="TEXT"), RUN_FLAG),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.APPROVE,
    form=task_form(Approve, "form.title_approve", "form.submit_approve", NOTE),
    arguments_end=tasks_end,
)
