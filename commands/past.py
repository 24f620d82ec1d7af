"""Commands of earlier messages, completed or carried out anew by a button. The presser is the actor."""

from collections.abc import Callable

from commands.cards import Who
from commands.errors import Stale
from commands.intents import Again, Choose, Drop, Intent
from commands.messages import Actor, Message
from commands.phrases import clock
from commands.ports import World
from commands.registry import intent_from

_DEEPEST = 8  # a choice of a choice of …


async def original(key: str, world: World, depth: int = 0) -> Intent | None:
    """What the message ``key`` wanted, its own choices filled in; None when it is forgotten."""
    dump = await world.messages.intent_of(key)
    if dump is None or depth > _DEEPEST:
        return None
    intent = intent_from(dump)
    if isinstance(intent, Choose | Again):
        before = await original(intent.key, world, depth + 1)
        return filled(before, intent) if before else None
    return intent


def filled(intent: Intent, press: Choose | Again) -> Intent:
    """What was picked before stays picked: options come on top of each other."""
    if not isinstance(press, Choose):
        return intent
    picked = press.pick.get("options")
    options = {**intent.options, **(picked if isinstance(picked, dict) else {})}
    return intent_from({**intent.model_dump(), **press.pick, "options": options})


async def completed(
    press: Choose | Again, message: Message, world: World, allowed: Callable[[Intent], None]
) -> Intent:
    """The command that the press completes. ``allowed`` raises for who may not; then nothing is taken."""
    before = await original(press.key, world)
    if before is None:
        raise Stale("choice.forgotten")
    intent = filled(before, press)
    allowed(intent)
    await take(press, message, world)
    return intent


async def take(press: Choose | Again | Drop, message: Message, world: World) -> None:
    """Each choice is completed once. Raises ``Stale``, which says by whom."""
    of = press.of if isinstance(press, Choose) else ""
    taken = await world.messages.choose(f"{press.key} {of}" if of else press.key, message.actor, message.key)
    if taken is not None:
        by, at = taken
        raise Stale("choice.taken", who=named(by), at=clock(at, world.zone))


def named(actor: Actor) -> Who:
    """Named, never alerted."""
    return Who(actor.shown, actor.id)
