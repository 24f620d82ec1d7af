"""``help``: the few lines that most people need, all commands, or one of them."""

from collections.abc import Sequence
from dataclasses import replace

from adapters.protocol import Emulated, Unsupported, supports
from adapters.toolkit.folding import fold
from adapters.writes import Op
from commands.access import require_right
from commands.cards.run_card import likely_steps
from commands.cards.task_row import shown_tasks
from commands.guest_access import require_reading
from commands.language.parser import parse_line, similar_words
from commands.language.tokens import unquote
from commands.language.vocabulary import vocabulary
from commands.model.card import Answer, Button, Card, Code, Text
from commands.model.command import Command, Example, ParsedLine
from commands.model.errors import NotAllowed
from commands.model.intents import Help, Mine, OpenForm, Runbooks, TaskIntent
from commands.model.ports import CommandContext, Services
from commands.model.tracked_run import TrackedRun
from commands.operations.platform_actions import is_supported_on
from commands.text.catalogue import plain_text, translate
from commands.text.error_text import capability_text, platform_title
from commands.text.phrases import button, run_name, short_card, shorten
from commands.visibility import Reader

_ALL = "all"
_STEPS = "steps"
_WAYS = (
    ("help.steps_boxes", "- [ ] Stop the app"),
    ("help.steps_numbers", "1. Stop the app"),
    ("help.steps_bullets", "- Stop the app"),
    ("help.steps_headings", "### Step 1: Stop the app"),
    ("help.steps_tables", "| Step | Owner |"),
)
_FRONT_MATTER = "liaison: {steps: headings}"


def read(line: ParsedLine) -> Help:
    return Help(topic=unquote(line.text))


async def handle(intent: Help, context: CommandContext) -> Answer:
    services = context.services
    words = vocabulary(services.commands, services.aliases)
    verb = words.get(fold(intent.topic), "") if intent.topic else ""
    if verb:
        return Answer(private=_command_card(services.commands[verb], context))
    if intent.topic:
        if fold(intent.topic) == _ALL:
            return Answer(private=_list_card("", context))
        if fold(intent.topic) == _STEPS:
            return Answer(private=_steps_card())
        if guesses := [words[word] for word in similar_words(fold(intent.topic), words)]:
            return Answer(private=_guess_card(intent.topic, guesses))
        return Answer(private=_list_card(intent.topic, context))
    tracked = await _run_here(context)
    changes = tracked is not None and _may_type("finish", context)
    return Answer(private=_run_card(tracked, context) if tracked and changes else _start_card(context))


async def _run_here(context: CommandContext) -> TrackedRun | None:
    """The active run of the thread, or the only one of the channel."""
    runs = context.services.runs
    bound = await runs.for_thread(context.place) if context.place.thread else None
    if bound is not None:
        return bound if bound.started and not bound.run.state.is_over else None
    of_channel = [run for run in await runs.for_channel(context.place) if run.started]
    return await runs.get(of_channel[0].handle) if len(of_channel) == 1 else None


def _run_card(tracked: TrackedRun, context: CommandContext) -> Card:
    """What is done most with a run, with its own tasks as examples."""
    services, can = context.services, context.adapter(tracked).capabilities
    steps = likely_steps(tracked, shown_tasks(tracked), can, context.now)
    tasks = [task for step in steps for task in (step.intent.tasks if isinstance(step.intent, TaskIntent) else ())]
    task = tasks[0] if tasks else "T1"
    typed = [
        (Op.FINISH, (f"finish {task}", "help.with_note")),
        (Op.STATUS, (plain_text(translate("help.line_status")), "")),
        (Op.COMMENT, (plain_text(translate("help.line_comment", task=task)), "")),
        (Op.ASSIGN, (f"assign {tasks[-1] if tasks else task} @ben", "")),
    ]
    usable = [(line, key) for op, (line, key) in typed if supports(can, op) and _may_type(line, context)]
    lines = [_typed(line, key, services) for line, key in usable]
    update = [button("button.update", OpenForm(run=tracked.handle, about="status"))]
    buttons = [
        *(replace(step, style="primary") for step in steps[:1]),
        *(update if supports(can, Op.STATUS) else []),
        button("button.start", OpenForm(about="start")),
        _all_button(),
    ]
    title = translate("help.in_run", run=run_name(tracked))
    return short_card(title, lines=[*lines, _ways(services)], buttons=buttons)


def _start_card(context: CommandContext) -> Card:
    """Where no run is active, or several are, or for somebody who may change none."""
    services = context.services
    typed = [("start", "help.about_start"), ("runs", "help.about_runs"), ("mine", "help.about_mine")]
    buttons = [
        button("button.start", OpenForm(about="start")),
        button("button.runbooks", Runbooks()),
        button("button.mine", Mine()),
        _all_button(),
    ]
    lines = [_typed(line, key, services) for line, key in typed if _may_type(line, context)]
    title = translate("help.anywhere" if _may_type("start", context) else "help.look_on")
    return short_card(title, lines=[*lines, _ways(services)], buttons=buttons)


def _typed(line: str, key: str, services: Services) -> Text:
    shown = Code(f"{services.root_command} {line}")
    return ("• ", shown, " ", *translate(key)) if key else ("• ", shown)


def _ways(services: Services) -> Text:
    return translate("help.more", root=services.root_command, mention=services.mention)


def _all_button() -> Button:
    return button("button.all_commands", Help(topic=_ALL))


def _may_use(command: Command, context: CommandContext) -> bool:
    """Whether this person may use it at all: guests may not use everything."""
    actor, services = context.actor, context.services
    line = command.examples[0].line if command.examples else command.verb
    try:
        require_reading(parse_line(line, services), command.right, actor, services)
        require_right(command.right, actor, context.place, services.access_rules)
    except NotAllowed:
        return False
    return True


def _may_type(line: str, context: CommandContext) -> bool:
    return _may_use(context.services.commands[line.partition(" ")[0]], context)


def _list_card(unknown_topic: str, context: CommandContext) -> Card:
    services = context.services
    listed = [
        command
        for command in services.commands.values()
        if command.typed
        and command.verb != "home"
        and (not command.op or is_supported_on(command.op, services))
        and _may_use(command, context)
    ]
    listed.sort(key=lambda command: (command.op is None, command.verb))
    lines: list[Text] = [(_usage(command, services), "  ", *translate(command.summary_key)) for command in listed]
    lines.append(_ways(services))
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


def _steps_card() -> Card:
    """How the steps of a Markdown runbook are written."""
    lines: list[Text] = [("• ", *translate(key, example=Code(example))) for key, example in _WAYS]
    lines += [translate("help.steps_context"), translate("help.steps_front_matter", example=Code(_FRONT_MATTER))]
    return short_card(translate("help.steps_title"), lines=lines, buttons=[button("button.runbooks", Runbooks())])


def _guess_card(topic: str, guesses: Sequence[str]) -> Card:
    buttons = [button("button.help_with", Help(topic=verb), verb=verb) for verb in guesses]
    title = translate("help.did_you_mean", words=shorten(topic, 40))
    return short_card(title, buttons=[*buttons, _all_button()])


def _command_card(command: Command, context: CommandContext) -> Card:
    """One command with its examples and, for insiders, how the platforms support it."""
    services = context.services
    lines: list[Text] = [(_usage(command, services),)]
    if command.aliases:
        lines.append(translate("help.aliases", words=", ".join(command.aliases)))
    examples = [Code(f"{services.root_command} {example.line}") for example in command.examples]
    lines += [translate("help.examples"), *(("• ", example) for example in examples)]
    if command.op is not None and Reader(context.actor, services).is_insider:
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
    examples=(
        Example("help", {"topic": ""}),
        Example("help finish", {"topic": "finish"}),
        Example("help all", {"topic": "all"}),
    ),
    synonyms={"en": ("?", "help me", "--help", "-h"), "pt": ("ajuda",)},
)
