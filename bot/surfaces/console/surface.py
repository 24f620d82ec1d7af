"""The console as a chat: one room in memory, which whoever listens may draw.

``serve`` has one without a screen, for ``liaison say``; ``demo`` has one with a terminal in front. Nothing is
kept: an edit is shown to whoever listens now, whether they saw the post or not.
"""

import getpass
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from adapters.protocol import CheckResult, CheckStatus
from bot.surfaces.protocol import Intake, PostRef
from commands.model.card import Button, Card, Text
from commands.model.messages import Actor, Membership, Message, Place

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

NAME = "console"
CHANNEL = "console"
_MOST_REMEMBERED = 100  # posts of lines
_HANDLE = re.compile(r"@?[^\W\d][\w.\-]*")


def person(id: str) -> Actor:
    """Anybody who can type here has the rights of the account that Liaison runs as: a full member."""
    name = id if any(letter.isupper() for letter in id) else id.title()
    return Actor(surface=NAME, id=id.lower(), name=name, handle=id.lower(), membership=Membership.MEMBER)


def account(otherwise: str) -> str:
    """The name of the account that this runs as; some have none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return otherwise


def room(channel: str = CHANNEL) -> Place:
    channel = channel.lstrip("#") or CHANNEL
    return Place(surface=NAME, channel=channel, channel_name=channel)


@dataclass(frozen=True, slots=True)
class ConsoleEntry:
    """Something that appeared. ``fresh``: those of ``lines`` that were not there before this edit."""

    kind: Literal["card", "edit", "lines", "edited lines", "pointer", "private"]
    place: Place
    id: str
    card: Card | None = None
    lines: tuple[Text, ...] = ()
    fresh: tuple[Text, ...] = ()
    buttons: tuple[Button, ...] = ()
    message: Message | None = None


Listener = Callable[[ConsoleEntry], None]


class Console:
    """A ``Surface``. ``listening(...)`` sees everything that is posted, edited and whispered."""

    name = NAME
    site = ""
    edit_interval = 0.0

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

    def routes(self) -> "Sequence[BaseRoute]":
        return ()

    async def start(self, intake: Intake) -> None:
        self.intake = intake

    async def stop(self) -> None:
        """Nothing comes in by itself: ``say`` and the terminal end on their own."""

    def ready(self) -> Mapping[str, bool]:
        return {}

    async def post(self, place: Place, card: Card, *, nonce: str) -> PostRef:
        self._tell(ConsoleEntry("card", place, nonce, card=card, buttons=card.buttons))
        return PostRef(place=place, id=nonce)

    async def edit(self, ref: PostRef, card: Card) -> None:
        self._tell(ConsoleEntry("edit", ref.place, ref.id, card=card, buttons=card.buttons))

    async def find_post(self, place: Place, nonce: str) -> PostRef | None:
        return None

    async def replace_with_pointer(self, ref: PostRef, to: PostRef) -> None:
        self._tell(ConsoleEntry("pointer", ref.place, ref.id))

    async def post_lines(
        self, place: Place, lines: Sequence[Text], *, buttons: Sequence[Button] = (), nonce: str
    ) -> PostRef:
        self._say("lines", PostRef(place=place, id=nonce), lines, buttons)
        return PostRef(place=place, id=nonce)

    async def edit_lines(self, ref: PostRef, lines: Sequence[Text], *, buttons: Sequence[Button] = ()) -> None:
        self._say("edited lines", ref, lines, buttons)

    async def send_private(self, message: Message, card: Card) -> None:
        shown = ConsoleEntry(
            "private", message.place, message.key, card=card, buttons=card.buttons, message=message
        )
        self._tell(shown)

    async def profile(self, actor: Actor) -> Actor:
        return person(actor.id)

    async def find_people(self, words: str, near: Place) -> Sequence[Actor]:
        """Everybody exists here: "@ben" is Ben."""
        return [person(words.lstrip("@"))] if _HANDLE.fullmatch(words) else []

    async def check(self) -> Sequence[CheckResult]:
        return [CheckResult(status=CheckStatus.OK, summary="liaison say is taken")]

    def _say(
        self,
        kind: Literal["lines", "edited lines"],
        ref: PostRef,
        lines: Sequence[Text],
        buttons: Sequence[Button],
    ) -> None:
        before = self._lines.pop(ref.id, ())
        fresh = tuple(line for line in lines if line not in before)
        self._lines[ref.id] = tuple(lines)
        if len(self._lines) > _MOST_REMEMBERED:
            self._lines.popitem(last=False)
        self._tell(ConsoleEntry(kind, ref.place, ref.id, lines=tuple(lines), fresh=fresh, buttons=tuple(buttons)))

    def _tell(self, shown: ConsoleEntry) -> None:
        for listener in tuple(self._listeners):
            listener(shown)
