"""A surface and the fake chat around it, as the tests that run on every surface use them."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from bot.surfaces.protocol import PostRef, Surface
from commands.model.messages import Actor, Message, Place
from tests.bot.surfaces.fake_intake import FakeIntake

needs_server = pytest.mark.parametrize("harness", ["mattermost", "slack"], indirect=True)
"""For tests that need a server, threads or membership, which the console doesn't have."""


@dataclass(frozen=True)
class VisiblePost:
    """A message as people see it: text without markup, with runs of spaces collapsed."""

    text: str
    labels: Sequence[str]
    thread: str
    edits: int


class SurfaceHarness(Protocol):
    """Ana and Ben are members, Gil is a guest. The channel ``ops`` has all of them and the bot."""

    @property
    def surface(self) -> Surface: ...

    @property
    def intake(self) -> FakeIntake: ...

    def ops(self, *, thread: str = "") -> Place: ...

    def channel_without_bot(self) -> Place: ...

    def person(self, name: str) -> Actor:
        """As in a delivery, without what only the profile has."""
        ...

    def set_locale(self, name: str, locale: str) -> None:
        """Sets the locale in the person's profile."""
        ...

    async def start_thread(self) -> str:
        """Posts a message from Ana in ``ops``, and returns its id."""
        ...

    def visible(self, ref: PostRef) -> VisiblePost:
        """The bot's message in its present state."""
        ...

    def post_count(self) -> int:
        """The number of the bot's messages in ``ops``."""
        ...

    def delete(self, ref: PostRef) -> None: ...

    def fail_next_write(self, status: int, *, headers: Mapping[str, str] | None = None) -> None:
        """The chat responds with ``status`` to the next post or edit and does not execute it."""
        ...

    def reject_next_write(self) -> None:
        """The chat rejects the next post or edit for good."""
        ...

    def drop_next_response(self) -> None:
        """The chat creates the next post, and the connection breaks before it responds."""
        ...

    async def command(self, text: str, *, user: str = "ana") -> Message: ...

    async def mention(self, text: str, *, user: str = "ana", thread: str = "") -> Message: ...

    async def press(self, ref: PostRef, label: str, *, user: str = "ana") -> Message: ...

    async def submit_form(self, ref: PostRef, label: str, *attempts: Mapping[str, str]) -> Message:
        """Presses a button that opens a form, and submits the attempts until one is accepted."""
        ...

    def private_texts(self, user: str) -> list[str]:
        """What only this person sees, oldest first."""
        ...

    def direct_texts(self, user: str) -> list[str]:
        """Those of ``private_texts`` that the chat keeps."""
        ...

    def public_text(self) -> str:
        """All of the bot's messages that everybody sees."""
        ...

    def unsafe_texts(self) -> list[str]:
        """The parts of the bot's messages that mention somebody or break the chat's limits."""
        ...


@asynccontextmanager
async def serve(routes: Sequence[Route]) -> AsyncIterator[tuple[str, Starlette]]:
    """Serves the routes and yields their address. Early connections wait in the listening socket."""
    listening = socket.create_server(("127.0.0.1", 0))
    app = Starlette(routes=list(routes))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", app
    finally:
        server.should_exit = True
        await running
