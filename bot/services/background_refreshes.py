"""Reads runs again in the background, at low priority: a few of a platform at a time.

What is requested within ``REFRESH_INTERVAL_SECONDS`` of a read shares the next one.

A run that its platform is still creating is read again and again, because its tasks appear without a hint.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta

import structlog

from adapters.errors import AdapterError
from adapters.http.rate_limits import background
from bot.storage.store import StoreError

REFRESH_INTERVAL_SECONDS = 3.0
UNHURRIED_SECONDS = 10.0
FIRST_REFRESH_SECONDS = 1.0  # of a run that its platform is still creating
SLOWEST_REFRESH_SECONDS = 30.0  # of a run that its platform is still creating
CREATION_TIMEOUT = timedelta(minutes=10)
BACKGROUND_READS = 4  # of one platform at a time: polls must not wait behind hundreds of reads

log = structlog.get_logger(__name__)


class BackgroundRefreshes:
    """``read`` reads a run by its handle, or only these tasks of it."""

    def __init__(
        self,
        read: Callable[[str, Collection[str] | None], Awaitable[None]],
        platform_of: Callable[[str], str],
        is_being_created: Callable[[str], bool],
        now: Callable[[], datetime],
    ) -> None:
        self._read = read
        self._platform_of = platform_of
        self._is_being_created = is_being_created
        self._now = now
        self._refreshes: dict[str, asyncio.Task[None]] = {}  # by handle
        self._requested: dict[str, frozenset[str] | None] = {}  # handle -> tasks to read (again); None: the run
        self._wakeups: dict[str, asyncio.Event] = {}  # by handle: ends the wait for a run that is being created
        self._reads: dict[str, asyncio.Semaphore] = {}  # by platform
        self._unhurried: dict[str, asyncio.TimerHandle] = {}  # by handle

    @property
    def is_busy(self) -> bool:
        return bool(self._refreshes)

    def request_unhurried(self, handle: str) -> None:
        """Of the whole run, within ``UNHURRIED_SECONDS``, unless it is read before that anyway."""
        if handle not in self._unhurried:
            loop = asyncio.get_running_loop()
            self._unhurried[handle] = loop.call_later(UNHURRIED_SECONDS, self.request, handle)

    def request(self, handle: str, tasks: Collection[str] | None = None) -> None:
        """If a refresh is in progress, another one follows it. ``tasks``: only these, by id."""
        requested = self._requested.get(handle, frozenset())
        self._requested[handle] = None if tasks is None or requested is None else requested.union(tasks)
        if tasks is None and (timer := self._unhurried.pop(handle, None)):
            timer.cancel()
        if handle in self._wakeups:
            self._wakeups[handle].set()
        if handle not in self._refreshes:
            self._refreshes[handle] = asyncio.create_task(self._refresh(handle))

    async def stop(self) -> None:
        for timer in self._unhurried.values():
            timer.cancel()
        for task in list(self._refreshes.values()):
            task.cancel()
        await asyncio.gather(*self._refreshes.values(), return_exceptions=True)

    async def _refresh(self, handle: str) -> None:
        pause, began = FIRST_REFRESH_SECONDS, self._now()
        try:
            with background():
                while handle in self._requested:
                    tasks = self._requested.pop(handle)
                    try:
                        async with self._slot(handle):
                            await self._read(handle, tasks)
                    except AdapterError as error:
                        log.info("run not refreshed", run=handle, error=str(error))
                    except StoreError as error:
                        log.warning("run not refreshed yet", run=handle, error=str(error))
                        self.request(handle, tasks)
                    is_created = not self._is_being_created(handle)
                    await asyncio.sleep(REFRESH_INTERVAL_SECONDS if is_created else FIRST_REFRESH_SECONDS)
                    if self._is_being_created(handle) and self._now() - began < CREATION_TIMEOUT:
                        await self._wait_for_request(handle, pause)
                        pause = min(pause * 2, SLOWEST_REFRESH_SECONDS)
                        self._requested[handle] = None
        finally:
            del self._refreshes[handle]

    def _slot(self, handle: str) -> asyncio.Semaphore:
        return self._reads.setdefault(self._platform_of(handle), asyncio.Semaphore(BACKGROUND_READS))

    async def _wait_for_request(self, handle: str, timeout: float) -> None:
        """Waits until a write or a hint requests a refresh, at most ``timeout`` seconds."""
        wakeup = self._wakeups[handle] = asyncio.Event()
        if handle in self._requested:
            wakeup.set()
        try:
            async with asyncio.timeout(timeout):
                await wakeup.wait()
        except TimeoutError:
            pass
        finally:
            del self._wakeups[handle]
