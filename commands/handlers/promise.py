"""``promise``: moves the time of the promised status update, or takes it back. Only buttons say it."""

from commands.cards import Answer
from commands.intents import Promise
from commands.phrases import clock, run_name, short_card
from commands.ports import Context
from commands.sentences import say
from commands.spec import Command, Right, Scope, never_typed
from commands.statuswork import promise
from commands.taskwork import the_run
from commands.when import parse_when, when_at


async def handle(intent: Promise, context: Context) -> Answer:
    known = the_run(context)
    at = when_at(parse_when(intent.next), context.message.at, context.zone)
    known = await promise(context, known, at)
    if at is None:
        words = say("promise.off", run=run_name(known))
    else:
        words = say("promise.set", run=run_name(known), at=clock(at, context.zone))
    return Answer(private=short_card(words), touched=(known.handle,))


COMMAND = Command(
    verb="promise",
    usage="",
    summary="promise the next update",
    intent=Promise,
    read=never_typed,
    handle=handle,
    examples=(),
    scope=Scope.WRITE,
    right=Right.WRITE,
    typed=False,
)
