"""Runs of platforms that call nobody: what was edited there is asked for now and then, and read again.

One small request a platform and round, behind everything that people wait for, and none while no run of it is
active. The first round after a start also brings what was edited while nobody was looking.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from adapters.errors import AdapterError
from adapters.http.rate_limits import background
from adapters.protocol import Adapter, ChangeFeed
from bot.services.run_service import RunService

EVERY_SECONDS = 30.0
WINDOW = timedelta(minutes=10)  # their clock may be another one, and a round may come late

log = structlog.get_logger(__name__)


class ChangePoller:
    def __init__(self, platforms: Mapping[str, Adapter], runs: RunService, now: Callable[[], datetime]) -> None:
        self.every = EVERY_SECONDS
        self._watched = {name: adapter for name, adapter in platforms.items() if isinstance(adapter, ChangeFeed)}
        self._runs = runs
        self._now = now

    async def watch(self) -> None:
        """Until it is cancelled."""
        await asyncio.gather(*(self._rounds(name, adapter) for name, adapter in self._watched.items()))

    async def _rounds(self, name: str, adapter: ChangeFeed) -> None:
        seen: Mapping[str, str] = {}
        while True:
            await asyncio.sleep(self.every)
            try:
                if await self._is_needed(name):
                    seen = await self._round(name, adapter, seen)
            except Exception:
                # An answer that breaks us must not leave the cards of this platform behind for good.
                log.exception("a round broke", platform=name)

    async def _round(self, name: str, adapter: ChangeFeed, seen: Mapping[str, str]) -> Mapping[str, str]:
        try:
            with background():
                edited = await adapter.changed_since(self._now() - WINDOW)
        except AdapterError as error:
            log.info("not watched just now", platform=name, why=str(error))
            return seen
        if changed := [id for id, word in edited.items() if seen.get(id) != word]:
            self._runs.hint(name, changed)
        return edited

    async def _is_needed(self, name: str) -> bool:
        known = await self._runs.list_runs(active=True)
        return any(one.run.key.platform == name and one.started for one in known)
