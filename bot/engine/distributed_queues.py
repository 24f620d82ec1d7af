"""Which writes wait in the queues of the runs, on all replicas."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping

import structlog

from bot.engine.distributed_jobs import DistributedJobs
from bot.engine.port import QUEUED_NOTICE_SECONDS, MessageWork
from bot.observability import metrics
from bot.storage.store import StoreError
from commands.dispatch import Route
from commands.model.messages import Message

STORE_RETRY_SECONDS = 1.0

log = structlog.get_logger(__name__)


class WaitingWrites:
    """As of the last look, by run. ``delayed``: those that have waited for some seconds."""

    def __init__(self, jobs: DistributedJobs, work: MessageWork) -> None:
        self._jobs = jobs
        self._work = work
        self.queued: Mapping[str, int] = {}
        self.delayed: Mapping[str, int] = {}
        self._first_seen: dict[int, float] = {}  # job -> when it was first seen waiting
        self._notices: dict[str, asyncio.Task[None]] = {}  # by message key

    async def look(self, on_delay_change: Callable[[str], None]) -> None:
        """``on_delay_change`` gets each run of which more or fewer writes are delayed."""
        loop, waiting = asyncio.get_running_loop(), await self._jobs.waiting("execute")
        runs = {job.id: job.details["queue"] for job in waiting if job.lock.startswith("run:")}
        self._first_seen = {id: self._first_seen.get(id, loop.time()) for id in runs}
        since = loop.time() - QUEUED_NOTICE_SECONDS
        before, self.queued = self.delayed, Counter(runs.values())
        self.delayed = Counter(run for id, run in runs.items() if self._first_seen[id] <= since)
        for run in {*before, *self.delayed}:
            if before.get(run, 0) != self.delayed.get(run, 0):
                on_delay_change(run)
        metrics.set_queue_depth(len(waiting))

    def notify_later(self, message: Message, route: Route) -> None:
        """Tells the sender how many writes come first, if there are some after a few seconds."""
        task = self._notices[message.key] = asyncio.create_task(self._notify(message, route))
        task.add_done_callback(lambda task: self._end(message.key, task))

    def _end(self, key: str, notice: "asyncio.Task[None]") -> None:
        self._notices.pop(key, None)
        if not notice.cancelled() and (error := notice.exception()) is not None:
            log.warning("sender not told what waits", delivery=key, error=str(error))

    def finished(self, key: str) -> None:
        if (notice := self._notices.get(key)) is not None:
            notice.cancel()

    async def stop(self) -> None:
        notices = list(self._notices.values())
        for notice in notices:
            notice.cancel()
        await asyncio.gather(*notices, return_exceptions=True)

    async def _notify(self, message: Message, route: Route) -> None:
        await asyncio.sleep(QUEUED_NOTICE_SECONDS)
        while True:
            try:
                jobs = await self._jobs.with_lock(f"run:{route.queue}")
                break
            except StoreError as error:
                log.warning("waiting writes not read", delivery=message.key, error=str(error))
                await asyncio.sleep(STORE_RETRY_SECONDS)
        position = next((number for number, job in enumerate(jobs) if job.key == message.key), 0)
        if position and not jobs[position].is_running and not jobs[position].attempts:
            await self._work.notify_queued(message, route, position)
