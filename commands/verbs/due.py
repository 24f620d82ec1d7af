"""``due``: reminds of a promised status update. Only the engine sends it."""

from adapters.toolkit.messages import in_language
from commands.model.card import Answer, PersonName
from commands.model.command import Command, Scope, button_only
from commands.model.intents import OpenForm, PromiseUpdate, UpdateDue
from commands.model.ports import CommandContext
from commands.text.catalogue import translate
from commands.text.phrases import button, run_name, short_card


async def handle(intent: UpdateDue, context: CommandContext) -> Answer:
    """A public line that mentions whoever made the promise. Empty if another promise has replaced it."""
    tracked = context.run
    if tracked is None or tracked.overlay.update_due != intent.at or tracked.run.state.is_over:
        return Answer()
    actor = tracked.overlay.update_by or context.actor
    who = PersonName(actor.display_name, actor.id, ping=True)
    with in_language(context.services.language):
        text = translate("due.now", who=who, run=run_name(tracked))
        buttons = (
            button("button.update", OpenForm(run=tracked.handle, about="status")),
            button("button.later", PromiseUpdate(run=tracked.handle, next="15m")),
            button("button.no_more", PromiseUpdate(run=tracked.handle, next="off")),
        )
    return Answer(public=short_card(text, buttons=buttons), changed_runs=(tracked.handle,))


COMMAND = Command(verb="due", intent=UpdateDue, read=button_only, handle=handle, scope=Scope.READ, typed=False)
