"""Since when no process was running: each says again and again that it is alive.

With it, a message that was accepted and then too late to be sent is told whose fault that is. A single process
touches a file beside the database; replicas have rows.
"""

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import structlog

from bot.storage.store import StoreError
from commands.model.outcomes import Downtime

BEAT_SECONDS = 5.0

log = structlog.get_logger(__name__)


class Beats(Protocol):
    """Raises ``OSError`` or ``StoreError``."""

    async def last_beat(self) -> datetime | None: ...

    async def beat(self, now: datetime) -> None: ...


class BeatFile:
    def __init__(self, path: Path) -> None:
        self._path = path

    async def last_beat(self) -> datetime | None:
        try:
            return datetime.fromtimestamp(self._path.stat().st_mtime, UTC)
        except OSError:
            return None

    async def beat(self, now: datetime) -> None:
        self._path.touch(mode=0o600)
        os.utime(self._path)


class Heartbeat:
    def __init__(self, beats: Beats, now: Callable[[], datetime]) -> None:
        self._beats = beats
        self._now = now
        self.downtime: Downtime | None = None  # before this process; None if there was no process before

    async def start(self) -> None:
        """Call it before the first beat."""
        last_beat = await self._beats.last_beat()
        if last_beat is not None:
            self.downtime = Downtime(min(last_beat, self._now()), self._now())

    async def beat_forever(self) -> None:
        while True:
            try:
                await self._beats.beat(self._now())
            except (OSError, StoreError) as error:  # only the times of a downtime become less exact
                log.warning("heartbeat not written", error=str(error))
            await asyncio.sleep(BEAT_SECONDS)
