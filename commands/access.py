"""Access rules. ``[access]`` lists people for each right; without a list, every full member has it.

Guests, people of other companies, bots, and people whose membership is unknown may only read. A list can give them
more, but only by chat id: anyone can pick a handle, and an email of another company proves nothing.
"""

from collections.abc import Mapping, Sequence

from adapters.toolkit.people import is_chat_id
from commands.model.access_rules import AccessRules
from commands.model.command import Right
from commands.model.errors import NotAllowed
from commands.model.messages import Actor, Membership, Place
from commands.text.catalogue import plain_text, translate

MEMBERSHIP_PLURAL_KEYS: Mapping[Membership, str] = {
    Membership.MEMBER: "standing.member",
    Membership.GUEST: "standing.guest",
    Membership.EXTERNAL: "standing.external",
    Membership.BOT: "standing.bot",
    Membership.UNKNOWN: "standing.unknown",
}
MEMBERSHIP_KEYS: Mapping[Membership, str] = {
    Membership.MEMBER: "one.member",
    Membership.GUEST: "one.guest",
    Membership.EXTERNAL: "one.external",
    Membership.BOT: "one.bot",
    Membership.UNKNOWN: "one.unknown",
}
RIGHT_KEYS: Mapping[Right, str] = {
    Right.READ: "right.read",
    Right.START: "right.start",
    Right.WRITE: "right.write",
    Right.END: "right.end",
    Right.OVERRIDE: "right.override",
}


def require_right(right: Right, actor: Actor, place: Place, rules: AccessRules) -> None:
    """Raises ``NotAllowed``, which says who has the right."""
    if right is Right.READ:
        return
    if rules.places and not _is_listed_place(place, rules.places):
        raise NotAllowed("access.place", places=", ".join(rules.places))
    people = _people_with(right, rules)
    if not _is_permitted(actor, people):
        what = plain_text(translate(RIGHT_KEYS[right]))
        if actor.membership is Membership.UNKNOWN:
            raise NotAllowed("access.unknown", what=what)
        if people:
            raise NotAllowed("access.listed", what=what, people=", ".join(people))
        who = plain_text(translate(MEMBERSHIP_PLURAL_KEYS[actor.membership]))
        raise NotAllowed("access.standing", what=what, who=who)


def rights_of(actor: Actor, place: Place, rules: AccessRules) -> Sequence[Right]:
    """The rights of this person in this channel."""
    is_listed_place = not rules.places or _is_listed_place(place, rules.places)
    return [
        right
        for right in Right
        if right is Right.READ or (is_listed_place and _is_permitted(actor, _people_with(right, rules)))
    ]


def _is_permitted(actor: Actor, people: Sequence[str]) -> bool:
    if actor.membership is not Membership.MEMBER:
        return actor.id in people and actor.membership is not Membership.UNKNOWN
    if not people:
        return True
    return any(_is_entry_of(entry, actor) for entry in people)


def _is_entry_of(entry: str, actor: Actor) -> bool:
    """An entry that looks like an id matches only the id: people choose their own handles."""
    if is_chat_id(entry):
        return entry == actor.id
    names = {actor.id.casefold(), actor.handle.casefold(), (actor.email or "").casefold()} - {""}
    return entry.removeprefix("@").casefold() in names


def is_listed(actor: Actor, rules: AccessRules) -> bool:
    """Whether the operator named this person's or bot's chat id, whatever for."""
    lists = (rules.start, rules.write, rules.end, rules.override, *(rule.who for rule in rules.read))
    return any(actor.id in entries for entries in lists)


def is_any_of(actor: Actor, entries: Sequence[str]) -> bool:
    """Whether one of the entries is this person. Somebody who is no full member is only known by the id."""
    if actor.membership is not Membership.MEMBER:
        return actor.id in entries
    return any(_is_entry_of(entry, actor) for entry in entries)


def is_any_place(place: Place, entries: Sequence[str]) -> bool:
    """By id, or by the name of the channel."""
    return _is_listed_place(place, entries)


def _people_with(right: Right, rules: AccessRules) -> Sequence[str]:
    """Empty: every full member."""
    lists = {
        Right.START: rules.start,
        Right.WRITE: rules.write,
        Right.END: rules.end,
        Right.OVERRIDE: rules.override or rules.end,
    }
    return lists.get(right, ())


def _is_listed_place(place: Place, entries: Sequence[str]) -> bool:
    names = {place.channel.casefold(), place.channel_name.casefold()} - {""}
    return any(
        entry == place.channel if is_chat_id(entry) else entry.removeprefix("#").casefold() in names
        for entry in entries
    )
