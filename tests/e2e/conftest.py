"""One chat, one platform, and the real process between them."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.chats import Chat, SlackChat, sees
from tests.e2e.process import Liaison, until
from tests.platforms.cutover.fake import CutoverFake

CHATS: dict[str, Callable[[], Chat]] = {"slack": SlackChat}


@dataclass
class Scene:
    """``effects(what)`` counts what the platform really did."""

    chat: Chat
    cutover: CutoverFake
    liaison: Liaison

    def effects(self, what: str) -> int:
        return sum(done == what for done, _, _ in self.cutover.effects)

    async def sees(self, pattern: str, **how: Any) -> str:
        return await sees(self.chat, pattern, **how)

    async def done(self, what: str, times: int) -> None:
        """Waits until the platform did it that often."""
        try:
            await until(lambda: self.effects(what) >= times)
        except TimeoutError:
            raise AssertionError(f"{what}: {self.effects(what)} of {times}; said:\n{self.chat.words()}") from None

    async def started(self) -> None:
        """R1, a live run of Database failover in #ops."""
        await self.chat.command('start "Database failover"')
        await self.done("start", 1)
        await self.sees("T1 Confirm the primary is down")


@pytest.fixture(params=sorted(CHATS))
async def scene(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        chat = CHATS[request.param]()
        await stack.enter_async_context(chat)
        cutover = CutoverFake()
        await stack.enter_async_context(cutover)
        liaison = Liaison(tmp_path, {**chat.settings(), "platforms.cutover": cutover.settings()})
        chat.at(liaison.url)
        await stack.enter_async_context(liaison)
        yield Scene(chat, cutover, liaison)
