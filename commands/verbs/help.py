"""``help``: lists the commands, or explains one."""

from adapters.protocol import Emulated, Unsupported
from adapters.toolkit.folding import fold
from adapters.writes import Op
from commands.language.tokens import unquote
from commands.language.vocabulary import vocabulary
from commands.model.card import Answer, Card, Code, Text
from commands.model.command import Command, Example, ParsedLine
from commands.model.intents import Help, Mine, OpenForm, Runbooks
from commands.model.ports import CommandContext, Services
from commands.operations.platform_actions import is_supported_on
from commands.text.catalogue import translate
from commands.text.error_text import capability_text, platform_title
from commands.text.phrases import button, short_card, shorten


def read(line: ParsedLine) -> Help:
    return Help(topic=unquote(line.text))


async def handle(intent: Help, context: CommandContext) -> Answer:
    services = context.services
    words = vocabulary(services.commands, services.aliases)
    verb = words.get(fold(intent.topic), "") if intent.topic else ""
    if verb:
        return Answer(private=_command_card(services.commands[verb], services))
    return Answer(private=_list_card(intent.topic, services))


def _list_card(unknown_topic: str, services: Services) -> Card:
    listed = [
        command
        for command in services.commands.values()
        if command.typed and command.verb != "home" and (not command.op or is_supported_on(command.op, services))
    ]
    listed.sort(key=lambda command: (command.op is None, command.verb))
    lines: list[Text] = [(_usage(command, services), "  ", *translate(command.summary_key)) for command in listed]
    lines.append(translate("help.more", root=services.root_command, mention=services.mention))
    buttons = [
        button("button.start", OpenForm(about="start")),
        button("button.runbooks", Runbooks()),
        button("button.mine", Mine()),
    ]
    if unknown_topic:
        title = translate("help.unknown", words=shorten(unknown_topic, 40))
    else:
        title = translate("help.title")
    return short_card(title, lines=lines, buttons=buttons)


def _command_card(command: Command, services: Services) -> Card:
    """One command with its examples, and how the platforms support it."""
    lines: list[Text] = [(_usage(command, services),)]
    if command.aliases:
        lines.append(translate("help.aliases", words=", ".join(command.aliases)))
    examples = [Code(f"{services.root_command} {example.line}") for example in command.examples]
    lines += [translate("help.example", line=example) for example in examples]
    if command.op is not None:
        lines += [line for name in services.platforms if (line := _capability_line(name, command.op, services))]
    return short_card(
        translate("help.one", verb=command.verb, summary=translate(command.summary_key)),
        lines=lines,
        buttons=[button("button.help", Help())],
    )


def _usage(command: Command, services: Services) -> Code:
    return Code(f"{services.root_command} {command.verb} {command.arguments}".strip())


def _capability_line(name: str, op: Op, services: Services) -> Text:
    """Empty where the platform supports it natively."""
    platform = platform_title(name, services)
    match services.platforms[name].capabilities.get(op):
        case Emulated(how=how):
            return translate("help.emulated", platform=platform, how=capability_text(how, name, services))
        case Unsupported(alternative=alternative):
            instead = capability_text(alternative, name, services)
            return translate("help.unsupported", platform=platform, instead=instead)
    return ()


COMMAND = Command(
    verb="help",
    intent=Help,
    read=read,
    handle=handle,
    arguments="[VERB]",
    examples=(Example("help", {"topic": ""}), Example("help finish", {"topic": "finish"})),
    synonyms={"en": ("?",), "pt": ("ajuda",)},
)
