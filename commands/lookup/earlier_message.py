"""Commands of earlier messages, completed, retried, stopped or decided by a button. Who presses it is the actor.

A button names the message by its key. That alone gives nobody access: the person must be allowed to read the run
that the message is about. If it is about none, they must see the place where it was sent.
"""

from commands.language.references import is_run_handle
from commands.lookup.intent_run import find_intent_run, refers_to_run
from commands.model.card import PersonName
from commands.model.command import CommandSet
from commands.model.errors import CommandError, Stale
from commands.model.intents import Choose, DecideOutcome, Drop, Intent, Retry, Start, Stop
from commands.model.messages import Actor, Message
from commands.model.ports import Services
from commands.text.phrases import clock

_MAX_DEPTH = 8  # a choice of a choice of …


async def original_intent(key: str, services: Services, depth: int = 0) -> Intent | None:
    """The intent of the message ``key`` with its own choices filled in. None if it can't be repeated any more."""
    earlier = await services.messages.find(key)
    if earlier is None or earlier.expired or earlier.intent is None or depth > _MAX_DEPTH:
        return None
    intent = services.commands.intent_from(earlier.intent)
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


async def require_press(intent: Intent, key: str, message: Message, services: Services) -> None:
    """Raises ``CommandError`` unless the sender has access to what the button of ``key`` does: ``intent``.

    ``services`` have only the runs that they may read. An error never has words of a message that they may not.
    """
    tracked = None
    if refers_to_run(intent) and not isinstance(intent, Start):
        try:
            tracked = await find_intent_run(intent, message, services)
        except CommandError:
            await require_access_to(key, intent, message.actor, services)
            raise
    if tracked is None:
        await require_access_to(key, intent, message.actor, services)


async def require_earlier(press: Drop | Stop | DecideOutcome, actor: Actor, services: Services) -> Intent:
    """The intent of the message that the button is about. Raises ``Stale`` if the actor has no access to it."""
    original = await original_intent(press.key, services)
    if original is None:
        if not isinstance(press, DecideOutcome):
            raise Stale("choice.forgotten")
        original = await _undecided(press, services)
    await require_access_to(press.key, original, actor, services)
    return original


async def _undecided(press: DecideOutcome, services: Services) -> Intent:
    """A decision may come later than any choice, and after its message was deleted."""
    earlier = await services.messages.find(press.key)
    return press if earlier is None or earlier.intent is None else services.commands.intent_from(earlier.intent)


async def require_access_to(key: str, intent: Intent, actor: Actor, services: Services) -> None:
    """Raises ``Stale`` unless the actor may read the run that ``intent`` of the message ``key`` is about.

    If it is about none, they must see the place where it was sent. Its own sender always may.
    """
    run = intent.run if is_run_handle(intent.run) else ""
    if run and await services.runs.get(run) is not None:
        return
    earlier = await services.messages.find(key)
    if earlier is None:  # a choice may be a whole command, which outlives its message
        return
    if earlier.actor.same_as(actor) or (not run and await services.memberships.can_see(actor, earlier.place)):
        return
    raise Stale("choice.forgotten")


async def take_choice(press: Choose | Retry | Drop, message: Message, services: Services) -> None:
    """Marks the choice as taken. Raises ``Stale`` with the name of whoever took it before."""
    task = press.task if isinstance(press, Choose) else ""
    key = f"{press.key} {task}" if task else press.key
    taken = await services.messages.take_choice(key, message.actor, message.key)
    if taken is not None:
        taken_by, taken_at = taken
        if taken_by.same_as(message.actor):
            raise Stale("choice.taken_by_you", at=clock(taken_at, services.zone, services.now()))
        raise Stale("choice.taken", who=plain_name(taken_by), at=clock(taken_at, services.zone, services.now()))


def plain_name(actor: Actor) -> PersonName:
    """The name without a live mention."""
    return PersonName(actor.display_name, actor.id)
