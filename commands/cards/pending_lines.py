"""What is said about a write while nobody knows yet what becomes of it. None of it may stay when that is known."""

from datetime import datetime

from adapters.errors import AdapterError, RateLimited
from adapters.writes import Write
from commands.cards.activity_line import slot, write_summary
from commands.cards.error_card import drop_button, retry_button
from commands.lookup.earlier_message import plain_name
from commands.model.card import ActivityLine, Answer, Card, Code, Text
from commands.model.intents import Intent, Stop, TaskIntent
from commands.model.messages import Actor, Message
from commands.model.ports import Services
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import translate
from commands.text.error_text import platform_title
from commands.text.phrases import button, clock, short_card


def waiting_line(
    message: Message, known: TrackedRun, step: Write, why: AdapterError, until: datetime, world: Services
) -> ActivityLine:
    """The platform does not answer, or asks us to wait, and nothing was sent yet."""
    platform = platform_title(known.run.key.platform, world)
    words = translate(
        "unknown.asked_to_wait" if isinstance(why, RateLimited) else "unknown.waiting",
        who=plain_name(message.actor),
        what=write_summary(known, step),
        platform=platform,
        until=clock(until, world.zone),
    )
    stop = button("button.stop", Stop(run=known.handle, key=message.key))
    return ActivityLine(known.handle, slot(message.key, step), words, (stop,))


def waiting_card(known: TrackedRun, step: Write, world: Services) -> Card:
    """For whoever typed it, and may not have the card's thread before them."""
    platform = platform_title(known.run.key.platform, world)
    return short_card(
        translate("unknown.waits", what=write_summary(known, step), platform=platform, run=known.handle)
    )


def slow_line(
    message: Message, known: TrackedRun, step: Write, sent_at: datetime, world: Services
) -> ActivityLine:
    """It was sent, and the platform takes its time."""
    words = translate(
        "unknown.slow",
        who=plain_name(message.actor),
        what=write_summary(known, step),
        platform=platform_title(known.run.key.platform, world),
        at=clock(sent_at, world.zone),
    )
    return ActivityLine(known.handle, slot(message.key, step), words)


def resolved_line(message: Message, line: ActivityLine, said: Text) -> ActivityLine:
    """What was waited for ended in words that have no line of their own: a refusal, or "was done already"."""
    words = translate("trace.answered", who=plain_name(message.actor), said=said)
    return ActivityLine(line.run, line.slot, words, corrects=True)


def queued_card(message: Message, intent: Intent, ahead: int) -> Card:
    """``ahead`` earlier changes to the run are not through yet, and nothing of this one was sent."""
    key = "unknown.queued_one" if ahead == 1 else "unknown.queued"
    words = translate(key, what=_as_typed(intent), count=ahead, run=intent.run)
    return short_card(words, buttons=[button("button.stop", Stop(run=intent.run, key=message.key))])


def stopped_answer(message: Message, intent: Intent, by: Actor) -> Answer:
    """It stood in the queue; whoever stopped it knows."""
    if message.actor.same_as(by):
        return Answer(result="failed")
    words = translate("refused.stopped_by", who=plain_name(by), what=_as_typed(intent))
    buttons = [retry_button(message), drop_button(message)]
    return Answer(private=short_card(words, buttons=buttons, tone="warn"), result="failed")


def _as_typed(intent: Intent) -> Code:
    tasks = intent.tasks if isinstance(intent, TaskIntent) else ()
    return Code(" ".join((intent.verb, *tasks)))
