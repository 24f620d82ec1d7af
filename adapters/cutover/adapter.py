"""The Cutover adapter: splits each write into steps, and hands reads and writes to the modules that do them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.cutover import start as starting
from adapters.cutover.actions import ExtraActions
from adapters.cutover.api import CutoverApi
from adapters.cutover.capabilities import CAPABILITIES
from adapters.cutover.errors import error_mapper
from adapters.cutover.health import check
from adapters.cutover.links import Links
from adapters.cutover.reads import Reads
from adapters.cutover.reconcile import Reconciler
from adapters.cutover.settings import CutoverSettings
from adapters.cutover.writes import Writes, has_override
from adapters.errors import Rejected, Unsupported
from adapters.http.client import HttpClient
from adapters.http.responses import json_object, nested_value
from adapters.models import (
    Comment,
    PlatformAction,
    Run,
    Runbook,
    RunbookKey,
    RunKey,
    RunSummary,
    TaskKey,
    TaskState,
)
from adapters.protocol import Capability, CheckResult, Resources, require_supported
from adapters.writes import (
    AddComment,
    AddTask,
    Baseline,
    BeginTask,
    EndRun,
    FinishTask,
    HoldTask,
    Op,
    PerformAction,
    Reconciliation,
    Recovery,
    SetStatus,
    SkipTask,
    StartRun,
    Write,
    WriteMarker,
    WriteResult,
)


@dataclass
class Cutover:
    name: str
    settings: CutoverSettings
    http: HttpClient
    now: Callable[[], datetime]

    def __post_init__(self) -> None:
        workspace = self.settings.workspace_id
        filters = {"workspace_id": workspace} if workspace else {}
        self.links = Links(self.name, self.settings.url, workspace, self.settings.link_template)
        self.api = CutoverApi(self.http)
        self.reads = Reads(self.api, self.links, filters, self.now)
        self.writes = Writes(self.api, workspace)
        self.extras = ExtraActions(self.api, self.settings.extras)
        self.reconciler = Reconciler(self.api, self.writes, filters)

    @property
    def capabilities(self) -> Mapping[Op, Capability]:
        return {**CAPABILITIES, **self.extras.capabilities()}

    async def runbooks(self, query: str) -> Sequence[Runbook]:
        return await self.reads.runbooks(query)

    async def runbook(self, id: str) -> Runbook:
        return await self.reads.runbook(id)

    async def runs(self, query: str) -> Sequence[RunSummary]:
        return await self.reads.runs(query)

    async def read(self, id: str) -> Run:
        return await self.reads.run(id)

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        return await self.reads.comments(id, task)

    async def actions(self, run: Run) -> Sequence[PlatformAction]:
        return self.extras.available(run)

    def steps(self, write: Write, run: Run | None) -> Sequence[Write]:
        require_supported(self.name, self.capabilities, write.op)
        match write:
            case StartRun():
                return starting.start_steps(write, self.reads.is_template(write.runbook.id))
            case FinishTask():
                return self._finish_steps(write, run)
            case BeginTask() if has_override(write):
                return [write, write.as_part("note")]
            case AddTask(stage=None) if run is not None and run.stages:
                return [write.model_copy(update={"stage": run.stages[-1].id})]
        return [write]

    def recovery(self, step: Write) -> Recovery:
        """Cutover rejects a second start, begin or finish. A status or a name is set, not added."""
        match step:
            case StartRun(part="copy") | FinishTask(part="note") | BeginTask(part="note"):
                return Recovery.LOOKUP
            case StartRun() | BeginTask() | FinishTask() | SetStatus() | SkipTask() | PerformAction() | EndRun():
                return Recovery.IDEMPOTENT
        return Recovery.LOOKUP

    async def execute(self, step: Write, marker: WriteMarker) -> WriteResult:
        match step:
            case StartRun():
                return await self._execute_start(step)
            case FinishTask(part="note") | BeginTask(part="note") | AddComment() | HoldTask():
                return await self.writes.comment(step, marker)
            case BeginTask() | FinishTask(part="begin"):
                return self._with_branches(step, await self.writes.begin(step))
            case FinishTask():
                return self._with_branches(step, await self.writes.finish(step))
            case SetStatus():
                return await self.writes.status(step, marker)
            case AddTask():
                return await self.writes.add(step, marker)
            case SkipTask():
                return await self.extras.skip(step, self.writes.run_id(step), marker)
            case PerformAction() | EndRun():
                return await self.extras.change_run(step, self.writes.run_id(step), marker)
        raise Unsupported(self.name, step.op.value)

    async def _execute_start(self, step: StartRun) -> WriteResult:
        match step.part:
            case "copy":
                return await self.writes.copy(step, self.reads.is_template(step.runbook.id))
            case "name":
                return await self.writes.rename(step)
        return await self.writes.start(step)

    async def reconcile(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        if isinstance(step, SkipTask | PerformAction | EndRun):
            return await self.extras.reconcile(step, self.writes.run_id(step))
        return await self.reconciler.reconcile(step, marker, baseline)

    def parse_link(self, url: str) -> RunKey | TaskKey | RunbookKey | None:
        key = self.links.parse(url)
        if isinstance(key, RunKey) and self.reads.is_template(key.id):
            return RunbookKey(platform=self.name, id=key.id)
        return key

    def affected_ids(self, payload: bytes) -> Collection[str] | None:
        """Reads the default payload of an event integration. Operators can configure another one."""
        id = nested_value(json_object(payload), "meta", "runbook", "id")
        return (str(id),) if id else None

    async def check(self) -> Sequence[CheckResult]:
        return await check(self.name, self.settings, self.api)

    def _finish_steps(self, write: FinishTask, run: Run | None) -> Sequence[Write]:
        task = run.task(write.task) if run else None
        if task and task.branches and not task.state.is_over and not write.then:
            raise Rejected(self.name, "finish", key="cutover.choose_branch")
        steps = [write]
        if task is None or not (task.state.is_over or task.state is TaskState.RUNNING):
            steps.insert(0, write.as_part("begin"))
        if write.note.strip() or has_override(write):
            steps.append(write.as_part("note"))
        return steps

    def _with_branches(self, step: BeginTask | FinishTask, result: WriteResult) -> WriteResult:
        tasks = tuple(self.reads.with_branches(step.run_id, task) for task in result.tasks)
        return result.model_copy(update={"tasks": tasks})


def connect(name: str, settings: CutoverSettings, resources: Resources) -> Cutover:
    token = settings.token.get_secret_value().strip()
    headers = {
        "Authorization": f"Bearer {token}",
        "Api-Version": settings.api_version,
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    http = resources.http.client(name, settings.url, credential=token, headers=headers, map_error=error_mapper(name))
    return Cutover(name, settings, http, resources.now)
