"""A run's status: saying it, showing it, and the promise of the next one."""

from dataclasses import replace
from datetime import datetime

from adapters.models import Health
from adapters.writes import Op, SetStatus
from commands.cards.receipt_card import answer_of, as_correction, report_outcome
from commands.cards.run_card import TONES, counted, health_line
from commands.cards.task_row import shown_tasks
from commands.language.due_time import parse_due_time, resolve_due_time
from commands.lookup.earlier_message import plain_name
from commands.model.card import Answer, Bold, Card, Separator, Text
from commands.model.errors import BadArguments
from commands.model.intents import OpenForm, Status
from commands.model.outcomes import Done, WriteOutcome
from commands.model.ports import CommandContext
from commands.model.tracked_run import TrackedRun
from commands.operations.preconditions import not_over
from commands.operations.read_run import refreshed
from commands.operations.task_action import is_emulated, require, required_run
from commands.operations.write import write
from commands.text.catalogue import plain_text, translate
from commands.text.phrases import button, clock, health_name, join_parts, run_name, short_card

_LONGEST = 3000  # all of it: no form takes more


async def show_status(context: CommandContext, known: TrackedRun) -> Answer:
    known, notes = await refreshed(context, known)
    health = health_line(known, context.zone, longest=_LONGEST) or translate("status.nothing", run=run_name(known))
    read = translate("run.read", at=clock(known.run.read_at, context.zone)) if known.run.read_at else ()
    lines = [health, join_parts([counted(shown_tasks(known)), read], Separator("   ")), *notes]
    over = known.run.state.is_over
    buttons = [] if over else [button("button.update", OpenForm(run=known.handle, about="status"))]
    return Answer(
        private=short_card((run_name(known),), lines=lines, buttons=buttons), changed_runs=(known.handle,)
    )


async def set_status(intent: Status, context: CommandContext) -> Answer:
    known = required_run(context)
    require(context, known, Op.STATUS)
    health = Health(intent.health) if intent.health else None
    if not intent.text.strip():
        fill = {"health": intent.health, "next": intent.next}
        form = OpenForm(
            run=known.handle, about="status", fill={name: value for name, value in fill.items() if value}
        )
        raise BadArguments("status.needs_words", field="text", buttons=[button("button.update", form)])
    next_at = (
        resolve_due_time(parse_due_time(intent.next), context.message.at, context.zone) if intent.next else None
    )
    wanted = SetStatus(
        run=known.run.key,
        by=context.services.people.person(context.actor),
        health=health,
        text=intent.text,
        next_at=next_at,
        options=intent.options,
    )
    written = await write(context, known, wanted, not_over)
    known = written.known
    if not isinstance(written.last, Done):
        return answer_of(known, [report_outcome(context, written)])
    known = await _kept(context, written, wanted)
    known = await promise_update(context, known, next_at)
    answer = answer_of(known, [as_correction(report_outcome(context, written))])
    return answer if _is_home(context, known) else replace(answer, public=_public(context, known, wanted))


async def _kept(context: CommandContext, written: WriteOutcome, wanted: SetStatus) -> TrackedRun:
    """What the platform cannot hold is kept: its colour, and the words as they were said."""
    known = written.known
    told = written.last.result.health if isinstance(written.last, Done) else None
    lost = wanted.health is not None and told is not None and told.health is not wanted.health
    if not (lost or is_emulated(context, known, Op.STATUS)):
        return known
    at = max(context.message.at, told.at) if told is not None and told.at else context.message.at
    actor = context.actor
    return await context.services.runs.update_overlay(
        known.handle,
        health=wanted.health or known.overlay.health,
        health_text=wanted.text,
        health_by=actor.shown,
        health_at=at,
    )


async def promise_update(context: CommandContext, known: TrackedRun, at: datetime | None) -> TrackedRun:
    """The next update is promised for ``at``; None: nothing is promised any more."""
    by = context.actor if at is not None else None
    await context.services.responder.schedule_reminder(known.handle, at, context.actor, context.place)
    return await context.services.runs.update_overlay(
        known.handle, update_due=at, update_by=by, promised_at=context.now
    )


def _is_home(context: CommandContext, known: TrackedRun) -> bool:
    """Whether this is the run's own channel, where its platform has just posted the update itself."""
    home, place = known.run.home, context.place
    return home is not None and home.channel == place.channel and home.is_of(place.site)


def _public(context: CommandContext, known: TrackedRun, wanted: SetStatus) -> Card:
    """Said in the place itself: the status update is for everybody there."""
    word: Text = (Bold(health_name(wanted.health)), "  ") if wanted.health else ()
    due = known.overlay.update_due
    by = translate("status.by", who=plain_name(context.actor), at=clock(context.message.at, context.services.zone))
    next_update = translate("run.next_update", at=clock(due, context.services.zone)) if due else ()
    title = (run_name(known),)
    lines = ((*word, wanted.text), join_parts([by, next_update]))
    summary = plain_text(translate("status.summary", run=run_name(known), text=plain_text(lines[0])))
    return Card(title=title, summary=summary, lines=lines, tone=TONES[wanted.health or Health.UNSET])
