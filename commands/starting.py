"""A start, from its reserved handle to a run with a card (DESIGN sections 4 and 6).

The card comes first: it proves that we can post here, and it is there before the platform is asked. Once the
runbook is found it is written into the reservation, so a restart goes on with that very runbook and asks nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from adapters.errors import AdapterError
from adapters.models import Runbook, RunbookKey, TaskState
from adapters.writes import Op, StartRun
from commands.cards import Answer, Button, Text
from commands.errors import CommandError
from commands.intents import Again, Drop, OpenForm, Start
from commands.outcomes import Became, answer_of, became
from commands.peoplenames import person_named
from commands.phrases import MOST_CHOICES, Pick, button, choice, label, run_name, short_card, show_button
from commands.ports import CannotPost, Context, Done, KnownRun, Refused
from commands.problems import again_button, catalogue, error_answer, platform_title, unpostable
from commands.runbooknames import runbook_named
from commands.sentences import plain, say
from commands.taskwork import require
from commands.writing import Written, write

SOON = timedelta(minutes=10)  # a second start of one runbook in one place within this asks first


@dataclass(frozen=True)
class Chosen:
    """``title``: the run's full name, its handle in front."""

    runbook: RunbookKey
    title: str


async def start(intent: Start, context: Context) -> Answer:
    known = context.run
    if known is None:
        raise CommandError("start.lost")
    if known.run.runbook_id:
        chosen = Chosen(RunbookKey(platform=known.run.key.platform, id=known.run.runbook_id), known.run.title)
        return await _carried(intent, chosen, known, context)
    try:
        runbook = await runbook_named(intent.runbook, intent.platform, context)
        asked = await _asked_first(intent, runbook, known, context)
        owner = (await person_named(intent.owner, context, field="owner")) if intent.owner else None
    except (CommandError, AdapterError):
        await context.world.runs.drop(known.handle)
        raise
    if asked is not None:
        await context.world.runs.drop(known.handle)
        return asked
    title = f"{known.handle} {intent.name or runbook.title}"
    await context.world.runs.reserve(
        runbook.key.platform, title, runbook.key.id, context.message.key, book=runbook.title
    )
    if owner is not None:
        intent = intent.model_copy(update={"owner": owner.id})
    return await _carried(intent, Chosen(runbook.key, title), known, context)


async def _carried(intent: Start, chosen: Chosen, known: KnownRun, context: Context) -> Answer:
    runs = context.world.runs
    known = await runs.get(known.handle) or known
    try:
        require(context, known, Op.START)
        await _bound(known, context)
    except CannotPost as error:
        if known.started:
            raise unpostable(error) from error
        await runs.drop(known.handle)
        card = short_card(say(error.key, **error.facts), buttons=[again_button(context.message)], tone="warn")
        return Answer(private=card, result="failed")
    wanted = await _wanted(intent, chosen, known, context)
    try:
        written = await write(context, known, wanted)
    except (CommandError, AdapterError) as error:
        answer = error_answer(error, context.world, context.message)
        why = answer.private.summary if answer.private else ""
        return await _not_started(known, why, context, answer)
    return await _answered(written, context)


async def _bound(known: KnownRun, context: Context) -> None:
    """The card is posted and the place is the run's, unless its channel is another active run's."""
    runs, place = context.world.runs, context.place
    await context.world.desk.open_card(known.handle, place)
    holder = None if place.thread else await runs.of_thread(place)
    if holder is None or holder.run.state.is_over or holder.handle == known.handle:
        await runs.bind(known.handle, place, channel_too=True)


async def _wanted(intent: Start, chosen: Chosen, known: KnownRun, context: Context) -> StartRun:
    people = context.world.people
    owner = await person_named(intent.owner, context, field="owner") if intent.owner else None
    return StartRun(
        by=people.person(context.actor),
        runbook=chosen.runbook,
        title=chosen.title,
        handle=known.handle,
        rehearsal=intent.rehearsal,
        owner=people.person(owner) if owner else None,
        channel=context.place.channel,
        site=context.place.site or None,
        options={**_typed(intent.values), **intent.options},
    )


def _typed(values: Mapping[str, str]) -> Mapping[str, str]:
    """Names with an underscore in front are for adapters and the buttons of a second try, never for typing."""
    return {name.lstrip("_"): value for name, value in values.items()}


async def _answered(written: Written, context: Context) -> Answer:
    known, last = written.known, written.last
    told = became(context, written)
    if isinstance(last, Refused) and not written.partly:
        answer = answer_of(known, [told])
        return await _not_started(known, plain(told.words), context, answer)
    if isinstance(last, Done):
        known = await _read(known, context)
        told = _receipt(told, known)
    answer = answer_of(known, [told])
    homes = {known.handle: known.run.home} if known.run.home else {}
    return Answer(
        private=answer.private, trace=answer.trace, touched=(known.handle,), result=answer.result, homes=homes
    )


def _receipt(told: Became, known: KnownRun) -> Became:
    show = show_button(known)
    status = button("button.update", OpenForm(run=known.handle, about="status"))
    return Became(told.words, told.result, told.lines, (show, status), told.trace, told.tone)


async def _read(known: KnownRun, context: Context) -> KnownRun:
    if any(task.state is not TaskState.WAITING for task in known.run.tasks):
        return known
    try:
        return await context.world.runs.refresh(known.handle)
    except AdapterError:
        return known  # it was started; the re-read that every write schedules will bring its tasks


async def _not_started(known: KnownRun, why: str, context: Context, answer: Answer) -> Answer:
    """The card says it too, with [Try again] where that may help; the handle is not given again."""
    runs = context.world.runs
    if not known.started:
        buttons = answer.private.buttons if answer.private else ()
        may_pass = any(isinstance(press.intent, Again) for press in buttons)
        await runs.keep(known.handle, not_started=why, again=context.message.key if may_pass else "")
        await runs.drop(known.handle)
    return Answer(private=answer.private, trace=answer.trace, touched=(known.handle,), result="failed")


async def _asked_first(intent: Start, runbook: Runbook, known: KnownRun, context: Context) -> Answer | None:
    """A second start soon after the first, or one that alerts people or cannot be taken back."""
    if intent.confirmed:
        return None
    recent = await context.world.runs.recent_start(runbook.key, context.place, context.now - SOON)
    twice = recent if recent is not None and recent.handle != known.handle else None
    weighty = (runbook.irreversible or runbook.alerts) and not intent.rehearsal
    if twice is None and not weighty:
        return None
    lines: list[Text] = []
    if twice is not None:
        lines.append(say("start.twice", run=run_name(twice)))
    if weighty:
        lines += await _weight(runbook, context)
    buttons = _ways(intent, runbook, context) if weighty else []
    if not buttons:
        pick: Pick = {"runbook": str(runbook.key), "confirmed": True}
        decided = weighty and bool(runbook.ways)  # by what the line says
        live = label("button.start_this" if decided else "start.live" if weighty else "start.another")
        buttons = [choice(context.message.key, pick, live)]
        if weighty and runbook.rehearsable and not decided:
            buttons.append(choice(context.message.key, {**pick, "rehearsal": True}, label("start.rehearsal")))
    buttons.append(button("button.cancel", Drop(key=context.message.key)))
    words = say("start.ask", runbook=runbook.title, platform=platform_title(runbook.key.platform, context.world))
    return Answer(private=short_card(words, lines=lines, buttons=buttons, tone="warn"), result="question")


def _ways(intent: Start, runbook: Runbook, context: Context) -> list[Button]:
    """A button for each; none where the line has said already what they would decide."""
    if any(way.values.keys() & intent.values.keys() for way in runbook.ways):
        return []
    words = catalogue(runbook.key.platform, context.world)
    buttons: list[Button] = []
    for way in runbook.ways[: MOST_CHOICES - 1]:
        pick: Pick = {"runbook": str(runbook.key), "confirmed": True, "rehearsal": way.rehearsal}
        pick["options"] = {**way.values, **way.confirms}
        buttons.append(choice(context.message.key, pick, plain(say(way.label, words))))
    return buttons


async def _weight(runbook: Runbook, context: Context) -> list[Text]:
    full = runbook
    if runbook.task_count is None and not runbook.tasks:
        full = await context.world.platforms[runbook.key.platform].runbook(runbook.key.id)
    count = full.task_count if full.task_count is not None else len(full.tasks)
    lines = [say("start.tasks_one" if count == 1 else "start.tasks", count=count)]
    if runbook.alerts:
        lines.append(say("start.alerts", alerts=runbook.alerts))
    if runbook.irreversible:
        lines.append(say("start.irreversible"))
    return lines
