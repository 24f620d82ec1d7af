"""Polls the platforms for changes that others made there, and has the changed runs read again.

Each platform with an active run is polled every 10 seconds while one of its runs was used in the last hour, and
every minute otherwise, at background priority. How much a poll requests does not depend on the number of runs: the
first page of a list of edits (``ChangeFeed``), one request for many runs (``ChangeCheck``), or a few runs, read in
turn (``ReadInTurn``).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from adapters.change_sources import ChangeCheck, ChangeFeed, Edit, EditPages, ReadInTurn
from adapters.errors import AdapterError, Unsupported
from adapters.http.rate_limits import background
from adapters.protocol import Adapter
from bot.services.run_service import RunService
from commands.model.run_head import RunHead

POLL_INTERVAL_SECONDS = 10.0
IDLE_ROUNDS = 6  # while no run is in use, one round of these polls
CHECKED_AT_ONCE = 100  # no request for many runs asks about more
IN_USE = timedelta(hours=1)
FIRST_WINDOW = timedelta(minutes=10)  # the platform's clock may differ from ours
OVERLAP = timedelta(seconds=5)  # an edit may be listed later than a newer one
MAX_PAGES = 20
MAX_KNOWN_EDITS = 5_000

log = structlog.get_logger(__name__)


@dataclass
class _Platform:
    name: str
    adapter: Adapter
    rounds: int = 0
    known: dict[tuple[int, str], str] = field(default_factory=dict)  # (list, id) -> version seen, newest last
    newest: datetime | None = None  # the platform's time of the newest edit seen
    looked_at: dict[str, int] = field(default_factory=dict)  # handle -> the round in which it had its turn


class ChangePoller:
    def __init__(self, platforms: Mapping[str, Adapter], runs: RunService, now: Callable[[], datetime]) -> None:
        self.interval = POLL_INTERVAL_SECONDS
        self._platforms = {
            name: _Platform(name, adapter)
            for name, adapter in platforms.items()
            if isinstance(adapter, (ChangeFeed, ChangeCheck, ReadInTurn))
        }
        self._runs = runs
        self._now = now

    async def poll_forever(self) -> None:
        """Returns only when cancelled."""
        await asyncio.gather(*(self._poll_platform(name) for name in self._platforms))

    async def _poll_platform(self, name: str) -> None:
        while True:
            await asyncio.sleep(self.interval)
            try:
                with background():
                    await self.poll(name)
            except AdapterError as error:
                log.info("polling for changes failed", platform=name, error=str(error))
            except Exception:
                # An unexpected answer must not stop the updates of this platform's cards for good.
                log.exception("polling for changes failed", platform=name)

    async def poll(self, name: str) -> None:
        """One round. Raises ``AdapterError``."""
        platform = self._platforms[name]
        platform.rounds += 1
        runs = await self._runs.followed_runs(name)
        in_use = [run for run in runs if self._runs.was_used(run, self._now() - IN_USE)]
        is_idle_round = platform.rounds % IDLE_ROUNDS == 0
        if not runs or not (in_use or is_idle_round) or await self._read_edits(platform, runs):
            return
        await self._take_turns(platform, in_use)
        if is_idle_round:
            used = {run.handle for run in in_use}
            await self._take_turns(platform, [run for run in runs if run.handle not in used])

    async def _read_edits(self, platform: _Platform, runs: Sequence[RunHead]) -> bool:
        """False if the platform has no list of edits."""
        if not isinstance(platform.adapter, ChangeFeed):
            return False
        try:
            for number, pages in enumerate(platform.adapter.changed_since(self._since(platform, runs))):
                async with aclosing(pages):
                    await self._read_list(platform, number, pages)
        except Unsupported:
            return False
        return True

    def _since(self, platform: _Platform, runs: Sequence[RunHead]) -> datetime:
        """The first poll also finds what was edited since the last read before a restart."""
        read_at = [run.read_at for run in runs if run.read_at] or [self._now()]
        if platform.newest is None:
            return max(read_at) - FIRST_WINDOW
        return max(platform.newest - OVERLAP, min(read_at) - FIRST_WINDOW)

    async def _read_list(self, platform: _Platform, list_number: int, pages: EditPages) -> None:
        """The edits count as known only once the whole list was read: otherwise older pages would be skipped."""
        seen: list[Edit] = []
        number = 0
        async for page in pages:
            number += 1
            seen += page
            new = [edit for edit in page if platform.known.get((list_number, edit.id)) != edit.version]
            if new:
                self._runs.hint(platform.name, {edit.run or edit.id for edit in new})
            if not page or page[-1] not in new or number == MAX_PAGES:
                break
        for edit in reversed(seen):
            platform.known.pop((list_number, edit.id), None)
            platform.known[list_number, edit.id] = edit.version
        for key in list(platform.known)[:-MAX_KNOWN_EDITS]:
            del platform.known[key]
        times = [edit.at for edit in seen if edit.at is not None]
        platform.newest = max([*times, platform.newest] if platform.newest else times, default=None)

    async def _take_turns(self, platform: _Platform, runs: Sequence[RunHead]) -> None:
        """Looks at those runs that had no turn for the longest time."""
        runs = sorted(runs, key=lambda run: platform.looked_at.get(run.handle, 0))
        if not runs:
            return
        if isinstance(platform.adapter, ChangeCheck):
            found = [await self._runs.get(run.handle) for run in runs[:CHECKED_AT_ONCE]]
            changed = await platform.adapter.check_changes(
                [tracked.run for tracked in found if tracked is not None]
            )
            self._runs.hint(platform.name, {id for id, is_changed in changed.items() if is_changed})
            turn = [run for run in runs if run.key.id in changed]
        elif isinstance(platform.adapter, ReadInTurn) and platform.adapter.reads_per_minute > 0:
            reads = max(1, round(platform.adapter.reads_per_minute * POLL_INTERVAL_SECONDS / 60))
            turn = runs[:reads]
            for run in turn:
                self._runs.refresh_soon(run.handle)
        else:
            return
        platform.looked_at |= {run.handle: platform.rounds for run in turn}
