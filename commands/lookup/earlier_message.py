"""Commands of earlier messages, completed or carried out anew by a button. The presser is the actor."""

from collections.abc import Callable

from commands.model.card import PersonName
from commands.model.command import CommandSet
from commands.model.errors import Stale
from commands.model.intents import Choose, Drop, Intent, Retry
from commands.model.messages import Actor, Message
from commands.model.ports import Services
from commands.text.phrases import clock

_DEEPEST = 8  # a choice of a choice of …


async def original_intent(key: str, world: Services, depth: int = 0) -> Intent | None:
    """What the message ``key`` wanted, its own choices filled in; None when it is forgotten."""
    dump = await world.messages.intent_of(key)
    if dump is None or depth > _DEEPEST:
        return None
    intent = world.commands.intent_from(dump)
    if isinstance(intent, Choose | Retry):
        before = await original_intent(intent.key, world, depth + 1)
        return fill_choice(before, intent, world.commands) if before else None
    return intent


def fill_choice(intent: Intent, press: Choose | Retry, commands: CommandSet) -> Intent:
    """What was picked before stays picked: options come on top of each other."""
    if not isinstance(press, Choose):
        return intent
    picked = press.pick.get("options")
    options = {**intent.options, **(picked if isinstance(picked, dict) else {})}
    return commands.intent_from({**intent.model_dump(), **press.pick, "options": options})


async def completed_intent(
    press: Choose | Retry, message: Message, world: Services, allowed: Callable[[Intent], None]
) -> Intent:
    """The command that the press completes. ``allowed`` raises for who may not; then nothing is taken."""
    before = await original_intent(press.key, world)
    if before is None:
        raise Stale("choice.forgotten")
    intent = fill_choice(before, press, world.commands)
    allowed(intent)
    await take_choice(press, message, world)
    return intent


async def take_choice(press: Choose | Retry | Drop, message: Message, world: Services) -> None:
    """Each choice is completed once. Raises ``Stale``, which says by whom."""
    of = press.of if isinstance(press, Choose) else ""
    taken = await world.messages.take_choice(f"{press.key} {of}" if of else press.key, message.actor, message.key)
    if taken is not None:
        by, at = taken
        raise Stale("choice.taken", who=plain_name(by), at=clock(at, world.zone))


def plain_name(actor: Actor) -> PersonName:
    """Named, never alerted."""
    return PersonName(actor.shown, actor.id)
