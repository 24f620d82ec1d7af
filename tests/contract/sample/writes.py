"""What each write sends to Example, and how an unknown outcome is found out."""

from dataclasses import dataclass
from typing import Any

from adapters.errors import NotFound, OutcomeUnknown
from adapters.http.client import HttpClient
from adapters.http.responses import parse_model
from adapters.models import Listing, RunKey, RunState
from adapters.results import Baseline, Reconciliation, Recovery, WriteResult
from adapters.testing.skeleton.text import SIGNER
from adapters.toolkit.comments import PostedComment, SignedComments
from adapters.toolkit.guards import Fresh, Guard, already_done, checked_after, with_race
from adapters.toolkit.reconciliation import applied_if, find_by_code
from adapters.toolkit.steps import reconciles, step
from adapters.writes import (
    AddComment,
    AddTask,
    AssignTask,
    BeginTask,
    EndRun,
    FinishTask,
    HoldTask,
    ReopenTask,
    SetStatus,
    StartRun,
    TaskWrite,
    Write,
    WriteMarker,
)
from tests.contract.sample.wire import WireComment, WireComments, WireRun, WireRuns, WireTask


async def read_run(client: HttpClient, step: Write) -> WireRun:
    body = await client.read(f"runs/{step.run_id}", operation=step.op)
    return parse_model(WireRun, body, client.platform, step.op)


async def read_fresh(client: HttpClient, step: Write) -> Fresh[WireRun]:
    """The run, and the task if the step is on one."""
    record = await read_run(client, step)
    run = record.mapped(client.platform)
    task = run.task(step.target) if step.target else None
    if step.target and task is None:
        raise NotFound(client.platform, step.op)
    return Fresh(record, task=task, run_state=run.state, snapshot=run)


@dataclass
class Writes:
    client: HttpClient

    @step(StartRun, recovery=Recovery.LOOKUP)
    async def start(self, step: StartRun, marker: WriteMarker) -> WriteResult:
        body = {"runbook": step.runbook.id, "title": step.title, "description": SIGNER.signature(marker)}
        answer = await self.client.write("POST", "runs", operation=step.op, json=body)
        return self._started(parse_model(WireRun, answer, self.client.platform, step.op, OutcomeUnknown))

    @reconciles(StartRun)
    async def find_start(self, step: StartRun, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        body = await self.client.read("runs", operation=step.op)
        runs = parse_model(WireRuns, body, self.client.platform, step.op)
        return find_by_code(runs.items, marker, text=lambda run: run.description, result=self._started)

    async def read_fresh(self, step: Write) -> Fresh[WireRun]:
        return await read_fresh(self.client, step)

    @step(FinishTask, ReopenTask, AssignTask, recovery=Recovery.IDEMPOTENT, guard=read_fresh)
    async def change_task(self, step: TaskWrite, marker: WriteMarker, fresh: Fresh[WireRun]) -> WriteResult:
        before = fresh.record.task(step.task)
        if before is not None and self._is_applied(step, before):
            return already_done(before.mapped())
        path = f"runs/{step.run_id}/tasks/{step.task}"
        answer = await self.client.write("PATCH", path, operation=step.op, json=self._changes(step))
        task = parse_model(WireTask, answer, self.client.platform, step.op, OutcomeUnknown).mapped()
        return checked_after(step, WriteResult(tasks=(task,)), task)

    @reconciles(FinishTask, ReopenTask, AssignTask)
    async def find_change(self, step: TaskWrite, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        task = await self._read_task(step)
        return applied_if(self._is_applied(step, task), WriteResult(tasks=(task.mapped(),)))

    @step(AddTask, recovery=Recovery.LOOKUP)
    async def add(self, step: AddTask, marker: WriteMarker) -> WriteResult:
        body = {"title": step.title, "description": SIGNER.signature(marker)}
        if step.stage:
            body["stage"] = step.stage
        if step.assignee:
            body["assignee"] = step.assignee.shown
        answer = await self.client.write("POST", f"runs/{step.run_id}/tasks", operation=step.op, json=body)
        return self._added(parse_model(WireTask, answer, self.client.platform, step.op, OutcomeUnknown))

    @reconciles(AddTask)
    async def find_added(self, step: AddTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        run = await self._read_run(step)
        return find_by_code(run.tasks, marker, text=lambda task: task.description, result=self._added)

    @step(EndRun, recovery=Recovery.IDEMPOTENT, guard=read_fresh)
    async def end(self, step: EndRun, marker: WriteMarker, fresh: Fresh[WireRun]) -> WriteResult:
        await self.client.write("PATCH", f"runs/{step.run_id}", operation=step.op, json={"state": "closed"})
        return WriteResult(state=RunState.FINISHED)

    @reconciles(EndRun)
    async def find_end(self, step: EndRun, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        run = await self._read_run(step)
        return applied_if(run.state != "open", WriteResult(state=RunState.FINISHED))

    async def _read_run(self, step: Write) -> WireRun:
        return await read_run(self.client, step)

    async def _read_task(self, step: TaskWrite) -> WireTask:
        run = await self._read_run(step)
        return next(task for task in run.tasks if task.id == step.task)

    def _changes(self, step: TaskWrite) -> dict[str, Any]:
        match step:
            case AssignTask(person=person):
                return {"assignee": person.shown}
            case ReopenTask():
                return {"state": "open"}
        return {"state": "done"}

    def _is_applied(self, step: TaskWrite, task: WireTask) -> bool:
        return all(getattr(task, name) == value for name, value in self._changes(step).items())

    def _started(self, run: WireRun) -> WriteResult:
        key = RunKey(platform=self.client.platform, id=run.id)
        return WriteResult(run=key, snapshot=run.mapped(self.client.platform))

    def _added(self, task: WireTask) -> WriteResult:
        return WriteResult(id=task.id, tasks=(task.mapped(),))


@dataclass
class Comments(SignedComments):
    client: HttpClient
    signer = SIGNER

    async def read_fresh(self, step: Write) -> Fresh[WireRun]:
        return await read_fresh(self.client, step)

    @step(AddComment, recovery=Recovery.LOOKUP)
    @step(FinishTask, EndRun, part="note", recovery=Recovery.LOOKUP, guard=Guard.EARLIER_STEP)
    async def write(self, step: Write, marker: WriteMarker) -> WriteResult:
        return await self.write_comment(step, marker)

    @step(HoldTask, SetStatus, BeginTask, recovery=Recovery.LOOKUP, guard=read_fresh)
    async def write_guarded(self, step: Write, marker: WriteMarker, fresh: Fresh[WireRun]) -> WriteResult:
        return await with_race(step, await self.write_comment(step, marker), self.read_fresh)

    @reconciles(AddComment, HoldTask, SetStatus, BeginTask)
    @reconciles(FinishTask, EndRun, part="note")
    async def find(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        return await self.find_comment(step, marker, baseline)

    def text_of(self, step: Write) -> str | None:
        return "Being worked on" if isinstance(step, BeginTask) else super().text_of(step)

    async def send_comment(self, step: Write, text: str, marker: WriteMarker) -> PostedComment:
        body = {"text": text} | ({"task": step.target} if step.target else {})
        answer = await self.client.write("POST", f"runs/{step.run_id}/comments", operation=step.op, json=body)
        comment = parse_model(WireComment, answer, self.client.platform, step.op, OutcomeUnknown)
        return PostedComment(comment.id, comment.text)

    async def list_comments(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Listing[PostedComment]:
        body = await self.client.read(f"runs/{step.run_id}/comments", operation=step.op)
        found = parse_model(WireComments, body, self.client.platform, step.op)
        return Listing([PostedComment(comment.id, comment.text) for comment in found.items])
