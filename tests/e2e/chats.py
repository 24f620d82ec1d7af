"""The two chats as people use them, so that one test speaks for both.

A ``Chat`` is a workspace with Ana, Ben and Cam (members), Rui (a member whose locale is pt-BR) and Gil (a guest).
A ``Room`` is a channel of its own in it, so that tests can share one chat and one Liaison. What counts in a room
is what was said there, or privately, since it was made.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from adapters.testing.fake_server import Fake
from tests.e2e.process import until


@dataclass(frozen=True)
class Sent:
    """What Liaison answered to a delivery. ``again`` delivers the very same once more."""

    status: int
    body: bytes
    again: "Callable[[], Awaitable[Sent]]"


@dataclass(frozen=True)
class Shown:
    """A message of the bot as it stands. ``to``: the only reader of a private one. ``raw``: the fake's own."""

    id: str
    words: str
    labels: Sequence[str]
    to: str
    thread: str
    raw: Any


class Room(ABC):
    """A channel. ``name`` has no "#"; ``id`` is the chat's own."""

    name: str
    id: str

    @abstractmethod
    async def command(self, text: str, *, user: str = "ana") -> Sent:
        """Types ``/run text``; the chat delivers it in its own encoding."""

    @abstractmethod
    async def mention(self, text: str, *, user: str = "ana", thread: str = "") -> None:
        """Says ``@liaison text``, in the thread of the message with the id ``thread`` if there is one."""

    @abstractmethod
    async def click(self, label: str, on: Shown, *, user: str = "ana") -> Sent:
        """Presses the button as it stood on ``on`` when that was looked at, whatever became of it since."""

    @abstractmethod
    async def fill(self, values: Mapping[str, str], *, user: str = "ana") -> Sent:
        """Fills the form that a press opened, and submits it."""

    @abstractmethod
    async def form_title(self, *, user: str = "ana") -> str:
        """Waits for the form that a press opened."""

    @abstractmethod
    def alarms(self) -> list[str]:
        """Whatever in those messages would ring for somebody, or is markup that nobody of us wrote."""

    @abstractmethod
    def shown(self) -> list[Shown]:
        """Every message of the bot that anybody here can read, oldest first."""

    async def answer(self, text: str, *, user: str = "ana") -> Shown:
        """Types it, and waits for what is then said to this person alone."""
        before = {one.id for one in self.shown()}
        sent = await self.command(text, user=user)
        assert sent.status == 200, sent

        def told() -> list[Shown]:
            return [one for one in self.shown() if one.id not in before and one.to == user]

        try:
            return (await until(told))[0]  # type: ignore[no-any-return]
        except TimeoutError:
            raise AssertionError(f"no answer to {text!r}; this was said:\n{self.words()}") from None

    async def press(self, label: str, *, user: str = "ana") -> Sent:
        """The newest button with this label that ``user`` can see, once there is one."""
        return await self.click(label, await self.with_button(label, user=user), user=user)

    async def with_button(self, label: str, *, user: str = "ana") -> Shown:
        def found() -> list[Shown]:
            return [one for one in self.shown() if label in one.labels and one.to in ("", user)]

        try:
            return (await until(found))[-1]  # type: ignore[no-any-return]
        except TimeoutError:
            raise AssertionError(f"nobody offered {label!r}, only {self.labels()}:\n{self.words()}") from None

    def labels(self) -> list[str]:
        return [label for one in self.shown() for label in one.labels]

    def words(self) -> str:
        """What anybody here has been told, private answers included."""
        return "\n".join(f"(to {one.to}) {one.words}" if one.to else one.words for one in self.shown())

    def public_words(self) -> str:
        return "\n".join(one.words for one in self.shown() if not one.to)

    async def sees(self, pattern: str, *, within: float = 25.0) -> str:
        """Waits until the bot has said something that matches."""
        try:
            match = await until(lambda: re.search(pattern, self.words()), within=within)
        except TimeoutError:
            raise AssertionError(f"{pattern!r} was never said; this was:\n{self.words()}") from None
        return str(match.group(0))


class Chat(Protocol):
    name: str

    @property
    def fake(self) -> Fake: ...

    async def __aenter__(self) -> "Chat": ...

    async def __aexit__(self, *_: object) -> None: ...

    def settings(self) -> Mapping[str, Mapping[str, Any]]:
        """Tables of liaison.toml that reach it."""
        ...

    def id_of(self, user: str) -> str: ...

    def at(self, url: str) -> None:
        """Where Liaison listens."""
        ...

    def room(self, *, bot: bool = True) -> Room:
        """A new channel with everybody in it; ``bot`` False: without Liaison."""
        ...
