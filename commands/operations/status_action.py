"""Posts and shows a run's status, and stores when the next update is due."""

from dataclasses import replace
from datetime import datetime

from adapters.models import Health
from adapters.toolkit.messages import in_language
from adapters.writes import Op, SetStatus
from commands.cards.health_line import TONES, health_title, status_line
from commands.cards.progress import task_counts
from commands.cards.receipt_card import answer_of, as_correction, report_outcome
from commands.cards.task_row import shown_tasks
from commands.language.due_time import parse_due_time, resolve_due_time
from commands.language.health_words import is_health, likely_health
from commands.lookup.earlier_message import plain_name
from commands.model.card import Answer, Card, Code
from commands.model.errors import BadArguments, Suggestion
from commands.model.intents import OpenForm, Status
from commands.model.outcomes import Done
from commands.model.ports import CommandContext
from commands.model.run_head import run_health
from commands.model.tracked_run import TrackedRun
from commands.operations.preconditions import not_over
from commands.operations.read_run import refreshed
from commands.operations.task_action import require, required_run
from commands.operations.write import write
from commands.text.catalogue import plain_text, translate
from commands.text.phrases import button, clock, health_name, join_parts, label, run_name, short_card

_HEALTHS = (Health.GREEN, Health.AMBER, Health.RED)
_MAX_IN_BUTTON = 800  # characters that every chat's button can hold
_LONGEST = 3000  # characters; no form takes more


async def show_status(context: CommandContext, tracked: TrackedRun) -> Answer:
    tracked, notes = await refreshed(context, tracked)
    health = run_health(tracked).health
    status = status_line(tracked, context.zone, context.now, _LONGEST) or translate(
        "status.nothing", run=run_name(tracked)
    )
    read = (
        translate("run.read", at=clock(tracked.run.read_at, context.zone, context.now))
        if tracked.run.read_at
        else ()
    )
    lines = [status, join_parts([task_counts(shown_tasks(tracked)), read], " · "), *notes]
    over = tracked.run.state.is_over
    buttons = [] if over else [button("button.update", OpenForm(run=tracked.handle, about="status"))]
    title = health_title(health, run_name(tracked))
    return Answer(
        private=short_card(title, lines=lines, buttons=buttons, tone=TONES[health]), changed_runs=(tracked.handle,)
    )


async def set_status(intent: Status, context: CommandContext) -> Answer:
    tracked = required_run(context)
    require(context, tracked, Op.STATUS)
    health = _health(intent)
    if not intent.text.strip():
        fill = {"health": intent.health, "next": intent.next}
        form = OpenForm(
            run=tracked.handle, about="status", fill={name: value for name, value in fill.items() if value}
        )
        raise BadArguments("status.needs_words", field="text", buttons=[button("button.update", form)])
    next_at = (
        resolve_due_time(parse_due_time(intent.next), context.message.at, context.zone) if intent.next else None
    )
    wanted = SetStatus(
        run=tracked.run.key,
        by=context.services.people.person(context.actor),
        health=health,
        text=intent.text,
        next_at=next_at,
        options=intent.options,
    )
    written = await write(context, tracked, wanted, not_over)
    tracked = written.tracked
    if tracked.overlay.update_due == next_at:  # stored with the outcome, unless a later promise replaced it
        await context.services.responder.schedule_reminder(tracked.handle, next_at, context.actor, context.place)
    if not isinstance(written.last, Done):
        return answer_of(tracked, [report_outcome(context, written)])
    answer = answer_of(tracked, [as_correction(report_outcome(context, written))])
    return replace(answer, public=_public_card(context, tracked, wanted), announces=tracked.handle)


def _health(intent: Status) -> Health | None:
    """Raises ``BadArguments`` for a first word that looks like a health and is none ("purple hello")."""
    if is_health(intent.health):
        return Health(intent.health) if intent.health else None
    likely = likely_health(intent.health)
    healths = sorted(_HEALTHS, key=lambda health: health.value != likely)
    suggestions: list[Suggestion] = [(health_name(health), {"health": health.value}) for health in healths]
    words = f"{intent.health} {intent.text}".strip()
    if len(words) <= _MAX_IN_BUTTON:
        suggestions.append((label("button.no_colour", text=words), {"health": "", "text": words}))
    raise BadArguments("status.no_health", field="health", shown=Code(intent.health), suggestions=suggestions)


async def promise_update(context: CommandContext, tracked: TrackedRun, at: datetime | None) -> TrackedRun:
    """Sets when the next update is due; None for no next update."""
    await context.services.responder.schedule_reminder(tracked.handle, at, context.actor, context.place)
    return await context.services.runs.update_overlay(
        tracked.handle, lambda overlay: overlay.with_promise(at, context.actor, context.now)
    )


def _public_card(context: CommandContext, tracked: TrackedRun, wanted: SetStatus) -> Card:
    """The update for everybody in the places that show the run."""
    zone, due = context.services.zone, run_health(tracked).due
    at = run_health(tracked).at or context.message.at  # as on the card: it may have been queued
    with in_language(context.services.language):
        by = translate("status.by", who=plain_name(context.actor), at=clock(at, zone, context.now))
        now = context.now
        next_update = (
            translate("run.next_update", at=clock(due, zone, now)) if due else translate("run.no_next_update")
        )
        title = health_title(wanted.health or Health.UNSET, run_name(tracked))
        said = join_parts([health_name(wanted.health) if wanted.health else "", wanted.text], "  ")
        summary = plain_text(translate("status.summary", run=run_name(tracked), text=plain_text(said)))
    return Card(
        title=title,
        summary=summary,
        lines=((wanted.text,), join_parts([by, next_update], " · ")),
        tone=TONES[wanted.health or Health.UNSET],
    )
