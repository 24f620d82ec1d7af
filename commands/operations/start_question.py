"""What a start asks first: its channel, and whether to go on where that cannot be undone."""

from datetime import timedelta

from adapters.models import Runbook
from commands.model.card import Answer, Button, Text
from commands.model.intents import Drop, Start
from commands.model.messages import Actor
from commands.model.ports import CommandContext
from commands.model.tracked_run import ReservedStart, TrackedRun
from commands.operations.new_readers import line_about_owner
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
)

REPEAT_WINDOW = timedelta(minutes=10)  # a second start of a runbook in the same place asks first


async def which_channel(intent: Start, runbook: Runbook, context: CommandContext) -> Answer | None:
    """Asked in a direct message: which people may read the run."""
    place, key = context.place, context.message.key
    if intent.channel or not place.direct:
        return None
    pick: ChoiceValues = {"runbook": str(runbook.key), "channel": place.channel}
    buttons = [choice(key, pick, label("start.only_me"))]
    shared = await context.services.memberships.shared_channels(context.actor, place)
    for channel in shared[: MOST_CHOICES - 1]:
        shown = f"#{channel.channel_name}" if channel.channel_name else channel.channel
        buttons.append(choice(key, {**pick, "channel": channel.channel}, shown))
    title = translate("start.which_channel", runbook=runbook.title)
    return Answer(private=short_card(title, buttons=buttons), result="question")


async def line_about_new_owner(owner: Actor | None, start: ReservedStart, context: CommandContext) -> Text:
    """Says that the owner is not in the place that the run will belong to, and will be able to read it."""
    if owner is None:
        return ()
    draft = TrackedRun(handle="", run=start.run(""), overlay=start.overlay, started=False)
    return await line_about_owner(owner, draft, context)


async def confirm_start(
    intent: Start, runbook: Runbook, context: CommandContext, about_owner: Text
) -> Answer | None:
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
