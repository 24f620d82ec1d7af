"""Reads through the new API: templates, workflows with their tasks, predecessors, approvals and notes.

A task's predecessors take a request of their own (``GET /tasks/:id/predecessors``). They are read for waiting
tasks only, and cached until the run has other tasks, or a task still waits though all its known ones are over.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime

from adapters.change_sources import EditPages
from adapters.errors import OPTIONAL_READ_ERRORS, BadResponse, NotFound
from adapters.models import Comment, Listing, Run, Runbook, RunState, RunSummary, Task, TaskState
from adapters.xurrent import mapping, wire
from adapters.xurrent.api import COMMON_TASK_FIELDS, Api
from adapters.xurrent.links import Links
from adapters.xurrent.people import People
from adapters.xurrent.text import SIGNER

TASK_FIELDS = (*COMMON_TASK_FIELDS, "workflow", "phase")
MAX_COMMENTS = 20
MAX_DETAIL_READS = 60  # tasks of one run whose predecessors, approvals or notes are read
WORKFLOWS_EVERY = 3  # polls
EDIT_FIELDS = ("id", "status", "team", "member", "updated_at", "workflow")
WORKFLOW_EDIT_FIELDS = ("id", "status", "manager", "updated_at")
RUN_PAGES = 10  # the newest 1,000 open workflows of the account


@dataclass
class RunPredecessors:
    """Predecessors by task ID, valid while the run has exactly these tasks."""

    task_ids: frozenset[str]
    by_task: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass
class WorkflowReads:
    api: Api
    links: Links
    people: People
    now: Callable[[], datetime]
    _predecessors: dict[str, RunPredecessors] = field(default_factory=dict)  # by run ID
    _hold_reasons: dict[str, str] = field(default_factory=dict)  # by ID of a held task
    _polls: int = 0

    async def runbooks(self, query: str) -> Listing[Runbook]:
        """Enabled templates. Ignores ``query``: the API's subject filter is exact and case-sensitive."""
        result = await self.api.fetch_list(wire.Template, "workflow_templates/enabled", "runbooks")
        enabled = [template for template in result if not template.disabled]
        runbooks = [mapping.map_runbook(self.api.name, template, None, self.links) for template in enabled]
        return Listing(runbooks, result.complete)

    async def runbook(self, id: str) -> Runbook:
        template = await self.template(id, "show")
        try:
            path = f"workflow_templates/{id}/task_templates"
            steps = (await self.api.fetch_list(wire.TaskTemplate, path, "show")).items
        except OPTIONAL_READ_ERRORS:  # the template can be started all the same
            return mapping.map_runbook(self.api.name, template, None, self.links)
        return mapping.map_runbook(self.api.name, template, steps, self.links)

    async def template(self, id: str, operation: str) -> wire.Template:
        path = f"workflow_templates/{self.api.path_id(id, operation)}"
        return await self.api.fetch(wire.Template, path, operation)

    async def runs(self, query: str) -> Listing[RunSummary]:
        result = await self.api.fetch_list(wire.Workflow, "workflows/open", "runs", pages=RUN_PAGES)
        workflows = [workflow for workflow in result.items if not mapping.run_state(workflow).is_over]
        workflows.sort(key=lambda workflow: mapping.id_order(workflow.id), reverse=True)
        runs = [mapping.map_run_summary(self.api.name, workflow, self.links) for workflow in workflows]
        return Listing(runs, result.complete)

    async def read(self, id: str) -> Run:
        """Reads no tasks while a workflow is being created: the list of its tasks is a 404 until then."""
        workflow = await self.api.fetch(wire.Workflow, f"workflows/{self.api.path_id(id, 'show')}", "show")
        tasks: Sequence[wire.Task] = ()
        state = mapping.run_state(workflow)
        if state is not RunState.STARTING:
            try:
                tasks = await self.tasks(id, "show")
            except NotFound:
                state = RunState.STARTING
        details = mapping.TaskDetails(
            await self._read_predecessors(id, tasks),
            await self._read_approvals(tasks),
            await self._read_hold_reasons(tasks),
        )
        run = mapping.map_run(self.api.name, workflow, tasks, details, self.links)
        now = self.now()
        over = run.state.is_over
        notes = () if over else mapping.run_notes(workflow.impact, workflow.start_at, now=now)
        with_emails = await self._with_emails(run)
        return run.model_copy(update={"state": state, "tasks": with_emails, "notes": notes, "read_at": now})

    def edits(self, since: datetime) -> Sequence[EditPages]:
        """The tasks of the account, and now and then the workflows: their own edits are few."""
        self._polls += 1
        tasks = self._task_edits(since)
        return [tasks, self._workflow_edits(since)] if self._polls % WORKFLOWS_EVERY == 0 else [tasks]

    async def _task_edits(self, since: datetime) -> EditPages:
        async with aclosing(self.api.edited(wire.Task, "tasks", EDIT_FIELDS, since)) as pages:
            async for page in pages:
                yield [mapping.edit(task) for task in page]

    async def _workflow_edits(self, since: datetime) -> EditPages:
        """The workflows' edits do not tell of their tasks'."""
        async with aclosing(self.api.edited(wire.Workflow, "workflows", WORKFLOW_EDIT_FIELDS, since)) as pages:
            async for page in pages:
                yield [mapping.edit(workflow) for workflow in page]

    async def tasks(self, run: str, operation: str) -> Listing[wire.Task]:
        path = f"workflows/{self.api.path_id(run, operation)}/tasks"
        result = await self.api.fetch_list(wire.Task, path, operation, fields=TASK_FIELDS)
        if not result.complete:
            raise BadResponse(self.api.name, operation, key="xurrent.endless")
        self.links.run_by_task |= {task.id: run for task in result}
        return result

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        """The list has the newest first, so its first page has the last few."""
        result = await self.notes(id, task, "comments", pages=1)
        visible = [note for note in result.items if mapping.is_visible(note)]
        visible.sort(key=lambda note: mapping.id_order(note.id))
        last = visible[-MAX_COMMENTS:]
        is_signed = any(SIGNER.read(note.text or "").by for note in last)
        own_user = await self.people.own_user("comments") if is_signed else ""
        return [mapping.map_comment(note, task, own_user) for note in last]

    async def notes(self, run: str, task: str | None, operation: str, *, pages: int) -> Listing[wire.Note]:
        path_id = self.api.path_id(task or run, operation)
        path = f"tasks/{path_id}/notes" if task else f"workflows/{path_id}/notes"
        return await self.api.fetch_list(wire.Note, path, operation, pages=pages)

    async def find_started(self, source_id: str) -> wire.Workflow | None:
        """The workflow with this ``sourceID``. Checks it again: a server may ignore the filter."""
        query = {"sourceID": source_id}
        result = await self.api.fetch_list(wire.Workflow, "workflows", "start", query, pages=RUN_PAGES)
        return next((workflow for workflow in result.items if workflow.source_id == source_id), None)

    def remember_hold_reason(self, task: str, reason: str) -> None:
        self._hold_reasons[task] = reason

    async def approvals(self, task: str, operation: str) -> Sequence[wire.Approval]:
        try:
            result = await self.api.fetch_list(wire.Approval, f"tasks/{task}/approvals", operation)
        except OPTIONAL_READ_ERRORS:
            return ()
        return sorted(result.items, key=lambda approval: mapping.id_order(approval.id))

    async def _read_predecessors(self, run: str, tasks: Sequence[wire.Task]) -> Mapping[str, Sequence[str]]:
        ids = frozenset(task.id for task in tasks)
        cached = self._predecessors.get(run)
        if cached is None or cached.task_ids != ids:
            cached = self._predecessors[run] = RunPredecessors(ids)
        passed = {task.id for task in tasks if mapping.unblocks_successors(task)}
        waiting = [task.id for task in tasks if mapping.task_state(task) is TaskState.WAITING]
        stale = [id for id in waiting if not set(cached.by_task.get(id, ())) - passed]
        wanted = [id for id in stale if cached.by_task.get(id) != ()][:MAX_DETAIL_READS]
        results = await asyncio.gather(*(self._predecessors_of(id) for id in wanted))
        cached.by_task |= {id: found for id, found in zip(wanted, results, strict=True) if found is not None}
        return cached.by_task

    async def _predecessors_of(self, task: str) -> tuple[str, ...] | None:
        """None if the token may not read them."""
        try:
            result = await self.api.fetch_list(wire.Task, f"tasks/{task}/predecessors", "show")
        except OPTIONAL_READ_ERRORS:
            return None
        return tuple(sorted((predecessor.id for predecessor in result.items), key=mapping.id_order))

    async def _with_emails(self, run: Run) -> tuple[Task, ...]:
        people = (person.id for task in run.tasks for person in (*task.assignees, *task.approvers))
        await self.people.load_emails(people, "show")
        return tuple(self.people.with_emails(task) for task in run.tasks)

    async def _read_hold_reasons(self, tasks: Sequence[wire.Task]) -> Mapping[str, str]:
        """The last note of each held task at the time it was first seen held: later notes are comments."""
        held = [task.id for task in tasks if task.status == mapping.WAITING_FOR]
        wanted = [id for id in held if id not in self._hold_reasons][:MAX_DETAIL_READS]
        results = await asyncio.gather(*(self._last_note_text(id) for id in wanted))
        for id in {task.id for task in tasks} - set(held):
            self._hold_reasons.pop(id, None)
        self._hold_reasons |= dict(zip(wanted, results, strict=True))
        return self._hold_reasons

    async def _last_note_text(self, task: str) -> str:
        try:
            result = await self.api.fetch_list(wire.Note, f"tasks/{task}/notes", "show", pages=1)
        except OPTIONAL_READ_ERRORS:
            return ""
        visible = [note for note in result.items if mapping.is_visible(note)]
        last = max(visible, key=lambda note: mapping.id_order(note.id), default=None)
        return SIGNER.read(last.text or "").text if last else ""

    async def _read_approvals(self, tasks: Sequence[wire.Task]) -> Mapping[str, Sequence[wire.Approval]]:
        """Of open approvals by several people, which are those without a member."""
        wanted = [
            task.id
            for task in tasks
            if task.category == mapping.APPROVAL and not task.member and not mapping.task_state(task).is_over
        ][:MAX_DETAIL_READS]
        results = await asyncio.gather(*(self.approvals(id, "show") for id in wanted))
        return dict(zip(wanted, results, strict=True))
