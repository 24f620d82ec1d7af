"""``use``: binds this channel or thread to a run."""

from typing import Literal

from pydantic import Field

from adapters.toolkit.messages import in_language
from commands.cards.error_card import cannot_post_error
from commands.language.references import RUN_FLAG, normalize_handle, run_argument
from commands.language.tokens import unquote
from commands.lookup.earlier_message import plain_name
from commands.lookup.run_lookup import no_run_error
from commands.model.card import Answer
from commands.model.command import Command, Example, ParsedLine, Right, Scope
from commands.model.intents import Intent
from commands.model.ports import CannotPost, CommandContext
from commands.operations.new_readers import ask_before_using
from commands.operations.preconditions import run_over
from commands.operations.task_action import require_started
from commands.text.catalogue import translate
from commands.text.phrases import run_name, short_card


class Use(Intent):
    verb: Literal["use"] = "use"
    confirmed: bool = Field(False, exclude_if=lambda confirmed: not confirmed)


def read(line: ParsedLine) -> Use:
    return Use(run=run_argument(line, normalize_handle(unquote(line.text))))


async def handle(intent: Use, context: CommandContext) -> Answer:
    tracked = context.run
    if tracked is None:
        raise no_run_error()
    require_started(tracked, context.services)
    if tracked.run.state.is_over:
        raise run_over(tracked)
    if not intent.confirmed:
        await ask_before_using(tracked, context)
    place = context.place
    try:
        await context.services.responder.post_card(tracked.handle, place, cause=context.message)
    except CannotPost as error:
        raise cannot_post_error(error) from error
    await context.services.runs.bind(tracked.handle, place, channel_too=False)
    key = "use.thread" if place.thread else "use.channel"
    with in_language(context.services.language):
        text = translate(key, run=run_name(tracked), who=plain_name(context.actor))
        active = [run.handle for run in await context.services.runs.for_channel(place) if run.started]
        others = [handle for handle in active if handle != tracked.handle]
        lines = [translate("use.others", runs=", ".join(others))] if others and not place.thread else []
    return Answer(public=short_card(text, lines=lines), changed_runs=(tracked.handle,))


COMMAND = Command(
    verb="use",
    intent=Use,
    read=read,
    handle=handle,
    arguments="RUN",
    examples=(Example("use R7", {"run": "R7"}), Example("use primary down in EU", {"run": "primary down in EU"})),
    synonyms={"pt": ("usar",)},
    flags=(RUN_FLAG,),
    scope=Scope.READ,
    right=Right.WRITE,
)
