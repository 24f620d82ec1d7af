"""Starts a run: from its reserved handle to a run with a card.

The card is posted first, which shows that we can post here, before anything is sent to the platform. Once the
runbook is found it is stored in the reservation, so that a restart continues with it without asking again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from adapters.errors import AdapterError
from adapters.models import Runbook, RunbookKey, RunKey, TaskState
from adapters.toolkit.messages import in_language
from adapters.writes import Op, StartRun
from commands.access import require_right
from commands.cards.error_card import cannot_post_error, error_answer, retry_button
from commands.cards.receipt_card import OutcomeReport, answer_of, report_outcome
from commands.lookup.person_lookup import find_person
from commands.lookup.runbook_lookup import find_runbook
from commands.model.card import Answer, Button, Text
from commands.model.command import Right
from commands.model.errors import CommandError, NotAllowed
from commands.model.intents import Drop, OpenForm, Retry, Start
from commands.model.messages import Actor, Place
from commands.model.outcomes import Done, Refused, WriteOutcome
from commands.model.ports import CannotPost, CommandContext
from commands.model.tracked_run import TrackedRun
from commands.operations.new_readers import line_about_owner
from commands.operations.task_action import require
from commands.operations.write import write
from commands.text.catalogue import plain_text, plural, translate
from commands.text.error_text import platform_messages, platform_title
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

REPEAT_WINDOW = timedelta(minutes=10)  # a second start of a runbook in the same place asks first


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
        question = await _which_channel(intent, runbook, context)
        owner = (await find_person(intent.owner, context, field="owner")) if intent.owner else None
        if question is None and not intent.confirmed:
            about_owner = await _line_about_owner(owner, runbook, tracked, context)
            question = await _question(intent, runbook, tracked, context, about_owner)
    except (CommandError, AdapterError):
        await context.services.runs.cancel_start(tracked.handle)
        raise
    if question is not None:
        await context.services.runs.cancel_start(tracked.handle)
        return question
    title = f"{tracked.handle} {intent.name or runbook.title}"
    await context.services.runs.reserve_handle(
        runbook.key.platform, title, runbook.key.id, context.message.key, book=runbook.title
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
    shared = await context.services.memberships.shared_channels(context.actor, context.place)
    chosen = next((known for known in shared if known.channel == chosen.channel), chosen)
    require_right(Right.START, context.actor, chosen, context.services.access_rules)
    if not await context.services.memberships.can_see(context.actor, chosen):
        raise NotAllowed("start.not_in_channel")
    await context.services.runs.update_overlay(
        tracked.handle, lambda overlay: overlay.model_copy(update={"places": (chosen,)})
    )
    return replace(context, message=context.message.model_copy(update={"place": chosen}))


async def _which_channel(intent: Start, runbook: Runbook, context: CommandContext) -> Answer | None:
    """Asked in a direct message: which people may read the run."""
    place, key = context.place, context.message.key
    if intent.channel or not place.direct:
        return None
    pick: ChoiceValues = {"runbook": str(runbook.key), "channel": place.channel}
    buttons = [choice(key, pick, label("start.only_me"))]
    shared = await context.services.memberships.shared_channels(context.actor, context.place)
    for channel in shared[: MOST_CHOICES - 1]:
        shown = f"#{channel.channel_name}" if channel.channel_name else channel.channel
        buttons.append(choice(key, {**pick, "channel": channel.channel}, shown))
    title = translate("start.which_channel", runbook=runbook.title)
    return Answer(private=short_card(title, buttons=buttons), result="question")


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


async def _line_about_owner(
    owner: Actor | None, runbook: Runbook, tracked: TrackedRun, context: CommandContext
) -> Text:
    """Says that the owner is not in the place that the run will belong to, and will be able to read it."""
    if owner is None:
        return ()
    run = tracked.run.model_copy(update={"runbook": runbook.title, "runbook_id": runbook.key.id})
    run = run.model_copy(update={"key": RunKey(platform=runbook.key.platform, id=run.key.id)})
    overlay = tracked.overlay.model_copy(update={"places": (context.place,)})
    return await line_about_owner(owner, tracked.model_copy(update={"run": run, "overlay": overlay}), context)


async def _question(
    intent: Start, runbook: Runbook, tracked: TrackedRun, context: CommandContext, about_owner: Text
) -> Answer | None:
    """Asked before a second start soon after the first, and before one that notifies people, cannot be undone,
    or lets somebody from elsewhere read the run."""
    recent = await context.services.runs.recent_start(runbook.key, context.place, context.now - REPEAT_WINDOW)
    twice = recent if recent is not None and recent.handle != tracked.handle else None
    needs_care = (runbook.irreversible or runbook.alerts) and not intent.rehearsal
    if twice is None and not needs_care and not runbook.warning and not about_owner:
        return None
    lines: list[Text] = [about_owner] if about_owner else []
    if twice is not None:
        lines.append(translate("start.twice", run=run_name(twice)))
    if runbook.warning:
        lines.append(translate(runbook.warning, platform_messages(runbook.key.platform, context.services)))
    if needs_care:
        lines += await _consequences(runbook, context)
    buttons = _start_buttons(intent, runbook, context) if needs_care else []
    if not buttons:
        pick: ChoiceValues = {"runbook": str(runbook.key), "confirmed": True}
        decided = needs_care and bool(runbook.start_options)  # the line says which option
        live = label(
            "button.start_this"
            if decided
            else "start.live"
            if needs_care
            else "start.another"
            if twice
            else "start.anyway"
        )
        buttons = [choice(context.message.key, pick, live)]
        if needs_care and runbook.rehearsable and not decided:
            buttons.append(choice(context.message.key, {**pick, "rehearsal": True}, label("start.rehearsal")))
    buttons.append(button("button.cancel", Drop(key=context.message.key)))
    title = translate(
        "start.ask", runbook=runbook.title, platform=platform_title(runbook.key.platform, context.services)
    )
    return Answer(private=short_card(title, lines=lines, buttons=buttons, tone="warn"), result="question")


def _start_buttons(intent: Start, runbook: Runbook, context: CommandContext) -> list[Button]:
    """A button for each start option; none where the line has already chosen one."""
    if any(option.values.keys() & intent.values.keys() for option in runbook.start_options):
        return []
    messages = platform_messages(runbook.key.platform, context.services)
    buttons: list[Button] = []
    for option in runbook.start_options[: MOST_CHOICES - 1]:
        pick: ChoiceValues = {"runbook": str(runbook.key), "confirmed": True, "rehearsal": option.rehearsal}
        pick["options"] = {**option.values, **option.confirms}
        buttons.append(choice(context.message.key, pick, plain_text(translate(option.label, messages))))
    return buttons


async def _consequences(runbook: Runbook, context: CommandContext) -> list[Text]:
    full = runbook
    if runbook.task_count is None and not runbook.tasks:
        full = await context.services.adapter(runbook.key.platform).runbook(runbook.key.id)
    count = full.task_count if full.task_count is not None else len(full.tasks)
    lines = [translate(plural("start.tasks", count), count=count)]
    if runbook.alerts:
        lines.append(translate("start.alerts", alerts=runbook.alerts))
    if runbook.irreversible:
        lines.append(translate("start.irreversible"))
    return lines
