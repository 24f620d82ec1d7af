"""``hold``: tasks that cannot go on, and why."""

from adapters.models import Task
from adapters.protocol import HoldTask, Op
from commands.cards import Answer, Code
from commands.errors import BadArguments
from commands.intents import Hold
from commands.ports import Context
from commands.references import RUN, name_tasks, tasks_end
from commands.spec import Command, Example, Flag, Line, Right, Scope, Takes
from commands.taskwork import carry_tasks, the_run
from commands.tokens import joined


def read(line: Line) -> Hold:
    named = name_tasks(line)
    reason = joined(named.text, line.flags.get("reason", ""))
    if not reason:
        raise BadArguments("parse.missing_reason", field="reason", example=Code(COMMAND.examples[0].line))
    return Hold(run=named.run, tasks=named.tasks, reason=reason)


async def handle(intent: Hold, context: Context) -> Answer:
    known = the_run(context)

    def make(task: Task) -> HoldTask:
        return HoldTask(
            run=known.run.key,
            by=context.world.people.person(context.actor),
            task=task.id,
            reason=intent.reason,
            options=intent.options,
        )

    return await carry_tasks(intent, context, Op.HOLD, make)


COMMAND = Command(
    verb="hold",
    usage="TASK… REASON",
    summary="say why tasks cannot go on",
    intent=Hold,
    read=read,
    handle=handle,
    examples=(
        Example("hold T4 waiting for the vendor", {"tasks": ("T4",), "reason": "waiting for the vendor"}),
        Example("block promote the replica --reason no quorum", {"tasks": ("promote the replica",)}),
    ),
    aliases=("block", "pause"),
    flags=(Flag("reason", Takes.REST, hint="TEXT"), RUN),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.HOLD,
    head=tasks_end,
)
