"""``whoami``: who I am here, and what I may do."""

from commands.access import ONE, RIGHTS, rights
from commands.cards import Answer, Code
from commands.errors import BadArguments
from commands.intents import Whoami
from commands.past import named
from commands.phrases import short_card
from commands.ports import Context
from commands.sentences import plain, say
from commands.spec import Command, Example, Line, Right, Scope


def read(line: Line) -> Whoami:
    if line.rest:
        raise BadArguments("parse.extra", extra=Code(line.rest), verb="whoami", example=Code("whoami"))
    return Whoami()


async def handle(intent: Whoami, context: Context) -> Answer:
    actor = context.actor
    person = context.world.people.person(actor)
    may = rights(actor, context.place, context.world.rules)
    lines = [
        say("whoami.id", id=Code(actor.id)),
        say("whoami.email", email=person.email) if person.email else say("whoami.no_email"),
        say("whoami.rights", rights=", ".join(plain(say(RIGHTS[right])) for right in may)),
    ]
    words = say("whoami.title", who=named(actor), standing=say(ONE[actor.standing]))
    return Answer(private=short_card(words, lines=lines))


COMMAND = Command(
    verb="whoami",
    usage="",
    summary="who I am here, and what I may do",
    intent=Whoami,
    read=read,
    handle=handle,
    examples=(Example("whoami", {}),),
    scope=Scope.NONE,
    right=Right.READ,
)
