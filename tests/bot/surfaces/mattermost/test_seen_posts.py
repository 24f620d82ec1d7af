"""What was seen of Mattermost is stored, also if the disk is full at first."""

import asyncio
import json

import pytest

from bot.surfaces.errors import NotRecorded
from bot.surfaces.mattermost.seen_posts import SeenPosts


class FullState:
    """Implements ``SurfaceState`` on a disk that is full at first."""

    def __init__(self) -> None:
        self.attempts = 0
        self.stored: asyncio.Queue[str] = asyncio.Queue()

    async def get(self, name: str) -> str | None:
        return None

    async def put(self, name: str, value: str) -> None:
        self.attempts += 1
        if self.attempts == 1:
            raise NotRecorded("database or disk is full")
        self.stored.put_nowait(value)


async def test_what_was_seen_is_stored_once_the_disk_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.surfaces.mattermost.seen_posts.WRITE_EVERY_SECONDS", 0.01)
    state = FullState()
    seen = SeenPosts(state, "posts")
    seen.mark_all_seen(1700000000000)
    stored = json.loads(await asyncio.wait_for(state.stored.get(), 20))
    assert stored["since"] == 1700000000000
    await seen.close()
    assert state.attempts == 2
