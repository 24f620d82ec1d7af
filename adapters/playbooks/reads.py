"""Runbooks and runs, as the adapter returns them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from adapters.errors import AdapterError, NotFound, Rejected
from adapters.models import AssignedTask, Listing, Person, Run, Runbook, RunSummary
from adapters.playbooks import links, mapping
from adapters.playbooks.api import Api, Position
from adapters.playbooks.people import People
from adapters.playbooks.teams import Teams
from adapters.playbooks.wire import WirePlaybook, WireRun
from adapters.toolkit.guards import Fresh
from adapters.writes import PerformAction, TaskWrite, Write


@dataclass
class Reads:
    """``site`` has no trailing slash."""

    api: Api
    people: People
    teams: Teams
    site: str
    now: Callable[[], datetime]
    _titles: dict[str, str] = field(default_factory=dict)  # of playbooks

    async def runbooks(self) -> Listing[Runbook]:
        playbooks = await self.teams.playbooks()
        self._titles.update((playbook.id, playbook.title) for playbook in playbooks)
        listed = [self._to_runbook(playbook) for playbook in playbooks if playbook.delete_at == 0]
        return Listing(listed, playbooks.complete)

    async def runbook(self, id: str) -> Runbook:
        playbook = await self.teams.playbook(id, "runbooks")
        self._titles[playbook.id] = playbook.title
        return self._to_runbook(playbook)

    def _to_runbook(self, playbook: WirePlaybook) -> Runbook:
        folder = self.teams.name(playbook.team_id)
        return mapping.to_runbook(playbook, self.api.name, self.site, self.people, folder)

    async def runs(self) -> Listing[RunSummary]:
        runs = await self.teams.collect(lambda team: self.api.runs(team, ("InProgress",)))
        newest_first = _newest_first(run for run in runs if mapping.is_listed(run))
        return Listing([self._to_summary(run) for run in newest_first], runs.complete)

    async def assigned_tasks(self, person: Person) -> Listing[AssignedTask]:
        """From the newest 100 runs that the person takes part in.

        Before Playbooks 2, tasks are also assigned to others: there, the newest 100 runs are read too.
        """
        user = await self.people.user_id(person)
        if user is None:
            return Listing(())
        theirs = await self.teams.collect(lambda team: self.api.runs(team, ("InProgress",), 1, user))
        found, complete = {run.id: run for run in theirs}, theirs.complete
        if not self.api.features.can_skip:
            newest = await self.teams.collect(lambda team: self.api.runs(team, ("InProgress",), 1))
            found, complete = {run.id: run for run in newest} | found, complete and newest.complete
        await self.people.load_names([user])
        tasks = [
            AssignedTask(run=self._to_summary(run), task=task)
            for run in _newest_first(run for run in found.values() if mapping.is_listed(run))
            for task in mapping.to_tasks(run, self.people)
            if not task.state.is_over and user in [assignee.id for assignee in task.assignees]
        ]
        return Listing(tasks, complete)

    def _to_summary(self, run: WireRun) -> RunSummary:
        return mapping.to_summary(run, self.api.name, self.site, self._titles.get(run.playbook_id, ""))

    async def run(self, id: str, operation: str = "show") -> Run:
        return await self.to_run(await self.api.run(id, operation))

    async def run_after_write(self, id: str, operation: str) -> Run | None:
        """None if the run cannot be read now: that does not undo a write that was accepted."""
        try:
            return await self.run(id, operation)
        except AdapterError:
            return None

    async def fresh(self, step: Write) -> Fresh[WireRun]:
        """The run, and the task if the step is on one. Raises what ``position`` does."""
        wire = await self.api.run(step.run_id, step.op)
        run = await self.to_run(wire)
        if not isinstance(step, TaskWrite):
            return Fresh(wire, run_state=run.state, snapshot=run)
        checklist, item = self.position(wire, step)
        id = wire.checklists[checklist].items[item].id or step.task
        return Fresh(wire, task=run.task(id), run_state=run.state, snapshot=run)

    def position(self, run: WireRun, step: TaskWrite | PerformAction) -> Position:
        """Raises ``NotFound``, or ``Rejected`` if the server sends no ids and two titles are the same."""
        positions = mapping.find_positions(run, step.target)
        link = links.run_link(self.site, run.id)
        if not positions:
            raise NotFound(self.api.name, step.op, key="playbooks.task_gone", run=run.name, link=link)
        if len(positions) > 1:
            checklist, item = positions[0]
            title = run.checklists[checklist].items[item].title
            raise Rejected(self.api.name, step.op, key="playbooks.alike", task=title, link=link)
        return positions[0]

    async def to_run(self, wire: WireRun) -> Run:
        """Loads the names that the run needs."""
        await self.people.load_names(mapping.user_ids(wire))
        title = await self._title(wire.playbook_id)
        return mapping.to_run(wire, self.api.name, self.site, self.people, self.now(), title)

    async def _title(self, playbook: str) -> str:
        """The title of a playbook, read once. Empty if the bot cannot see it."""
        if playbook and playbook not in self._titles:
            try:
                self._titles[playbook] = (await self.api.playbook(playbook, "show")).title
            except NotFound:
                self._titles[playbook] = ""
            except AdapterError:
                return ""
        return self._titles.get(playbook, "")


def _newest_first(runs: Iterable[WireRun]) -> list[WireRun]:
    return sorted(runs, key=lambda run: run.create_at, reverse=True)
