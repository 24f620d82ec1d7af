"""What comes before a start gets a handle: its runbook is found, and what has to be asked is asked."""

from dataclasses import replace
from datetime import timedelta

from adapters.models import Run, Runbook, RunKey, RunState
from adapters.writes import Op
from commands.access import require_right
from commands.lookup.person_lookup import find_person
from commands.lookup.runbook_lookup import find_runbook
from commands.model.card import Answer, Button, Text
from commands.model.command import Right
from commands.model.errors import NotAllowed
from commands.model.intents import Drop, Start
from commands.model.messages import Actor, Place
from commands.model.ports import CommandContext
from commands.model.tracked_run import NewRun, RunOverlay, TrackedRun
from commands.operations.new_readers import line_about_owner
from commands.operations.task_action import require_supported
from commands.text.catalogue import plain_text, plural, translate
from commands.text.error_text import platform_messages, platform_title
from commands.text.phrases import MOST_CHOICES, ChoiceValues, button, choice, label, run_name, short_card

REPEAT_WINDOW = timedelta(minutes=10)  # a second start of a runbook in the same place asks first


def has_runbook(context: CommandContext) -> bool:
    """Whether the start was prepared: its handle belongs to its runbook."""
    return context.run is not None and bool(context.run.run.runbook_id)


async def prepare_start(intent: Start, context: CommandContext) -> Start | Answer:
    """The start with the handle of its run, or a question. Raises ``CommandError`` or ``AdapterError``.

    What is stored with the handle is not looked up again: a restart goes on without asking again.
    """
    context = await in_chosen_channel(intent, context)
    runbook = await find_runbook(intent.runbook, intent.platform, context)
    require_supported(Op.START, runbook.key.platform, context.services)
    question = await _which_channel(intent, runbook, context)
    owner = (await find_person(intent.owner, context, field="owner")) if intent.owner else None
    if question is None and not intent.confirmed:
        question = await _question(intent, runbook, context, await _line_about_owner(owner, runbook, context))
    if question is not None:
        return question
    new = NewRun(
        runbook=runbook.key,
        runbook_title=runbook.title,
        title=intent.name or runbook.title,
        by=context.actor,
        place=context.place,
    )
    handle = await context.services.runs.reserve_handle(new, context.message.key)
    return intent.model_copy(update={"run": handle, "owner": owner.id if owner else ""})


async def in_chosen_channel(intent: Start, context: CommandContext) -> CommandContext:
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
    return replace(context, message=context.message.model_copy(update={"place": chosen}))


async def _which_channel(intent: Start, runbook: Runbook, context: CommandContext) -> Answer | None:
    """Asked in a direct message: which people may read the run."""
    place, key = context.place, context.message.key
    if intent.channel or not place.direct:
        return None
    pick: ChoiceValues = {"runbook": str(runbook.key), "channel": place.channel}
    buttons = [choice(key, pick, label("start.only_me"))]
    for channel in (await context.services.memberships.shared_channels(context.actor))[: MOST_CHOICES - 1]:
        shown = f"#{channel.channel_name}" if channel.channel_name else channel.channel
        buttons.append(choice(key, {**pick, "channel": channel.channel}, shown))
    title = translate("start.which_channel", runbook=runbook.title)
    return Answer(private=short_card(title, buttons=buttons), result="question")


async def _line_about_owner(owner: Actor | None, runbook: Runbook, context: CommandContext) -> Text:
    """Says that the owner is not in the place that the run will belong to, and will be able to read it."""
    if owner is None:
        return ()
    key = RunKey(platform=runbook.key.platform, id="")
    run = Run(
        key=key, title=runbook.title, runbook=runbook.title, runbook_id=runbook.key.id, state=RunState.STARTING
    )
    overlay = RunOverlay(places=(context.place,), started_by=context.actor)
    return await line_about_owner(owner, TrackedRun(handle="", run=run, overlay=overlay, started=False), context)


async def _question(intent: Start, runbook: Runbook, context: CommandContext, about_owner: Text) -> Answer | None:
    """Asked before a second start soon after the first, and before one that notifies people, cannot be undone,
    or lets somebody from elsewhere read the run."""
    twice = await context.services.runs.recent_start(runbook.key, context.place, context.now - REPEAT_WINDOW)
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
