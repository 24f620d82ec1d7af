"""The worker of a replica: fetches jobs and runs them, and shows the others that it lives.

procrastinate's own stops beating, listening or working when the database is away for a moment. This one goes on
when it is back.
"""

import asyncio
from typing import Any

import structlog
from procrastinate import App, JobContext, RetryDecision
from procrastinate import jobs as stored
from procrastinate.exceptions import ConnectorException
from procrastinate.job_context import JobResult
from procrastinate.worker import Worker

HEARTBEAT_SECONDS = 3.0
POLL_SECONDS = 1.0  # for a job whose time has come, or whose notification was lost
RECONNECT_SECONDS = 0.5
FORGET_WORKER_SECONDS = 86_400.0
MOST_JOBS = 500  # that one replica runs at a time; nearly all of them wait for somebody

_OWN = """
select id from procrastinate_jobs
where id = %(id)s and status = 'doing' and worker_id = %(worker)s and attempts = %(attempts)s"""

log = structlog.get_logger(__name__)


class ReplicaWorker(Worker):
    """Has the same id as long as its process lives."""

    def __init__(self, app: App) -> None:
        super().__init__(
            app,
            concurrency=MOST_JOBS,
            fetch_job_polling_interval=POLL_SECONDS,
            delete_jobs="always",
            install_signal_handlers=False,
            stalled_worker_timeout=FORGET_WORKER_SECONDS,
        )
        self.stopping = False
        self._woken = False
        self._steady_since: float | None = None  # every heartbeat since then was stored
        self._is_fetching_well = True

    def working(self) -> bool:
        return self.worker_id is not None and self._is_fetching_well and not self.stopping

    def running_ids(self) -> set[int]:
        return {context.job.id for context in self._running_jobs.values() if context.job.id is not None}

    def steady_seconds(self) -> float:
        return 0.0 if self._steady_since is None else asyncio.get_running_loop().time() - self._steady_since

    def wake(self) -> None:
        """Looks for a job at once, also if it is looking for one at this moment."""
        self._woken = True
        self._new_job_event.set()

    async def _fetch_and_process_jobs(self) -> None:
        while not self._stop_event.is_set():
            self._woken = False
            try:
                await super()._fetch_and_process_jobs()  # type: ignore[no-untyped-call]
                self._is_fetching_well = True
            except ConnectorException as error:
                self._is_fetching_well = False
                log.warning("no job fetched", error=reason(error))
                return
            if not self._woken:
                return

    async def _process_job(self, context: JobContext) -> None:
        try:
            await super()._process_job(context)
        except ConnectorException as error:  # the sweep finds that it is not running
            log.warning("end of a job not stored", error=reason(error))
        finally:
            if context.job.lock:
                self.wake()  # for the next one with this lock

    async def _persist_job_status(
        self,
        job: stored.Job,
        status: stored.Status,
        retry_decision: RetryDecision | None,
        context: JobContext,
        job_result: JobResult | None,
    ) -> None:
        """Not of a job that another replica has taken over."""
        found = await self.app.connector.execute_query_all_async(
            _OWN, id=job.id, worker=self.worker_id, attempts=job.attempts
        )
        if found:
            await super()._persist_job_status(job, status, retry_decision, context, job_result)
        else:
            log.warning("job was taken over", task=job.task_name, delivery=job.task_kwargs.get("key"))

    async def _handle_notification(self, *, channel: str, notification: stored.Notification) -> None:
        await super()._handle_notification(channel=channel, notification=notification)
        self.wake()

    def _start_side_tasks(self) -> list[asyncio.Task[Any]]:
        return [
            asyncio.create_task(self._beat_forever(), name="heartbeats"),
            asyncio.create_task(self._listen_forever(), name="listener"),
        ]

    async def _beat_forever(self) -> None:
        loop = asyncio.get_running_loop()
        self._steady_since = loop.time()
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            assert self.worker_id is not None
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await self.app.job_manager.update_heartbeat(self.worker_id)
                self._steady_since = loop.time() if self._steady_since is None else self._steady_since
            except (ConnectorException, TimeoutError) as error:
                self._steady_since = None
                log.warning("heartbeat not stored", error=reason(error))

    async def _listen_forever(self) -> None:
        while True:
            try:
                listening = self.app.job_manager.listen_for_jobs(on_notification=self._handle_notification)
                asyncio.get_running_loop().call_later(RECONNECT_SECONDS, self.wake)  # for what was not heard
                await listening
            except ConnectorException as error:
                log.warning("not listening for jobs", error=reason(error))
            await asyncio.sleep(RECONNECT_SECONDS)


def reason(error: BaseException) -> str:
    return str(error.__cause__ or error) or type(error).__name__
