"""What a platform offers beyond the verbs: its buttons, flags and commands, as people read and name them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.models import PlatformAction
from adapters.protocol import Unsupported, supports
from adapters.writes import Op
from commands.lookup.fuzzy import match
from commands.model.card import Answer, Button, Code, Link, Separator, Text
from commands.model.errors import Ambiguous, CommandError, Missing
from commands.model.intents import DoAction, Drop
from commands.model.ports import CommandContext, Services
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import plain_text, translate
from commands.text.error_text import catalogue, platform_title
from commands.text.phrases import (
    MOST_CHOICES,
    ChoiceValues,
    button,
    choice,
    join_parts,
    run_name,
    short_card,
    shorten,
)

_MOST_LINES = 20
_LONGEST = 80  # letters of a label


@dataclass(frozen=True)
class NamedAction:
    """An offer in words. ``name``: with its task's handle in front, where it is about one."""

    offer: PlatformAction
    label: str
    name: str
    note: Text = ()


def is_supported_on(op: Op, world: Services, known: TrackedRun | None = None) -> bool:
    """On the platform of ``known``, else on any that is configured."""
    names = [known.run.key.platform] if known is not None else list(world.platforms)
    found = [world.platforms[name].capabilities for name in names if name in world.platforms]
    return not found or any(supports(capabilities, op) for capabilities in found)


def require_offers(context: CommandContext, known: TrackedRun) -> None:
    capability = context.adapter(known).capabilities.get(Op.ACTION)
    if isinstance(capability, Unsupported):
        platform = platform_title(known.run.key.platform, context.services)
        raise CommandError("do.unsupported", platform=platform, instead=capability.alternative)


async def offers_of(context: CommandContext, known: TrackedRun) -> Sequence[NamedAction]:
    """Asks the platform. Raises ``AdapterError``."""
    words = catalogue(known.run.key.platform, context.services)
    return [_shown(offer, known, words) for offer in await context.adapter(known).actions(known.run)]


def _shown(offer: PlatformAction, known: TrackedRun, words: Mapping[str, str]) -> NamedAction:
    label = shorten(plain_text(translate(offer.label, words, **offer.facts)), _LONGEST)
    handle = known.task_handle(offer.task) if offer.task else ""
    note: Text = translate(offer.note, words, **offer.facts) if offer.note else ()
    return NamedAction(offer, label, f"{handle} {label}".strip(), note)


def menu(known: TrackedRun, offers: Sequence[NamedAction], world: Services) -> Answer:
    """All of them as lines, the first five also as buttons; what only opens a page is a link."""
    if not offers:
        return Answer(
            private=short_card(translate("do.nothing", run=run_name(known), platform=_title(known, world)))
        )
    lines: list[Text] = [_line(one) for one in offers[:_MOST_LINES]]
    if len(offers) > _MOST_LINES:
        lines.append(translate("list.more", count=len(offers) - _MOST_LINES))
    presses = _presses(known, offers)
    if len(presses) > MOST_CHOICES:
        lines.append(translate("do.by_name", line=Code(f"{world.root_command} do NAME")))
    title = translate("do.title", run=run_name(known), platform=_title(known, world))
    return Answer(private=short_card(title, lines=lines, buttons=presses[:MOST_CHOICES]))


def named(words: str, known: TrackedRun, offers: Sequence[NamedAction]) -> NamedAction:
    """By its id (of a button), else by its name. Raises ``Ambiguous`` or ``Missing``, with buttons."""
    by_id = next((one for one in offers if one.offer.id == words), None)
    if by_id is not None:
        return by_id
    found = match(words, [(one.name, one) for one in offers])
    if found.one is None and not found.several:
        found = match(words, [(one.label, one) for one in offers])
    if found.one is not None:
        return found.one
    if found.several:
        rest = ", ".join(one.name for one in found.several[MOST_CHOICES:])
        buttons = [_press(known, one) for one in found.several[:MOST_CHOICES]]
        raise Ambiguous("do.several", words=shorten(words, 60), run=run_name(known), buttons=buttons, rest=rest)
    buttons = _presses(known, found.guesses or offers)[:MOST_CHOICES]
    raise Missing("do.none", words=shorten(words, 60), run=run_name(known), buttons=buttons)


def question(known: TrackedRun, one: NamedAction, context: CommandContext) -> CommandError:
    """Says what pressing does, before anything is sent."""
    key, offer = context.message.key, one.offer
    words = catalogue(known.run.key.platform, context.services)
    warning: Text = translate(offer.warning, words, **offer.facts) if offer.warning else ()
    pick: ChoiceValues = {"run": known.handle, "offer": offer.id, "label": one.label, "confirmed": True}
    press = choice(key, pick | {"task": offer.task or ""}, plain_text(translate("button.do")))
    cancel = button("button.cancel", Drop(key=key))
    return Ambiguous("do.ask", name=one.name, run=run_name(known), warning=warning, buttons=[press, cancel])


def page(one: NamedAction) -> Answer:
    """What only opens a page."""
    return Answer(private=short_card(translate("do.page", page=Link(one.name, one.offer.link))))


def _line(one: NamedAction) -> Text:
    name: Text = (Link(one.name, one.offer.link),) if one.offer.link else (one.name,)
    return join_parts([name, one.note], Separator("   "))


def _presses(known: TrackedRun, offers: Sequence[NamedAction]) -> list[Button]:
    return [_press(known, one) for one in offers if not one.offer.link]


def _press(known: TrackedRun, one: NamedAction) -> Button:
    return Button(shorten(one.name, 30), DoAction(run=known.handle, offer=one.offer.id))


def _title(known: TrackedRun, world: Services) -> str:
    return platform_title(known.run.key.platform, world)
