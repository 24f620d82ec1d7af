"""Starts a run: from its reserved handle to a run with a card.

The card is posted first, which shows that we can post here, before anything is sent to the platform. Once the
runbook is found it is stored in the reservation, so that a restart continues with it without asking again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from adapters.errors import AdapterError
from adapters.models import RunbookKey, TaskState
from adapters.toolkit.messages import in_language
from adapters.writes import Op, StartRun
from commands.access import require_right
from commands.cards.error_card import cannot_post_error, error_answer, retry_button
from commands.cards.receipt_card import OutcomeReport, answer_of, report_outcome
from commands.lookup.person_lookup import find_person
from commands.lookup.runbook_lookup import find_runbook
from commands.model.card import Answer, Text
from commands.model.command import Right
from commands.model.errors import CommandError, NotAllowed
from commands.model.intents import OpenForm, Retry, Start
from commands.model.messages import Place
from commands.model.outcomes import Done, Refused, WriteOutcome
from commands.model.ports import CannotPost, CommandContext
from commands.model.tracked_run import ReservedStart, TrackedRun
from commands.operations.start_question import confirm_start, line_about_new_owner, which_channel
from commands.operations.task_action import require
from commands.operations.write import write
from commands.text.catalogue import plain_text, translate
from commands.text.phrases import (
    button,
    short_card,
    show_button,
)


@dataclass(frozen=True)
class ChosenRunbook:
    """``title`` of the run, with its handle in front."""

    runbook: RunbookKey
    title: str


async def start(intent: Start, context: CommandContext) -> Answer:
    tracked = context.run
    if tracked is None:
        raise CommandError("start.lost")
    try:
        context = await _in_chosen_channel(intent, tracked, context)
    except CommandError:
        await context.services.runs.cancel_start(tracked.handle)
        raise
    if tracked.run.runbook_id:
        chosen = ChosenRunbook(
            RunbookKey(platform=tracked.run.key.platform, id=tracked.run.runbook_id), tracked.run.title
        )
        return await _start_chosen(intent, chosen, tracked, context)
    try:
        runbook = await find_runbook(intent.runbook, intent.platform, context)
        question = await which_channel(intent, runbook, context)
        owner = (await find_person(intent.owner, context, field="owner")) if intent.owner else None
        if question is None and not intent.confirmed:
            about_owner = await line_about_new_owner(owner, runbook, tracked, context)
            question = await confirm_start(intent, runbook, tracked, context, about_owner)
    except (CommandError, AdapterError):
        await context.services.runs.cancel_start(tracked.handle)
        raise
    if question is not None:
        await context.services.runs.cancel_start(tracked.handle)
        return question
    title = f"{tracked.handle} {intent.name or runbook.title}"
    await context.services.runs.reserve_handle(
        ReservedStart(context.message.key, runbook.key.platform, title, runbook.title, runbook.key.id)
    )
    if owner is not None:
        intent = intent.model_copy(update={"owner": owner.id})
    return await _start_chosen(intent, ChosenRunbook(runbook.key, title), tracked, context)


async def _in_chosen_channel(intent: Start, tracked: TrackedRun, context: CommandContext) -> CommandContext:
    """The run belongs to the channel that the form or a question asked for. Answers to the person stay where they
    are."""
    place = context.place
    if intent.channel in ("", place.channel):
        return context
    chosen = Place(surface=place.surface, workspace=place.workspace, channel=intent.channel, site=place.site)
    shared = await context.services.memberships.shared_channels(context.actor)
    chosen = next((known for known in shared if known.channel == chosen.channel), chosen)
    require_right(Right.START, context.actor, chosen, context.services.access_rules)
    if not await context.services.memberships.can_see(context.actor, chosen):
        raise NotAllowed("start.not_in_channel")
    await context.services.runs.update_overlay(
        tracked.handle, lambda overlay: overlay.model_copy(update={"places": (chosen,)})
    )
    return replace(context, message=context.message.model_copy(update={"place": chosen}))


async def _start_chosen(
    intent: Start, chosen: ChosenRunbook, tracked: TrackedRun, context: CommandContext
) -> Answer:
    runs = context.services.runs
    tracked = await runs.get(tracked.handle) or tracked
    try:
        require(context, tracked, Op.START)
        await _bind_place(tracked, context)
    except CannotPost as error:
        if tracked.started:
            raise cannot_post_error(error) from error
        await runs.cancel_start(tracked.handle)
        card = short_card(
            translate(error.key, **error.facts), buttons=[retry_button(context.message)], tone="warn"
        )
        return Answer(private=card, result="failed")
    wanted = await _start_write(intent, chosen, tracked, context)
    try:
        written = await write(context, tracked, wanted)
    except (CommandError, AdapterError) as error:
        answer = error_answer(error, context.services, context.message, is_write=True)
        return await _not_started(tracked, answer.channel_title, context, answer)
    return await _answer(written, context)


async def _bind_place(tracked: TrackedRun, context: CommandContext) -> None:
    """Posts the card and binds the place to the run, unless the channel belongs to another active run."""
    runs, place = context.services.runs, context.place
    await context.services.responder.post_card(tracked.handle, place, cause=context.message)
    holder = None if place.thread else await runs.for_thread(place)
    if holder is None or holder.run.state.is_over or holder.handle == tracked.handle:
        await runs.bind(tracked.handle, place, channel_too=True)


async def _start_write(
    intent: Start, chosen: ChosenRunbook, tracked: TrackedRun, context: CommandContext
) -> StartRun:
    people = context.services.people
    owner = await find_person(intent.owner, context, field="owner") if intent.owner else None
    return StartRun(
        by=people.person(context.actor),
        runbook=chosen.runbook,
        title=chosen.title,
        handle=tracked.handle,
        rehearsal=intent.rehearsal,
        owner=people.person(owner) if owner else None,
        channel=context.place.channel,
        site=context.place.site or None,
        options={**_without_underscores(intent.values), **intent.options},
    )


def _without_underscores(values: Mapping[str, str]) -> Mapping[str, str]:
    """Names with an underscore in front are for adapters and for the buttons of a second try; nobody types
    them."""
    return {name.lstrip("_"): value for name, value in values.items()}


async def _answer(written: WriteOutcome, context: CommandContext) -> Answer:
    tracked, last = written.tracked, written.last
    report = report_outcome(context, written)
    if isinstance(last, Refused) and not written.partly:
        with in_language(context.services.language):
            why = report_outcome(context, written).text
        return await _not_started(tracked, why, context, answer_of(tracked, [report]))
    if isinstance(last, Done):
        tracked = await _note_start(await _read_tasks(tracked, context), context)
        report = _with_buttons(report, tracked)
    answer = answer_of(tracked, [report])
    homes = {tracked.handle: tracked.run.home} if tracked.run.home else {}
    return Answer(
        private=answer.private,
        activity=answer.activity,
        changed_runs=(tracked.handle,),
        result=answer.result,
        home_channels=homes,
    )


def _with_buttons(report: OutcomeReport, tracked: TrackedRun) -> OutcomeReport:
    status = button("button.update", OpenForm(run=tracked.handle, about="status"))
    return replace(report, buttons=(show_button(tracked), status))


async def _note_start(tracked: TrackedRun, context: CommandContext) -> TrackedRun:
    """Its card says how long it took once it has ended."""
    return await context.services.runs.update_overlay(
        tracked.handle,
        lambda overlay: overlay.model_copy(update={"started_at": overlay.started_at or context.now}),
    )


async def _read_tasks(tracked: TrackedRun, context: CommandContext) -> TrackedRun:
    if any(task.state is not TaskState.WAITING for task in tracked.run.tasks):
        return tracked
    try:
        return await context.services.runs.refresh(tracked.handle)
    except AdapterError:
        return tracked  # the run was started, and every write schedules another read


async def _not_started(tracked: TrackedRun, why: Text, context: CommandContext, answer: Answer) -> Answer:
    """The card says why too, with [Try again] where that may help. The handle is not used again."""
    runs = context.services.runs
    if not tracked.started:
        buttons = answer.private.buttons if answer.private else ()
        retry_key = context.message.key if any(isinstance(press.intent, Retry) for press in buttons) else ""
        reason = {"not_started": plain_text(why), "retry_key": retry_key}
        await runs.update_overlay(tracked.handle, lambda overlay: overlay.model_copy(update=reason))
        await runs.cancel_start(tracked.handle)
    return replace(answer, changed_runs=(tracked.handle,), result="failed")
