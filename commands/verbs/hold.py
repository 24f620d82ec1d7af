"""``hold``: puts tasks on hold, with a reason."""

from typing import Literal

from adapters.writes import HoldTask, Op
from commands.language.references import RUN_FLAG, parse_tasks_and_reason, tasks_end
from commands.model.card import Answer
from commands.model.command import Command, Example, Flag, FlagKind, ParsedLine, Right, Scope
from commands.model.intents import TaskIntent
from commands.model.ports import CommandContext
from commands.operations.task_action import execute_on_tasks


class Hold(TaskIntent):
    verb: Literal["hold"] = "hold"
    reason: str = ""


def read(line: ParsedLine) -> Hold:
    arguments, reason = parse_tasks_and_reason(line, required_for=COMMAND)
    return Hold(run=arguments.run, tasks=arguments.tasks, reason=reason)


async def handle(intent: Hold, context: CommandContext) -> Answer:
    return await execute_on_tasks(intent, context, HoldTask, reason=intent.reason)


COMMAND = Command(
    verb="hold",
    intent=Hold,
    read=read,
    handle=handle,
    arguments="TASK… REASON",
    examples=(
        Example("hold T4 waiting for the vendor", {"tasks": ("T4",), "reason": "waiting for the vendor"}),
        Example("block promote the replica --reason no quorum", {"tasks": ("promote the replica",)}),
    ),
    aliases=("block", "pause"),
    synonyms={"en": ("wait",), "pt": ("bloquear", "pausar", "segurar", "aguardar")},
    flags=(Flag("reason", FlagKind.REST, hint="TEXT"), RUN_FLAG),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.HOLD,
    arguments_end=tasks_end,
)
