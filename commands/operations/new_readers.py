"""Questions before more people can read a run: before it is given to somebody, or used in another place."""

from collections.abc import Sequence

from commands.access import is_listed
from commands.lookup.earlier_message import plain_name
from commands.model.card import Button, Text
from commands.model.errors import Ambiguous
from commands.model.intents import Drop
from commands.model.messages import Actor, Membership, Place
from commands.model.ports import CommandContext
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import plain_text, plural, translate
from commands.text.phrases import ChoiceValues, choice, label, run_name
from commands.visibility import Reader


async def ask_before_assigning(people: Sequence[Actor], tracked: TrackedRun, context: CommandContext) -> None:
    """Raises ``Ambiguous`` if only the open task would let somebody of them read the run."""
    outsiders = [person for person in people if await _becomes_reader(person, tracked, context)]
    if not outsiders:
        return
    text = {
        "who": [plain_name(person) for person in outsiders],
        "place": place_name(tracked.home),
        "run": run_name(tracked),
    }
    buttons = _buttons({"confirmed": True}, "button.assign_outsider", context)
    raise Ambiguous(plural("assign.outsiders", len(outsiders)), buttons=buttons, **text)


async def _becomes_reader(person: Actor, tracked: TrackedRun, context: CommandContext) -> bool:
    services = context.services
    if person.membership is not Membership.MEMBER and not is_listed(person, services.access_rules):
        return False  # a task does not let a guest read it
    return not person.same_as(context.actor) and not await Reader(person, services).can_read(tracked)


async def ask_before_using(tracked: TrackedRun, context: CommandContext) -> None:
    """Raises ``Ambiguous`` if people of this place could not read the run before."""
    place, memberships = context.place, context.services.memberships
    if tracked.is_of(place) or place.direct:
        return
    for known in tracked.overlay.places:
        if await memberships.is_public(known):
            return
    key = "use.widen_public" if await memberships.is_public(place) else "use.widen"
    buttons = _buttons({"run": tracked.handle, "confirmed": True}, "button.use_here", context)
    home, here = place_name(tracked.home), place_name(place)
    raise Ambiguous(key, run=run_name(tracked), home=home, place=here, buttons=buttons)


def place_name(place: Place | None) -> Text:
    if place is not None and place.direct:
        return translate("place.direct")
    return (f"#{place.channel_name}",) if place is not None and place.channel_name else translate("place.channel")


def _buttons(values: ChoiceValues, key: str, context: CommandContext) -> list[Button]:
    key_of_message = context.message.key
    cancel = Button(plain_text(translate("button.cancel")), Drop(key=key_of_message))
    return [choice(key_of_message, values, label(key)), cancel]
