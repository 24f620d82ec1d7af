"""``move``: moves the run's live card to the end of this channel or thread. Only buttons send it."""

from typing import Literal

from commands.lookup.run_lookup import no_run_error
from commands.model.card import Answer
from commands.model.command import Command, Scope, button_only
from commands.model.intents import Intent
from commands.model.ports import CommandContext


class MoveCard(Intent):
    verb: Literal["move"] = "move"


async def handle(intent: MoveCard, context: CommandContext) -> Answer:
    if context.run is None:
        raise no_run_error()
    return Answer(move_card=context.run.handle, changed_runs=(context.run.handle,))


COMMAND = Command(verb="move", intent=MoveCard, read=button_only, handle=handle, scope=Scope.READ, typed=False)
