"""How a message that is executed by a job gives way to others, and comes back."""

from dataclasses import dataclass, field
from functools import partial

from bot.engine.distributed_jobs import DistributedJobs, Job, RunAgain
from bot.engine.port import GaveWay, Progress
from bot.storage.inbox import UnfinishedMessage
from commands.dispatch import Route
from commands.model.messages import Actor

WAITS_IN_PLACE_SECONDS = 3.0  # for a platform; after that, its job gives way
FIRST, IN_ORDER = 1, 0  # priorities


@dataclass(eq=False)
class Execution:
    """A message that this replica executes. ``again``: how its job continues if it gives way."""

    job: Job
    progress: Progress
    waited: float = 0.0
    again: RunAgain = field(default_factory=RunAgain)
    goes_on: bool = False


def run_lock_of(queue: str) -> str | None:
    return f"run:{queue}" if queue else None


def begin(job: Job, unfinished: UnfinishedMessage, route: Route, jobs: DistributedJobs) -> Execution:
    """With a progress that gives way by ending the job."""
    runs = job.attempts + int(job.details.get("runs", "0"))
    progress = Progress(
        resumed=runs > 0 or unfinished.answered,
        answered=unfinished.answered,
        requested_at=unfinished.requested_at,
        runs=runs,
        is_out_of_queue=job.lock == f"message:{job.key}",
    )
    if (by := job.details.get("stopped_by")) is not None:
        progress.decided_by = Actor.model_validate_json(by)
    if unfinished.stopped:
        progress.stopped.set()
    execution, run_lock = Execution(job, progress), run_lock_of(route.queue)

    def give_way(pause: float) -> None:
        execution.waited += pause
        if runs or execution.waited > WAITS_IN_PLACE_SECONDS:
            raise _gives_way(execution, RunAgain(pause))

    def leave_queue() -> None:
        if job.lock and job.lock == run_lock:
            raise _gives_way(execution, RunAgain(lock=f"message:{job.key}"))

    async def rejoin_queue() -> None:
        if run_lock and job.lock != run_lock and not progress.stopped.is_set():
            priority = FIRST if progress.sent else IN_ORDER
            raise _gives_way(execution, RunAgain(lock=run_lock, priority=priority))

    progress.give_way, progress.leave_queue, progress.rejoin_queue = give_way, leave_queue, rejoin_queue
    progress.require_own = partial(jobs.require_own, job)
    progress.is_own = partial(jobs.is_own, job)
    return execution


def _gives_way(execution: Execution, again: RunAgain) -> GaveWay:
    execution.again = again
    return GaveWay()
