"""Starts a run: from its reserved handle to a run with a card.

The card is posted first, which shows that we can post here, before anything is sent to the platform.
"""

from collections.abc import Mapping
from dataclasses import replace

from adapters.errors import AdapterError
from adapters.models import RunbookKey, TaskState
from adapters.toolkit.messages import in_language
from adapters.writes import Op, StartRun
from commands.cards.error_card import cannot_post_error, error_answer, retry_button
from commands.cards.receipt_card import OutcomeReport, answer_of, report_outcome
from commands.lookup.person_lookup import find_person
from commands.model.card import Answer, Text
from commands.model.errors import CommandError
from commands.model.intents import OpenForm, Retry, Start
from commands.model.outcomes import Done, Refused, Unknown, WriteOutcome
from commands.model.ports import CannotPost, CommandContext
from commands.model.tracked_run import TrackedRun
from commands.operations.start_preparation import in_chosen_channel
from commands.operations.task_action import require
from commands.operations.write import write
from commands.text.catalogue import plain_text, translate
from commands.text.phrases import button, short_card, show_button


async def start(intent: Start, context: CommandContext) -> Answer:
    """Of a runbook that ``prepare_start`` has found."""
    tracked = context.run
    if tracked is None:
        raise CommandError("start.lost")
    runs = context.services.runs
    try:
        context = await in_chosen_channel(intent, context)
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
    except CommandError:
        await runs.cancel_start(tracked.handle)
        raise
    wanted = await _start_write(intent, tracked, context)
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


async def _start_write(intent: Start, tracked: TrackedRun, context: CommandContext) -> StartRun:
    people = context.services.people
    owner = await find_person(intent.owner, context, field="owner") if intent.owner else None
    return StartRun(
        by=people.person(context.actor),
        runbook=RunbookKey(platform=tracked.run.key.platform, id=tracked.run.runbook_id),
        title=tracked.run.title,
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
    if isinstance(last, Unknown) and not tracked.started:
        sent_at = {"unconfirmed": last.sent_at}
        tracked = await context.services.runs.update_overlay(
            tracked.handle, lambda overlay: overlay.model_copy(update=sent_at)
        )
    if isinstance(last, Done):
        tracked = await _read_tasks(tracked, context)
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
