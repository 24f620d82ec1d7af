"""Since when the last process was not running: a file beside the database is touched while a process is alive.

With it, a message that was accepted and then too late to be sent is told whose fault that is.
"""

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import structlog

from commands.model.outcomes import Downtime

BEAT_SECONDS = 5.0

log = structlog.get_logger(__name__)


class Heartbeat:
    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        self._path = path
        self._now = now
        self.downtime: Downtime | None = None  # before this process; None if there was no process before

    def start(self) -> None:
        """Call it before the first beat."""
        try:
            last_beat = datetime.fromtimestamp(self._path.stat().st_mtime, UTC)
        except OSError:
            return
        self.downtime = Downtime(min(last_beat, self._now()), self._now())

    async def beat_forever(self) -> None:
        while True:
            self._beat()
            await asyncio.sleep(BEAT_SECONDS)

    def _beat(self) -> None:
        try:
            self._path.touch(mode=0o600)
            os.utime(self._path)
        except OSError as error:  # only the times of a downtime become less exact
            log.warning("heartbeat not written", path=str(self._path), error=str(error))
