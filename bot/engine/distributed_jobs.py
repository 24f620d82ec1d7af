"""The jobs of all replicas, in PostgreSQL. procrastinate stores, orders, locks and runs them.

What a dead replica was running is run again by another one.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision, SyncPsycopgConnector
from procrastinate import jobs as stored
from procrastinate.exceptions import ConnectorException
from procrastinate.schema import SchemaManager
from procrastinate.sql import queries

from bot.engine.distributed_worker import HEARTBEAT_SECONDS, RECONNECT_SECONDS, ReplicaWorker, reason
from bot.engine.port import TakenOver
from bot.storage.postgres_connection import OPTIONS, PostgresConnection, end_each_statement, new_pool
from bot.storage.sql import Connection
from bot.storage.store import Commit, Store, StoreError

STALLED_SECONDS = 9.0  # without a heartbeat: the replica is dead
SWEEP_SECONDS = 2.0

log = structlog.get_logger(__name__)


class RunAgain(Exception):
    """Ends a job, which then runs again: ``after`` seconds, and with this lock and priority if they are given. It
    keeps its position among the jobs with the same lock."""

    def __init__(self, after: float = 0.0, *, lock: str | None = None, priority: int | None = None) -> None:
        super().__init__()
        self.after = after
        self.lock = lock
        self.priority = priority


@dataclass(frozen=True, slots=True)
class Job:
    """``key``: of its message, or the slot of a reminder. ``attempts``: how often it ran before."""

    id: int
    key: str
    attempts: int
    lock: str
    is_running: bool
    details: Mapping[str, Any]


JobHandler = Callable[[Job], Awaitable[None]]


class DistributedJobs:
    """``handlers``: what runs a job, by the name of its task. ``on_sweep`` is called every two seconds."""

    def __init__(self, url: str, store: Store, handlers: Mapping[str, JobHandler]) -> None:
        self._store = store
        for library in ("procrastinate", "psycopg.pool"):  # what they say is said here, once
            logging.getLogger(library).setLevel(logging.ERROR)
        self._app = App(
            connector=PsycopgConnector(
                pool_factory=new_pool,
                conninfo=url,
                kwargs=OPTIONS,
                configure=end_each_statement,  # procrastinate's queries are single statements
                min_size=1,
                max_size=4,
                timeout=5.0,
            )
        )
        self._in_transaction = App(
            connector=SyncPsycopgConnector()
        )  # never opened: it gets the store's connection
        for name, handler in handlers.items():
            self._app.task(name=name, pass_context=True, retry=_AsAsked())(self._task(handler))
        self._worker: ReplicaWorker | None = None
        self._running: asyncio.Task[None] | None = None
        self._sweeping: asyncio.Task[None] | None = None
        self._abandoned: set[int] = set()  # jobs of this replica that it was not running at the last sweep
        self.on_sweep: Callable[[], Awaitable[None]] | None = None

    async def start(self) -> None:
        await self._store.transaction(_create_tables, Commit.JOB)
        await self._app.open_async()
        self._worker = ReplicaWorker(self._app)
        self._running = asyncio.create_task(self._run_forever(self._worker), name="worker")
        self._sweeping = asyncio.create_task(self._sweep_forever(), name="sweep of jobs")

    async def stop(self, grace: float) -> None:
        """Waits up to ``grace`` seconds for running jobs. The others go on elsewhere."""
        if self._worker is None or self._running is None or self._sweeping is None:
            return
        self._sweeping.cancel()
        self._worker.shutdown_graceful_timeout = grace
        self._worker.stopping = True
        self._worker.stop()  # type: ignore[no-untyped-call]
        await asyncio.wait([self._running], timeout=grace + 2.0)
        self._running.cancel()
        await asyncio.gather(self._running, self._sweeping, return_exceptions=True)
        with suppress(ConnectorException):
            await self._app.close_async()

    def working(self) -> bool:
        return self._worker is not None and self._worker.working()

    def defer(
        self,
        connection: Connection,
        task: str,
        key: str,
        *,
        lock: str | None = None,
        at: datetime | None = None,
        details: Mapping[str, str] | None = None,
    ) -> None:
        """Part of a transaction of the store."""
        assert isinstance(connection, PostgresConnection)
        job = self._in_transaction.configure_task(task, lock=lock, schedule_at=at, connection=connection.driver)
        job.defer(key=key, **(details or {}))

    async def with_lock(self, lock: str) -> Sequence[Job]:
        """Those that wait and the one that runs, in order. Raises ``StoreError``."""
        return await self._list(lock=lock)

    async def waiting(self, task: str) -> Sequence[Job]:
        """Those of this kind that do not run, in order. Raises ``StoreError``."""
        return await self._list(task=task, status="todo")

    async def _list(
        self, *, lock: str | None = None, task: str | None = None, status: str | None = None
    ) -> Sequence[Job]:
        try:
            found = await self._app.job_manager.list_jobs_async(lock=lock, task=task, status=status)
            return [_job(job) for job in found]
        except ConnectorException as error:
            raise StoreError(f"the database cannot be reached: {reason(error)}") from error

    def cancel(self, connection: Connection, id: int) -> bool:
        """Part of a transaction: whether the job was waiting. Then it never runs."""
        assert isinstance(connection, PostgresConnection)
        manager = self._in_transaction.job_manager
        return manager.cancel_job_by_id(id, delete_job=True, connection=connection.driver)

    def require_own(self, job: Job, connection: Connection) -> None:
        """Part of a transaction. Raises ``TakenOver`` if this replica is not running the job any more."""
        if connection.row(f"{_STILL_RUNNING} for share", id=job.id, attempts=job.attempts) is None:
            raise TakenOver(f"job {job.id} was taken over")

    async def is_own(self, job: Job) -> bool:
        """The same before something is said that is not part of a transaction. False if it cannot be known."""
        try:
            return await self._store.row(_STILL_RUNNING, id=job.id, attempts=job.attempts) is not None
        except StoreError:
            return False

    async def _run_forever(self, worker: ReplicaWorker) -> None:
        while not worker.stopping:
            try:
                await worker.run()  # type: ignore[no-untyped-call]
            except ConnectorException as error:
                log.warning("the database cannot be reached", error=reason(error))
                await asyncio.sleep(RECONNECT_SECONDS)

    def _task(self, handler: JobHandler) -> Callable[..., Awaitable[None]]:
        async def run(context: JobContext, **_: Any) -> None:
            try:
                await handler(_job(context.job))
            except RunAgain as again:
                if self._worker is not None:
                    asyncio.get_running_loop().call_later(again.after, self._worker.wake)
                raise

        return run

    # Taking over

    async def _sweep_forever(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self._sweep()
                if self.on_sweep is not None:
                    await self.on_sweep()
            except (ConnectorException, StoreError) as error:
                log.warning("jobs not looked through", error=reason(error))
            except Exception:
                log.exception("jobs not looked through")

    async def _sweep(self) -> None:
        """Replicas that could not reach the database for a while get the time to beat first."""
        worker, manager = self._worker, self._app.job_manager
        assert worker is not None
        if worker.worker_id is None:
            return
        mine = await manager.list_jobs_async(status="doing", worker_id=worker.worker_id)
        not_running = {job.id for job in mine if job.id is not None} - worker.running_ids()
        lost = [job for job in mine if job.id in not_running & self._abandoned]
        self._abandoned = not_running
        if worker.steady_seconds() > STALLED_SECONDS + HEARTBEAT_SECONDS:
            stalled = await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS)
            lost += [job for job in stalled if job.worker_id != worker.worker_id]
        for job in lost:
            await self._run_again(job)

    async def _run_again(self, job: stored.Job) -> None:
        """``attempts`` counts each start: another replica may have taken it over in between."""

        def change(connection: Connection) -> bool:
            assert isinstance(connection, PostgresConnection)
            if connection.row(f"{_STILL_RUNNING} for update", id=job.id, attempts=job.attempts) is None:
                return False
            again = {"retry_at": datetime.now(UTC), "new_priority": None, "new_queue_name": None, "new_lock": None}
            self._in_transaction.job_manager.connector.get_sync_connector().execute_query_all_with_connection(
                connection.driver, queries["retry_job"], job_id=job.id, **again
            )
            return True

        if await self._store.transaction(change, Commit.JOB):
            log.warning("job taken over", task=job.task_name, delivery=job.task_kwargs.get("key"))
            if self._worker is not None:
                self._worker.wake()


class _AsAsked(BaseRetryStrategy):
    def get_retry_decision(self, *, exception: BaseException, job: stored.Job) -> RetryDecision | None:
        if not isinstance(exception, RunAgain):
            return None
        at = datetime.now(UTC) + timedelta(seconds=exception.after)
        return RetryDecision(retry_at=at, lock=exception.lock, priority=exception.priority)


def _job(job: stored.Job) -> Job:
    details = dict(job.task_kwargs)
    assert job.id is not None
    return Job(job.id, str(details.pop("key")), job.attempts, job.lock or "", job.status == "doing", details)


_STILL_RUNNING = """
select 1 from procrastinate_jobs where id = :id and attempts = :attempts and status = 'doing'"""
_LOCK = "select pg_advisory_xact_lock(hashtext('liaison jobs'))"
# Each job that is fetched is compared with those that have its lock.
_INDEX = "create index liaison_jobs_by_lock on procrastinate_jobs (lock) where status in ('todo', 'doing')"
_HAS_TABLES = "select to_regclass('procrastinate_jobs') as found"


def _create_tables(connection: Connection) -> None:
    assert isinstance(connection, PostgresConnection)
    connection.rows(_LOCK)
    if connection.rows(_HAS_TABLES)[0]["found"] is None:
        connection.driver.execute(SchemaManager.get_schema())
        connection.execute(_INDEX)
