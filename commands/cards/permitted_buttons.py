"""What a card for one person offers: only what this person may do. The live card offers what anybody may do."""

from dataclasses import replace

from commands.access import rights_of
from commands.guest_access import require_reading
from commands.model.card import Button, Card, Menu, Row, Section
from commands.model.command import CommandSet, Right
from commands.model.errors import NotAllowed
from commands.model.intents import DoAction, OpenForm
from commands.model.messages import Actor, Membership, Place
from commands.model.ports import Services


def may(right: Right, actor: Actor, place: Place, services: Services) -> bool:
    """Somebody whose membership is not known yet is not judged: it is read before anything is changed."""
    return actor.membership is Membership.UNKNOWN or right in rights_of(actor, place, services.access_rules)


def with_permitted_buttons(card: Card, actor: Actor, place: Place, services: Services) -> Card:
    """The card without buttons that would only be refused."""
    if actor.membership is Membership.UNKNOWN:
        return card

    def is_permitted(button: Button) -> bool:
        right = _right_of(button, services.commands)
        return may(right, actor, place, services) and _may_read(button, right, actor, services)

    def menu_of(menu: Menu | None) -> Menu | None:
        options = tuple(option for option in menu.options if is_permitted(option)) if menu is not None else ()
        return replace(menu, options=options) if menu is not None and options else None

    def row_of(row: Row) -> Row:
        return row if row.button is None or is_permitted(row.button) else replace(row, button=None)

    def section_of(section: Section) -> Section:
        return replace(section, rows=tuple(map(row_of, section.rows)), menu=menu_of(section.menu))

    return replace(
        card,
        sections=tuple(map(section_of, card.sections)),
        buttons=tuple(filter(is_permitted, card.buttons)),
        menu=menu_of(card.menu),
    )


def _may_read(button: Button, right: Right, actor: Actor, services: Services) -> bool:
    try:
        require_reading(button.intent, right, actor, services)
    except NotAllowed:
        return False
    return True


def _right_of(button: Button, commands: CommandSet) -> Right:
    """That of the verb for which a form is opened. A choice is judged when it is completed. The platform's own
    actions are named by their buttons alone, and everybody may see which there are."""
    intent = button.intent
    if isinstance(intent, DoAction):
        return Right.READ
    if not isinstance(intent, OpenForm):
        return commands.right_of(intent)
    command = commands.get(intent.about)
    return command.right if command is not None else Right.READ
