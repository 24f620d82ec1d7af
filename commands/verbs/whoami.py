"""``whoami``: who I am here, and what I may do."""

from commands.access import ONE, RIGHTS, rights
from commands.lookup.earlier_message import plain_name
from commands.model.card import Answer, Code
from commands.model.command import Command, Example, Line, Right, Scope
from commands.model.errors import BadArguments
from commands.model.intents import Whoami
from commands.model.ports import CommandContext
from commands.text.catalogue import plain_text, translate
from commands.text.phrases import short_card


def read(line: Line) -> Whoami:
    if line.rest:
        raise BadArguments("parse.extra", extra=Code(line.rest), verb="whoami", example=Code("whoami"))
    return Whoami()


async def handle(intent: Whoami, context: CommandContext) -> Answer:
    actor = context.actor
    person = context.services.people.person(actor)
    may = rights(actor, context.place, context.services.access_rules)
    lines = [
        translate("whoami.id", id=Code(actor.id)),
        translate("whoami.email", email=person.email) if person.email else translate("whoami.no_email"),
        translate("whoami.rights", rights=", ".join(plain_text(translate(RIGHTS[right])) for right in may)),
    ]
    words = translate("whoami.title", who=plain_name(actor), standing=translate(ONE[actor.membership]))
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
