"""``reject``: rejects a task that asks for the sender's approval, with a reason."""

from typing import Literal

from adapters.writes import Op, RejectTask
from commands.forms.fields import task_form
from commands.language.references import RUN_FLAG, parse_tasks_and_reason, tasks_end
from commands.model.card import Answer
from commands.model.command import Command, Example, Flag, FlagKind, ParsedLine, Right, Scope
from commands.model.form import FormField
from commands.model.intents import TaskIntent
from commands.model.ports import CommandContext
from commands.operations.task_action import execute_on_tasks


class Reject(TaskIntent):
    verb: Literal["reject"] = "reject"
    reason: str = ""


def read(line: ParsedLine) -> Reject:
    arguments, reason = parse_tasks_and_reason(line, required_for=COMMAND)
    return Reject(run=arguments.run, tasks=arguments.tasks, reason=reason)


async def handle(intent: Reject, context: CommandContext) -> Answer:
    return await execute_on_tasks(intent, context, RejectTask, reason=intent.reason)


COMMAND = Command(
    verb="reject",
    intent=Reject,
    read=read,
    handle=handle,
    arguments="TASK… REASON",
    examples=(
        Example("reject T5 outside the window", {"tasks": ("T5",), "reason": "outside the window"}),
        Example("reject T5 --reason no way back", {"tasks": ("T5",), "reason": "no way back"}),
    ),
    synonyms={"pt": ("rejeitar", "recusar")},
    flags=(Flag("reason", FlagKind.REST, hint="TEXT"), RUN_FLAG),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.REJECT,
    form=task_form(
        Reject, "form.title_reject", "form.submit_reject", FormField("reason", "form.reason_reject", "lines")
    ),
    arguments_end=tasks_end,
)
