"""The two chats as a person uses them, so that one test speaks for both.

``words()`` is everything that anybody can read from the bot by now, private answers included.
"""

import re
from collections.abc import Mapping
from typing import Any, Protocol

from tests.e2e.process import until
from tests.fakes.slack import Slack

CHANNEL = "ops"


class Chat(Protocol):
    name: str

    async def __aenter__(self) -> "Chat": ...

    async def __aexit__(self, *_: object) -> None: ...

    def settings(self) -> Mapping[str, Mapping[str, Any]]:
        """Tables of liaison.toml that reach it."""
        ...

    def at(self, url: str) -> None:
        """Where Liaison listens."""
        ...

    async def command(self, text: str, *, user: str = "ana", channel: str = CHANNEL) -> int:
        """Types ``/run text``; the HTTP status of the ack."""
        ...

    async def mention(self, text: str, *, user: str = "ana", channel: str = CHANNEL) -> None: ...

    async def press(self, label: str, *, user: str = "ana") -> int:
        """The newest button with this label."""
        ...

    async def fill(self, values: Mapping[str, str], *, user: str = "ana") -> None:
        """Fills the form that a press opened, and submits it."""
        ...

    def labels(self) -> list[str]:
        """Every button there is to press."""
        ...

    def words(self) -> str: ...

    def channel_words(self) -> str:
        """What everybody in the channels can read."""
        ...


async def sees(chat: Chat, pattern: str, *, within: float = 25.0) -> str:
    """Waits until the bot has said something that matches."""

    def found() -> re.Match[str] | None:
        return re.search(pattern, chat.words())

    try:
        match = await until(found, within=within)
    except TimeoutError:
        raise AssertionError(f"{pattern!r} was never said; this was:\n{chat.words()}") from None
    return str(match.group(0))


class SlackChat:
    """Ana and Ben are members, Gil is a guest."""

    name = "slack"

    def __init__(self) -> None:
        self.fake = Slack()
        self.users = {
            "ana": self.fake.add_user("U0ANA", "ana", email="ana@example.com"),
            "ben": self.fake.add_user("U0BEN", "ben", email="ben@example.com"),
            "gil": self.fake.add_user("U0GIL", "gil", is_restricted=True),
        }
        self.channels = {name: f"C0{name.upper()}" for name in ("ops", "db", "web")}
        for name, id in self.channels.items():
            self.fake.add_channel(id, name, members=tuple(self.users.values()))
        self._url = ""

    async def __aenter__(self) -> "SlackChat":
        await self.fake.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for fault in self.fake.faults:
            fault.release.set()
        await self.fake.stop()

    def settings(self) -> Mapping[str, Mapping[str, Any]]:
        secrets = {"bot_token": self.fake.token, "signing_secret": self.fake.signing_secret}
        return {"slack": {**secrets, "api_url": self.fake.api_url}}

    def at(self, url: str) -> None:
        self._url = url

    async def command(self, text: str, *, user: str = "ana", channel: str = CHANNEL) -> int:
        sent = await self.fake.command(self._url, text, user=self.users[user], channel=self.channels[channel])
        return sent.status

    async def mention(self, text: str, *, user: str = "ana", channel: str = CHANNEL) -> None:
        await self.fake.mention(self._url, text, user=self.users[user], channel=self.channels[channel])

    async def press(self, label: str, *, user: str = "ana") -> int:
        await until(lambda: label in self.labels())
        return (await self.fake.press(self._url, label, user=self.users[user])).status

    async def fill(self, values: Mapping[str, str], *, user: str = "ana") -> None:
        await self.fake.submit(self._url, values, user=self.users[user])

    def labels(self) -> list[str]:
        return [label for post in (*self.fake.posts, *self.fake.whispers) for label in post.labels]

    def words(self) -> str:
        whispers = "\n".join(f"(to {post.to}) {post.words}" for post in self.fake.whispers)
        return f"{self.channel_words()}\n{whispers}"

    def channel_words(self) -> str:
        return "\n".join(post.words for post in self.fake.posts if post.user == self.fake.bot_user)
