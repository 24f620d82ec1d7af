"""Changes to a whole run: its status, and finishing it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from adapters.errors import OutcomeUnknown, Rejected
from adapters.models import Health, Run, RunHealth, RunState
from adapters.playbooks import links
from adapters.playbooks import text as texts
from adapters.playbooks.api import Api
from adapters.playbooks.reads import Reads
from adapters.playbooks.wire import WireRun
from adapters.playbooks.writes.comments import CommentWrites
from adapters.results import Applied, Baseline, NotApplied, Reconciliation, Recovery, WriteResult
from adapters.toolkit.guards import Fresh
from adapters.toolkit.steps import reconciles, step
from adapters.writes import EndRun, SetStatus, Write, WriteMarker

DEFAULT_REMINDER = 3600  # seconds; servers since October 2021 refuse a status without a reminder
MIN_REMINDER = 60
_CLOCKS_DIFFER_BY = timedelta(minutes=1)  # at most


@dataclass
class RunWrites:
    api: Api
    comments: CommentWrites
    reads: Reads
    now: Callable[[], datetime]

    async def read_fresh(self, step: Write) -> Fresh[WireRun]:
        return await self.reads.fresh(step)

    @step(SetStatus, recovery=Recovery.LOOKUP, guard=read_fresh)
    async def post_status(self, step: SetStatus, marker: WriteMarker, fresh: Fresh[WireRun]) -> WriteResult:
        run = fresh.record
        reminder = self._reminder(run, step.next_at)
        message = texts.SIGNER.sign(f"{step.health_word}{step.text}", marker)
        if len(message) > texts.MAX_POST_LENGTH:
            raise Rejected(self.api.name, step.op, key="playbooks.too_long", limit=texts.MAX_POST_LENGTH)
        await self.api.post_status(run.id, {"message": message, "description": "", "reminder": reminder})
        at = self.now()
        health = RunHealth(
            health=step.health or Health.UNSET,
            text=step.text,
            by=marker.who,
            at=at,
            due=at + timedelta(seconds=reminder),
        )
        snapshot = await self.reads.run_after_write(run.id, step.op)
        return WriteResult(health=_dated_there(health, snapshot), snapshot=snapshot)

    @reconciles(SetStatus)
    async def reconcile_status(self, step: SetStatus, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        found = await self.comments.find_comment(step, marker, baseline)
        if not isinstance(found, Applied) or found.result.health is None:
            return found
        snapshot = await self.reads.run(step.run_id, step.op)
        health = found.result.health.model_copy(update={"due": step.next_at or snapshot.update_due})
        health = _dated_there(health, snapshot)
        return Applied(WriteResult(health=health, snapshot=snapshot))

    @step(EndRun, recovery=Recovery.IDEMPOTENT, guard=read_fresh)
    async def finish(self, step: EndRun, marker: WriteMarker, fresh: Fresh[WireRun]) -> WriteResult:
        before = fresh.record
        await self.api.finish(before.id)
        after = await self.reads.run_after_write(before.id, step.op)
        if after is not None and not after.state.is_over:
            raise OutcomeUnknown(self.api.name, step.op)
        return self._finished(before, after)

    def _finished(self, run: WireRun, snapshot: Run | None) -> WriteResult:
        result = WriteResult(state=RunState.FINISHED, snapshot=snapshot)
        if not run.retrospective_enabled:
            return result
        link = links.retrospective_link(self.reads.site, run.id)
        return result.model_copy(update={"message": "playbooks.retrospective", "facts": {"link": link}})

    @reconciles(EndRun)
    async def reconcile_finish(self, step: EndRun, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        run = await self.api.run(step.run_id, step.op)
        if not run.is_over:
            return NotApplied()
        return Applied(self._finished(run, await self.reads.to_run(run)))

    def _reminder(self, run: WireRun, next_at: datetime | None) -> int:
        """Seconds until the promised update, else the run's previous reminder, else the playbook's. Never 0."""
        if next_at is not None:
            return max(MIN_REMINDER, ceil((next_at - self.now()).total_seconds()))
        previous = run.previous_reminder // 1_000_000_000
        reminders = (previous, run.reminder_timer_default_seconds)
        return next((seconds for seconds in reminders if seconds > 0), DEFAULT_REMINDER)


def _dated_there(health: RunHealth, snapshot: Run | None) -> RunHealth:
    """With Playbooks' own time, so that its status, which has no text, does not seem to be a newer one."""
    at = snapshot.health_at if snapshot else None
    if at is None or health.at is None or not health.at < at < health.at + _CLOCKS_DIFFER_BY:
        return health
    return health.model_copy(update={"at": at})
