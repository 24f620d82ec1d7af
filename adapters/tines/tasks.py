"""Changes to one task. Tines knows completed or not, a description and assignees; all else is made of these.

Each change reads the task first: an assignment replaces the whole list (L18226), a skip is written into the
description, and only a read tells that somebody else had done it already.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.errors import Conflict, OutcomeUnknown, Rejected
from adapters.models import Health, Person, Run, Task
from adapters.tines import mapping, wire
from adapters.tines import text as words
from adapters.tines.people import People
from adapters.tines.reads import Reads
from adapters.writes import (
    AddTask,
    Applied,
    AssignTask,
    BeginTask,
    FinishTask,
    NotApplied,
    Reconciliation,
    ReopenTask,
    SkipTask,
    TaskWrite,
    Write,
    WriteMarker,
    WriteResult,
)

ASSIGN = "assign"  # the step of a begin that makes the task somebody's
MARK = "mark"  # the step of a reopen that takes "running" off
_MOST_SIGHTS = 500


@dataclass
class TaskView:
    """What the last look at a run showed, and the answer to a change of one task does not say again."""

    titles: dict[str, str] = field(default_factory=dict)
    running: dict[str, words.Running] = field(default_factory=dict)
    health: Health = Health.UNSET


@dataclass
class Tasks:
    reading: Reads
    people: People
    _sights: dict[str, TaskView] = field(default_factory=dict)
    _unchanged: set[tuple[str, str, str]] = field(default_factory=set)  # (run, op, task): it was so before us

    def learn(self, run: Run) -> None:
        sight = self._sights.pop(run.key.id, TaskView())
        sight.health = run.health
        sight.titles = {task.id: task.title for task in run.tasks}
        sight.running = {
            task.id: words.Running(since=task.started_at, by=task.started_by or "")
            for task in run.tasks
            if task.started_at
        }
        self._sights[run.key.id] = sight
        while len(self._sights) > _MOST_SIGHTS:
            self._sights.pop(next(iter(self._sights)))

    def did_change(self, step: Write) -> bool:
        """Whether the step before this note changed anything, as far as this process remembers."""
        return (step.run_id, step.op.value, step.target) not in self._unchanged

    async def title(self, step: Write) -> str:
        known = self._sight(step).titles.get(step.target)
        if known is None:
            known = mapping.title(await self.reading.task(step.run_id, step.target, step.op.value))
            self._sight(step).titles[step.target] = known
        return known

    def health(self, step: Write) -> Health:
        """The run's colour as last seen."""
        return self._sight(step).health

    async def execute(self, step: TaskWrite, mark: WriteMarker) -> WriteResult:
        match step:
            case BeginTask(part=""):
                return await self._begin(step, mark)
            case ReopenTask(part="mark"):
                return await self._let_go(step, mark)
            case BeginTask():
                return await self._take(step)
            case AssignTask():
                return await self._assign(step)
        return await self._set(step)

    async def reconcile(self, step: TaskWrite) -> Reconciliation:
        run = step.run_id
        if _in_metadata(step):
            case = await self.reading.case(run, step.op.value)
            since = mapping.running(case, step.task)
            if isinstance(step, ReopenTask):
                return Applied(WriteResult()) if since is None else NotApplied()
            self._note(step, since)
            return Applied(WriteResult()) if since is not None else NotApplied()
        found = await self.reading.task(run, step.task, step.op.value)
        return (
            Applied(WriteResult(tasks=(self._shown(step, found),)))
            if await self._is_so(step, found)
            else NotApplied()
        )

    async def add(self, step: AddTask, mark: WriteMarker) -> WriteResult:
        """The description names who added it: that is also how settling finds it."""
        body: dict[str, Any] = {"description": f"{words.quiet(step.title)}\n\nAdded by {words.signature(mark)}"}
        email = await self.people.email(step.assignee, "add") if step.assignee else ""
        if email:
            body["assignee_emails"] = [email]
        path = f"{self.reading.path(step.run_id, 'add')}/tasks"
        answer = await self.reading.caller.write("POST", path, operation="add", json=body)
        made = self.reading.written(wire.OneTask, answer, "add").task
        told = WriteResult(id=made.id, tasks=(mapping.task(made),))
        if step.assignee and not email:
            return _nobody(told, step.assignee)
        return told

    async def settle_add(self, step: AddTask, mark: WriteMarker) -> Reconciliation:
        for found in await self.reading.tasks(step.run_id, "add"):
            if mark.is_in(found.description):
                return Applied(WriteResult(id=found.id, tasks=(mapping.task(found),)))
        return NotApplied()

    async def _begin(self, step: BeginTask, mark: WriteMarker) -> WriteResult:
        run = step.run_id
        case, found = await asyncio.gather(
            self.reading.case(run, "begin"), self.reading.task(run, step.task, "begin")
        )
        if found.completed:
            raise Conflict(self._platform, "begin", key="tines.task_is_over")
        since = mapping.running(case, step.task)
        if since is not None:
            self._note(step, since)
            return self._already(step, found)
        self._changed(step)
        path = f"{self.reading.path(run, 'begin')}/metadata"
        body = {"metadata": {words.task_key(step.task): words.running(mark)}}
        answer = await self.reading.caller.write("PUT", path, operation="begin", json=body)
        self.reading.written(wire.Metadata, answer, "begin")
        self._note(step, words.read_running(words.running(mark)))
        return WriteResult(tasks=(self._shown(step, found),))

    async def _let_go(self, step: ReopenTask, mark: WriteMarker) -> WriteResult:
        path = f"{self.reading.path(step.run_id, 'reopen')}/metadata"
        body = {"metadata": {words.task_key(step.task): words.no_longer(mark)}}
        answer = await self.reading.caller.write("PUT", path, operation="reopen", json=body)
        self.reading.written(wire.Metadata, answer, "reopen")
        self._note(step, None)
        return WriteResult()

    async def _take(self, step: BeginTask) -> WriteResult:
        """Makes the task theirs, if it is nobody's and Tines knows them; it is begun either way."""
        found = await self.reading.task(step.run_id, step.task, "begin")
        if found.assignees:
            return WriteResult(tasks=(self._shown(step, found),))
        email = await self.people.email(step.by, "begin")
        if not email:
            return _nobody(WriteResult(tasks=(self._shown(step, found),)), step.by)
        try:
            made = await self._put(step, {"assignee_emails": [email]})
        except Rejected:
            return _nobody(WriteResult(tasks=(self._shown(step, found),)), step.by)
        told = WriteResult(tasks=(self._shown(step, made),))
        return told if made.assignees else _nobody(told, step.by)

    async def _assign(self, step: AssignTask) -> WriteResult:
        """Tines replaces the list, so all who have the task already are sent along."""
        found = await self.reading.task(step.run_id, step.task, "assign")
        email = await self._wanted_email(step)
        others = await self._emails(found, "assign")
        if email.casefold() in (one.casefold() for one in others):
            return self._already(step, found)
        self._changed(step)
        made = await self._put(step, {"assignee_emails": [*others, email]})
        theirs = [user.email.casefold() for user in made.assignees]
        if all(theirs) and email.casefold() not in theirs:
            raise Rejected(self._platform, "assign", key="tines.not_a_member", person=step.person.shown)
        return WriteResult(tasks=(self._shown(step, made),))

    async def _set(self, step: TaskWrite) -> WriteResult:
        found = await self.reading.task(step.run_id, step.task, step.op.value)
        if await self._is_so(step, found):
            return self._already(step, found)
        if isinstance(step, SkipTask) and found.completed:
            raise Conflict(self._platform, "skip", key="tines.task_is_over")
        self._changed(step)
        made = await self._put(step, _change(step, found))
        if made.completed is isinstance(step, ReopenTask):  # taken, and yet not so: a look will tell
            raise OutcomeUnknown(self._platform, step.op.value, said="the answer does not show the change")
        return WriteResult(tasks=(self._shown(step, made),))

    async def _is_so(self, step: TaskWrite, found: wire.Task) -> bool:
        match step:
            case FinishTask():
                return found.completed
            case SkipTask():
                return found.completed and words.skip_reason(found.description) is not None
            case ReopenTask():
                return not found.completed
            case BeginTask():
                return bool(found.assignees)
            case AssignTask():
                email = (await self._wanted_email(step)).casefold()
                return email in (one.casefold() for one in await self._emails(found, "assign"))
        return False

    async def _wanted_email(self, step: AssignTask) -> str:
        email = await self.people.email(step.person, "assign")
        if not email:
            raise Rejected(self._platform, "assign", key="tines.no_email", person=step.person.shown)
        return email

    async def _emails(self, found: wire.Task, operation: str) -> Sequence[str]:
        """Of all who have the task. Raises where one has none: writing the list would take it from them."""
        missing = await self.people.missing(found.assignees, operation)
        emails = [user.email or missing.get(user.id, "") for user in found.assignees]
        if not all(emails):
            raise Rejected(self._platform, operation, key="tines.hidden_assignee")
        return emails

    async def _put(self, step: TaskWrite, body: dict[str, Any]) -> wire.Task:
        operation = step.op.value
        path = f"{self.reading.path(step.run_id, operation)}/tasks/{self.reading.safe(step.task, operation)}"
        answer = await self.reading.caller.write("PUT", path, operation=operation, json=body)
        return self.reading.written(wire.OneTask, answer, operation).task

    def _sight(self, step: Write) -> TaskView:
        return self._sights.setdefault(step.run_id, TaskView())

    def _note(self, step: TaskWrite, since: words.Running | None) -> None:
        if since is None:
            self._sight(step).running.pop(step.task, None)
        else:
            self._sight(step).running[step.task] = since

    def _shown(self, step: TaskWrite, found: wire.Task) -> Task:
        return mapping.task(found, self._sight(step).running.get(step.task))

    def _already(self, step: TaskWrite, found: wire.Task) -> WriteResult:
        self._unchanged.add((step.run_id, step.op.value, step.task))
        return WriteResult(tasks=(self._shown(step, found),), already=True, message="tines.already")

    def _changed(self, step: TaskWrite) -> None:
        self._unchanged.discard((step.run_id, step.op.value, step.task))

    @property
    def _platform(self) -> str:
        return self.reading.caller.platform


def _in_metadata(step: TaskWrite) -> bool:
    match step:
        case BeginTask(part="") | ReopenTask(part="mark"):
            return True
    return False


def _change(step: TaskWrite, found: wire.Task) -> dict[str, Any]:
    match step:
        case SkipTask():
            return {"description": words.skipped(found.description, step.reason), "completed": True}
        case ReopenTask() if words.skip_reason(found.description) is not None:
            return {"description": words.unskipped(found.description), "completed": False}
    return {"completed": not isinstance(step, ReopenTask)}


def _nobody(told: WriteResult, person: Person) -> WriteResult:
    return told.model_copy(update={"message": "tines.nobody_assigned", "facts": {"person": person.shown}})
