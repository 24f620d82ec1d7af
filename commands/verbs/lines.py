"""``lines``: several commands in one message. Lists them, and runs them when a button confirms it."""

from commands.model.card import Answer
from commands.model.command import Command, button_only
from commands.model.intents import RunLines
from commands.model.messages import ReplyRoute, Via
from commands.model.ports import CommandContext
from commands.text.catalogue import translate
from commands.text.phrases import choice, label, short_card, shorten

_LONGEST = 120  # characters of a line in the list


async def handle(intent: RunLines, context: CommandContext) -> Answer:
    """Each line becomes a message with its own rights, run and answer. Its key makes it happen once."""
    message, count = context.message, len(intent.lines)
    if not intent.confirmed:
        lines = [(f"{number}. {shorten(line, _LONGEST)}",) for number, line in enumerate(intent.lines, 1)]
        button = choice(
            message.key, {"confirmed": True, "post": message.reply.post}, label("button.run_all", count=count)
        )
        title = translate("lines.question", count=count)
        return Answer(private=short_card(title, lines=lines, buttons=[button]), result="question")
    for number, line in enumerate(intent.lines, 1):
        await context.services.messages.submit(
            message.model_copy(
                update={
                    "key": f"{message.key}:{number}",
                    "text": line,
                    "intent": None,
                    "via": Via.DIRECT if message.place.direct else Via.MENTION,
                    "reply": ReplyRoute(post=intent.post or message.reply.post, details=message.reply.details),
                }
            )
        )
    return Answer(private=short_card(translate("lines.running", count=count)))


COMMAND = Command(verb="lines", intent=RunLines, read=button_only, handle=handle, typed=False)
