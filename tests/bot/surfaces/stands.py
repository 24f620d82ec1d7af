"""A surface with its chat around it, as the one suite over all of them sees it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from bot.surfaces.protocol import PostRef, Surface
from commands.model.messages import Actor, Message, Place
from tests.bot.surfaces.recorder import Recorder

served = pytest.mark.parametrize("stand", ["mattermost", "slack"], indirect=True)
"""For what needs a server, threads or membership: the console has none."""


@dataclass(frozen=True)
class Seen:
    """A message as its readers see it: words without markup, blanks evened out."""

    words: str
    labels: Sequence[str]
    thread: str
    edits: int


@dataclass
class Notepad:
    """``Notes`` in memory."""

    kept: dict[str, str] = field(default_factory=dict)

    async def get(self, name: str) -> str | None:
        return self.kept.get(name)

    async def put(self, name: str, value: str) -> None:
        self.kept[name] = value


class Stand(Protocol):
    """Ana and Ben are members, Gil is a guest. ``ops`` is a channel with all of them and the bot."""

    @property
    def surface(self) -> Surface: ...

    @property
    def recorder(self) -> Recorder: ...

    def ops(self, *, thread: str = "") -> Place: ...

    def far(self) -> Place:
        """A channel without the bot."""
        ...

    def person(self, name: str) -> Actor:
        """As a delivery names them: without what only the chat knows."""
        ...

    async def thread(self) -> str:
        """The id of a message of Ana's in ops, to reply to."""
        ...

    def see(self, ref: PostRef) -> Seen:
        """The bot's message as it stands now."""
        ...

    def posts(self) -> int:
        """How many messages of the bot stand in ops."""
        ...

    def delete(self, ref: PostRef) -> None:
        """An administrator deletes it."""
        ...

    def fail(self, status: int, *, headers: Mapping[str, str] | None = None) -> None:
        """The chat's next answer to a post or an edit, which it does not carry out."""
        ...

    def refuse(self) -> None:
        """The chat's next answer to a post or an edit is no, for good."""
        ...

    def lose_answer(self) -> None:
        """The chat posts the next message, and the connection breaks before it says so."""
        ...

    async def command(self, text: str, *, user: str = "ana") -> Message: ...

    async def mention(self, text: str, *, user: str = "ana", thread: str = "") -> Message: ...

    async def press(self, ref: PostRef, label: str, *, user: str = "ana") -> Message: ...

    async def fill(self, ref: PostRef, label: str, *values: Mapping[str, str]) -> Message:
        """Presses a button that opens a form, and submits each of the fillings until one is taken."""
        ...

    def private(self, user: str) -> list[str]:
        """What only they were told, oldest first."""
        ...

    def public(self) -> str:
        """All that the bot said for everybody."""
        ...

    def alarms(self) -> list[str]:
        """Whatever in the bot's messages rings for somebody, or breaks the chat's limits."""
        ...


@asynccontextmanager
async def serving(routes: Sequence[Route]) -> AsyncIterator[tuple[str, Starlette]]:
    """The address of these routes. Connections wait in the listening socket until the server takes them."""
    listening = socket.create_server(("127.0.0.1", 0))
    app = Starlette(routes=list(routes))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", app
    finally:
        server.should_exit = True
        await running


async def next_message(recorder: Recorder, before: int) -> Message:
    async with asyncio.timeout(20):
        while len(recorder.carried) <= before:
            recorder.news.clear()
            await recorder.news.wait()
    return recorder.messages[before]
