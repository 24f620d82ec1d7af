"""``show``: shows a run, a task with its instructions, or a runbook. ``--comments`` shows the comments
instead, ``--tasks`` all of a run's tasks, ``--diff`` what changed in its runbook since it was started."""

from adapters.writes import Op
from commands.language.references import RUN_FLAG, run_argument, show_intent, split_run_beside_task
from commands.language.tokens import unquote
from commands.model.card import Answer
from commands.model.command import Command, Example, Flag, FlagKind, ParsedLine, Scope
from commands.model.intents import Show
from commands.model.ports import CommandContext
from commands.operations.show import show


def read(line: ParsedLine) -> Show:
    run, rest = split_run_beside_task(line.text)
    fields = {
        "run": run_argument(line, run),
        "comments": "comments" in line.flags,
        "all_tasks": "tasks" in line.flags,
        "diff": "diff" in line.flags,
    }
    return show_intent(unquote(rest)).model_copy(update=fields)


async def handle(intent: Show, context: CommandContext) -> Answer:
    return await show(intent, context)


COMMAND = Command(
    verb="show",
    intent=Show,
    read=read,
    handle=handle,
    arguments="[RUN|TASK|RUNBOOK] [--comments|--tasks|--diff]",
    examples=(
        Example("show", {"what": ""}),
        Example("show T3", {"what": "T3", "kind": "task"}),
        Example("show r7", {"what": "R7", "kind": "run"}),
        Example("show database failover", {"what": "database failover", "kind": ""}),
        Example("show --comments T3", {"what": "T3", "comments": True}),
        Example("show --tasks R7", {"what": "R7", "all_tasks": True}),
        Example("show --diff R7", {"what": "R7", "diff": True}),
    ),
    synonyms={"pt": ("mostrar", "ver", "exibir")},
    flags=(*(Flag(name, FlagKind.SWITCH) for name in ("comments", "tasks", "diff")), RUN_FLAG),
    scope=Scope.READ,
    op=Op.SHOW,
)
