"""``due``: the promised status update is due. Only the engine says it, never a button or a line."""

from adapters.toolkit.messages import in_language
from commands.model.card import Answer, PersonName
from commands.model.command import Command, Right, Scope, button_only
from commands.model.intents import OpenForm, PromiseUpdate, UpdateDue
from commands.model.ports import CommandContext
from commands.text.catalogue import translate
from commands.text.phrases import button, run_name, short_card


async def handle(intent: UpdateDue, context: CommandContext) -> Answer:
    """One line that mentions whoever promised. Nothing is said when another promise has taken its place."""
    known = context.run
    if known is None or known.overlay.update_due != intent.at or known.run.state.is_over:
        return Answer()
    actor = known.overlay.update_by or context.actor
    who = PersonName(actor.shown, actor.id, ping=True)
    with in_language(context.services.language):
        title = translate("due.now", who=who, run=run_name(known))
        buttons = (
            button("button.update", OpenForm(run=known.handle, about="status")),
            button("button.later", PromiseUpdate(run=known.handle, next="15m")),
            button("button.no_more", PromiseUpdate(run=known.handle, next="off")),
        )
    return Answer(public=short_card(title, buttons=buttons), changed_runs=(known.handle,))


COMMAND = Command(
    verb="due",
    usage="",
    summary="say that an update is due",
    intent=UpdateDue,
    read=button_only,
    handle=handle,
    examples=(),
    scope=Scope.READ,
    right=Right.READ,
    typed=False,
)
