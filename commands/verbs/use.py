"""``use``: binds this thread or channel to a run."""

from adapters.toolkit.messages import in_language
from commands.cards.error_card import cannot_post_error
from commands.language.references import RUN, one_run, reference
from commands.language.tokens import unquote
from commands.lookup.earlier_message import plain_name
from commands.lookup.run_lookup import no_run
from commands.model.card import Answer
from commands.model.command import Command, Example, Line, Right, Scope
from commands.model.intents import Use
from commands.model.ports import CannotPost, CommandContext
from commands.operations.preconditions import run_over
from commands.text.catalogue import translate
from commands.text.phrases import run_name, short_card


def read(line: Line) -> Use:
    return Use(run=one_run(line, reference(unquote(line.rest))))


async def handle(intent: Use, context: CommandContext) -> Answer:
    known = context.run
    if known is None:
        raise no_run()
    if known.run.state.is_over:
        raise run_over(known)
    place = context.place
    try:
        await context.services.responder.post_card(known.handle, place)
    except CannotPost as error:
        raise cannot_post_error(error) from error
    await context.services.runs.bind(known.handle, place, channel_too=False)
    key = "use.thread" if place.thread else "use.channel"
    with in_language(context.services.language):
        title = translate(key, run=run_name(known), who=plain_name(context.actor))
    return Answer(public=short_card(title), changed_runs=(known.handle,))


COMMAND = Command(
    verb="use",
    usage="RUN",
    summary="make a run the one of this place",
    intent=Use,
    read=read,
    handle=handle,
    examples=(Example("use R7", {"run": "R7"}), Example("use primary down in EU", {"run": "primary down in EU"})),
    flags=(RUN,),
    scope=Scope.READ,
    right=Right.WRITE,
)
