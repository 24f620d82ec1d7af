"""``promise``: sets or cancels the time of the promised status update. Buttons and ``status --next`` send it."""

from commands.language.due_time import parse_due_time, resolve_due_time
from commands.model.card import Answer
from commands.model.command import Command, Right, Scope, button_only
from commands.model.intents import PromiseUpdate
from commands.model.ports import CommandContext
from commands.operations.status_action import promise_update
from commands.operations.task_action import required_run
from commands.text.catalogue import translate
from commands.text.phrases import clock, run_name, short_card


async def handle(intent: PromiseUpdate, context: CommandContext) -> Answer:
    tracked = required_run(context)
    due_at = resolve_due_time(parse_due_time(intent.next), context.message.at, context.zone)
    tracked = await promise_update(context, tracked, due_at)
    if due_at is None:
        text = translate("promise.off", run=run_name(tracked))
    else:
        text = translate("promise.set", run=run_name(tracked), at=clock(due_at, context.zone, context.now))
    return Answer(private=short_card(text), changed_runs=(tracked.handle,))


COMMAND = Command(
    verb="promise",
    intent=PromiseUpdate,
    read=button_only,
    handle=handle,
    scope=Scope.WRITE,
    right=Right.WRITE,
    typed=False,
)
