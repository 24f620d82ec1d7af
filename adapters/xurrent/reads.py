"""The new API's reads: templates, workflows with their tasks, who waits for whom, approvals, notes.

Who waits for whom is one request a task (``GET /tasks/:id/predecessors``), so it is asked for waiting tasks only,
and kept until the run has other tasks, or a task still waits though all we know of is over.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from adapters.errors import OPTIONAL_READ_ERRORS, BadResponse, NotFound
from adapters.http.responses import ListResult
from adapters.models import Comment, Run, Runbook, RunState, RunSummary, Task, TaskState
from adapters.xurrent import mapping, wire
from adapters.xurrent import text as words
from adapters.xurrent.api import Api
from adapters.xurrent.links import Links
from adapters.xurrent.people import People

TASK_FIELDS = (
    "id",
    "sourceID",
    "subject",
    "category",
    "status",
    "team",
    "member",
    "completion_target_at",
    "finished_at",
    "required_approvals",
    "waiting_until",
    "anticipated_assignment_at",
    "urgent",
    "instructions",
    "workflow",
    "phase",
)
LAST_COMMENTS = 20
MOST_ASKED = 60  # tasks of one run whose predecessors, approvals or last notes are asked for
RUN_PAGES = 10  # a whole company's open workflows are no list for a chat: the newest thousand


@dataclass
class Edges:
    """What is known of one run: its tasks when it was asked, and what each waits for."""

    ids: frozenset[str]
    before: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass
class Workflows:
    api: Api
    links: Links
    people: People
    now: Callable[[], datetime]
    _edges: dict[str, Edges] = field(default_factory=dict)  # by run id
    _reasons: dict[str, str] = field(default_factory=dict)  # of held tasks, while they are

    async def runbooks(self, words: str) -> Sequence[Runbook]:
        """Enabled templates. The subject filter is exact and minds case, so ``words`` stays with the caller."""
        found = await self.api.many(wire.Template, "workflow_templates/enabled", "runbooks")
        return [mapping.runbook(self.api.name, one, None, self.links) for one in found.items if not one.disabled]

    async def runbook(self, id: str) -> Runbook:
        place = f"workflow_templates/{self.api.id(id, 'show')}"
        template = await self.api.one(wire.Template, place, "show")
        try:
            steps = (await self.api.many(wire.TaskTemplate, f"{place}/task_templates", "show")).items
        except OPTIONAL_READ_ERRORS:  # it can be started all the same
            return mapping.runbook(self.api.name, template, None, self.links)
        return mapping.runbook(self.api.name, template, steps, self.links)

    async def template(self, id: str, operation: str) -> wire.Template:
        return await self.api.one(wire.Template, f"workflow_templates/{self.api.id(id, operation)}", operation)

    async def runs(self, words: str) -> Sequence[RunSummary]:
        found = await self.api.many(wire.Workflow, "workflows/open", "runs", pages=RUN_PAGES)
        alive = [flow for flow in found.items if not mapping.run_state(flow).is_over]
        alive.sort(key=lambda flow: mapping.number(flow.id), reverse=True)
        return [mapping.run_head(self.api.name, flow, self.links) for flow in alive]

    async def read(self, id: str) -> Run:
        """A workflow that is still being created has no tasks to be asked for: its list is a 404 until then."""
        flow = await self.api.one(wire.Workflow, f"workflows/{self.api.id(id, 'show')}", "show")
        found: Sequence[wire.Task] = ()
        state = mapping.run_state(flow)
        if state is not RunState.STARTING:
            try:
                found = await self.tasks(id, "show")
            except NotFound:
                state = RunState.STARTING
        sight = mapping.MappingContext(
            await self._before(id, found), await self._approvals(found), await self._why_held(found)
        )
        run = mapping.run(self.api.name, flow, found, sight, self.links)
        tasks = await self._with_people(run)
        return run.model_copy(update={"state": state, "tasks": tasks, "read_at": self.now()})

    async def tasks(self, run: str, operation: str) -> Sequence[wire.Task]:
        path = f"workflows/{self.api.id(run, operation)}/tasks"
        found = await self.api.many(wire.Task, path, operation, fields=TASK_FIELDS)
        if not found.complete:
            raise BadResponse(self.api.name, operation, key="xurrent.endless")
        self.links.runs |= {task.id: run for task in found.items}
        return found.items

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        found = await self.notes(id, task, "comments")
        shown = sorted(
            (note for note in found.items if mapping.is_shown(note)), key=lambda note: mapping.number(note.id)
        )
        return [mapping.comment(note, task) for note in shown[-LAST_COMMENTS:]]

    async def notes(self, run: str, task: str | None, operation: str) -> ListResult[wire.Note]:
        place = f"tasks/{self.api.id(task, operation)}" if task else f"workflows/{self.api.id(run, operation)}"
        return await self.api.many(wire.Note, f"{place}/notes", operation)

    async def started(self, key: str) -> wire.Workflow | None:
        """The workflow that bears our key. The filter is asked for, and not relied on."""
        found = await self.api.many(wire.Workflow, "workflows", "start", {"sourceID": key}, pages=RUN_PAGES)
        return next((flow for flow in found.items if flow.source_id == key), None)

    def remember(self, task: str, reason: str) -> None:
        """Why a task is held from now on."""
        self._reasons[task] = reason

    async def _before(self, run: str, found: Sequence[wire.Task]) -> Mapping[str, Sequence[str]]:
        ids = frozenset(task.id for task in found)
        edges = self._edges.get(run)
        if edges is None or edges.ids != ids:
            edges = self._edges[run] = Edges(ids)
        over = {task.id for task in found if mapping.is_passed(task)}
        waiting = [task.id for task in found if mapping.task_state(task) is TaskState.WAITING]
        stale = [id for id in waiting if not set(edges.before.get(id, ())) - over]
        asked = [id for id in stale if edges.before.get(id) != ()][:MOST_ASKED]
        answers = await asyncio.gather(*(self._predecessors(id) for id in asked))
        edges.before |= {id: before for id, before in zip(asked, answers, strict=True) if before is not None}
        return edges.before

    async def _predecessors(self, task: str) -> tuple[str, ...] | None:
        """None where the token may not see them: the task waits all the same."""
        try:
            found = await self.api.many(wire.Task, f"tasks/{task}/predecessors", "show")
        except OPTIONAL_READ_ERRORS:
            return None
        return tuple(sorted((one.id for one in found.items), key=mapping.number))

    async def _with_people(self, run: Run) -> tuple[Task, ...]:
        await self.people.meet(
            (person.id for task in run.tasks for person in (*task.assignees, *task.approvers)), "show"
        )
        return tuple(self.people.named(task) for task in run.tasks)

    async def _why_held(self, found: Sequence[wire.Task]) -> Mapping[str, str]:
        """Whoever holds a task says why in a note: the last one when it was first seen held."""
        held = [task.id for task in found if task.status == mapping.WAITING_FOR]
        asked = [id for id in held if id not in self._reasons][:MOST_ASKED]
        answers = await asyncio.gather(*(self._last_words(id) for id in asked))
        for id in {task.id for task in found} - set(held):
            self._reasons.pop(id, None)
        self._reasons |= dict(zip(asked, answers, strict=True))
        return self._reasons

    async def _last_words(self, task: str) -> str:
        try:
            found = await self.api.many(wire.Note, f"tasks/{task}/notes", "show", pages=1)
        except OPTIONAL_READ_ERRORS:
            return ""
        shown = [note for note in found.items if mapping.is_shown(note)]
        last = max(shown, key=lambda note: mapping.number(note.id), default=None)
        return words.unsigned(last.text or "").text if last else ""

    async def _approvals(self, found: Sequence[wire.Task]) -> Mapping[str, Sequence[wire.Approval]]:
        """Of open approvals by several people: such a task has no member."""
        asked = [
            task.id
            for task in found
            if task.category == mapping.APPROVAL and not task.member and not mapping.task_state(task).is_over
        ][:MOST_ASKED]
        answers = await asyncio.gather(*(self.approvals(id, "show") for id in asked))
        return dict(zip(asked, answers, strict=True))

    async def approvals(self, task: str, operation: str) -> Sequence[wire.Approval]:
        try:
            found = await self.api.many(wire.Approval, f"tasks/{task}/approvals", operation)
        except OPTIONAL_READ_ERRORS:
            return ()
        return sorted(found.items, key=lambda approval: mapping.number(approval.id))
