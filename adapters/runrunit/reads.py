"""The read commands: runbooks, runs, a run with its tasks, instructions and comments."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from adapters.errors import OPTIONAL_READ_ERRORS, AdapterError, Rejected
from adapters.models import AssignedTask, Comment, Listing, Person, Run, Runbook, RunSummary, Task
from adapters.runrunit import mapping
from adapters.runrunit.api import PAGE_SIZE, RunrunitApi
from adapters.runrunit.checklists import Checklists
from adapters.runrunit.links import Links
from adapters.runrunit.people import People
from adapters.runrunit.text import SIGNER, to_text
from adapters.runrunit.wire import WireTask
from adapters.toolkit.guards import Fresh
from adapters.writes import TaskWrite, Write

COMMENT_LIMIT = 20
PROJECT_PAGES = 2  # of the open tasks in the project, to find the runs of tasks
MAX_REPORTS = 3  # of one difference: reading the run may fail


@dataclass
class Reads:
    """Remembers the tasks of the runs that were read, in their order: to recognize their links, and to keep it."""

    api: RunrunitApi
    people: People
    links: Links
    now: Callable[[], datetime]
    checklists: Checklists
    run_of_task: dict[str, str] = field(default_factory=dict)
    _tasks_of_run: dict[str, Sequence[str]] = field(default_factory=dict)
    _project_of_run: dict[str, str] = field(default_factory=dict)
    _folder: str = ""  # the project template's name, once read
    _without_prerequisites: set[str] = field(default_factory=set)  # ids of runs
    _reported: dict[str, tuple[int, int]] = field(default_factory=dict)  # run -> (version, times called changed)

    async def runbooks(self) -> Listing[Runbook]:
        """Runrun.it has no search: callers match the titles."""
        listing, folder = await asyncio.gather(self.api.templates(), self._folder_or_empty())
        runbooks = [mapping.runbook(self.api.name, item, self.people, folder=folder) for item in listing]
        return Listing(runbooks, listing.complete)

    async def runbook(self, id: str) -> Runbook:
        template, description = await asyncio.gather(
            self.api.template(id, "show"), self._text_or_empty(self.api.template_description(id, "show"))
        )
        return mapping.runbook(self.api.name, template, self.people, folder=self._folder, description=description)

    async def _folder_or_empty(self) -> str:
        if not self._folder:
            try:
                self._folder = await self.api.project_template_name("runbooks")
            except OPTIONAL_READ_ERRORS:
                return ""
        return self._folder

    async def runs(self) -> Listing[RunSummary]:
        listing = await self.api.project_tasks("runs")
        runs = mapping.open_runs(listing)
        return Listing([mapping.run_summary(self.api.name, run, self.links) for run in runs], listing.complete)

    async def run(self, id: str) -> Run:
        """Two requests, a third for a run that tasks were added to, and occasionally the users."""
        item, subtasks = await asyncio.gather(self.api.task(id, "show"), self.api.subtasks(id, "show"))
        if item.is_subtask:
            raise await self._is_subtask(item)
        prerequisites: Sequence[WireTask] = ()
        if item.opened_parent_ids or id not in self._without_prerequisites:
            prerequisites = await self.api.prerequisites(id, "show")
            if prerequisites:
                self._without_prerequisites.discard(id)
            else:
                self._without_prerequisites.add(id)
        return await self._mapped_run(item, subtasks, prerequisites)

    async def new_run(self, item: WireTask) -> Run:
        """One request: a run that was just started has no added tasks."""
        self._without_prerequisites.add(item.id)
        return await self._mapped_run(item, await self.api.subtasks(item.id, "start"), ())

    def run_of_one_step(self, item: WireTask) -> Run | None:
        """The run, if it has no other step than its own task."""
        if self._tasks_of_run.get(item.id) != [item.id]:
            return None
        return mapping.run(self.api.name, item, (), (), self.people, self.links, self.now(), {})

    async def _mapped_run(
        self, item: WireTask, subtasks: Sequence[WireTask], prerequisites: Sequence[WireTask]
    ) -> Run:
        id = item.id
        await self.people.refresh()
        places = {task: place for place, task in enumerate(self._tasks_of_run.get(id, ()))}
        run = mapping.run(
            self.api.name, item, subtasks, prerequisites, self.people, self.links, self.now(), places
        )
        self._tasks_of_run[id] = [task.id for task in run.tasks]
        self.run_of_task |= {task.id: id for task in run.tasks if task.id != id}
        self._remember(item, subtasks, prerequisites)
        return run

    async def _is_subtask(self, item: WireTask) -> Rejected:
        """Names the run, if it is known or among the open tasks: ``parent_task_id`` is null in the samples."""
        parent = item.parent_task_id or self.run_of_task.get(item.id, "")
        if not parent:
            try:
                listing = await self.api.project_tasks("show", max_pages=PROJECT_PAGES)
                parent = next((task.id for task in listing if item.id in task.subtask_ids), "")
            except AdapterError:
                parent = ""
        key = "runrunit.is_subtask_of" if parent else "runrunit.is_subtask"
        link = self.links.task(parent) if parent else ""
        return Rejected(self.api.name, "show", key=key, title=item.title, link=link)

    def _remember(self, item: WireTask, *steps: Sequence[WireTask]) -> None:
        self._project_of_run[item.id] = item.project_id
        for task in (item, *(step for group in steps for step in group)):
            self.checklists.remember(task)

    async def project_of(self, run: str, operation: str) -> int | None:
        """The project of the run's own task."""
        project = self._project_of_run.get(run)
        if project is None:
            project = self._project_of_run[run] = (await self.api.task(run, operation)).project_id
        return int(project) if project.isdecimal() else None

    async def tasks(self, ids: Sequence[str]) -> Sequence[Task]:
        found = await self.api.tasks(ids, "show")
        return [mapping.task(item, self.people, self.links) for item in found if item.id in ids]

    async def assigned_tasks(self, person: Person) -> Listing[AssignedTask]:
        """Two or three requests: the person's open tasks, and the open runs that they may be steps of.

        The filter is only in a sample, so the result is checked.
        """
        user = await self.people.find_by_email(person)
        if user is None:
            return Listing(())
        own, project = await asyncio.gather(
            self.api.open_tasks_of(user, "mine"), self.api.project_tasks("mine", max_pages=PROJECT_PAGES)
        )
        runs = mapping.open_runs(project)
        run_of_task = {id: run for run in runs for id in (run.id, *run.subtask_ids, *run.opened_parent_ids)}
        by_id = {run.id: run for run in runs}
        found: list[AssignedTask] = []
        for item in own:
            run = run_of_task.get(item.id) or by_id.get(item.parent_task_id or self.run_of_task.get(item.id, ""))
            assignment = item.assignment_of(user)
            is_step = run is not None and (run.id != item.id or not run.subtasks_count)
            if run is not None and is_step and assignment is not None and not assignment.is_closed:
                summary = mapping.run_summary(self.api.name, run, self.links)
                found.append(AssignedTask(run=summary, task=mapping.task(item, self.people, self.links)))
        return Listing(found, own.complete and project.complete)

    async def check_changes(self, runs: Sequence[Run]) -> Mapping[str, bool]:
        """Compares as many runs as fit on one page, and their tasks, with what was read.

        A difference that stays after the run was read again is one between the API's lists, and no edit.
        """
        await self.people.refresh()
        ids = _first_ids(runs)
        found = {
            task.id: task for task in await self.api.tasks([id for group in ids.values() for id in group], "show")
        }
        changed: dict[str, bool] = {}
        for run in runs[: len(ids)]:
            tasks = [found[id] for id in ids[run.key.id] if id in found]
            changed[run.key.id] = len(tasks) < len(ids[run.key.id]) or mapping.is_changed(
                run, tasks, self.people, self.links
            )
            if changed[run.key.id]:
                changed[run.key.id] = self._is_news(run.key.id, tasks)
        return changed

    def _is_news(self, run: str, tasks: Sequence[WireTask]) -> bool:
        version, times = hash(tuple(tasks)), 0
        if run in self._reported and self._reported[run][0] == version:
            times = self._reported[run][1]
        self._reported[run] = (version, times + 1)
        return times < MAX_REPORTS

    async def fresh_task(self, step: TaskWrite) -> Fresh[WireTask]:
        """The task and its run, in one request."""
        return self._fresh(step, await self.api.tasks_by_id([step.task, step.run_id], step.op))

    async def fresh_run_of_task(self, step: TaskWrite) -> tuple[Fresh[WireTask], Sequence[WireTask] | None]:
        """Like ``fresh_task``, with the run's other tasks; None if not all of them are known or fit on a page."""
        others = [id for id in self._tasks_of_run.get(step.run_id, ()) if id not in (step.task, step.run_id)]
        found = await self.api.tasks_by_id([step.task, step.run_id], step.op, others=others)
        is_known = step.run_id in self._tasks_of_run and all(id in found for id in others)
        return self._fresh(step, found), [found[id] for id in others] if is_known else None

    def _fresh(self, step: TaskWrite, found: Mapping[str, WireTask]) -> Fresh[WireTask]:
        """The run's own task may be a step too: then its state says enough."""
        item, run = found[step.task], found[step.run_id]
        self.checklists.remember(item)
        run_state = mapping.run_state(run) if run.id != item.id else None
        return Fresh(item, task=mapping.task(item, self.people, self.links), run_state=run_state)

    async def fresh_run(self, step: Write) -> Fresh[WireTask]:
        run = await self.api.task(step.run_id, step.op)
        return Fresh(run, run_state=mapping.run_state(run))

    def expect_prerequisites(self, run: str) -> None:
        """The next read of this run looks for added tasks."""
        self._without_prerequisites.discard(run)

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        listing = await self.api.comments(task or id, "comments")
        if any(SIGNER.read(to_text(item.text)).by for item in listing.items):
            await self.people.find_own_user()
        return mapping.comments(listing.items, task, self.people, COMMENT_LIMIT)

    async def instructions(self, task: str) -> str:
        """The task's description and checklist, one request each. Empty if they can't be read."""
        texts = await asyncio.gather(
            self._text_or_empty(self.api.description(task, "show")), self.checklists.text(task)
        )
        return "\n\n".join(text for text in texts if text)

    async def _text_or_empty(self, description: Awaitable[str]) -> str:
        try:
            return to_text(await description)
        except AdapterError:
            return ""


def _first_ids(runs: Sequence[Run]) -> Mapping[str, Sequence[str]]:
    """The ids of the first runs and of their tasks that fit on a page; of a long run, as many as fit."""
    ids: dict[str, Sequence[str]] = {}
    left = PAGE_SIZE
    for run in runs:
        group = [run.key.id, *(task.id for task in sorted(run.tasks, key=lambda task: task.state.is_over))]
        if ids and len(group) > left:
            break
        ids[run.key.id] = group[:left]
        left -= len(ids[run.key.id])
    return ids
