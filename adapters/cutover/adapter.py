"""The Cutover adapter: connects the reads and the handlers of the writes, and plans each write's steps."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from adapters.change_sources import EditPages
from adapters.cutover.actions import ExtraActions
from adapters.cutover.api import CutoverApi
from adapters.cutover.assignments import ALONE, Assignments
from adapters.cutover.capabilities import CAPABILITIES, WITH_EXTRAS
from adapters.cutover.changes import Changes
from adapters.cutover.errors import error_mapper
from adapters.cutover.health import check
from adapters.cutover.inbox import Inbox
from adapters.cutover.links import Links
from adapters.cutover.people import People
from adapters.cutover.reads import Reads
from adapters.cutover.settings import CutoverSettings
from adapters.cutover.start import Starts, plan_start
from adapters.cutover.writes import Comments, RunWrites, TaskWrites, has_override
from adapters.errors import Rejected
from adapters.http.client import HttpClient
from adapters.http.responses import json_object, nested_value
from adapters.models import (
    AssignedTask,
    Comment,
    Listing,
    Person,
    PlatformAction,
    Run,
    Runbook,
    RunbookKey,
    RunKey,
    RunSummary,
    Task,
    TaskKey,
    TaskState,
)
from adapters.protocol import Capability, CheckResult, Resources
from adapters.toolkit.base import PlatformAdapter
from adapters.writes import AddTask, AssignTask, BeginTask, FinishTask, Op, StartRun, Write

READS_PER_MINUTE = 12.0  # of runs that are followed


class Cutover(PlatformAdapter):
    takes_fields = frozenset({Op.BEGIN, Op.FINISH})

    def __init__(self, name: str, settings: CutoverSettings, http: HttpClient, resources: Resources) -> None:
        workspace = settings.workspace_id
        filters = {"workspace_id": workspace} if workspace else {}
        self._settings = settings
        self._links = Links(name, settings.api_url, workspace, settings.link_template, settings.core_url)
        self._api = api = CutoverApi(http)
        self._changes = Changes(api, filters)
        people = People(api)
        self._reads = Reads(
            api, people, self._changes, self._links, filters, resources.now, filters_by_stage=settings.extras
        )
        self._extras = ExtraActions(api, self._reads) if settings.extras else None
        self._assignments = Assignments(api, self._reads, people) if settings.extras else None
        self._inbox = Inbox(api, self._reads, people)
        starts = Starts(api, workspace, filters, self._reads.source)
        handlers = [starts, TaskWrites(api, self._reads), RunWrites(api, self._reads), Comments(api, self._reads)]
        capabilities = WITH_EXTRAS if self._extras else CAPABILITIES
        super().__init__(
            name, capabilities, *handlers, *filter(None, [self._extras, self._assignments]), http=http
        )

    @property
    def capabilities(self) -> Mapping[Op, Capability]:
        """Without the extras that this server has turned out not to know."""
        rejected = self._extras.unsupported_ops() if self._extras else ()
        return {**self._capabilities, **{op: CAPABILITIES[op] for op in rejected}}

    async def runbooks(self, query: str) -> Listing[Runbook]:
        return await self._reads.runbooks(query)

    async def runbook(self, id: str) -> Runbook:
        return await self._reads.runbook(id)

    async def runs(self, query: str) -> Listing[RunSummary]:
        return await self._reads.runs(query)

    async def read(self, id: str) -> Run:
        return await self._reads.run(id)

    async def read_tasks(self, run: str, tasks: Sequence[str]) -> Sequence[Task]:
        return await self._reads.tasks(run)

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        return await self._reads.comments(id, task)

    async def actions(self, run: Run) -> Sequence[PlatformAction]:
        return self._extras.available(run) if self._extras else ()

    async def check(self) -> Sequence[CheckResult]:
        return await check(self.name, self._settings, self._api)

    def parse_link(self, url: str) -> RunKey | TaskKey | RunbookKey | None:
        key = self._links.parse(url)
        if isinstance(key, RunKey) and self._reads.is_template(key.id):
            return RunbookKey(platform=self.name, id=key.id)
        return key

    def changed_since(self, since: datetime) -> Sequence[EditPages]:
        return [self._changes.edits(since)]

    @property
    def reads_per_minute(self) -> float:
        """The reference gives no number for its rate limit. A read takes three requests."""
        return 0.0 if self._changes.are_listed else READS_PER_MINUTE

    def affected_ids(self, payload: bytes) -> Collection[str] | None:
        """Reads the default payload of an event integration. Operators can configure another one."""
        id = nested_value(json_object(payload), "meta", "runbook", "id")
        return (str(id),) if id else None

    def plan(self, write: Write, run: Run | None) -> Sequence[Write]:
        match write:
            case StartRun():
                return plan_start(write, self._reads.is_template(write.runbook.id))
            case AssignTask(take_over=True):
                return [write, write.as_part(ALONE)]
            case FinishTask():
                return self._plan_finish(write, run)
            case BeginTask():
                return _with_fields(write, [write, *([write.as_part("note")] if has_override(write) else [])])
            case AddTask(stage=None) if run is not None and run.stages:
                return [write.model_copy(update={"stage": run.stages[-1].id})]
        return [write]

    def _plan_finish(self, write: FinishTask, run: Run | None) -> Sequence[Write]:
        task = run.task(write.task) if run else None
        if task and task.branches and not task.state.is_over and not write.then:
            raise Rejected(self.name, "finish", key="cutover.choose_branch")
        steps = [write]
        if task is None or not (task.state.is_over or task.state is TaskState.RUNNING):
            steps.insert(0, write.as_part("begin"))
        if write.note.strip() or has_override(write):
            steps.append(write.as_part("note"))
        return _with_fields(write, steps)

    def _require_branch(self, write: Write, run: Run | None) -> None:
        """Where the server doesn't list what a task leads to, only its type says whether it decides."""
        task = run.task(write.target) if run else None
        is_unlisted = task is not None and not task.branches
        if not is_unlisted or self._reads.decision(write.run_id, write.target).decides is False:
            super()._require_branch(write, run)


class NewerCutover(Cutover):
    """With the setting ``extras``: it also lists one person's tasks, and takes what a new task waits for."""

    supports_insertion = True

    async def assigned_tasks(self, person: Person) -> Listing[AssignedTask]:
        return await self._inbox.tasks_of(person)

    def plan(self, write: Write, run: Run | None) -> Sequence[Write]:
        """Cutover takes a task's predecessors. Its successors would each have to be changed."""
        if isinstance(write, AddTask) and write.before:
            raise Rejected(self.name, "add", key="cutover.only_after")
        return super().plan(write, run)


def _with_fields(write: Write, steps: Sequence[Write]) -> Sequence[Write]:
    """Cutover may want custom fields to be filled in first."""
    return [write.as_part("fields"), *steps] if write.fields else steps


def connect(name: str, settings: CutoverSettings, resources: Resources) -> Cutover:
    token = settings.token.get_secret_value().strip()
    headers = {
        "Authorization": f"Bearer {token}",
        "Api-Version": settings.api_version,
        "Accept": "application/json",
        "Content-Type": "application/json",
        **({"Core-Url": settings.core_url} if settings.core_url else {}),
    }
    http = resources.http.client(
        name, settings.api_url, credential=token, headers=headers, map_error=error_mapper(name)
    )
    adapter = NewerCutover if settings.extras else Cutover
    return adapter(name, settings, http, resources)
