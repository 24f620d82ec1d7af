"""``use``: binds this thread or channel to a run."""

from commands.cards import Answer
from commands.intents import Use
from commands.judging import run_over
from commands.past import named
from commands.phrases import run_name, short_card
from commands.ports import CannotPost, Context
from commands.problems import unpostable
from commands.references import RUN, one_run, reference
from commands.resolve import no_run
from commands.sentences import say
from commands.spec import Command, Example, Line, Right, Scope
from commands.tokens import unquote


def read(line: Line) -> Use:
    return Use(run=one_run(line, reference(unquote(line.rest))))


async def handle(intent: Use, context: Context) -> Answer:
    known = context.run
    if known is None:
        raise no_run()
    if known.run.state.is_over:
        raise run_over(known)
    place = context.place
    try:
        await context.world.desk.open_card(known.handle, place)
    except CannotPost as error:
        raise unpostable(error) from error
    await context.world.runs.bind(known.handle, place, channel_too=False)
    key = "use.thread" if place.thread else "use.channel"
    words = say(key, run=run_name(known), who=named(context.actor))
    return Answer(public=short_card(words), touched=(known.handle,))


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
