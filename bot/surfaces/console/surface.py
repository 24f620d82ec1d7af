"""Implements ``Surface`` for the console: channels in memory, whose entries are passed to listeners.

``serve`` has a console without a screen for ``liaison say``; ``demo`` shows one in the terminal. Entries are not
stored: an edit is passed to the present listeners, whether or not they saw the post.
"""

import getpass
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from adapters.protocol import CheckResult, CheckStatus
from bot.surfaces.protocol import Intake, PostRef, Reception
from commands.model.card import Button, Card, Text
from commands.model.messages import Actor, Membership, Message, PersonGroup, Place

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

NAME = "console"
CHANNEL = "console"
LIAISON = "liaison"
_MAX_REMEMBERED = 100  # posts of lines
_HANDLE = re.compile(r"@?[^\W\d][\w.\-]*")


def person(id: str) -> Actor:
    """Always a full member: whoever can type here already has access to Liaison's own account."""
    name = id if any(letter.isupper() for letter in id) else id.title()
    return Actor(surface=NAME, id=id.lower(), name=name, handle=id.lower(), membership=Membership.MEMBER)


def account(default: str) -> str:
    """The name of the system account that runs this process. ``default`` is for accounts without a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return default


def room(channel: str = CHANNEL) -> Place:
    channel = channel.lstrip("#") or CHANNEL
    return Place(surface=NAME, channel=channel, channel_name=channel)


@dataclass(frozen=True, slots=True)
class ConsoleEntry:
    """Something to show. ``new_lines`` are the ``lines`` that this edit added."""

    kind: Literal["card", "edit", "lines", "edited lines", "pointer", "private"]
    place: Place
    id: str
    card: Card | None = None
    lines: tuple[Text, ...] = ()
    new_lines: tuple[Text, ...] = ()
    buttons: tuple[Button, ...] = ()
    message: Message | None = None


Listener = Callable[[ConsoleEntry], None]


class Console:
    """``listening`` adds a listener for everything that is posted, edited or sent privately."""

    name = NAME
    site = ""

    def __init__(self) -> None:
        self.intake: Intake | None = None
        self._lines: OrderedDict[str, tuple[Text, ...]] = OrderedDict()
        self._listeners: list[Listener] = []

    @contextmanager
    def listening(self, listener: Listener) -> Iterator[None]:
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    def add_listener(self, listener: Listener) -> None:
        """For as long as the console exists."""
        self._listeners.append(listener)

    def show(self, entry: ConsoleEntry) -> None:
        """What was posted in the same room elsewhere."""
        self._notify(entry)

    def routes(self) -> "Sequence[BaseRoute]":
        return ()

    async def start(self, intake: Intake) -> None:
        self.intake = intake

    async def stop(self) -> None:
        """Nothing to stop: ``liaison say`` and the terminal end by themselves."""

    def ready(self) -> Mapping[str, bool]:
        return {}

    def reception(self) -> Reception:
        return Reception()

    async def post(self, place: Place, card: Card, *, nonce: str) -> PostRef:
        self._notify(ConsoleEntry("card", place, nonce, card=card, buttons=card.all_buttons))
        return PostRef(place=place, id=nonce)

    async def edit(self, ref: PostRef, card: Card) -> None:
        self._notify(ConsoleEntry("edit", ref.place, ref.id, card=card, buttons=card.all_buttons))

    async def find_post(self, place: Place, nonce: str) -> PostRef | None:
        return None

    async def replace_with_pointer(self, ref: PostRef, to: PostRef) -> None:
        self._notify(ConsoleEntry("pointer", ref.place, ref.id))

    async def post_lines(
        self, place: Place, lines: Sequence[Text], *, buttons: Sequence[Button] = (), nonce: str
    ) -> PostRef:
        self._show_lines("lines", PostRef(place=place, id=nonce), lines, buttons)
        return PostRef(place=place, id=nonce)

    async def edit_lines(self, ref: PostRef, lines: Sequence[Text], *, buttons: Sequence[Button] = ()) -> None:
        self._show_lines("edited lines", ref, lines, buttons)

    async def send_notice(
        self, person: Actor, place: Place, card: Card, *, nonce: str, may_exist: bool = False
    ) -> None:
        self._notify(ConsoleEntry("private", place, nonce, card=card, buttons=card.buttons))

    async def send_direct(self, person: Actor, card: Card, *, nonce: str, may_exist: bool = False) -> None:
        await self.send_notice(person, room(), card, nonce=nonce)

    async def react(self, ref: PostRef, emoji: str, *, on: bool = True) -> None:
        """Nothing to show: entries have no reactions."""

    async def send_private(
        self, message: Message, card: Card, *, nonce: str = "", may_exist: bool = False
    ) -> None:
        entry = ConsoleEntry(
            "private", message.place, message.key, card=card, buttons=card.all_buttons, message=message
        )
        self._notify(entry)

    async def profile(self, actor: Actor) -> Actor:
        return person(actor.id)

    async def find_people(self, query: str, near: Place) -> Sequence[Actor]:
        """Any valid handle is a person: "@ben" is Ben. Only Liaison itself isn't one."""
        if not _HANDLE.fullmatch(query):
            return []
        found = person(query.lstrip("@"))
        is_liaison = found.handle == LIAISON
        return [found.model_copy(update={"membership": Membership.BOT}) if is_liaison else found]

    async def group(self, name: str, near: Place, most: int) -> PersonGroup | None:
        return None

    async def can_see(self, actor: Actor, place: Place) -> bool:
        return True  # whoever can use it can read the database

    async def is_in_channel(self, actor: Actor, place: Place) -> bool:
        return True

    async def is_public(self, place: Place) -> bool:
        return True

    async def members(self, place: Place, most: int) -> Sequence[Actor]:
        return ()

    async def shared_channels(self, actor: Actor, near: Place) -> Sequence[Place]:
        return ()

    async def channels_named(self, name: str) -> Sequence[str] | None:
        return (name,)

    async def check(self, *, in_use: bool = False) -> Sequence[CheckResult]:
        return [CheckResult(status=CheckStatus.OK, summary="Accepts commands from liaison say")]

    def _show_lines(
        self,
        kind: Literal["lines", "edited lines"],
        ref: PostRef,
        lines: Sequence[Text],
        buttons: Sequence[Button],
    ) -> None:
        previous = self._lines.pop(ref.id, ())
        new_lines = tuple(line for line in lines if line not in previous)
        self._lines[ref.id] = tuple(lines)
        if len(self._lines) > _MAX_REMEMBERED:
            self._lines.popitem(last=False)
        self._notify(
            ConsoleEntry(kind, ref.place, ref.id, lines=tuple(lines), new_lines=new_lines, buttons=tuple(buttons))
        )

    def _notify(self, entry: ConsoleEntry) -> None:
        for listener in tuple(self._listeners):
            listener(entry)
