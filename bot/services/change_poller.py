"""Polls platforms that send no webhooks for changes, and has the changed runs read again.

One small request per platform and round, at low priority, and none while the platform has no active run. The first
round after a start also finds what changed in the ten minutes before.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from adapters.errors import AdapterError
from adapters.http.rate_limits import background
from adapters.protocol import Adapter, ChangeFeed
from bot.services.run_service import RunService

POLL_INTERVAL_SECONDS = 30.0
WINDOW = timedelta(minutes=10)  # the platform's clock may differ, and a round may come late

log = structlog.get_logger(__name__)


class ChangePoller:
    def __init__(self, platforms: Mapping[str, Adapter], runs: RunService, now: Callable[[], datetime]) -> None:
        self.interval = POLL_INTERVAL_SECONDS
        self._feeds = {name: adapter for name, adapter in platforms.items() if isinstance(adapter, ChangeFeed)}
        self._runs = runs
        self._now = now

    async def poll_forever(self) -> None:
        """Returns only when cancelled."""
        await asyncio.gather(*(self._poll_platform(name, feed) for name, feed in self._feeds.items()))

    async def _poll_platform(self, name: str, feed: ChangeFeed) -> None:
        seen: Mapping[str, str] = {}
        while True:
            await asyncio.sleep(self.interval)
            try:
                if await self._has_active_runs(name):
                    seen = await self._poll(name, feed, seen)
            except Exception:
                # An unexpected answer must not stop the updates of this platform's cards for good.
                log.exception("polling for changes failed", platform=name)

    async def _poll(self, name: str, feed: ChangeFeed, seen: Mapping[str, str]) -> Mapping[str, str]:
        """``seen`` and the return value: id -> version, as in ``ChangeFeed.changed_since``."""
        try:
            with background():
                versions = await feed.changed_since(self._now() - WINDOW)
        except AdapterError as error:
            log.info("polling for changes failed", platform=name, error=str(error))
            return seen
        if changed := [id for id, version in versions.items() if seen.get(id) != version]:
            self._runs.hint(name, changed)
        return versions

    async def _has_active_runs(self, name: str) -> bool:
        active = await self._runs.list_runs(active=True)
        return any(run.run.key.platform == name and run.started for run in active)
