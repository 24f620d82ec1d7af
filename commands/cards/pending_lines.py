"""What people see of a write while its outcome is open. Each of these lines is replaced once the outcome is
known."""

from dataclasses import replace
from datetime import datetime

from adapters.errors import AdapterError, RateLimited
from adapters.toolkit.messages import in_language
from adapters.writes import Write
from commands.cards.activity_line import short_name, slot, step_summary, write_summary
from commands.cards.error_card import drop_button, retry_button
from commands.lookup.earlier_message import plain_name
from commands.model.card import ActivityLine, Answer, Card, Code, Text
from commands.model.intents import Intent, Stop, TaskIntent
from commands.model.messages import Actor, Message
from commands.model.ports import Services
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import plural, translate
from commands.text.error_text import platform_title
from commands.text.locales import language_of
from commands.text.phrases import button, clock, name_of_signer, short_card

_LONGEST_QUOTE = 80


def waiting_line(
    message: Message,
    tracked: TrackedRun,
    step: Write,
    error: AdapterError,
    until: datetime,
    services: Services,
    *,
    language: str | None = None,
) -> ActivityLine:
    """The platform is unreachable or rate-limits us, and nothing was sent yet. ``language`` defaults to the
    channel's."""
    asked_until = error.until if isinstance(error, RateLimited) else None
    with in_language(language or services.language):
        text = translate(
            "unknown.asked_to_wait" if asked_until else "unknown.waiting",
            who=plain_name(message.actor),
            what=step_summary(tracked, step),
            platform=platform_title(tracked.run.key.platform, services),
            until=clock(asked_until or until, services.zone, services.now()),
        )
        stop = button("button.stop", Stop(run=tracked.handle, key=message.key))
        name = short_name(tracked, step)
    return ActivityLine(tracked.handle, slot(message.key, step), text, (stop,), name=name)


def waiting_card(
    message: Message, tracked: TrackedRun, step: Write, error: AdapterError, services: Services
) -> Card:
    """The same for the person who typed the command and may not see the card's thread."""
    with in_language(language_of(message.actor, services)):
        platform = platform_title(tracked.run.key.platform, services)
        facts: dict[str, object] = {"what": write_summary(tracked, step), "platform": platform}
        if isinstance(error, RateLimited):
            until = clock(error.until, services.zone, services.now())
            return short_card(translate("unknown.waits_asked", run=tracked.handle, until=until, **facts))
        return short_card(translate("unknown.waits", run=tracked.handle, **facts))


def behind_card(
    message: Message, tracked: TrackedRun, wanted: Write, earlier: Write, sent_at: datetime, services: Services
) -> Card:
    """Nothing was sent: ``earlier`` has to be confirmed first, or it could undo ``wanted``."""
    with in_language(language_of(message.actor, services)):
        text = translate(
            "unknown.behind",
            what=write_summary(tracked, wanted),
            earlier=step_summary(tracked, earlier),
            who=name_of_signer(earlier.by.shown),
            platform=platform_title(tracked.run.key.platform, services),
            at=clock(sent_at, services.zone, services.now()),
        )
        return short_card(text, buttons=[button("button.stop", Stop(run=tracked.handle, key=message.key))])


def slow_line(
    message: Message,
    tracked: TrackedRun,
    step: Write,
    sent_at: datetime,
    services: Services,
    *,
    language: str | None = None,
) -> ActivityLine:
    """The write was sent, and the platform has not responded yet. ``language`` defaults to the channel's."""
    with in_language(language or services.language):
        text = translate(
            "unknown.slow",
            who=plain_name(message.actor),
            what=step_summary(tracked, step),
            platform=platform_title(tracked.run.key.platform, services),
            at=clock(sent_at, services.zone, services.now()),
        )
    return ActivityLine(tracked.handle, slot(message.key, step), text)


def resolved_line(message: Message, line: ActivityLine, answer: Answer, services: Services) -> ActivityLine:
    """Replaces a waiting line where the answer has no line for it: a refusal, or "already done"."""
    said: Text = answer.channel_title or (answer.private.title if answer.private else ())
    with in_language(services.language):
        text = translate("trace.answered", who=plain_name(message.actor), said=said)
    return ActivityLine(line.run, line.slot, text, corrects=True)


def queued_card(message: Message, intent: Intent, ahead: int, services: Services) -> Card:
    """``ahead`` earlier changes to the run are not done yet, and nothing of this one was sent."""
    with in_language(language_of(message.actor, services)):
        text = translate(plural("unknown.queued", ahead), what=_as_typed(intent), count=ahead, run=intent.run)
        return short_card(text, buttons=[button("button.stop", Stop(run=intent.run, key=message.key))])


def late_card(message: Message, card: Card, services: Services) -> Card:
    """An answer that the chat could not take for a while says what it answers."""
    with in_language(language_of(message.actor, services)):
        at = clock(message.at, services.zone, services.now())
        said = translate("unknown.late_answer", what=Code(_shortened(message.text)), at=at)
        clicked = translate("unknown.late_click", at=at)
    return replace(card, lines=(said if message.text else clicked, *card.lines))


def stopped_answer(message: Message, intent: Intent, by: Actor, services: Services) -> Answer:
    """For a queued command that somebody stopped. Whoever stopped it already knows."""
    if message.actor.same_as(by):
        return Answer(result="failed")
    with in_language(language_of(message.actor, services)):
        text = translate("refused.stopped_by", who=plain_name(by), what=_as_typed(intent))
        buttons = [retry_button(message), drop_button(message)]
        return Answer(private=short_card(text, buttons=buttons, tone="warn"), result="failed")


def _shortened(typed: str) -> str:
    return typed if len(typed) <= _LONGEST_QUOTE else f"{typed[: _LONGEST_QUOTE - 1]}…"


def _as_typed(intent: Intent) -> Code:
    tasks = intent.tasks if isinstance(intent, TaskIntent) else ()
    return Code(" ".join((intent.verb, *tasks)))
