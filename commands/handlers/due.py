"""``due``: the promised status update is due. Only the engine says it, never a button or a line."""

from commands.cards import Answer, Who
from commands.intents import Due, OpenForm, Promise
from commands.phrases import button, run_name, short_card
from commands.ports import Context
from commands.sentences import say
from commands.spec import Command, Right, Scope, never_typed


async def handle(intent: Due, context: Context) -> Answer:
    """One line that mentions whoever promised. Nothing is said when another promise has taken its place."""
    known = context.run
    if known is None or known.kept.update_due != intent.at or known.run.state.is_over:
        return Answer()
    actor = known.kept.update_by or context.actor
    who = Who(actor.shown, actor.id, ping=True)
    words = say("due.now", who=who, run=run_name(known))
    buttons = (
        button("button.update", OpenForm(run=known.handle, about="status")),
        button("button.later", Promise(run=known.handle, next="15m")),
        button("button.no_more", Promise(run=known.handle, next="off")),
    )
    return Answer(public=short_card(words, buttons=buttons), touched=(known.handle,))


COMMAND = Command(
    verb="due",
    usage="",
    summary="say that an update is due",
    intent=Due,
    read=never_typed,
    handle=handle,
    examples=(),
    scope=Scope.READ,
    right=Right.READ,
    typed=False,
)
