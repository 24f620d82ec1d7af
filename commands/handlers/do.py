"""``do``: what this run's platform offers beyond the verbs: its buttons, flags and commands. Asks first."""

from adapters.writes import DoOffer, Op
from commands.cards import Answer
from commands.intents import Do
from commands.offering import menu, named, offers_of, page, question, require_offers
from commands.outcomes import answer_of, became
from commands.ports import Context
from commands.references import RUN, one_run, take_run
from commands.spec import Command, Example, Line, Right, Scope
from commands.taskwork import the_run
from commands.tokens import unquote
from commands.writing import write


def read(line: Line) -> Do:
    run, rest = take_run(line.rest)
    return Do(run=one_run(line, run), offer=unquote(rest).strip())


async def handle(intent: Do, context: Context) -> Answer:
    """Once confirmed it asks the platform nothing before the write: it may run again after a crash."""
    known = the_run(context)
    require_offers(context, known)
    if not (intent.confirmed and intent.offer):
        offers = await offers_of(context, known)
        if not intent.offer:
            return menu(known, offers, context.world)
        one = named(intent.offer, known, offers)
        if one.offer.link:
            return page(one)
        raise question(known, one, context)
    wanted = DoOffer(
        run=known.run.key,
        by=context.world.people.person(context.actor),
        offer=intent.offer,
        label=intent.label,
        task=intent.task or None,
        options=intent.options,
    )
    written = await write(context, known, wanted)
    return answer_of(written.known, [became(context, written)])


COMMAND = Command(
    verb="do",
    usage="[WHAT]",
    summary="what else the platform offers for this run",
    intent=Do,
    read=read,
    handle=handle,
    examples=(
        Example("do", {"run": "", "offer": ""}),
        Example("do mark as urgent", {"offer": "mark as urgent"}),
        Example("press Restart service --run R7", {"run": "R7", "offer": "Restart service"}),
    ),
    aliases=("press",),
    flags=(RUN,),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.DO,
    only_reads=lambda intent: not intent.offer,
)
