"""``skip``: skips tasks that are not needed."""

from typing import Literal

from adapters.writes import Op, SkipTask
from commands.forms.fields import task_form
from commands.language.references import RUN_FLAG, parse_tasks_and_reason, tasks_end
from commands.model.card import Answer
from commands.model.command import Command, Example, Flag, FlagKind, ParsedLine, Right, Scope
from commands.model.form import FormField
from commands.model.intents import TaskIntent
from commands.model.ports import CommandContext
from commands.operations.task_action import execute_on_tasks


class Skip(TaskIntent):
    verb: Literal["skip"] = "skip"
    reason: str = ""


def read(line: ParsedLine) -> Skip:
    arguments, reason = parse_tasks_and_reason(line)
    return Skip(run=arguments.run, tasks=arguments.tasks, reason=reason)


async def handle(intent: Skip, context: CommandContext) -> Answer:
    return await execute_on_tasks(intent, context, SkipTask, reason=intent.reason)


COMMAND = Command(
    verb="skip",
    intent=Skip,
    read=read,
    handle=handle,
    arguments="TASK… [REASON]",
    examples=(
        Example("skip T4 already pointed there", {"tasks": ("T4",), "reason": "already pointed there"}),
        Example(
            "skip repoint the app --reason not needed", {"tasks": ("repoint the app",), "reason": "not needed"}
        ),
    ),
    synonyms={"pt": ("pular", "saltar", "ignorar")},
    flags=(Flag("reason", FlagKind.REST, hint="TEXT"), RUN_FLAG),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.SKIP,
    form=task_form(
        Skip,
        "form.title_skip",
        "form.submit_skip",
        FormField("reason", "form.reason_skip", "lines", optional=True),
    ),
    arguments_end=tasks_end,
)
