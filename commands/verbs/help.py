"""``help``: what can be typed, and an example of each."""

from adapters.protocol import Emulated, Unsupported
from adapters.writes import Op
from commands.language.tokens import folded, unquote
from commands.language.vocabulary import vocabulary
from commands.model.card import Answer, Card, Code, Text
from commands.model.command import Command, Example, Line, Right, Scope
from commands.model.intents import Help, Mine, OpenForm, Runbooks
from commands.model.ports import CommandContext
from commands.operations.platform_actions import is_supported_on
from commands.text.catalogue import translate
from commands.text.error_text import platform_title
from commands.text.phrases import (
    button,
    short_card,
    shorten,
)


def read(line: Line) -> Help:
    return Help(words=unquote(line.rest))


async def handle(intent: Help, context: CommandContext) -> Answer:
    return show_help(context, intent.words)


def show_help(context: CommandContext, words: str) -> Answer:
    """All commands, or one with its examples and what the platforms make of it."""
    verb = vocabulary(context.services.commands, context.services.aliases).get(folded(words), "") if words else ""
    if verb:
        return Answer(private=_one_command(context, context.services.commands[verb]))
    lines = [
        (Code(f"{context.services.root_command} {command.verb} {command.usage}".strip()), f"  {command.summary}")
        for command in sorted(
            context.services.commands.values(), key=lambda command: (command.op is None, command.verb)
        )
        if command.typed
        and command.verb != "home"
        and (not command.op or is_supported_on(command.op, context.services))
    ]
    title = translate("help.unknown", words=shorten(words, 40)) if words else translate("help.title")
    more = translate("help.more", root=context.services.root_command, mention=context.services.mention)
    buttons = [
        button("button.start", OpenForm(about="start")),
        button("button.runbooks", Runbooks()),
        button("button.mine", Mine()),
    ]
    return Answer(private=short_card(title, lines=[*lines, more], buttons=buttons))


def _one_command(context: CommandContext, command: Command) -> Card:
    root = context.services.root_command
    lines: list[Text] = [(Code(f"{root} {command.verb} {command.usage}".strip()),)]
    if command.aliases:
        lines.append(translate("help.aliases", words=", ".join(command.aliases)))
    lines += [translate("help.example", line=Code(f"{root} {example.line}")) for example in command.examples]
    if command.op is not None:
        lines += [note for name in context.services.platforms if (note := _capability(context, name, command.op))]
    return short_card(
        translate("help.one", verb=command.verb, summary=command.summary),
        lines=lines,
        buttons=[button("button.help", Help())],
    )


def _capability(context: CommandContext, name: str, op: Op) -> Text:
    platform = platform_title(name, context.services)
    match context.services.platforms[name].capabilities.get(op):
        case Emulated(how=how):
            return translate("help.emulated", platform=platform, how=how)
        case Unsupported(alternative=instead):
            return translate("help.unsupported", platform=platform, instead=instead)
    return ()


COMMAND = Command(
    verb="help",
    usage="[VERB]",
    summary="what can be typed",
    intent=Help,
    read=read,
    handle=handle,
    examples=(Example("help", {"words": ""}), Example("help finish", {"words": "finish"})),
    scope=Scope.NONE,
    right=Right.READ,
)
