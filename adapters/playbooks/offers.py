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
from adapters.models import Offer, Run, Task, TaskState
from adapters.playbooks import mapping
from adapters.playbooks.api import Api
from adapters.playbooks.joining import NOT_IN_IT
from adapters.playbooks.people import People
from adapters.playbooks.refusals import NO_ROUTE
from adapters.playbooks.tasks import Show, Tasks
from adapters.playbooks.wire import WireRun, when
from adapters.writes import CannotTell, DoOffer, Known, NotThere, Settled, Settling, There, Told

UPDATE, COMMAND, DUE = "update", "command", "due"
OWN, RESTORE, RETROSPECTIVE = "own", "restore", "retrospective"
SNOOZES = {"snooze15": 15, "snooze60": 60}  # minutes
_UPDATE = Offer(id=UPDATE, label="playbooks.offer_update", warning="playbooks.offer_update_does")
_OWN = Offer(id=OWN, label="playbooks.offer_own", warning="playbooks.offer_own_does")
_RESTORE = Offer(id=RESTORE, label="playbooks.offer_restore", warning="playbooks.offer_restore_does")
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

    async def of(self, run: Run) -> Sequence[Offer]:
        """Asks the server nothing: what it can do is known from the run's last reading."""
        newer = self.api.features.skip is True
        if run.state.is_over:
            link = mapping.retrospective_link(self.tasks.site, run.key.id)
            page = Offer(id=RETROSPECTIVE, label="playbooks.offer_retrospective", link=link)
            return (_RESTORE, page) if newer else (page,)
        offers = [_of_command(task.id, task.command) for task in run.tasks if task.command.strip()]
        if newer:
            offers += [_due(task) for task in run.tasks if task.state is TaskState.RUNNING and task.due_at is None]
        if self.api.features.asks_for_update:
            offers.append(_UPDATE)
        if newer and run.update_due is not None:
            offers += [_snooze(id, minutes) for id, minutes in SNOOZES.items()]
        return [*offers, _OWN]

    def settling(self, step: DoOffer) -> Settling:
        return Settling.ASK if step.offer == UPDATE or step.offer.startswith(COMMAND) else Settling.REPEAT

    async def carry(self, step: DoOffer) -> Told:
        run = step.run_id
        if step.offer.startswith(COMMAND):
            return await self._run_command(step, run)
        if step.offer == OWN:
            return await self._own(step, run)
        if step.offer.startswith(DUE):
            return await self.tasks.due(step, self.now() + _UNTIL_DUE)
        try:
            if step.offer == UPDATE:
                await self.api.request_update(run)
            elif step.offer == RESTORE:
                await self.api.restore(run)
            elif step.offer in SNOOZES:
                await self.api.snooze(run, SNOOZES[step.offer] * 60)
            else:
                raise Conflict(self.api.name, step.op, key="playbooks.offer_gone", label=step.label)
        except Unsupported as error:
            if error.key == NO_ROUTE and step.offer == UPDATE:
                self.api.features.knows_update = False
            raise
        return await self._told(run, step)

    async def settle(self, step: DoOffer, known: Known) -> Settled:
        if self.settling(step) is Settling.ASK:
            return CannotTell()
        run = await self.api.run(step.run_id, step.op)
        so = await self._is_so(step, run, known)
        return There(Told(snapshot=await self.show(run))) if so else NotThere()

    async def _is_so(self, step: DoOffer, run: WireRun, known: Known) -> bool:
        if step.offer == RESTORE:
            return not run.over
        if step.offer == OWN:
            return run.owner_user_id == await self.people.user_id(step.by)
        if step.offer.startswith(DUE):
            checklist, item = self.tasks.place(run, step)
            due = when(run.checklists[checklist].items[item].due_date)
            return due is not None and abs(due - known.sent_at - _UNTIL_DUE) < _CLOCKS_DIFFER
        since = when(run.last_status_update_at)
        wanted = run.previous_reminder == SNOOZES.get(step.offer, 0) * 60 * 1_000_000_000
        return wanted and since is not None and since >= known.sent_at - _CLOCKS_DIFFER

    async def _own(self, step: DoOffer, run: str) -> Told:
        user = await self.people.user_id(step.by)
        if user is None:
            key, site = "playbooks.unknown_person", self.tasks.site
            raise Rejected(self.api.name, step.op, key=key, person=step.by.shown, site=site)
        before = await self.api.run(run, step.op)
        if before.owner_user_id == user:
            return Told(already=True, snapshot=await self.show(before))
        try:
            await self.api.own(run, user)
        except Rejected as refused:
            if refused.key == NOT_IN_IT and not self.api.features.skip:
                # Or the new owner is not in the channel: one answer for both, and of the bot it is known by now.
                raise Rejected(self.api.name, step.op, key="playbooks.owner", said=refused.said) from refused
            raise
        return await self._told(run, step)

    async def _run_command(self, step: DoOffer, run: str) -> Told:
        before = await self.api.run(run, step.op)
        place = self.tasks.place(before, step)
        command = before.checklists[place[0]].items[place[1]].command
        if not command or _of_command(step.target, command).id != step.offer:
            link = mapping.run_link(self.tasks.site, run)
            raise Conflict(self.api.name, step.op, key="playbooks.command_changed", link=link)
        await self.api.run_command(run, place)
        return Told()

    async def _told(self, run: str, step: DoOffer) -> Told:
        """That the run cannot be read now does not undo what was answered."""
        try:
            return Told(snapshot=await self.show(await self.api.run(run, step.op)))
        except AdapterError:
            return Told()


def _snooze(id: str, minutes: int) -> Offer:
    facts = {"minutes": str(minutes)}
    return Offer(id=id, label="playbooks.offer_snooze", warning="playbooks.offer_snooze_does", facts=facts)


def _due(task: Task) -> Offer:
    label, warning = "playbooks.offer_due", "playbooks.offer_due_does"
    return Offer(id=_id(DUE, task.id), label=label, warning=warning, task=task.id)


def _id(kind: str, of: str) -> str:
    """The ids of tasks may be long, and this one goes into a button."""
    return f"{kind}:{hashlib.sha256(of.encode()).hexdigest()[:16]}"


def _of_command(task: str, command: str) -> Offer:
    """Another command makes it another offer."""
    line = " ".join(command.split())
    shown = line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
    whole = line if len(line) <= _ALL_OF_IT else f"{line[: _ALL_OF_IT - 1]}…"  # nobody says yes to an end unseen
    return Offer(
        id=_id(COMMAND, f"{task} {command}"),
        label="playbooks.offer_command",
        warning="playbooks.offer_command_does",
        facts={"command": shown, "whole": whole},
        task=task,
    )
