"""What is said about a write while nobody knows yet what becomes of it. None of it may stay when that is known."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from adapters.errors import AdapterError, RateLimited
from adapters.writes import Write
from commands.cards import Answer, Card, Code, Text, TraceLine
from commands.intents import Intent, Stop, TaskIntent
from commands.messages import Actor, Message
from commands.past import named
from commands.phrases import button, clock, short_card
from commands.ports import KnownRun, World
from commands.problems import again_button, drop_button, platform_title
from commands.registry import intent_from
from commands.sentences import say
from commands.tracelines import slot, what


def waiting_line(
    message: Message, known: KnownRun, step: Write, why: AdapterError, until: datetime, world: World
) -> TraceLine:
    """The platform does not answer, or asks us to wait, and nothing was sent yet."""
    platform = platform_title(known.run.key.platform, world)
    words = say(
        "unknown.asked_to_wait" if isinstance(why, RateLimited) else "unknown.waiting",
        who=named(message.actor),
        what=what(known, step),
        platform=platform,
        until=clock(until, world.zone),
    )
    stop = button("button.stop", Stop(run=known.handle, key=message.key))
    return TraceLine(known.handle, slot(message.key, step), words, (stop,))


def waits_card(known: KnownRun, step: Write, world: World) -> Card:
    """For whoever typed it, and may not have the card's thread before them."""
    platform = platform_title(known.run.key.platform, world)
    return short_card(say("unknown.waits", what=what(known, step), platform=platform, run=known.handle))


def slow_line(message: Message, known: KnownRun, step: Write, sent_at: datetime, world: World) -> TraceLine:
    """It was sent, and the platform takes its time."""
    words = say(
        "unknown.slow",
        who=named(message.actor),
        what=what(known, step),
        platform=platform_title(known.run.key.platform, world),
        at=clock(sent_at, world.zone),
    )
    return TraceLine(known.handle, slot(message.key, step), words)


def answered_line(message: Message, line: TraceLine, said: Text) -> TraceLine:
    """What was waited for ended in words that have no line of their own: a refusal, or "was done already"."""
    words = say("trace.answered", who=named(message.actor), said=said)
    return TraceLine(line.run, line.slot, words, corrects=True)


def queued_card(message: Message, dump: Mapping[str, Any], ahead: int) -> Card:
    """``ahead`` earlier changes to the run are not through yet, and nothing of this one was sent."""
    intent = intent_from(dump)
    key = "unknown.queued_one" if ahead == 1 else "unknown.queued"
    words = say(key, what=_as_typed(intent), count=ahead, run=intent.run)
    return short_card(words, buttons=[button("button.stop", Stop(run=intent.run, key=message.key))])


def stopped_answer(message: Message, dump: Mapping[str, Any], by: Actor) -> Answer:
    """It stood in the queue; whoever stopped it knows."""
    if message.actor.same_as(by):
        return Answer(result="failed")
    words = say("refused.stopped_by", who=named(by), what=_as_typed(intent_from(dump)))
    buttons = [again_button(message), drop_button(message)]
    return Answer(private=short_card(words, buttons=buttons, tone="warn"), result="failed")


def _as_typed(intent: Intent) -> Code:
    tasks = intent.tasks if isinstance(intent, TaskIntent) else ()
    return Code(" ".join((intent.verb, *tasks)))
