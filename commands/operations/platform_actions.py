"""The actions that a platform has beyond the verbs (its buttons, flags and commands), and how people name them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.models import PlatformAction
from adapters.protocol import Unsupported, supports
from adapters.toolkit.folding import fold
from adapters.toolkit.messages import LANGUAGES, in_language
from adapters.writes import Op
from commands.language.references import action_tasks
from commands.lookup.fuzzy import find_matches
from commands.lookup.task_lookup import find_task
from commands.model.card import Answer, Button, Code, Link, Separator, Text
from commands.model.errors import Ambiguous, BadArguments, CommandError, Missing
from commands.model.intents import DoAction, Drop
from commands.model.ports import CommandContext, Services
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import plain_text, translate
from commands.text.error_text import capability_text, platform_messages, platform_title
from commands.text.phrases import (
    MOST_CHOICES,
    ChoiceValues,
    button,
    choice,
    join_parts,
    run_name,
    short_card,
    shorten,
    task_name,
)

NOTE = "note"
"""The option with the person's own words, as ``PerformAction.words`` reads it."""
_MOST_LINES = 20
_LONGEST = 80  # characters of a label


@dataclass(frozen=True)
class NamedAction:
    """``name`` is the label with the task's handle in front, if the action is about a task.

    ``translations`` are its label in the other languages: people type what a colleague or the documentation wrote.
    """

    action: PlatformAction
    label: str
    name: str
    note: Text = ()
    translations: tuple[str, ...] = ()


def is_supported_on(op: Op, services: Services, tracked: TrackedRun | None = None) -> bool:
    """On the platform of ``tracked``; without it, on any configured platform."""
    names = [tracked.run.key.platform] if tracked is not None else list(services.platforms)
    found = [services.adapter(name).capabilities for name in names]
    return not found or any(supports(capabilities, op) for capabilities in found)


def require_actions(context: CommandContext, tracked: TrackedRun) -> None:
    capability = context.adapter(tracked).capabilities.get(Op.ACTION)
    if isinstance(capability, Unsupported):
        platform = platform_title(tracked.run.key.platform, context.services)
        instead = capability_text(capability.alternative, tracked.run.key.platform, context.services)
        raise CommandError("do.unsupported", platform=platform, instead=instead)


async def platform_actions(context: CommandContext, tracked: TrackedRun) -> Sequence[NamedAction]:
    """Asks the platform. Raises ``AdapterError``."""
    actions = await context.adapter(tracked).actions(tracked.run)
    return [_named(action, tracked, context.services) for action in actions]


def _named(action: PlatformAction, tracked: TrackedRun, services: Services) -> NamedAction:
    messages = platform_messages(tracked.run.key.platform, services)
    label = _label(action, messages)
    translations = []
    for language in LANGUAGES:
        with in_language(language):
            translations.append(_label(action, platform_messages(tracked.run.key.platform, services)))
    handle = tracked.task_handle(action.task) if action.task else ""
    note: Text = translate(action.note, messages, **action.facts) if action.note else ()
    others = tuple(other for other in dict.fromkeys(translations) if other != label)
    return NamedAction(action, label, f"{handle} {label}".strip(), note, others)


def _label(action: PlatformAction, messages: Mapping[str, str]) -> str:
    return shorten(plain_text(translate(action.label, messages, **action.facts)), _LONGEST)


def action_list(tracked: TrackedRun, actions: Sequence[NamedAction], services: Services) -> Answer:
    """All actions as lines, the first five also as buttons. An action that only opens a page is a link."""
    if not actions:
        return Answer(
            private=short_card(translate("do.nothing", run=run_name(tracked), platform=_title(tracked, services)))
        )
    lines: list[Text] = [_line(action) for action in actions[:_MOST_LINES]]
    if len(actions) > _MOST_LINES:
        lines.append(translate("list.more", count=len(actions) - _MOST_LINES))
    buttons = _buttons(tracked, actions)
    if len(buttons) > MOST_CHOICES:
        lines.append(translate("do.by_name", line=Code(f"{services.root_command} do NAME")))
    title = translate("do.title", run=run_name(tracked), platform=_title(tracked, services))
    return Answer(private=short_card(title, lines=lines, buttons=buttons[:MOST_CHOICES]))


def find_action(
    query: str, tracked: TrackedRun, actions: Sequence[NamedAction], context: CommandContext
) -> NamedAction:
    """By id (a button sends it), else by name. Raises ``Ambiguous`` or ``Missing``, with buttons.

    A task that is named by handle or link is binding: only its own actions are looked at.
    """
    exact = [named for named in actions if query == named.action.id or fold(query) == fold(named.name)]
    if len(exact) == 1:
        return exact[0]
    references, name = action_tasks(query)
    task_ids = {
        find_task(ref, tracked, context.message, context.services, field="", likely=()).id for ref in references
    }
    if len(task_ids) > 1:
        raise BadArguments("do.one_task", field="offer")
    fitting = [named for named in actions if not task_ids or named.action.task in task_ids]
    names = [(named.label if references else named.name, named) for named in fitting]
    found = find_matches(name, names)
    if found.single is None and not found.several:
        found = find_matches(name, [(named.label, named) for named in fitting])
    if found.single is None and not found.several:
        translated = find_matches(name, [(label, named) for named in fitting for label in named.translations])
        found = translated if translated.single is not None or translated.several else found
    if found.single is not None:
        return found.single
    if references and not name.strip() and len(found.several) == 1:
        return found.several[0]
    facts = {"words": shorten(name, 60), "run": run_name(tracked)}
    if references and not found.several:
        task = tracked.run.task(next(iter(task_ids)))
        about = task_name(tracked, task) if task else references[0]
        key = "do.none_for_task" if name.strip() else "do.nothing_for_task"
        raise Missing(key, words=facts["words"], task=about, buttons=_buttons(tracked, fitting)[:MOST_CHOICES])
    if found.several:
        rest = ", ".join(named.name for named in found.several[MOST_CHOICES:])
        buttons = [_button(tracked, named) for named in found.several[:MOST_CHOICES]]
        raise Ambiguous("do.several", buttons=buttons, rest=rest, **facts)
    buttons = _buttons(tracked, found.guesses or actions)[:MOST_CHOICES]
    raise Missing("do.none", buttons=buttons, **facts)


def require_values(named: NamedAction, values: Mapping[str, str], context: CommandContext) -> None:
    """Raises ``BadArguments`` where an action needs values and has none, or the other way round."""
    if NOTE in values and not named.action.takes_note:
        raise BadArguments("do.takes_no_note", field="note", name=named.name)
    values = {name: value for name, value in values.items() if name != NOTE}
    if bool(named.action.inputs) is bool(values):
        return
    if values:
        raise BadArguments("do.takes_no_values", field="set", name=named.name)
    command = f"{context.services.root_command} do {named.name} --set {named.action.inputs[0]}=…"
    inputs = ", ".join(named.action.inputs)
    raise BadArguments("do.needs_values", field="set", name=named.name, inputs=inputs, example=Code(command))


def confirmation(
    tracked: TrackedRun, named: NamedAction, values: Mapping[str, str], context: CommandContext
) -> CommandError:
    """The question before an action: says what it does, before anything is sent."""
    key, action = context.message.key, named.action
    given = ", ".join(value if name == NOTE else f"{name}={value}" for name, value in values.items())
    name = shorten(f"{named.name} ({given})", 2 * _LONGEST) if given else named.name
    label = shorten(f"{named.label} ({given})", 2 * _LONGEST) if given else named.label
    pick: ChoiceValues = {"run": tracked.handle, "offer": action.id, "label": label, "confirmed": True}
    buttons = [
        choice(key, pick | {"task": action.task or ""}, plain_text(translate("button.do"))),
        button("button.cancel", Drop(key=key)),
    ]
    messages = platform_messages(tracked.run.key.platform, context.services)
    does: Text = translate(action.warning, messages, **action.facts) if action.warning else ()
    may_add: Text = translate("do.may_add_note") if action.takes_note and NOTE not in values else ()
    warning = join_parts([does, may_add], " ")
    if not warning:
        return Ambiguous("do.ask", name=name, run=run_name(tracked), buttons=buttons)
    return Ambiguous("do.ask_warned", name=name, run=run_name(tracked), warning=warning, buttons=buttons)


def page_link(named: NamedAction) -> Answer:
    """For an action that only opens a page."""
    return Answer(private=short_card(translate("do.page", page=Link(named.name, named.action.link))))


def _line(named: NamedAction) -> Text:
    link = named.action.link
    return join_parts([(Link(named.name, link) if link else named.name,), named.note], Separator("   "))


def _buttons(tracked: TrackedRun, actions: Sequence[NamedAction]) -> list[Button]:
    return [_button(tracked, named) for named in actions if not named.action.link]


def _button(tracked: TrackedRun, named: NamedAction) -> Button:
    return Button(shorten(named.name, 30), DoAction(run=tracked.handle, action=named.action.id))


def _title(tracked: TrackedRun, services: Services) -> str:
    return platform_title(tracked.run.key.platform, services)
