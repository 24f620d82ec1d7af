"""``notify``: how the sender is told about their tasks."""

from commands.model.card import Answer, Code
from commands.model.command import Command, Example, ParsedLine
from commands.model.errors import BadArguments
from commands.model.intents import Notify
from commands.model.ports import CommandContext, NotifyMode
from commands.text.catalogue import translate
from commands.text.phrases import button, short_card

_MODES: dict[str, NotifyMode] = {
    "thread": "thread",
    "tópico": "thread",
    "dm": "dm",
    "direct": "dm",
    "md": "dm",
    "off": "off",
    "none": "off",
    "desligado": "off",
    "auto": "auto",
    "default": "auto",
    "on": "auto",
}
_OFFERED: tuple[NotifyMode, ...] = ("auto", "thread", "dm", "off")


def read(line: ParsedLine) -> Notify:
    words = line.text.strip()
    if not words:
        return Notify()
    mode = _MODES.get(words.casefold())
    if mode is None:
        buttons = [button(f"button.notify_{offered}", Notify(mode=offered)) for offered in _OFFERED]
        raise BadArguments("notify.unknown", field="mode", shown=Code(words), buttons=buttons)
    return Notify(mode=mode)


async def handle(intent: Notify, context: CommandContext) -> Answer:
    preferences, actor = context.services.preferences, context.actor
    if intent.mode:
        await preferences.set_notify_mode(actor, intent.mode)
    mode = intent.mode or await preferences.notify_mode(actor)
    others = [] if intent.mode else [offered for offered in _OFFERED if offered != mode]
    buttons = [button(f"button.notify_{offered}", Notify(mode=offered)) for offered in others]
    return Answer(private=short_card(translate(f"notify.{mode}"), buttons=buttons))


COMMAND = Command(
    verb="notify",
    intent=Notify,
    read=read,
    handle=handle,
    arguments="[thread|dm|off|auto]",
    examples=(Example("notify dm", {"mode": "dm"}), Example("notify", {"mode": ""})),
    synonyms={"pt": ("notificar", "avisos")},
)
