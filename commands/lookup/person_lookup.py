"""What people call somebody -> one person of the chat."""

from commands.model.errors import Ambiguous, Missing
from commands.model.messages import Actor
from commands.model.ports import CommandContext
from commands.text.phrases import MOST_CHOICES, choice


async def person_named(words: str, context: CommandContext, *, field: str) -> Actor:
    """By "@handle", chat id, e-mail or name; "me". ``field``: the intent's field that a choice fills."""
    found = await context.services.people.find(words, context.message)
    if len(found) == 1:
        return found[0]
    if not found:
        raise Missing("person.none", words=words)
    run = {"run": context.run.handle} if context.run else {}
    buttons = [
        choice(context.message.key, {**run, field: actor.id}, actor.shown) for actor in found[:MOST_CHOICES]
    ]
    raise Ambiguous("person.several", words=words, buttons=buttons)
