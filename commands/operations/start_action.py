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
from commands.cards.error_card import cannot_post_error, error_answer, retry_button
from commands.cards.receipt_card import OutcomeReport, answer_of, report_outcome
from commands.lookup.person_lookup import person_named
from commands.lookup.runbook_lookup import runbook_named
from commands.model.card import Answer, Button, Text
from commands.model.errors import CommandError
from commands.model.intents import Drop, OpenForm, Retry, Start
from commands.model.outcomes import Done, Refused, WriteOutcome
from commands.model.ports import CannotPost, CommandContext
from commands.model.tracked_run import TrackedRun
from commands.operations.task_action import require
from commands.operations.write import write
from commands.text.catalogue import plain_text, translate
from commands.text.error_text import catalogue, platform_title
from commands.text.phrases import (
    MOST_CHOICES,
    ChoiceValues,
    button,
    choice,
    label,
    run_name,
    short_card,
    show_button,
)

SOON = timedelta(minutes=10)  # a second start of one runbook in one place within this asks first


@dataclass(frozen=True)
class ChosenRunbook:
    """``title``: the run's full name, its handle in front."""

    runbook: RunbookKey
    title: str


async def start(intent: Start, context: CommandContext) -> Answer:
    known = context.run
    if known is None:
        raise CommandError("start.lost")
    if known.run.runbook_id:
        chosen = ChosenRunbook(
            RunbookKey(platform=known.run.key.platform, id=known.run.runbook_id), known.run.title
        )
        return await _carried(intent, chosen, known, context)
    try:
        runbook = await runbook_named(intent.runbook, intent.platform, context)
        asked = await _asked_first(intent, runbook, known, context)
        owner = (await person_named(intent.owner, context, field="owner")) if intent.owner else None
    except (CommandError, AdapterError):
        await context.services.runs.cancel_start(known.handle)
        raise
    if asked is not None:
        await context.services.runs.cancel_start(known.handle)
        return asked
    title = f"{known.handle} {intent.name or runbook.title}"
    await context.services.runs.reserve_handle(
        runbook.key.platform, title, runbook.key.id, context.message.key, book=runbook.title
    )
    if owner is not None:
        intent = intent.model_copy(update={"owner": owner.id})
    return await _carried(intent, ChosenRunbook(runbook.key, title), known, context)


async def _carried(intent: Start, chosen: ChosenRunbook, known: TrackedRun, context: CommandContext) -> Answer:
    runs = context.services.runs
    known = await runs.get(known.handle) or known
    try:
        require(context, known, Op.START)
        await _bound(known, context)
    except CannotPost as error:
        if known.started:
            raise cannot_post_error(error) from error
        await runs.cancel_start(known.handle)
        card = short_card(
            translate(error.key, **error.facts), buttons=[retry_button(context.message)], tone="warn"
        )
        return Answer(private=card, result="failed")
    wanted = await _wanted(intent, chosen, known, context)
    try:
        written = await write(context, known, wanted)
    except (CommandError, AdapterError) as error:
        answer = error_answer(error, context.services, context.message)
        why = answer.private.summary if answer.private else ""
        return await _not_started(known, why, context, answer)
    return await _answered(written, context)


async def _bound(known: TrackedRun, context: CommandContext) -> None:
    """The card is posted and the place is the run's, unless its channel is another active run's."""
    runs, place = context.services.runs, context.place
    await context.services.responder.post_card(known.handle, place)
    holder = None if place.thread else await runs.for_thread(place)
    if holder is None or holder.run.state.is_over or holder.handle == known.handle:
        await runs.bind(known.handle, place, channel_too=True)


async def _wanted(intent: Start, chosen: ChosenRunbook, known: TrackedRun, context: CommandContext) -> StartRun:
    people = context.services.people
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


async def _answered(written: WriteOutcome, context: CommandContext) -> Answer:
    known, last = written.known, written.last
    told = report_outcome(context, written)
    if isinstance(last, Refused) and not written.partly:
        answer = answer_of(known, [told])
        return await _not_started(known, plain_text(told.words), context, answer)
    if isinstance(last, Done):
        known = await _read(known, context)
        told = _receipt(told, known)
    answer = answer_of(known, [told])
    homes = {known.handle: known.run.home} if known.run.home else {}
    return Answer(
        private=answer.private,
        activity=answer.activity,
        changed_runs=(known.handle,),
        result=answer.result,
        home_channels=homes,
    )


def _receipt(told: OutcomeReport, known: TrackedRun) -> OutcomeReport:
    show = show_button(known)
    status = button("button.update", OpenForm(run=known.handle, about="status"))
    return OutcomeReport(told.words, told.result, told.lines, (show, status), told.trace, told.tone)


async def _read(known: TrackedRun, context: CommandContext) -> TrackedRun:
    if any(task.state is not TaskState.WAITING for task in known.run.tasks):
        return known
    try:
        return await context.services.runs.refresh(known.handle)
    except AdapterError:
        return known  # it was started; the re-read that every write schedules will bring its tasks


async def _not_started(known: TrackedRun, why: str, context: CommandContext, answer: Answer) -> Answer:
    """The card says it too, with [Try again] where that may help; the handle is not given again."""
    runs = context.services.runs
    if not known.started:
        buttons = answer.private.buttons if answer.private else ()
        may_pass = any(isinstance(press.intent, Retry) for press in buttons)
        await runs.update_overlay(known.handle, not_started=why, retry_key=context.message.key if may_pass else "")
        await runs.cancel_start(known.handle)
    return Answer(private=answer.private, activity=answer.activity, changed_runs=(known.handle,), result="failed")


async def _asked_first(
    intent: Start, runbook: Runbook, known: TrackedRun, context: CommandContext
) -> Answer | None:
    """A second start soon after the first, or one that alerts people or cannot be taken back."""
    if intent.confirmed:
        return None
    recent = await context.services.runs.recent_start(runbook.key, context.place, context.now - SOON)
    twice = recent if recent is not None and recent.handle != known.handle else None
    weighty = (runbook.irreversible or runbook.alerts) and not intent.rehearsal
    if twice is None and not weighty:
        return None
    lines: list[Text] = []
    if twice is not None:
        lines.append(translate("start.twice", run=run_name(twice)))
    if weighty:
        lines += await _weight(runbook, context)
    buttons = _ways(intent, runbook, context) if weighty else []
    if not buttons:
        pick: ChoiceValues = {"runbook": str(runbook.key), "confirmed": True}
        decided = weighty and bool(runbook.start_options)  # by what the line says
        live = label("button.start_this" if decided else "start.live" if weighty else "start.another")
        buttons = [choice(context.message.key, pick, live)]
        if weighty and runbook.rehearsable and not decided:
            buttons.append(choice(context.message.key, {**pick, "rehearsal": True}, label("start.rehearsal")))
    buttons.append(button("button.cancel", Drop(key=context.message.key)))
    words = translate(
        "start.ask", runbook=runbook.title, platform=platform_title(runbook.key.platform, context.services)
    )
    return Answer(private=short_card(words, lines=lines, buttons=buttons, tone="warn"), result="question")


def _ways(intent: Start, runbook: Runbook, context: CommandContext) -> list[Button]:
    """A button for each; none where the line has said already what they would decide."""
    if any(way.values.keys() & intent.values.keys() for way in runbook.start_options):
        return []
    words = catalogue(runbook.key.platform, context.services)
    buttons: list[Button] = []
    for way in runbook.start_options[: MOST_CHOICES - 1]:
        pick: ChoiceValues = {"runbook": str(runbook.key), "confirmed": True, "rehearsal": way.rehearsal}
        pick["options"] = {**way.values, **way.confirms}
        buttons.append(choice(context.message.key, pick, plain_text(translate(way.label, words))))
    return buttons


async def _weight(runbook: Runbook, context: CommandContext) -> list[Text]:
    full = runbook
    if runbook.task_count is None and not runbook.tasks:
        full = await context.services.platforms[runbook.key.platform].runbook(runbook.key.id)
    count = full.task_count if full.task_count is not None else len(full.tasks)
    lines = [translate("start.tasks_one" if count == 1 else "start.tasks", count=count)]
    if runbook.alerts:
        lines.append(translate("start.alerts", alerts=runbook.alerts))
    if runbook.irreversible:
        lines.append(translate("start.irreversible"))
    return lines
