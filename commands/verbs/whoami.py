"""``whoami``: shows the sender's identity and rights."""

from commands.access import MEMBERSHIP_KEYS, RIGHT_KEYS, rights_of
from commands.lookup.earlier_message import plain_name
from commands.model.card import Answer, Code
from commands.model.command import Command, Example, ParsedLine
from commands.model.errors import BadArguments
from commands.model.intents import Whoami
from commands.model.ports import CommandContext
from commands.text.catalogue import plain_text, translate
from commands.text.phrases import short_card
from commands.visibility import Reader


def read(line: ParsedLine) -> Whoami:
    if line.text:
        raise BadArguments("parse.extra", extra=Code(line.text), verb="whoami", example=Code("whoami"))
    return Whoami()


async def handle(intent: Whoami, context: CommandContext) -> Answer:
    actor = context.actor
    person = context.services.people.person(actor)
    sees_cards = Reader(actor, context.services).sees_cards
    rights = rights_of(actor, context.place, context.services.access_rules)
    right_names = ", ".join(plain_text(translate(RIGHT_KEYS[right])) for right in rights)
    notified = translate(f"notify.{await context.services.preferences.notify_mode(actor)}")
    lines = [
        translate("whoami.id", id=Code(actor.id)),
        translate("whoami.email", email=person.email) if person.email else translate("whoami.no_email"),
        *((notified, translate("whoami.rights", rights=right_names)) if sees_cards else ()),
        *(() if sees_cards else (translate("access.guests_off"),)),
    ]
    membership = translate(MEMBERSHIP_KEYS[actor.membership])
    title = translate("whoami.title", who=plain_name(actor), standing=membership)
    return Answer(private=short_card(title, lines=lines))


COMMAND = Command(
    verb="whoami",
    intent=Whoami,
    read=read,
    handle=handle,
    examples=(Example("whoami", {}),),
    synonyms={"en": ("who am i",), "pt": ("quem sou eu",)},
)
