"""Finds people of the chat by what was typed."""

import re
from collections.abc import Callable, Sequence

from commands.language.people import split_people
from commands.lookup.distinct_names import distinct_names
from commands.model.card import Button, Code
from commands.model.errors import Ambiguous, BadArguments, Missing, PersonWanted
from commands.model.messages import Actor, Membership, PersonGroup
from commands.model.ports import CommandContext
from commands.text.phrases import MOST_CHOICES, choice

_CHANNEL = re.compile(r"@(?:here|channel|all|everyone)")
_SLACK_GROUP = re.compile(r"@S[A-Z0-9]{8,}")
_MOST_PEOPLE = 20  # in one command
_MOST_MEMBERS = 10  # with a button each; of a larger group, the person is searched for


async def find_people(words: str, context: CommandContext, *, field: str) -> list[Actor]:
    """Each person once, in the order in which they were typed."""
    queries = list(dict.fromkeys(split_people(words)))
    if len(queries) > _MOST_PEOPLE:
        raise BadArguments("person.too_many", field=field, most=_MOST_PEOPLE)
    found = {}
    for number, query in enumerate(queries):
        before, after = queries[:number], queries[number + 1 :]
        actor = await find_person(query, context, field=field, before=before, after=after)
        found[actor.id] = actor
    return list(found.values())


async def find_person(
    query: str, context: CommandContext, *, field: str, before: Sequence[str] = (), after: Sequence[str] = ()
) -> Actor:
    """By "@handle", chat id, email, name or "me". ``field`` is the intent's field that a choice fills,
    with who else is in it ``before`` and ``after``.

    Raises ``Missing`` or ``Ambiguous``.
    """
    run = {"run": context.run.handle} if context.run else {}
    wanted = None if before or after else PersonWanted(field, run)

    def buttons(people: Sequence[Actor]) -> list[Button]:
        return [
            choice(context.message.key, {**run, field: " ".join((*before, actor.id, *after))}, name)
            for actor, name in zip(people, person_names(people), strict=True)
        ]

    if _CHANNEL.fullmatch(query):
        members = await context.services.memberships.members(context.place, _MOST_MEMBERS + 1)
        raise _not_a_person(PersonGroup(name=query, members=tuple(members)), query, buttons).asking_for(wanted)
    is_group = _SLACK_GROUP.fullmatch(query) is not None
    found = [] if is_group else await context.services.people.find(query, context.message)
    if len(found) == 1:
        if found[0].membership is Membership.BOT and not found[0].same_as(context.actor):
            raise Missing("person.bot", name=found[0].display_name).asking_for(wanted)
        return found[0]
    if found:
        raise Ambiguous("person.several", words=query, buttons=buttons(found[:MOST_CHOICES]))
    group = await context.services.people.group(query, context.message, _MOST_MEMBERS + 1)
    if group is None and not is_group:
        raise Missing("person.none", words=query).asking_for(wanted)
    raise _not_a_person(group or PersonGroup(name=query), query, buttons).asking_for(wanted)


def _not_a_person(group: PersonGroup, query: str, buttons: Callable[[Sequence[Actor]], list[Button]]) -> Missing:
    """With a button for each of its members, if they are few."""
    name = group.name or query
    if group.members and len(group.members) <= _MOST_MEMBERS:
        return Missing("person.group_members", words=name, buttons=buttons(group.members))
    if not group.missing:
        return Missing("person.group", words=name)
    return Missing(
        "person.group_unseen" if group.name else "person.group_unknown", words=name, missing=Code(group.missing)
    )


def person_names(people: Sequence[Actor]) -> list[str]:
    """For buttons: where two have the same name, with the handle by which to tell them apart."""
    return distinct_names(people, lambda actor: actor.display_name, lambda actor: (f"@{actor.handle}", actor.id))
