"""Commands of earlier messages, completed or retried by a button. The person who presses it is the actor."""

from commands.model.card import PersonName
from commands.model.command import CommandSet
from commands.model.errors import Stale
from commands.model.intents import Choose, Drop, Intent, Retry
from commands.model.messages import Actor, Message
from commands.model.ports import Services
from commands.text.phrases import clock

_MAX_DEPTH = 8  # a choice of a choice of …


async def original_intent(key: str, services: Services, depth: int = 0) -> Intent | None:
    """The intent of the message ``key`` with its own choices filled in. None if it is not stored any more."""
    dump = await services.messages.intent_of(key)
    if dump is None or depth > _MAX_DEPTH:
        return None
    intent = services.commands.intent_from(dump)
    return await _completed(intent, services, depth) if isinstance(intent, Choose | Retry) else intent


async def _completed(press: Choose | Retry, services: Services, depth: int = 0) -> Intent | None:
    if isinstance(press, Choose) and "verb" in press.values:
        return services.commands.intent_from(dict(press.values))
    earlier = await original_intent(press.key, services, depth + 1)
    return fill_choice(earlier, press, services.commands) if earlier else None


def fill_choice(intent: Intent, press: Choose | Retry, commands: CommandSet) -> Intent:
    """Earlier choices are kept: the options of a new one are added to theirs."""
    if not isinstance(press, Choose):
        return intent
    chosen = press.values.get("options")
    options = {**intent.options, **(chosen if isinstance(chosen, dict) else {})}
    return commands.intent_from({**intent.model_dump(), **press.values, "options": options})


async def completed_intent(press: Choose | Retry, services: Services) -> Intent:
    """The command that the press completes. Raises ``Stale`` if it is not stored any more."""
    intent = await _completed(press, services)
    if intent is None:
        raise Stale("choice.forgotten")
    return intent


async def take_choice(press: Choose | Retry | Drop, message: Message, services: Services) -> None:
    """Marks the choice as taken. Raises ``Stale`` with the name of whoever took it before."""
    task = press.task if isinstance(press, Choose) else ""
    key = f"{press.key} {task}" if task else press.key
    taken = await services.messages.take_choice(key, message.actor, message.key)
    if taken is not None:
        taken_by, taken_at = taken
        raise Stale("choice.taken", who=plain_name(taken_by), at=clock(taken_at, services.zone, services.now()))


def plain_name(actor: Actor) -> PersonName:
    """The name without a live mention."""
    return PersonName(actor.display_name, actor.id)
