"""The Cutover adapter: reads, the steps of each write, and who carries and settles them."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from adapters.cutover import mapping, wire
from adapters.cutover import start as starting
from adapters.cutover.actions import ExtraActions
from adapters.cutover.capabilities import CAPABILITIES
from adapters.cutover.errors import explaining
from adapters.cutover.health import check
from adapters.cutover.links import Links
from adapters.cutover.reads import Reads
from adapters.cutover.reconcile import Reconciler
from adapters.cutover.settings import CutoverSettings
from adapters.cutover.writes import Writes, overrides
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
    RunState,
    RunSummary,
    Task,
    TaskKey,
    TaskState,
)
from adapters.protocol import Capability, CheckResult, Resources, require_supported
from adapters.toolkit.timestamps import parse_timestamp
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

LAST_COMMENTS = 20


@dataclass
class Cutover:
    name: str
    settings: CutoverSettings
    caller: HttpClient
    now: Callable[[], datetime]
    _templates: dict[str, bool] = field(default_factory=dict)  # runbook id -> is it a template
    _branches: dict[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)  # run id -> task id -> next

    def __post_init__(self) -> None:
        workspace = self.settings.workspace_id
        self.reading = Reads(self.caller)
        self.writing = Writes(self.reading, workspace)
        self.filters = {"workspace_id": workspace} if workspace else {}
        self.settlement = Reconciler(self.reading, self.writing, self.filters)
        self.extras = ExtraActions(self.reading, self.settings.extras)
        self.links = Links(self.name, self.settings.url, workspace, self.settings.link_template)

    @property
    def capabilities(self) -> Mapping[Op, Capability]:
        return {**CAPABILITIES, **self.extras.capabilities()}

    async def runbooks(self, words: str) -> Sequence[Runbook]:
        """Approved templates, then runbooks in planning."""
        kinds = ({"is_template": "true", "template_status": "approved"}, {"is_template": "false"})
        templates, others = await self._search("runbooks", words, *kinds)
        found = [one for one in templates if mapping.is_template(one) and not one.attributes.archived]
        found += [one for one in others if self._is_planned(one)]
        self._templates |= {one.id: mapping.is_template(one) for one in found}
        return [mapping.runbook(self.name, one, self.links) for one in found]

    async def runbook(self, id: str) -> Runbook:
        found, tasks, sight = await self.reading.whole(id, "show")
        self._templates[found.id] = mapping.is_template(found)
        return mapping.runbook(self.name, found, self.links, tasks, sight)

    async def runs(self, words: str) -> Sequence[RunSummary]:
        (listed,) = await self._search("runs", words, {"is_template": "false"})
        alive = (RunState.ACTIVE, RunState.PAUSED)
        found = [one for one in listed if not mapping.is_template(one) and not one.attributes.archived]
        found = [one for one in found if mapping.run_state(one) in alive]
        found.sort(key=_started_at, reverse=True)
        return [mapping.run_head(self.name, one, self.links) for one in found]

    async def read(self, id: str) -> Run:
        found, tasks, sight = await self.reading.whole(id, "show")
        run = mapping.run(self.name, found, tasks, sight, self.links)
        branches = {task.id: task.branches for task in run.tasks if task.branches}
        if branches or found.id in self._branches:
            self._branches[found.id] = branches
        return run.model_copy(update={"read_at": self.now()})

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        listing = await self.reading.comments(id, task, "comments")
        found = [one for one in listing.items if task is None or one.related("task") in (task, None)]
        if all(one.id.isdecimal() for one in found):
            found.sort(key=lambda one: int(one.id))
        return [mapping.comment(one) for one in found[-LAST_COMMENTS:]]

    async def actions(self, run: Run) -> Sequence[PlatformAction]:
        return self.extras.offers(run)

    def steps(self, write: Write, run: Run | None) -> Sequence[Write]:
        require_supported(self.name, self.capabilities, write.op)
        match write:
            case StartRun():
                return starting.steps(write, self._templates.get(write.runbook.id))
            case FinishTask():
                return self._finish_steps(write, run)
            case BeginTask() if overrides(write):
                return [write, write.as_part("note")]
            case AddTask(stage=None) if run is not None and run.stages:
                return [write.model_copy(update={"stage": run.stages[-1].id})]
        return [write]

    def recovery(self, step: Write) -> Recovery:
        """Cutover refuses a second start, begin or finish itself; a status or a name is set, not added."""
        match step:
            case StartRun(part="copy") | FinishTask(part="note") | BeginTask(part="note"):
                return Recovery.LOOKUP
            case StartRun() | BeginTask() | FinishTask() | SetStatus() | SkipTask() | PerformAction() | EndRun():
                return Recovery.IDEMPOTENT
        return Recovery.LOOKUP

    async def execute(self, step: Write, mark: WriteMarker) -> WriteResult:
        match step:
            case StartRun():
                return await self._carry_start(step)
            case FinishTask(part="note") | BeginTask(part="note") | AddComment() | HoldTask():
                return await self.writing.comment(step, mark)
            case BeginTask() | FinishTask(part="begin"):
                return self._with_branches(step, await self.writing.begin(step))
            case FinishTask():
                return self._with_branches(step, await self.writing.finish(step))
            case SetStatus():
                return await self.writing.status(step, mark)
            case AddTask():
                return await self.writing.add(step, mark)
            case SkipTask():
                return await self.extras.skip(step, self.writing.run_id(step), mark)
            case PerformAction() | EndRun():
                return await self.extras.change(step, self.writing.run_id(step), mark)
        raise Unsupported(self.name, step.op.value)

    async def _carry_start(self, step: StartRun) -> WriteResult:
        match step.part:
            case "copy":
                return await self.writing.copy(step, self._templates.get(step.runbook.id))
            case "name":
                return await self.writing.rename(step)
        return await self.writing.start(step)

    async def reconcile(self, step: Write, mark: WriteMarker, known: Baseline) -> Reconciliation:
        if isinstance(step, SkipTask | PerformAction | EndRun):
            return await self.extras.reconcile(step, self.writing.run_id(step))
        return await self.settlement.reconcile(step, mark, known)

    def parse_link(self, url: str) -> RunKey | TaskKey | RunbookKey | None:
        found = self.links.parse(url)
        if isinstance(found, RunKey) and self._templates.get(found.id):
            return RunbookKey(platform=self.name, id=found.id)
        return found

    def affected_ids(self, said: bytes) -> Collection[str] | None:
        """The default payload of an event integration (sheet 1, "Webhooks"); operators may send another one."""
        id = nested_value(json_object(said), "meta", "runbook", "id")
        return (str(id),) if id else None

    async def check(self) -> Sequence[CheckResult]:
        return await check(self.name, self.settings, self.reading)

    async def _search(
        self, operation: str, words: str, *kinds: Mapping[str, str]
    ) -> Sequence[Sequence[wire.Runbook]]:
        """Cutover's search knows no typing errors: when it finds nothing, callers match all the titles."""
        query = {"query": words.strip()} if words.strip() else {}
        asked = [{**kind, **self.filters, **query} for kind in kinds]
        found = await asyncio.gather(*(self.reading.runbooks(operation, params) for params in asked))
        if query and not any(listing.items for listing in found):
            return await self._search(operation, "", *kinds)
        return [listing.items for listing in found]

    def _is_planned(self, found: wire.Runbook) -> bool:
        its = found.attributes
        return not its.is_template and not its.archived and mapping.run_state(found) is RunState.PLANNED

    def _finish_steps(self, write: FinishTask, run: Run | None) -> Sequence[Write]:
        task = run.task(write.task) if run else None
        if task and task.branches and not task.state.is_over and not write.then:
            raise Rejected(self.name, "finish", key="cutover.choose_branch")
        steps = [write]
        if task is None or not (task.state.is_over or task.state is TaskState.RUNNING):
            steps.insert(0, write.as_part("begin"))
        if write.note.strip() or overrides(write):
            steps.append(write.as_part("note"))
        return steps

    def _with_branches(self, step: BeginTask | FinishTask, told: WriteResult) -> WriteResult:
        """The answer to one task's action does not say where it branches; the last reading did."""
        known = self._branches.get(step.run_id, {}).get(step.task, ())
        tasks = tuple(_branching(task, known) for task in told.tasks)
        return told.model_copy(update={"tasks": tasks})


def connect(name: str, settings: CutoverSettings, resources: Resources) -> Cutover:
    token = settings.token.get_secret_value().strip()
    headers = {
        "Authorization": f"Bearer {token}",
        "Api-Version": settings.api_version,
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    caller = resources.http.client(
        name, settings.url, credential=token, headers=headers, map_error=explaining(name)
    )
    return Cutover(name, settings, caller, resources.now)


def _branching(task: Task, branches: tuple[str, ...]) -> Task:
    return task if task.state.is_over or not branches else task.model_copy(update={"branches": branches})


def _started_at(found: wire.Runbook) -> float:
    at = parse_timestamp(found.attributes.start_actual) or parse_timestamp(found.attributes.created_at)
    return at.timestamp() if at else 0.0
