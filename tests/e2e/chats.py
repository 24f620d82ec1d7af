"""One interface to Slack and Mattermost, so that one test covers both.

A ``Chat`` is a workspace with the members Ana, Ben, Cam, Eve and Rui, whose locale is pt-BR, and the guest Gil. A
``Room`` is a new channel in it, so that tests can share one chat and one Liaison process. A room shows messages
posted since its creation, in the channel and in direct messages.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from adapters.testing.fake_server import Fake
from tests.e2e.process import until


@dataclass(frozen=True)
class Delivery:
    """Liaison's HTTP response to a command, click or form. ``resend`` sends the identical request again."""

    status: int
    body: bytes
    resend: "Callable[[], Awaitable[Delivery]]"


@dataclass(frozen=True)
class BotMessage:
    """A snapshot of one message by the bot. ``visible_to``: the only reader, or "" for everyone; ``raw``: the fake
    chat's own object."""

    id: str
    text: str
    labels: Sequence[str]
    visible_to: str
    thread: str
    raw: Any


class Room(ABC):
    """A channel. ``name`` has no "#"; ``id`` is the chat's own."""

    name: str
    id: str

    @abstractmethod
    async def command(self, text: str, *, user: str = "ana") -> Delivery:
        """Types ``/run text``, delivered in the chat's own encoding."""

    @abstractmethod
    async def mention(self, text: str, *, user: str = "ana", thread: str = "", files: Sequence[str] = ()) -> None:
        """Posts ``@liaison text``; ``thread``: the id of the message to reply to; ``files``: names of what is
        attached."""

    @abstractmethod
    async def say(self, text: str, *, user: str = "ana", thread: str = "") -> str:
        """Posts ``text``, in which "@liaison" is a mention. Returns the id of the post."""

    @abstractmethod
    async def edit(self, post: str, text: str, *, user: str = "ana") -> None:
        """Changes the text of a post of ``say``, in which "@liaison" is a mention again."""

    @abstractmethod
    async def say_directly(self, text: str, *, user: str = "ana") -> str:
        """Writes Liaison a direct message. Returns the id of the post."""

    @abstractmethod
    async def click(self, label: str, on: BotMessage, *, user: str = "ana") -> Delivery:
        """Presses the button as it was in the snapshot ``on``, even if the message has changed since."""

    @abstractmethod
    async def pick_person(self, person: str, on: BotMessage, *, user: str = "ana") -> Delivery:
        """Chooses somebody in the list of people of the message."""

    @abstractmethod
    async def submit_form(self, values: Mapping[str, str], *, user: str = "ana") -> Delivery:
        """Fills in and submits the form that a button opened."""

    @abstractmethod
    async def choose(self, field: str, option: str, *, user: str = "ana") -> None:
        """Chooses an option of a field that refreshes the form, and waits until the form is there again."""

    @abstractmethod
    async def form_values(self, *, user: str = "ana") -> Mapping[str, str]:
        """Waits for the form that a button opened and returns what it is filled with, by field."""

    @abstractmethod
    async def form_json(self, *, user: str = "ana") -> Mapping[str, Any]:
        """Waits for the form that a button opened and returns it as the chat got it: a view, or a dialog."""

    @abstractmethod
    async def form_title(self, *, user: str = "ana") -> str:
        """Waits for the form that a button opened and returns its title."""

    @abstractmethod
    def reactions(self, text: str) -> set[str]:
        """The bot's reactions to people's messages here that contain the text."""

    @abstractmethod
    def unsafe_texts(self) -> list[str]:
        """Texts that notify somebody or contain markup that Liaison did not write."""

    @abstractmethod
    def mentioned(self, message: BotMessage) -> set[str]:
        """Whom the chat notifies because they are mentioned in the message."""

    @abstractmethod
    def bot_messages(self) -> list[BotMessage]:
        """Every message by the bot that anyone here can read, oldest first."""

    @abstractmethod
    def set_member(self, there: bool) -> None:
        """Kicks Liaison out of the channel, or invites it."""

    @abstractmethod
    async def invite_bot(self) -> None:
        """Invites Liaison back, which the chat reports to it."""

    @abstractmethod
    async def unarchive(self) -> None:
        """Restores the channel, which the chat reports to its members."""

    @abstractmethod
    def set_archived(self, archived: bool) -> None: ...

    @abstractmethod
    def delete(self, message: BotMessage) -> None:
        """As an administrator does."""

    async def private_answer(self, text: str, *, user: str = "ana") -> BotMessage:
        """Types the command and waits for the first new message that only this person can see."""
        before = {message.id for message in self.bot_messages()}
        delivery = await self.command(text, user=user)
        assert delivery.status == 200, delivery

        def answers() -> list[BotMessage]:
            new = [message for message in self.bot_messages() if message.id not in before]
            return [message for message in new if message.visible_to == user]

        try:
            return (await until(answers))[0]  # type: ignore[no-any-return]
        except TimeoutError:
            raise AssertionError(f"no private answer to {text!r}; the room shows:\n{self.text()}") from None

    async def press(self, label: str, *, user: str = "ana") -> Delivery:
        """Waits for a button with this label that ``user`` can see, and presses the newest."""
        return await self.click(label, await self.wait_for_button(label, user=user, within=40.0), user=user)

    async def wait_for_button(self, label: str, *, user: str = "ana", within: float = 20.0) -> BotMessage:
        """The newest message with this button that ``user`` can see."""

        def messages() -> list[BotMessage]:
            visible = [message for message in self.bot_messages() if message.visible_to in ("", user)]
            return [message for message in visible if any(_is_labelled(shown, label) for shown in message.labels)]

        try:
            return (await until(messages, within=within))[-1]  # type: ignore[no-any-return]
        except TimeoutError:
            raise AssertionError(
                f"no button {label!r}, only {self.button_labels()}; the room shows:\n{self.text()}"
            ) from None

    def button_labels(self) -> list[str]:
        return [label for message in self.bot_messages() for label in message.labels]

    def text(self) -> str:
        """All messages by the bot, private ones marked with "(to NAME)"."""
        return "\n".join(
            f"(to {message.visible_to}) {message.text}" if message.visible_to else message.text
            for message in self.bot_messages()
        )

    def public_text(self) -> str:
        return "\n".join(message.text for message in self.bot_messages() if not message.visible_to)

    async def wait_for_text(self, pattern: str, *, within: float = 25.0) -> str:
        """Waits until the text of the room matches, and returns the match."""
        try:
            match = await until(lambda: re.search(pattern, self.text()), within=within)
        except TimeoutError:
            raise AssertionError(f"{pattern!r} never matched; the room shows:\n{self.text()}") from None
        return str(match.group(0))


def _is_labelled(shown: str, label: str) -> bool:
    """Also an option that names the task: "Begin T2 · Page the DBA"."""
    return shown == label or shown.startswith(f"{label} · ")


class Chat(Protocol):
    name: str

    @property
    def fake(self) -> Fake: ...

    async def __aenter__(self) -> "Chat": ...

    async def __aexit__(self, *_: object) -> None: ...

    def settings(self) -> Mapping[str, Mapping[str, Any]]:
        """The tables of liaison.toml that connect Liaison to it."""
        ...

    def user_id(self, user: str) -> str: ...

    def add_group(self, name: str, *users: str) -> None:
        """A user group that people can mention."""
        ...

    def show_groups(self, shown: bool) -> None:
        """Whether Liaison has the scope or permission to see who is in a group."""
        ...

    def set_liaison_url(self, url: str) -> None:
        """Where commands, clicks and forms are delivered."""
        ...

    def create_room(self, *, bot: bool = True, private: bool = False, without: Sequence[str] = ()) -> Room:
        """A new channel with everyone in it but ``without``; without Liaison if ``bot`` is False."""
        ...

    def direct_room(self, user: str) -> Room:
        """The direct messages between this person and Liaison."""
        ...

    async def leave(self, room: Room, user: str) -> None:
        """The person leaves the channel."""
        ...
