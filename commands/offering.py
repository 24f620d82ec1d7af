"""What a platform offers beyond the verbs: its buttons, flags and commands, as people read and name them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.models import Offer
from adapters.protocol import Unsupported, is_offered
from adapters.writes import Op
from commands.cards import Answer, Button, Code, Gap, Link, Text
from commands.errors import Ambiguous, CommandError, Missing
from commands.intents import Do, Drop
from commands.matching import match
from commands.phrases import MOST_CHOICES, Pick, button, choice, joined, run_name, short, short_card
from commands.ports import Context, KnownRun, World
from commands.problems import catalogue, platform_title
from commands.sentences import plain, say

_MOST_LINES = 20
_LONGEST = 80  # letters of a label


@dataclass(frozen=True)
class Shown:
    """An offer in words. ``name``: with its task's handle in front, where it is about one."""

    offer: Offer
    label: str
    name: str
    note: Text = ()


def is_supported(op: Op, world: World, known: KnownRun | None = None) -> bool:
    """On the platform of ``known``, else on any that is configured."""
    names = [known.run.key.platform] if known is not None else list(world.platforms)
    found = [world.platforms[name].capabilities for name in names if name in world.platforms]
    return not found or any(is_offered(capabilities, op) for capabilities in found)


def require_offers(context: Context, known: KnownRun) -> None:
    capability = context.adapter(known).capabilities.get(Op.DO)
    if isinstance(capability, Unsupported):
        platform = platform_title(known.run.key.platform, context.world)
        raise CommandError("do.unsupported", platform=platform, instead=capability.instead)


async def offers_of(context: Context, known: KnownRun) -> Sequence[Shown]:
    """Asks the platform. Raises ``AdapterError``."""
    words = catalogue(known.run.key.platform, context.world)
    return [_shown(offer, known, words) for offer in await context.adapter(known).offers(known.run)]


def _shown(offer: Offer, known: KnownRun, words: Mapping[str, str]) -> Shown:
    label = short(plain(say(offer.label, words, **offer.facts)), _LONGEST)
    handle = known.task_handle(offer.task) if offer.task else ""
    note: Text = say(offer.note, words, **offer.facts) if offer.note else ()
    return Shown(offer, label, f"{handle} {label}".strip(), note)


def menu(known: KnownRun, offers: Sequence[Shown], world: World) -> Answer:
    """All of them as lines, the first five also as buttons; what only opens a page is a link."""
    if not offers:
        return Answer(private=short_card(say("do.nothing", run=run_name(known), platform=_title(known, world))))
    lines: list[Text] = [_line(one) for one in offers[:_MOST_LINES]]
    if len(offers) > _MOST_LINES:
        lines.append(say("list.more", count=len(offers) - _MOST_LINES))
    presses = _presses(known, offers)
    if len(presses) > MOST_CHOICES:
        lines.append(say("do.by_name", line=Code(f"{world.root} do NAME")))
    title = say("do.title", run=run_name(known), platform=_title(known, world))
    return Answer(private=short_card(title, lines=lines, buttons=presses[:MOST_CHOICES]))


def named(words: str, known: KnownRun, offers: Sequence[Shown]) -> Shown:
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
        raise Ambiguous("do.several", words=short(words, 60), run=run_name(known), buttons=buttons, rest=rest)
    buttons = _presses(known, found.guesses or offers)[:MOST_CHOICES]
    raise Missing("do.none", words=short(words, 60), run=run_name(known), buttons=buttons)


def question(known: KnownRun, one: Shown, context: Context) -> CommandError:
    """Says what pressing does, before anything is sent."""
    key, offer = context.message.key, one.offer
    words = catalogue(known.run.key.platform, context.world)
    warning: Text = say(offer.warning, words, **offer.facts) if offer.warning else ()
    pick: Pick = {"run": known.handle, "offer": offer.id, "label": one.label, "confirmed": True}
    press = choice(key, pick | {"task": offer.task or ""}, plain(say("button.do")))
    cancel = button("button.cancel", Drop(key=key))
    return Ambiguous("do.ask", name=one.name, run=run_name(known), warning=warning, buttons=[press, cancel])


def page(one: Shown) -> Answer:
    """What only opens a page."""
    return Answer(private=short_card(say("do.page", page=Link(one.name, one.offer.link))))


def _line(one: Shown) -> Text:
    name: Text = (Link(one.name, one.offer.link),) if one.offer.link else (one.name,)
    return joined([name, one.note], Gap("   "))


def _presses(known: KnownRun, offers: Sequence[Shown]) -> list[Button]:
    return [_press(known, one) for one in offers if not one.offer.link]


def _press(known: KnownRun, one: Shown) -> Button:
    return Button(short(one.name, 30), Do(run=known.handle, offer=one.offer.id))


def _title(known: KnownRun, world: World) -> str:
    return platform_title(known.run.key.platform, world)
