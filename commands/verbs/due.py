"""``due``: a promised status update is due. Only the engine sends it.

The author is mentioned in the run's thread at once and gets a direct message later; after that the run's owner
gets one. The channel is told only of a run that is red. An update, or another promise, ends it.

Each reminder schedules the next, so that after a long downtime there is one at once, and not all of them.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from adapters.models import Health
from adapters.toolkit.messages import in_language
from commands.lookup.earlier_message import plain_name
from commands.model.card import Answer, Button, PersonName, Text
from commands.model.command import Command, Scope, button_only
from commands.model.intents import OpenForm, PromiseUpdate, UpdateDue
from commands.model.messages import Actor
from commands.model.ports import CommandContext
from commands.model.run_head import run_health
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import translate
from commands.text.locales import language_of
from commands.text.phrases import button, clock, run_name, short_card, time_span
from commands.visibility import Reader

_LATE = timedelta(minutes=1)


async def handle(intent: UpdateDue, context: CommandContext) -> Answer:
    """Empty if another promise has replaced it."""
    tracked = context.run
    if tracked is None or tracked.overlay.update_due != intent.at or tracked.run.state.is_over:
        return Answer()
    author = tracked.overlay.update_by or context.actor
    if intent.tells == "owner":
        await _tell_owner(author, tracked, intent.at, context)
        return Answer()
    following = intent.model_copy(update={"tells": "owner" if intent.tells else "author"})
    await context.services.responder.escalate_reminder(following, author, context.place)
    if intent.tells == "author":
        await _tell_author(author, tracked, intent.at, context)
        return Answer()
    everybody = replace(context, zone=context.services.zone or context.zone)
    with in_language(context.services.language):
        if run_health(tracked).health is Health.RED:
            text = _text("due.channel", tracked, intent.at, everybody, who=plain_name(author))
            key = f"overdue {tracked.handle} {intent.at.isoformat()}"
            await context.services.responder.announce(tracked.handle, short_card(text, tone="bad"), key=key)
        who = PersonName(author.display_name, author.id, ping=True)
        is_late = context.now - intent.at >= _LATE
        text = _text("due.late" if is_late else "due.now", tracked, intent.at, everybody, who=who)
        card = short_card(text, buttons=_buttons(tracked))
    return Answer(public=card, thread_of=tracked.handle, changed_runs=(tracked.handle,))


def _text(key: str, tracked: TrackedRun, at: datetime, context: CommandContext, **facts: object) -> Text:
    """In the current language. Says when it was due, and how late it is."""
    when, late = clock(at, context.zone, context.now), time_span(context.now - at)
    return translate(key, run=run_name(tracked), at=when, late=late, **facts)


async def _tell_author(author: Actor, tracked: TrackedRun, at: datetime, context: CommandContext) -> None:
    with in_language(language_of(author, context.services)):
        text = _text("due.again", tracked, at, context)
        card = short_card(text, buttons=_buttons(tracked))
    if await Reader(author, context.services).can_read(tracked):
        key = f"due {tracked.handle} {at.isoformat()} {author.key}"
        await context.services.responder.send_direct(author, card, key=key)


async def _tell_owner(author: Actor, tracked: TrackedRun, at: datetime, context: CommandContext) -> None:
    """Whoever started it, where the platform names no owner that is known here."""
    services = context.services
    owner, starter = tracked.run.owner, tracked.overlay.started_by
    account = await services.people.account_of(owner, context.place) if owner is not None else None
    to = account or (services.people.cached_profile(starter) if starter is not None else None)
    if to is None or to.same_as(author) or not await Reader(to, services).can_read(tracked):
        return
    with in_language(language_of(to, services)):
        text = _text("due.owner", tracked, at, context, who=plain_name(author))
        card = short_card(text, buttons=_buttons(tracked))
    await services.responder.send_direct(to, card, key=f"due {tracked.handle} {at.isoformat()} {to.key}")


def _buttons(tracked: TrackedRun) -> Sequence[Button]:
    return (
        button("button.update", OpenForm(run=tracked.handle, about="status")),
        button("button.later", PromiseUpdate(run=tracked.handle, next="15m")),
        button("button.no_more", PromiseUpdate(run=tracked.handle, next="off")),
    )


COMMAND = Command(verb="due", intent=UpdateDue, read=button_only, handle=handle, scope=Scope.READ, typed=False)
