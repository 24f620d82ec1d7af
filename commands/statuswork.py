"""A run's status: saying it, showing it, and the promise of the next one."""

from dataclasses import replace
from datetime import datetime

from adapters.models import Health
from adapters.writes import Op, SetStatus
from commands.cards import Answer, Card, Gap, Strong, Text
from commands.errors import BadArguments
from commands.intents import OpenForm, Status
from commands.judging import not_over
from commands.outcomes import answer_of, became, corrected
from commands.past import named
from commands.phrases import button, clock, joined, run_name, short_card
from commands.ports import Context, Done, KnownRun
from commands.reading import fresh
from commands.runcards import TONES, counted, health_line
from commands.sentences import plain, say
from commands.taskrows import shown_tasks
from commands.taskwork import is_emulated, require, the_run
from commands.when import parse_when, when_at
from commands.writing import Written, write

_LONGEST = 3000  # all of it: no form takes more


async def show_status(context: Context, known: KnownRun) -> Answer:
    known, notes = await fresh(context, known)
    health = health_line(known, context.zone, longest=_LONGEST) or say("status.nothing", run=run_name(known))
    read = say("run.read", at=clock(known.run.read_at, context.zone)) if known.run.read_at else ()
    lines = [health, joined([counted(shown_tasks(known)), read], Gap("   ")), *notes]
    over = known.run.state.is_over
    buttons = [] if over else [button("button.update", OpenForm(run=known.handle, about="status"))]
    return Answer(private=short_card((run_name(known),), lines=lines, buttons=buttons), touched=(known.handle,))


async def set_status(intent: Status, context: Context) -> Answer:
    known = the_run(context)
    require(context, known, Op.STATUS)
    health = Health(intent.health) if intent.health else None
    if not intent.text.strip():
        fill = {"health": intent.health, "next": intent.next}
        form = OpenForm(
            run=known.handle, about="status", fill={name: value for name, value in fill.items() if value}
        )
        raise BadArguments("status.needs_words", field="text", buttons=[button("button.update", form)])
    next_at = when_at(parse_when(intent.next), context.message.at, context.zone) if intent.next else None
    wanted = SetStatus(
        run=known.run.key,
        by=context.world.people.person(context.actor),
        health=health,
        text=intent.text,
        next_at=next_at,
        options=intent.options,
    )
    written = await write(context, known, wanted, not_over)
    known = written.known
    if not isinstance(written.last, Done):
        return answer_of(known, [became(context, written)])
    known = await _kept(context, written, wanted)
    known = await promise(context, known, next_at)
    answer = answer_of(known, [corrected(became(context, written))])
    return answer if _is_home(context, known) else replace(answer, public=_public(context, known, wanted))


async def _kept(context: Context, written: Written, wanted: SetStatus) -> KnownRun:
    """What the platform cannot hold is kept: its colour, and the words as they were said."""
    known = written.known
    told = written.last.told.health if isinstance(written.last, Done) else None
    lost = wanted.health is not None and told is not None and told.health is not wanted.health
    if not (lost or is_emulated(context, known, Op.STATUS)):
        return known
    at = max(context.message.at, told.at) if told is not None and told.at else context.message.at
    actor = context.actor
    return await context.world.runs.keep(
        known.handle,
        health=wanted.health or known.kept.health,
        health_text=wanted.text,
        health_by=actor.shown,
        health_at=at,
    )


async def promise(context: Context, known: KnownRun, at: datetime | None) -> KnownRun:
    """The next update is promised for ``at``; None: nothing is promised any more."""
    by = context.actor if at is not None else None
    await context.world.desk.remind(known.handle, at, context.actor, context.place)
    return await context.world.runs.keep(known.handle, update_due=at, update_by=by, promised_at=context.now)


def _is_home(context: Context, known: KnownRun) -> bool:
    """Whether this is the run's own channel, where its platform has just posted the update itself."""
    home, place = known.run.home, context.place
    return home is not None and home.channel == place.channel and home.is_of(place.site)


def _public(context: Context, known: KnownRun, wanted: SetStatus) -> Card:
    """Said in the place itself: the status update is for everybody there."""
    word: Text = (Strong(wanted.health.value.upper()), "  ") if wanted.health else ()
    due = known.kept.update_due
    by = say("status.by", who=named(context.actor), at=clock(context.message.at, context.world.zone))
    next_update = say("run.next_update", at=clock(due, context.world.zone)) if due else ()
    title = (run_name(known),)
    lines = ((*word, wanted.text), joined([by, next_update]))
    summary = plain(say("status.summary", run=run_name(known), text=plain(lines[0])))
    return Card(title=title, summary=summary, lines=lines, tone=TONES[wanted.health or Health.UNSET])
