"""``finish``: tasks are done, with a note, and maybe which task comes then."""

from adapters.writes import FinishTask, Op
from commands.language.references import RUN, name_tasks, reference, tasks_end
from commands.language.tokens import joined
from commands.lookup.task_lookup import task_named
from commands.model.card import Answer
from commands.model.command import Command, Example, Flag, Line, Right, Scope, Takes
from commands.model.intents import Finish
from commands.model.ports import CommandContext
from commands.operations.task_action import execute_on_tasks, required_run


def read(line: Line) -> Finish:
    named = name_tasks(line)
    return Finish(
        run=named.run,
        tasks=named.tasks,
        note=joined(named.text, line.flags.get("note", "")),
        then=reference(line.flags.get("then", "")),
    )


async def handle(intent: Finish, context: CommandContext) -> Answer:
    known = required_run(context)
    then = (
        task_named(intent.then, known, context.message, context.services, field="then").id if intent.then else None
    )
    return await execute_on_tasks(intent, context, FinishTask, note=intent.note, then=then)


COMMAND = Command(
    verb="finish",
    usage="TASK… [NOTE] [--then TASK]",
    summary="finish tasks",
    intent=Finish,
    read=read,
    handle=handle,
    examples=(
        Example("finish T3 promoted by hand", {"tasks": ("T3",), "note": "promoted by hand"}),
        Example("finish T1-T3, T5 and T6", {"tasks": ("T1", "T2", "T3", "T5", "T6"), "note": ""}),
        Example("done T3 --then T5", {"tasks": ("T3",), "then": "T5"}),
        Example("finish promote the replica", {"tasks": ("promote the replica",)}),
        Example("finish R7", {"run": "R7", "tasks": ()}),
    ),
    aliases=("done", "complete"),
    flags=(Flag("note", Takes.REST, hint="TEXT"), Flag("then", hint="TASK"), RUN),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.FINISH,
    leading_arguments=tasks_end,
)
