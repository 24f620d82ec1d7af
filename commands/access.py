"""Who may do what. ``[access]`` lists people for each right; without a list every full member may.

Guests, other companies' people, bots and people the chat has not told about may only read. A list may name
them, by chat id alone: a handle or an e-mail of another company proves nothing here.
"""

import re
from collections.abc import Mapping, Sequence

from commands.model.command import Right
from commands.model.errors import NotAllowed
from commands.model.messages import Actor, Membership, Place
from commands.model.ports import AccessRules
from commands.text.catalogue import plain_text, translate

_ID = re.compile(r"[UWCGD](?=[A-Z0-9]*[0-9])[A-Z0-9]{3,}|[a-z0-9]{26}")

STANDINGS: Mapping[Membership, str] = {
    Membership.MEMBER: "standing.member",
    Membership.GUEST: "standing.guest",
    Membership.EXTERNAL: "standing.external",
    Membership.BOT: "standing.bot",
    Membership.UNKNOWN: "standing.unknown",
}
ONE: Mapping[Membership, str] = {
    Membership.MEMBER: "one.member",
    Membership.GUEST: "one.guest",
    Membership.EXTERNAL: "one.external",
    Membership.BOT: "one.bot",
    Membership.UNKNOWN: "one.unknown",
}
RIGHTS: Mapping[Right, str] = {
    Right.READ: "right.read",
    Right.START: "right.start",
    Right.WRITE: "right.write",
    Right.END: "right.end",
    Right.OVERRIDE: "right.override",
}


def allow(right: Right, actor: Actor, place: Place, rules: AccessRules) -> None:
    """Raises ``NotAllowed``, which says who may, and that nothing changed."""
    if right is Right.READ:
        return
    if rules.places and not _in_places(place, rules.places):
        raise NotAllowed("access.place", places=", ".join(rules.places))
    listed = _listed(right, rules)
    if not _has(actor, listed):
        what = plain_text(translate(RIGHTS[right]))
        if listed:
            raise NotAllowed("access.listed", what=what, people=", ".join(listed))
        raise NotAllowed("access.standing", what=what, who=plain_text(translate(STANDINGS[actor.membership])))


def rights(actor: Actor, place: Place, rules: AccessRules) -> Sequence[Right]:
    """What this person may do here."""
    here = not rules.places or _in_places(place, rules.places)
    return [right for right in Right if right is Right.READ or (here and _has(actor, _listed(right, rules)))]


def _has(actor: Actor, listed: Sequence[str]) -> bool:
    if actor.membership is not Membership.MEMBER:
        return actor.id in listed and actor.membership is not Membership.UNKNOWN
    if not listed:
        return True
    return any(_means(entry, actor) for entry in listed)


def _means(entry: str, actor: Actor) -> bool:
    """People choose their handles themselves: one that is spelt like somebody's id must not stand for it."""
    if is_chat_id(entry):
        return entry == actor.id
    names = {actor.id.casefold(), actor.handle.casefold(), (actor.email or "").casefold()} - {""}
    return entry.removeprefix("@").casefold() in names


def is_chat_id(words: str) -> bool:
    """Whether it is spelt as Slack and Mattermost spell the ids of people and channels."""
    return _ID.fullmatch(words) is not None


def _listed(right: Right, rules: AccessRules) -> Sequence[str]:
    lists = {
        Right.START: rules.start,
        Right.WRITE: rules.write,
        Right.END: rules.end,
        Right.OVERRIDE: rules.override or rules.end,
    }
    return lists.get(right, ())


def _in_places(place: Place, places: Sequence[str]) -> bool:
    names = {place.channel.casefold(), place.channel_name.casefold()} - {""}
    return any(
        entry == place.channel if is_chat_id(entry) else entry.removeprefix("#").casefold() in names
        for entry in places
    )
