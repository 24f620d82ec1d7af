"""Finds people of the chat by what was typed."""

import re
from collections.abc import Sequence

from commands.language.people import split_people
from commands.lookup.distinct_names import distinct_names
from commands.model.errors import Ambiguous, Missing, PersonWanted
from commands.model.messages import Actor
from commands.model.ports import CommandContext
from commands.text.phrases import MOST_CHOICES, choice

_GROUP = re.compile(r"@(?:here|channel|all|everyone|S[A-Z0-9]{8,})")  # the last is a user group of Slack


async def find_people(words: str, context: CommandContext, *, field: str) -> list[Actor]:
    """Each person once, in the order in which they were typed."""
    queries = split_people(words)
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
    if _GROUP.fullmatch(query):
        raise Missing("person.group", words=query).asking_for(wanted)
    found = await context.services.people.find(query, context.message)
    if len(found) == 1:
        return found[0]
    if not found:
        raise Missing("person.none", words=query).asking_for(wanted)
    buttons = [
        choice(context.message.key, {**run, field: " ".join((*before, actor.id, *after))}, name)
        for actor, name in zip(found[:MOST_CHOICES], person_names(found[:MOST_CHOICES]), strict=True)
    ]
    raise Ambiguous("person.several", words=query, buttons=buttons)


def person_names(people: Sequence[Actor]) -> list[str]:
    """For buttons: where two have the same name, with the handle by which to tell them apart."""
    return distinct_names(people, lambda actor: actor.display_name, lambda actor: (f"@{actor.handle}", actor.id))
