"""``move``: moves this place's live card down to the end. Only buttons say it."""

from commands.cards import Answer
from commands.intents import Move
from commands.ports import Context
from commands.resolve import no_run
from commands.spec import Command, Right, Scope, never_typed


async def handle(intent: Move, context: Context) -> Answer:
    if context.run is None:
        raise no_run()
    return Answer(moved=context.run.handle, touched=(context.run.handle,))


COMMAND = Command(
    verb="move",
    usage="",
    summary="move the card down here",
    intent=Move,
    read=never_typed,
    handle=handle,
    examples=(),
    scope=Scope.READ,
    right=Right.READ,
    typed=False,
)
