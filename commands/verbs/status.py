"""``status``: how the run goes, in a colour and a sentence; with nothing to say it is shown."""

from adapters.writes import Op
from commands.language.due_time import parse_due_time
from commands.language.references import RUN, health_end, name_health
from commands.language.tokens import unquote
from commands.lookup.run_lookup import no_run
from commands.model.card import Answer
from commands.model.command import Command, Example, Flag, Line, Right, Scope
from commands.model.intents import Intent, PromiseUpdate, Status
from commands.model.ports import CommandContext
from commands.operations.status_action import set_status, show_status


def read(line: Line) -> Intent:
    run, health, text = name_health(line)
    due = line.flags.get("next", "")
    if due:
        parse_due_time(due)
        if not (health or text):
            return PromiseUpdate(run=run, next=due)
    return Status(run=run, health=health, text=unquote(text), next=due)


async def handle(intent: Status, context: CommandContext) -> Answer:
    if not (intent.health or intent.text):
        if context.run is None:
            raise no_run()
        return await show_status(context, context.run)
    return await set_status(intent, context)


COMMAND = Command(
    verb="status",
    usage="[green|amber|red] MESSAGE [--next WHEN]",
    summary="say how the run goes, or show it",
    intent=Status,
    read=read,
    handle=handle,
    examples=(
        Example(
            "status amber replica lagging --next 15m",
            {"health": "amber", "text": "replica lagging", "next": "15m"},
        ),
        Example("status all back to normal", {"health": "", "text": "all back to normal"}),
        Example("status --next 15m", {"verb": "promise", "next": "15m"}),
        Example("status", {"health": "", "text": ""}),
        Example("status R7", {"run": "R7", "text": ""}),
    ),
    aliases=("update",),
    flags=(Flag("next", hint="WHEN"), RUN),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.STATUS,
    leading_arguments=health_end,
    only_reads=lambda status: not (status.health or status.text),
)
