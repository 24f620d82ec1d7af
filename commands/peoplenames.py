"""What people call somebody -> one person of the chat."""

from commands.errors import Ambiguous, Missing
from commands.messages import Actor
from commands.phrases import MOST_CHOICES, choice
from commands.ports import Context


async def person_named(words: str, context: Context, *, field: str) -> Actor:
    """By "@handle", chat id, e-mail or name; "me". ``field``: the intent's field that a choice fills."""
    found = await context.world.people.find(words, context.message)
    if len(found) == 1:
        return found[0]
    if not found:
        raise Missing("person.none", words=words)
    run = {"run": context.run.handle} if context.run else {}
    buttons = [
        choice(context.message.key, {**run, field: actor.id}, actor.shown) for actor in found[:MOST_CHOICES]
    ]
    raise Ambiguous("person.several", words=words, buttons=buttons)
