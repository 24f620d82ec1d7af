"""Finds one person of the chat by what was typed."""

from commands.model.errors import Ambiguous, Missing
from commands.model.messages import Actor
from commands.model.ports import CommandContext
from commands.text.phrases import MOST_CHOICES, choice


async def find_person(query: str, context: CommandContext, *, field: str) -> Actor:
    """By "@handle", chat id, email, name or "me". ``field`` is the intent's field that a choice fills.

    Raises ``Missing`` or ``Ambiguous``.
    """
    found = await context.services.people.find(query, context.message)
    if len(found) == 1:
        return found[0]
    if not found:
        raise Missing("person.none", words=query)
    run = {"run": context.run.handle} if context.run else {}
    buttons = [
        choice(context.message.key, {**run, field: actor.id}, actor.display_name) for actor in found[:MOST_CHOICES]
    ]
    raise Ambiguous("person.several", words=query, buttons=buttons)
