"""Further actions of Playbooks on a run.

Running a task's slash command, and requesting an update, leave no trace of who did it, so a person decides about a
lost response. A command runs as the bot. All other actions set a state that can be read and sent again.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from adapters.errors import Conflict, Rejected, Unsupported
from adapters.models import PlatformAction, Run, Task, TaskState
from adapters.playbooks import links
from adapters.playbooks.api import Api
from adapters.playbooks.errors import NO_ROUTE, NOT_PARTICIPANT
from adapters.playbooks.people import People
from adapters.playbooks.reads import Reads
from adapters.playbooks.start import MAX_CLOCK_SKEW
from adapters.playbooks.wire import CLOSED, SKIPPED, WireRun, to_datetime
from adapters.playbooks.writes.tasks import TaskWrites
from adapters.results import Applied, Baseline, NotApplied, Reconciliation, Recovery, WriteResult
from adapters.toolkit.guards import run_is_over
from adapters.toolkit.steps import reconciles, step
from adapters.writes import PerformAction, WriteMarker

UPDATE, COMMAND, DUE = "update", "command", "due"
OWN, RESTORE, RETROSPECTIVE = "own", "restore", "retrospective"
SNOOZE_MINUTES = {"snooze15": 15, "snooze60": 60}
_UPDATE = PlatformAction(id=UPDATE, label="playbooks.offer_update", warning="playbooks.offer_update_does")
_OWN = PlatformAction(id=OWN, label="playbooks.offer_own", warning="playbooks.offer_own_does")
_RESTORE = PlatformAction(id=RESTORE, label="playbooks.offer_restore", warning="playbooks.offer_restore_does")
_DUE_IN = timedelta(hours=1)
_MAX_LABEL_LENGTH = 60  # of a command in a label
_MAX_WARNING_LENGTH = 1500  # of a command in the question


@dataclass
class Actions:
    api: Api
    people: People
    tasks: TaskWrites
    reads: Reads
    now: Callable[[], datetime]

    def list(self, run: Run) -> Sequence[PlatformAction]:
        """Makes no request: what the server supports is known from the last read of the run."""
        is_playbooks_2 = self.api.features.can_skip is True
        if run.state.is_over:
            link = links.retrospective_link(self.reads.site, run.key.id)
            page = PlatformAction(id=RETROSPECTIVE, label="playbooks.offer_retrospective", link=link)
            return (_RESTORE, page) if is_playbooks_2 else (page,)
        actions = [_command_action(task.id, task.command) for task in run.tasks if task.command.strip()]
        if is_playbooks_2:
            running = [task for task in run.tasks if task.state is TaskState.RUNNING and task.due_at is None]
            actions += [_due_action(task) for task in running]
        if self.api.features.can_request_update:
            actions.append(_UPDATE)
        if is_playbooks_2 and run.update_due is not None:
            actions += [_snooze_action(id, minutes) for id, minutes in SNOOZE_MINUTES.items()]
        return [*actions, _OWN]

    def recovery(self, step: PerformAction) -> Recovery:
        is_manual = step.action == UPDATE or step.action.startswith(COMMAND)
        return Recovery.MANUAL if is_manual else Recovery.IDEMPOTENT

    @step(PerformAction, recovery=lambda actions, step: actions.recovery(step))
    async def execute(self, step: PerformAction, marker: WriteMarker) -> WriteResult:
        run = await self.api.run(step.run_id, step.op)
        if step.action == RESTORE and not run.is_over:
            return WriteResult(already=True, snapshot=await self.reads.to_run(run))
        if step.action != RESTORE and run.is_over:
            raise run_is_over(self.api.name, step)
        if step.action.startswith(COMMAND):
            return await self._run_command(step, run)
        if step.action == OWN:
            return await self._take_over(step, run)
        if step.action.startswith(DUE):
            return await self._set_due_date(step, run)
        if step.action == UPDATE:
            await self._request_update(step)
        elif step.action == RESTORE:
            await self.api.restore(step.run_id)
        elif step.action in SNOOZE_MINUTES:
            await self.api.snooze(step.run_id, SNOOZE_MINUTES[step.action] * 60)
        else:
            raise self._gone(step)
        return WriteResult(snapshot=await self.reads.run_after_write(step.run_id, step.op))

    @reconciles(PerformAction)
    async def reconcile(self, step: PerformAction, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        run = await self.api.run(step.run_id, step.op)
        if not await self._is_applied(step, run, baseline):
            return NotApplied()
        return Applied(WriteResult(snapshot=await self.reads.to_run(run)))

    async def _is_applied(self, step: PerformAction, run: WireRun, baseline: Baseline) -> bool:
        if step.action == RESTORE:
            return not run.is_over
        if step.action == OWN:
            return run.owner_user_id == await self.people.user_id(step.by)
        if step.action.startswith(DUE):
            checklist, item = self.reads.position(run, step)
            due = to_datetime(run.checklists[checklist].items[item].due_date)
            return due is not None and abs(due - baseline.sent_at - _DUE_IN) < MAX_CLOCK_SKEW
        since = to_datetime(run.last_status_update_at)
        seconds = SNOOZE_MINUTES.get(step.action, 0) * 60
        is_snoozed = run.previous_reminder == seconds * 1_000_000_000
        return is_snoozed and since is not None and since >= baseline.sent_at - MAX_CLOCK_SKEW

    def _gone(self, step: PerformAction) -> Conflict:
        return Conflict(self.api.name, step.op, key="playbooks.offer_gone", for_good=True, label=step.label)

    async def _set_due_date(self, step: PerformAction, run: WireRun) -> WriteResult:
        """Only of a task that is still open, and that nobody has given a date since."""
        checklist, item = self.reads.position(run, step)
        found, at = run.checklists[checklist].items[item], self.now() + _DUE_IN
        due = to_datetime(found.due_date)
        if found.state in (CLOSED, SKIPPED) or (due is not None and abs(due - at) > MAX_CLOCK_SKEW):
            raise self._gone(step)
        return await self.tasks.set_due_date(step, run, at)

    async def _take_over(self, step: PerformAction, before: WireRun) -> WriteResult:
        user = await self.people.user_id(step.by)
        if user is None:
            key, site = "playbooks.unknown_person", self.reads.site
            raise Rejected(self.api.name, step.op, key=key, person=step.by.shown, site=site)
        if before.owner_user_id == user:
            return WriteResult(already=True, snapshot=await self.reads.to_run(before))
        try:
            await self.api.set_owner(step.run_id, user)
        except Rejected as refusal:
            if refusal.key == NOT_PARTICIPANT and not self.api.features.can_skip:
                # The same response if the new owner is not in the channel. The bot is known to be in it here.
                raise Rejected(self.api.name, step.op, key="playbooks.owner", said=refusal.said) from refusal
            raise
        return WriteResult(snapshot=await self.reads.run_after_write(step.run_id, step.op))

    async def _run_command(self, step: PerformAction, run: WireRun) -> WriteResult:
        """Nothing is run if the command is not the one that was confirmed."""
        checklist, item = position = self.reads.position(run, step)
        command = run.checklists[checklist].items[item].command
        if not command or _command_action(step.target, command).id != step.action:
            link = links.run_link(self.reads.site, step.run_id)
            raise Conflict(self.api.name, step.op, key="playbooks.command_changed", link=link)
        await self.api.run_command(step.run_id, position)
        return WriteResult()

    async def _request_update(self, step: PerformAction) -> None:
        try:
            await self.api.request_update(step.run_id)
        except Unsupported as error:
            if error.key == NO_ROUTE:
                self.api.features.has_update_request = False
            raise


def _snooze_action(id: str, minutes: int) -> PlatformAction:
    label, warning = "playbooks.offer_snooze", "playbooks.offer_snooze_does"
    return PlatformAction(id=id, label=label, warning=warning, facts={"minutes": str(minutes)})


def _due_action(task: Task) -> PlatformAction:
    label, warning = "playbooks.offer_due", "playbooks.offer_due_does"
    return PlatformAction(id=_action_id(DUE, task.id), label=label, warning=warning, task=task.id)


def _command_action(task: str, command: str) -> PlatformAction:
    """Its id changes with the command, so that only the command that was confirmed is run."""
    line = " ".join(command.split())
    return PlatformAction(
        id=_action_id(COMMAND, f"{task} {command}"),
        label="playbooks.offer_command",
        warning="playbooks.offer_command_does",
        facts={"command": _cut(line, _MAX_LABEL_LENGTH), "whole": _cut(line, _MAX_WARNING_LENGTH)},
        task=task,
    )


def _action_id(kind: str, key: str) -> str:
    """A hash, because ids of tasks may be too long for a button."""
    return f"{kind}:{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
