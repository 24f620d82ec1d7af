"""Questions before more people can read a run: before it is given to somebody, or used in another place."""

from collections.abc import Sequence

from commands.lookup.earlier_message import plain_name
from commands.model.card import Button, Text
from commands.model.errors import Ambiguous
from commands.model.intents import Drop
from commands.model.messages import Actor, Membership, Place
from commands.model.ports import CommandContext
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import plain_text, plural, translate
from commands.text.phrases import ChoiceValues, choice, join_parts, label, run_name
from commands.visibility import Reader

_MOST_NAMED = 5  # people who will see the run


async def ask_before_assigning(people: Sequence[Actor], tracked: TrackedRun, context: CommandContext) -> None:
    """Raises ``Ambiguous`` if only the open task would let somebody of them read the run."""
    kinds = {person: await _new_reader(person, tracked, context) for person in people}
    outsiders = {person: kind for person, kind in kinds.items() if kind is not None}
    if not outsiders:
        return
    facts = {
        "who": [plain_name(person) for person in outsiders],
        "place": place_name(tracked.home),
        "run": run_name(tracked),
    }
    kind = "_unchecked" if "_unchecked" in outsiders.values() else next(iter(outsiders.values()))
    buttons = _buttons({"confirmed": True}, "button.assign_outsider", context)
    raise Ambiguous(plural(f"assign.outsiders{kind}", len(outsiders)), buttons=buttons, **facts)


async def line_about_owner(owner: Actor, tracked: TrackedRun, context: CommandContext) -> Text:
    """For the question before a start: empty if the owner could read the run anyway."""
    kind = await _new_reader(owner, tracked, context)
    if kind is None:
        return ()
    who, place = plain_name(owner), place_name(tracked.home)
    return translate(plural(f"assign.outsiders{kind}", 1), who=who, place=place, run=translate("start.this_run"))


async def _new_reader(person: Actor, tracked: TrackedRun, context: CommandContext) -> str | None:
    """The kind of message (the end of its key) if only now this person will be able to read the run, else None."""
    services, home = context.services, tracked.home
    if person.membership is not Membership.MEMBER:
        return None  # neither a task nor a run of their own lets a guest read it
    if person.same_as(context.actor) or await Reader(person, services).can_read(tracked):
        return None
    if home is None or home.direct:
        return "_direct"
    return "" if services.memberships.knows(person, home) else "_unchecked"


async def ask_before_using(tracked: TrackedRun, context: CommandContext) -> None:
    """Raises ``Ambiguous`` if people of this place could not read the run before."""
    place, memberships = context.place, context.services.memberships
    if tracked.is_of(place) or place.direct:
        return
    for known in tracked.overlay.places:
        if await memberships.is_public(known):
            return
    people: Sequence[Actor] = ()
    if await memberships.is_public(place):
        key = "use.widen_public"
    else:
        people = await memberships.members(place, _MOST_NAMED + 1)
        key = "use.widen_people" if 0 < len(people) <= _MOST_NAMED else "use.widen"
    buttons = _buttons({"run": tracked.handle, "confirmed": True}, "button.use_here", context)
    home, here = place_name(tracked.home), place_name(place)
    names = join_parts([(plain_name(person),) for person in people])
    raise Ambiguous(key, run=run_name(tracked), home=home, place=here, people=names, buttons=buttons)


def place_name(place: Place | None) -> Text:
    if place is not None and place.direct:
        return translate("place.direct")
    return (f"#{place.channel_name}",) if place is not None and place.channel_name else translate("place.channel")


def _buttons(values: ChoiceValues, key: str, context: CommandContext) -> list[Button]:
    key_of_message = context.message.key
    cancel = Button(plain_text(translate("button.cancel")), Drop(key=key_of_message))
    return [choice(key_of_message, values, label(key)), cancel]
