"""The engine of many replicas: every step of a message is a job, stored in one transaction with what led to it.

The path of a message: ``record`` stores its row and the job ``route``, which holds the lock of its place. That job
stores the route and the job ``execute``, which holds the lock of the run, or none for a read. A job ends when its
result is stored. So a crash at any point leaves a job, and another replica runs it again: what was sent is in the
effect log.

What waits for a platform gives way: its job ends, and runs again later, still before all that came after it. What
waits for an unknown outcome holds the lock of its message instead of its run's.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

import structlog

from adapters.models import RunKey
from bot.engine.distributed_adoption import adopt
from bot.engine.distributed_execution import Execution, begin, run_lock_of
from bot.engine.distributed_jobs import DistributedJobs, Job, JobHandler, RunAgain
from bot.engine.distributed_queues import WaitingWrites
from bot.engine.port import HOLD_FOR_START_SECONDS, GaveWay, MessageWork, TakenOver
from bot.engine.recording import Recording
from bot.observability import metrics
from bot.storage.inbox import Inbox, UnfinishedMessage
from bot.storage.scheduled import ScheduledRows
from bot.storage.sql import Connection
from bot.storage.store import Commit, Store, StoreError
from bot.surfaces.errors import NotRecorded
from bot.surfaces.protocol import Recorded
from commands.dispatch import Route
from commands.model.card import Answer
from commands.model.messages import Actor, Message
from commands.model.ports import StopResult

HELD_LOOK_SECONDS = 0.25
DATABASE_RETRY_SECONDS = 1.0
FAULT_RETRY_SECONDS = 2.0
MOST_DATABASE_FAULTS = 15
MOST_FAULTS = 3

log = structlog.get_logger(__name__)


class DistributedEngine:
    """Implements ``bot.engine.port.Engine``, and ``MessageJobs`` for the inbox."""

    def __init__(
        self,
        url: str,
        store: Store,
        inbox: Inbox,
        scheduled: ScheduledRows,
        work: MessageWork,
        now: Callable[[], datetime],
    ) -> None:
        self.on_delay_change: Callable[[str], None] = lambda run: None
        self._store = store
        self._inbox = inbox
        self._recording = Recording(inbox, lambda _: True)  # another replica may process it
        self._scheduled = scheduled
        self._work = work
        self._now = now
        self._executions: dict[str, Execution] = {}  # by message key
        self._oldest_at: datetime | None = None  # of the unfinished messages of all replicas
        self._faults: Counter[str] = Counter()  # by message key: how often its job failed
        self._accepting = False
        self._stopping = False
        handlers: dict[str, JobHandler] = {
            "route": self._route,
            "route after start": self._route_after_start,
            "read reaction": self._read_reaction,
            "read run": self._read_run,
            "execute": self._execute,
            "remind": self._remind,
        }
        self._jobs = DistributedJobs(url, store, {name: self._safely(run) for name, run in handlers.items()})
        self._jobs.on_sweep = self._look_at_queues
        self._writes = WaitingWrites(self._jobs, work)
        inbox.jobs = self
        store.subscribe("stops", self._stop_executions)

    # Lifetime

    async def start(self) -> frozenset[str]:
        unfinished = frozenset(await self._inbox.unfinished_keys())
        await self._jobs.start()
        await adopt(self._store, self._inbox, self._scheduled, self._defer_unfinished, self._defer_reminder)
        self.accept()
        return unfinished

    def accept(self) -> None:
        self._accepting = True

    async def process_unfinished(self) -> None:
        """They have their jobs."""

    async def stop(self, grace: float) -> None:
        self._accepting, self._stopping = False, True
        self._work.shut_down()
        await self._writes.stop()
        await self._jobs.stop(grace)

    def ready(self) -> bool:
        return self._accepting and self._jobs.working()

    def oldest_message_at(self) -> datetime | None:
        return self._oldest_at

    # Accepting messages

    async def record(self, message: Message, answer: bytes) -> Recorded:
        if not self._accepting:
            raise NotRecorded("shutting down")
        return await self._recording.record(message, answer)

    def process(self, key: str) -> None:
        """Its job is stored with it."""

    def recorded(self, connection: Connection, message: Message) -> None:
        self._jobs.defer(connection, "route", message.key, lock=f"place:{message.place.queue}")

    def routed(self, connection: Connection, key: str, route: Route) -> None:
        self._jobs.defer(connection, "execute", key, lock=run_lock_of(route.queue), details={"queue": route.queue})

    def ending(self, connection: Connection, key: str) -> None:
        if (execution := self._executions.get(key)) is not None:
            self._jobs.require_own(execution.job, connection)

    def _defer_unfinished(self, connection: Connection, unfinished: UnfinishedMessage) -> None:
        if unfinished.route is None:
            self.recorded(connection, unfinished.message)
        else:
            self.routed(connection, unfinished.message.key, unfinished.route)

    def resume(self, key: str, reopened: UnfinishedMessage | None, *, by: Actor | None) -> bool:
        """What was reopened has its job."""
        if (execution := self._executions.get(key)) is not None:
            execution.goes_on = True
            return True
        return reopened is not None

    async def stop_waiting(self, key: str, by: Actor) -> StopResult:
        unfinished = await self._inbox.find_unfinished(key)
        if unfinished is None:
            return "over"
        if (execution := self._executions.get(key)) is not None:
            execution.progress.stopped.set()
            if execution.progress.sent:
                await self._inbox.mark_stopped(key)
                return "trying"
            execution.progress.decided_by = by
        jobs = await self._jobs.with_lock(f"run:{unfinished.route.queue}") if unfinished.route else []
        waiting = [job for job in jobs if job.key == key and not job.is_running]

        def end_waiting(connection: Connection) -> None:
            """It need not wait for its turn: it sends nothing more."""
            connection.changed("stops", key)
            for job in waiting:
                if self._jobs.cancel(connection, job.id):
                    details = {**job.details, "stopped_by": by.model_dump_json(), "runs": str(job.attempts)}
                    self._jobs.defer(connection, "execute", key, lock=f"message:{key}", details=details)

        await self._inbox.mark_stopped(key, end_waiting)
        return "stopped"

    async def _stop_executions(self, keys: Collection[str] | None) -> None:
        """Somebody stopped these messages on another replica, or any."""
        for key, execution in list(self._executions.items()):
            if keys is None or key in keys:
                unfinished = await self._inbox.find_unfinished(key)
                if unfinished is not None and unfinished.stopped:
                    execution.progress.stopped.set()

    async def schedule(self, due_at: datetime, slot: str, message: Message | None) -> None:
        if message is None:
            self._scheduled.delete(slot)
            return
        await self._scheduled.put(
            slot, due_at, message, lambda connection: self._defer_reminder(connection, slot, due_at)
        )

    def _defer_reminder(self, connection: Connection, slot: str, due_at: datetime) -> None:
        self._jobs.defer(connection, "remind", slot, at=due_at, details={"due": due_at.isoformat()})

    def queued_writes(self, run: str) -> int:
        return self._writes.queued.get(run, 0)

    def delayed_writes(self, run: str) -> int:
        return self._writes.delayed.get(run, 0)

    # Jobs

    def _safely(self, run: JobHandler) -> JobHandler:
        """Runs a job that failed again, and one that gave way as it asked for."""

        async def run_job(job: Job) -> None:
            try:
                await self._store.catch_up()
                await run(job)
            except RunAgain:
                raise
            except asyncio.CancelledError:  # this replica stops: another one runs it
                raise RunAgain from None
            except Exception as error:  # noqa: BLE001  whatever it is, its sender gets an answer
                await self._fail(job, error)
            else:
                self._faults.pop(job.key, None)

        return run_job

    async def _fail(self, job: Job, error: Exception) -> None:
        """Runs it again, unless that failed too often: then its sender is told."""
        self._faults[job.key] += 1
        if isinstance(error, StoreError):
            log.warning("database failed, trying again", delivery=job.key, error=str(error))
            pause, most = DATABASE_RETRY_SECONDS, MOST_DATABASE_FAULTS
        else:
            log.error("job failed", delivery=job.key, exc_info=error)
            pause, most = FAULT_RETRY_SECONDS, MOST_FAULTS
        if self._faults[job.key] <= most:
            raise RunAgain(pause)
        await self._give_up(job, error)
        del self._faults[job.key]

    async def _give_up(self, job: Job, error: Exception) -> None:
        unfinished = await self._inbox.find_unfinished(job.key)
        if unfinished is not None:
            await self._finish(
                unfinished.message, self._work.failed_answer(unfinished.message, error), resumed=True
            )

    async def _defer(self, message: Message, task: str, lock: str = "", **details: str) -> None:
        """If a crash follows, the present job runs again, and so may the new one: the second finds it done."""
        await self._store.transaction(
            lambda connection: self._jobs.defer(connection, task, message.key, lock=lock or None, details=details),
            Commit.JOB,
        )

    async def _unrouted(self, job: Job) -> Message | None:
        unfinished = await self._inbox.find_unfinished(job.key)
        return None if unfinished is None or unfinished.route is not None else unfinished.message

    async def _route(self, job: Job) -> None:
        message = await self._unrouted(job)
        if message is None:
            return
        place = message.place.queue
        if message.is_unread:
            await self._defer(message, "read reaction", f"reaction:{place}")
        elif self._work.lacks_run(message) and await self._is_held(place):
            await self._defer(message, "route after start", f"held:{place}", since=self._now().isoformat())
        else:
            await self._find_route(message)

    async def _is_held(self, place: str) -> bool:
        """Also behind what is still held, so that the order is kept."""
        if await self._inbox.find_pending_start(place) is not None:
            return True
        return bool(await self._jobs.with_lock(f"held:{place}"))

    async def _route_after_start(self, job: Job) -> None:
        message = await self._unrouted(job)
        if message is None:
            return
        run = await self._inbox.find_pending_start(message.place.queue)
        if run is None:
            await self._find_route(message)
        elif self._now() - datetime.fromisoformat(job.details["since"]) < timedelta(
            seconds=HOLD_FOR_START_SECONDS
        ):
            raise RunAgain(HELD_LOOK_SECONDS)
        else:
            await self._finish(message, await self._work.busy_answer(message, run))

    async def _find_route(self, message: Message) -> None:
        route = await self._work.route(message)
        if isinstance(route, RunKey):
            await self._defer(message, "read run", run=route.model_dump_json())
        elif isinstance(route, Route):
            await self._save_route(message, route)
        else:
            await self._finish(message, route)

    async def _save_route(self, message: Message, route: Route) -> None:
        intent = "" if route.intent is None else json.dumps(route.intent)
        await self._inbox.save_route(message.key, intent, route, 0)
        if route.queue:
            self._writes.notify_later(message, route)

    async def _read_reaction(self, job: Job) -> None:
        message = await self._unrouted(job)
        if message is None or not message.is_unread:
            return
        found = await self._work.read_reaction(message)
        if found is None:
            raise RunAgain  # this replica stops
        if isinstance(found, Answer):
            await self._finish(message, found)
        else:
            await self._inbox.save_read(found)

    async def _read_run(self, job: Job) -> None:
        message = await self._unrouted(job)
        if message is None:
            return
        answer = await self._work.read_run(message, RunKey.model_validate_json(job.details["run"]))
        if answer is not None:
            await self._finish(message, answer)
        else:
            await self._defer(message, "route", f"place:{message.place.queue}")

    async def _remind(self, job: Job) -> None:
        """Records the message before deleting its slot: after a crash in between, the key marks it as a repeat."""
        found = await self._scheduled.find(job.key)
        if found is None or found[0].isoformat() != job.details["due"]:
            return  # replaced or removed
        try:
            await self.record(found[1], b"")
        except NotRecorded:
            raise RunAgain(DATABASE_RETRY_SECONDS) from None
        self._scheduled.delete(job.key)

    async def _execute(self, job: Job) -> None:
        unfinished = await self._inbox.find_unfinished(job.key)
        route = unfinished.route if unfinished is not None else None
        if unfinished is None or route is None or route.queue != job.details["queue"]:
            return
        if job.key in self._executions:  # it lost its job while the database was away, and still ends
            raise RunAgain(DATABASE_RETRY_SECONDS)
        execution = begin(job, unfinished, route, self._jobs)
        self._executions[job.key] = execution
        try:
            result = await self._result(unfinished.message, route, execution)
            if isinstance(result, Route):
                await self._save_route(unfinished.message, result)
                return
            if not await self._jobs.is_own(job):
                raise TakenOver(f"job {job.id} was taken over")
            await self._finish(unfinished.message, result, resumed=execution.progress.resumed)
            if execution.goes_on:
                await self._inbox.mark_again(job.key, route)
        except GaveWay:
            raise execution.again from None
        finally:
            del self._executions[job.key]

    async def _result(self, message: Message, route: Route, execution: Execution) -> Answer | Route:
        progress = execution.progress
        is_untouched = not progress.resumed and not progress.answered
        if is_untouched and not route.starting and progress.stopped.is_set() and progress.decided_by is not None:
            return self._work.stopped_answer(message, route, progress.decided_by)
        return await self._work.execute(message, route, progress)

    async def _finish(self, message: Message, answer: Answer, *, resumed: bool = False) -> None:
        self._writes.finished(message.key)
        await self._work.deliver(message, answer, resumed=resumed)
        metrics.count_message(message.place.surface, answer.result)

    async def _look_at_queues(self) -> None:
        await self._writes.look(self.on_delay_change)
        self._oldest_at = await self._inbox.oldest_unfinished()
