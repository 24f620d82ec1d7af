"""What comes before a start gets a handle: its runbook is found, and what has to be asked is asked."""

from dataclasses import replace

from adapters.writes import Op
from commands.access import require_right
from commands.lookup.person_lookup import find_person
from commands.lookup.runbook_lookup import find_runbook
from commands.model.card import Answer
from commands.model.command import Right
from commands.model.errors import NotAllowed
from commands.model.intents import Start
from commands.model.messages import Place
from commands.model.ports import CommandContext
from commands.model.tracked_run import ReservedStart
from commands.operations.start_question import confirm_start, line_about_new_owner, which_channel
from commands.operations.start_values import ask_for_values
from commands.operations.task_action import require_supported


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
    question = await which_channel(intent, runbook, context)
    question = question or ask_for_values(intent, runbook, context)
    owner = (await find_person(intent.owner, context, field="owner")) if intent.owner else None
    reserved = ReservedStart(
        message=context.message.key,
        runbook=runbook.key,
        runbook_title=runbook.title,
        title=intent.name or runbook.title,
        by=context.actor,
        place=context.place,
    )
    if question is None and not intent.confirmed:
        about_owner = await line_about_new_owner(owner, reserved, context)
        question = await confirm_start(intent, runbook, context, about_owner)
    if question is not None:
        return question
    handle = await context.services.runs.reserve_handle(reserved)
    return intent.model_copy(update={"run": handle, "owner": owner.id if owner else ""})


async def in_chosen_channel(intent: Start, context: CommandContext) -> CommandContext:
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
    return replace(context, message=context.message.model_copy(update={"place": chosen}))
