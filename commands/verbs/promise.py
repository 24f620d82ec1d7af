"""``promise_update``: moves the time of the promised status update, or takes it back. Only buttons say it."""

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
    known = required_run(context)
    at = resolve_due_time(parse_due_time(intent.next), context.message.at, context.zone)
    known = await promise_update(context, known, at)
    if at is None:
        words = translate("promise.off", run=run_name(known))
    else:
        words = translate("promise.set", run=run_name(known), at=clock(at, context.zone))
    return Answer(private=short_card(words), changed_runs=(known.handle,))


COMMAND = Command(
    verb="promise",
    usage="",
    summary="promise the next update",
    intent=PromiseUpdate,
    read=button_only,
    handle=handle,
    examples=(),
    scope=Scope.WRITE,
    right=Right.WRITE,
    typed=False,
)
