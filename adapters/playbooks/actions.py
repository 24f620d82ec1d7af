"""What else Playbooks does about a run, beyond the verbs.

A task's slash command, and asking the owner for an update, leave nothing that says who asked for them: a lost
answer is a person's to decide. A command runs as the bot (contract sheet, section 2). All others set a state,
which can be read and may be sent again.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from adapters.errors import AdapterError, Conflict, Rejected, Unsupported
from adapters.models import PlatformAction, Run, Task, TaskState
from adapters.playbooks import mapping
from adapters.playbooks.api import Api
from adapters.playbooks.errors import NO_ROUTE
from adapters.playbooks.joining import NOT_IN_IT
from adapters.playbooks.people import People
from adapters.playbooks.tasks import Show, Tasks
from adapters.playbooks.wire import WireRun, when
from adapters.writes import (
    Applied,
    Baseline,
    Indeterminate,
    NotApplied,
    PerformAction,
    Reconciliation,
    Recovery,
    WriteResult,
)

UPDATE, COMMAND, DUE = "update", "command", "due"
OWN, RESTORE, RETROSPECTIVE = "own", "restore", "retrospective"
SNOOZES = {"snooze15": 15, "snooze60": 60}  # minutes
_UPDATE = PlatformAction(id=UPDATE, label="playbooks.offer_update", warning="playbooks.offer_update_does")
_OWN = PlatformAction(id=OWN, label="playbooks.offer_own", warning="playbooks.offer_own_does")
_RESTORE = PlatformAction(id=RESTORE, label="playbooks.offer_restore", warning="playbooks.offer_restore_does")
_UNTIL_DUE = timedelta(hours=1)
_LONGEST = 60  # letters of a command in a label
_ALL_OF_IT = 1500  # and where it is asked about
_CLOCKS_DIFFER = timedelta(minutes=2)


@dataclass
class Offers:
    api: Api
    people: People
    tasks: Tasks
    show: Show
    now: Callable[[], datetime]

    async def of(self, run: Run) -> Sequence[PlatformAction]:
        """Asks the server nothing: what it can do is known from the run's last reading."""
        newer = self.api.features.skip is True
        if run.state.is_over:
            link = mapping.retrospective_link(self.tasks.site, run.key.id)
            page = PlatformAction(id=RETROSPECTIVE, label="playbooks.offer_retrospective", link=link)
            return (_RESTORE, page) if newer else (page,)
        offers = [_of_command(task.id, task.command) for task in run.tasks if task.command.strip()]
        if newer:
            offers += [_due(task) for task in run.tasks if task.state is TaskState.RUNNING and task.due_at is None]
        if self.api.features.asks_for_update:
            offers.append(_UPDATE)
        if newer and run.update_due is not None:
            offers += [_snooze(id, minutes) for id, minutes in SNOOZES.items()]
        return [*offers, _OWN]

    def recovery(self, step: PerformAction) -> Recovery:
        return Recovery.MANUAL if step.action == UPDATE or step.action.startswith(COMMAND) else Recovery.IDEMPOTENT

    async def execute(self, step: PerformAction) -> WriteResult:
        run = step.run_id
        if step.action.startswith(COMMAND):
            return await self._run_command(step, run)
        if step.action == OWN:
            return await self._own(step, run)
        if step.action.startswith(DUE):
            return await self.tasks.due(step, self.now() + _UNTIL_DUE)
        try:
            if step.action == UPDATE:
                await self.api.request_update(run)
            elif step.action == RESTORE:
                await self.api.restore(run)
            elif step.action in SNOOZES:
                await self.api.snooze(run, SNOOZES[step.action] * 60)
            else:
                raise Conflict(self.api.name, step.op, key="playbooks.offer_gone", label=step.label)
        except Unsupported as error:
            if error.key == NO_ROUTE and step.action == UPDATE:
                self.api.features.knows_update = False
            raise
        return await self._told(run, step)

    async def reconcile(self, step: PerformAction, known: Baseline) -> Reconciliation:
        if self.recovery(step) is Recovery.MANUAL:
            return Indeterminate()
        run = await self.api.run(step.run_id, step.op)
        so = await self._is_so(step, run, known)
        return Applied(WriteResult(snapshot=await self.show(run))) if so else NotApplied()

    async def _is_so(self, step: PerformAction, run: WireRun, known: Baseline) -> bool:
        if step.action == RESTORE:
            return not run.over
        if step.action == OWN:
            return run.owner_user_id == await self.people.user_id(step.by)
        if step.action.startswith(DUE):
            checklist, item = self.tasks.place(run, step)
            due = when(run.checklists[checklist].items[item].due_date)
            return due is not None and abs(due - known.sent_at - _UNTIL_DUE) < _CLOCKS_DIFFER
        since = when(run.last_status_update_at)
        wanted = run.previous_reminder == SNOOZES.get(step.action, 0) * 60 * 1_000_000_000
        return wanted and since is not None and since >= known.sent_at - _CLOCKS_DIFFER

    async def _own(self, step: PerformAction, run: str) -> WriteResult:
        user = await self.people.user_id(step.by)
        if user is None:
            key, site = "playbooks.unknown_person", self.tasks.site
            raise Rejected(self.api.name, step.op, key=key, person=step.by.shown, site=site)
        before = await self.api.run(run, step.op)
        if before.owner_user_id == user:
            return WriteResult(already=True, snapshot=await self.show(before))
        try:
            await self.api.own(run, user)
        except Rejected as refused:
            if refused.key == NOT_IN_IT and not self.api.features.skip:
                # Or the new owner is not in the channel: one answer for both, and of the bot it is known by now.
                raise Rejected(self.api.name, step.op, key="playbooks.owner", said=refused.said) from refused
            raise
        return await self._told(run, step)

    async def _run_command(self, step: PerformAction, run: str) -> WriteResult:
        before = await self.api.run(run, step.op)
        place = self.tasks.place(before, step)
        command = before.checklists[place[0]].items[place[1]].command
        if not command or _of_command(step.target, command).id != step.action:
            link = mapping.run_link(self.tasks.site, run)
            raise Conflict(self.api.name, step.op, key="playbooks.command_changed", link=link)
        await self.api.run_command(run, place)
        return WriteResult()

    async def _told(self, run: str, step: PerformAction) -> WriteResult:
        """That the run cannot be read now does not undo what was answered."""
        try:
            return WriteResult(snapshot=await self.show(await self.api.run(run, step.op)))
        except AdapterError:
            return WriteResult()


def _snooze(id: str, minutes: int) -> PlatformAction:
    facts = {"minutes": str(minutes)}
    return PlatformAction(
        id=id, label="playbooks.offer_snooze", warning="playbooks.offer_snooze_does", facts=facts
    )


def _due(task: Task) -> PlatformAction:
    label, warning = "playbooks.offer_due", "playbooks.offer_due_does"
    return PlatformAction(id=_id(DUE, task.id), label=label, warning=warning, task=task.id)


def _id(kind: str, of: str) -> str:
    """The ids of tasks may be long, and this one goes into a button."""
    return f"{kind}:{hashlib.sha256(of.encode()).hexdigest()[:16]}"


def _of_command(task: str, command: str) -> PlatformAction:
    """Another command makes it another offer."""
    line = " ".join(command.split())
    shown = line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
    whole = line if len(line) <= _ALL_OF_IT else f"{line[: _ALL_OF_IT - 1]}…"  # nobody says yes to an end unseen
    return PlatformAction(
        id=_id(COMMAND, f"{task} {command}"),
        label="playbooks.offer_command",
        warning="playbooks.offer_command_does",
        facts={"command": shown, "whole": whole},
        task=task,
    )
