"""Buttons for a line whose verb or flag is unknown."""

import re

from commands.language.parser import parse
from commands.language.vocabulary import spelling
from commands.model.card import Button
from commands.model.errors import BadArguments, CommandError, UnknownCommand
from commands.model.intents import Help
from commands.model.messages import Message
from commands.model.ports import Services
from commands.text.phrases import button, choice, shorten

_MAX_BUTTON_SIZE = 800  # characters of an intent's dump that every chat's button can hold
_MOST_SUGGESTIONS = 3


def with_suggestions(error: UnknownCommand, services: Services) -> UnknownCommand:
    """The line with each guessed word instead, if it can be parsed; and [Help]."""
    meant: list[Button] = []
    rest = str(error.facts.get("rest", ""))
    for word in error.facts.get("guesses") or ():  # type: ignore[attr-defined]
        spelled = spelling(word, services.commands)
        try:
            intent = parse(f"{spelled} {rest}", services.commands, services.aliases)
        except CommandError:
            continue
        if len(intent.model_dump_json()) <= _MAX_BUTTON_SIZE:
            meant.append(Button(shorten(f"{spelled.capitalize()} {rest}", 30), intent))
    if meant:
        error.key = "parse.did_you_mean"
    others = [button for button in meant[:_MOST_SUGGESTIONS] if button.intent != Help()]
    error.buttons = (*others, button("button.help", Help()))
    return error


def corrected_flag_buttons(error: BadArguments, message: Message, services: Services) -> tuple[Button, ...]:
    """The line with the flag that was probably meant. It can be chosen once."""
    wrong, guess = str(error.facts.get("flag", "")), str(error.facts.get("guess", ""))
    line = re.sub(rf"(?:--|—|–){re.escape(wrong.removeprefix('--'))}\b", guess, message.text, count=1)
    try:
        intent = parse(
            line, services.commands, services.aliases, root=services.root_command, mention=services.mention
        )
    except CommandError:
        return ()
    values = {**intent.model_dump(mode="json", exclude_defaults=True), "verb": intent.verb}
    press = choice(message.key, values, line)
    return (press,) if len(press.intent.model_dump_json()) <= _MAX_BUTTON_SIZE else ()
