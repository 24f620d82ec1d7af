"""The console as a chat: one room in memory, which whoever listens may draw.

``serve`` has one without a screen, for ``liaison say``; ``demo`` has one with a terminal in front. Posts live
as long as the process: after a restart an edit finds its post gone, and the engine posts anew.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from adapters.protocol import Problem, Severity
from bot.surfaces.protocol import Intake, PostGone, PostRef
from commands.cards import Button, Card, Text
from commands.messages import Actor, Message, Place, Standing

NAME = "console"
CHANNEL = "console"
_HANDLE = re.compile(r"@?[^\W\d][\w.\-]*")


def person(id: str) -> Actor:
    """Anybody who can type here has the rights of the account that Liaison runs as: a full member."""
    name = id if any(letter.isupper() for letter in id) else id.title()
    return Actor(surface=NAME, id=id.lower(), name=name, handle=id.lower(), standing=Standing.MEMBER)


def room(channel: str = CHANNEL) -> Place:
    channel = channel.lstrip("#") or CHANNEL
    return Place(surface=NAME, channel=channel, channel_name=channel)


@dataclass(frozen=True, slots=True)
class Shown:
    """Something that appeared. ``key`` is the message it answers, for what only one person sees."""

    kind: Literal["card", "edit", "lines", "edited lines", "pointer", "private"]
    place: Place
    id: str
    card: Card | None = None
    lines: tuple[Text, ...] = ()
    buttons: tuple[Button, ...] = ()
    message: Message | None = None


Listener = Callable[[Shown], None]


class Console:
    """A ``Surface``. ``listening(...)`` sees everything that is posted, edited and whispered."""

    name = NAME
    site = ""

    def __init__(self) -> None:
        self.intake: Intake | None = None
        self._posts: dict[str, Place] = {}
        self._listeners: list[Listener] = []

    @contextmanager
    def listening(self, listener: Listener) -> Iterator[None]:
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    async def start(self, intake: Intake) -> None:
        self.intake = intake

    async def stop(self) -> None:
        """Nothing comes in by itself: ``say`` and the terminal end on their own."""

    def ready(self) -> Mapping[str, bool]:
        return {}

    async def post(self, place: Place, card: Card, *, nonce: str) -> PostRef:
        return self._new(Shown("card", place, nonce, card=card, buttons=card.buttons))

    async def edit(self, ref: PostRef, card: Card) -> None:
        self._changed(Shown("edit", ref.place, ref.id, card=card, buttons=card.buttons))

    async def find(self, place: Place, nonce: str) -> PostRef | None:
        return PostRef(place=place, id=nonce) if nonce in self._posts else None

    async def point(self, ref: PostRef, to: PostRef) -> None:
        self._changed(Shown("pointer", ref.place, ref.id))

    async def say(
        self, place: Place, lines: Sequence[Text], *, buttons: Sequence[Button] = (), nonce: str
    ) -> PostRef:
        return self._new(Shown("lines", place, nonce, lines=tuple(lines), buttons=tuple(buttons)))

    async def resay(self, ref: PostRef, lines: Sequence[Text], *, buttons: Sequence[Button] = ()) -> None:
        shown = Shown("edited lines", ref.place, ref.id, lines=tuple(lines), buttons=tuple(buttons))
        self._changed(shown)

    async def whisper(self, message: Message, card: Card) -> None:
        shown = Shown("private", message.place, message.key, card=card, buttons=card.buttons, message=message)
        self._tell(shown)

    async def profile(self, actor: Actor) -> Actor:
        return person(actor.id)

    async def people(self, words: str, near: Place) -> Sequence[Actor]:
        """Everybody exists here: "@ben" is Ben."""
        return [person(words.lstrip("@"))] if _HANDLE.fullmatch(words) else []

    async def check(self) -> Sequence[Problem]:
        return [Problem(severity=Severity.OK, what="Console: liaison say is taken")]

    def _new(self, shown: Shown) -> PostRef:
        self._posts[shown.id] = shown.place
        self._tell(shown)
        return PostRef(place=shown.place, id=shown.id)

    def _changed(self, shown: Shown) -> None:
        if shown.id not in self._posts:
            raise PostGone(shown.id)
        self._tell(shown)

    def _tell(self, shown: Shown) -> None:
        for listener in tuple(self._listeners):
            listener(shown)
