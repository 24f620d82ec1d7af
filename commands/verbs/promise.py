"""``promise``: sets or cancels the time of the promised status update. Buttons and ``status --next`` send it."""

from adapters.toolkit.messages import in_language
from commands.language.due_time import parse_due_time, resolve_due_time
from commands.lookup.earlier_message import plain_name
from commands.model.card import ActivityLine, Answer
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
    with in_language(context.services.language):
        at = clock(due_at, context.services.zone, context.now) if due_at else ""
        key = "promise.line_set" if due_at else "promise.line_off"
        line = translate(key, who=plain_name(context.actor), run=tracked.handle, at=at)
    activity = ActivityLine(run=tracked.handle, slot=context.message.key, text=line)
    return Answer(private=short_card(text), activity=(activity,), changed_runs=(tracked.handle,))


COMMAND = Command(
    verb="promise",
    intent=PromiseUpdate,
    read=button_only,
    handle=handle,
    scope=Scope.WRITE,
    right=Right.WRITE,
    typed=False,
)
