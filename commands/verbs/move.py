"""``move``: moves this place's live card down to the end. Only buttons say it."""

from commands.lookup.run_lookup import no_run
from commands.model.card import Answer
from commands.model.command import Command, Right, Scope, button_only
from commands.model.intents import MoveCard
from commands.model.ports import CommandContext


async def handle(intent: MoveCard, context: CommandContext) -> Answer:
    if context.run is None:
        raise no_run()
    return Answer(move_card=context.run.handle, changed_runs=(context.run.handle,))


COMMAND = Command(
    verb="move",
    usage="",
    summary="move the card down here",
    intent=MoveCard,
    read=button_only,
    handle=handle,
    examples=(),
    scope=Scope.READ,
    right=Right.READ,
    typed=False,
)
