"""The Tines adapter: which steps a write has, and what executes and reconciles each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from adapters.errors import Unsupported
from adapters.http.client import HttpClient, HttpClients
from adapters.models import Comment, Health, PlatformAction, Run, Runbook, RunbookKey, RunKey, RunSummary, TaskKey
from adapters.protocol import Capability, CheckResult, Resources, require_supported
from adapters.tines import links
from adapters.tines.actions import Actions
from adapters.tines.api import Api
from adapters.tines.capabilities import CAPABILITIES
from adapters.tines.errors import error_mapper
from adapters.tines.health import HealthCheck
from adapters.tines.people import People
from adapters.tines.reads import Reads
from adapters.tines.settings import TinesSettings
from adapters.tines.start import BUTTONS, StartWrites
from adapters.tines.stories import Stories
from adapters.tines.webhooks import Webhooks
from adapters.tines.writes.case import COLOUR, CaseWrites
from adapters.tines.writes.comments import NOTE, CommentWrites
from adapters.tines.writes.tasks import ASSIGN, MARK, TaskViews, TaskWrites
from adapters.writes import (
    AddComment,
    AddTask,
    AssignTask,
    Baseline,
    BeginTask,
    EndRun,
    FinishTask,
    HoldTask,
    Indeterminate,
    Op,
    PerformAction,
    Reconciliation,
    Recovery,
    ReopenTask,
    SetStatus,
    SkipTask,
    StartRun,
    TaskWrite,
    Write,
    WriteMarker,
    WriteResult,
)

_COMMENTS = (AddComment, HoldTask, SetStatus)


@dataclass
class Tines:
    name: str
    settings: TinesSettings
    client: HttpClient
    clients: HttpClients
    now: Callable[[], datetime]
    capabilities: Mapping[Op, Capability] = field(default_factory=lambda: CAPABILITIES)

    def __post_init__(self) -> None:
        settings = self.settings
        colours = {Health.GREEN: settings.green, Health.AMBER: settings.amber, Health.RED: settings.red}
        self.colours = {health: status.strip() for health, status in colours.items() if status.strip()}
        self.api = Api(self.client, settings.team_id)
        people, views = People(self.api, self.now), TaskViews(self.api)
        self.starts = StartWrites(self.api, people, settings)
        self.task_writes = TaskWrites(self.api, people, views)
        self.comment_writes = CommentWrites(self.api, people, self.task_writes, views, self.colours)
        self.case_writes = CaseWrites(self.api, people, self.colours)
        webhooks, stories = Webhooks(self.client, self.clients), Stories(self.api, self.now)
        self.case_actions = Actions(self.api, people, webhooks, stories, settings.stories)
        self.reads = Reads(
            self.name, settings, self.api, self.now, self.starts, self.case_writes, self.case_actions, views
        )

    async def runbooks(self, words: str) -> Sequence[Runbook]:
        return await self.reads.runbooks()

    async def runbook(self, id: str) -> Runbook:
        return await self.reads.runbook(id)

    async def runs(self, words: str) -> Sequence[RunSummary]:
        return await self.reads.runs()

    async def read(self, id: str) -> Run:
        return await self.reads.run(id)

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        return await self.comment_writes.recent(id, task)

    async def actions(self, run: Run) -> Sequence[PlatformAction]:
        return await self.case_actions.list(run)

    def steps(self, write: Write, run: Run | None) -> Sequence[Write]:
        """A comment that says who did it follows each change of a task: those requests have no author."""
        require_supported(self.name, self.capabilities, write.op)
        match write:
            case StartRun():
                return self.starts.steps(write)
            case BeginTask():
                task = run.task(write.task) if run else None
                is_assigned = task is not None and bool(task.assignees)
                return [write, *(write.as_part(part) for part in ([NOTE] if is_assigned else [ASSIGN, NOTE]))]
            case ReopenTask():
                task = run.task(write.task) if run else None
                may_run = task is None or task.started_at is not None
                return [write, *(write.as_part(part) for part in ([MARK, NOTE] if may_run else [NOTE]))]
            case FinishTask() | SkipTask() | AssignTask():
                return [write, write.as_part(NOTE)]
            case EndRun(text=text) if text.strip():
                return [write, write.as_part(NOTE)]
            case SetStatus(health=health) if health in self.colours:
                return [write.as_part(COLOUR), write]
        return [write]

    def recovery(self, step: Write) -> Recovery:
        match step:
            case StartRun():
                return self.starts.recovery(step)
            case SetStatus(part="colour"):
                return Recovery.IDEMPOTENT
            case PerformAction():
                return self.case_actions.recovery(step)
        is_lookup = step.part == NOTE or isinstance(step, (*_COMMENTS, AddTask))
        return Recovery.LOOKUP if is_lookup else Recovery.IDEMPOTENT

    async def execute(self, step: Write, mark: WriteMarker) -> WriteResult:
        match step:
            case StartRun(part=""):
                return await self.starts.create_case(step, mark)
            case StartRun(part=part):
                return await (self.starts.copy_buttons if part == BUTTONS else self.starts.add_batch)(step)
            case SetStatus(part="colour"):
                return await self.case_writes.set_colour(step)
            case EndRun(part=""):
                return await self.case_writes.close(step)
            case AddTask():
                return await self.task_writes.add(step, mark)
            case PerformAction():
                return await self.case_actions.execute(step, mark)
            case _ if step.part == NOTE or isinstance(step, _COMMENTS):
                return await self.comment_writes.write(step, mark)
            case BeginTask(part=""):
                return await self.task_writes.begin(step, mark)
            case BeginTask():
                return await self.task_writes.assign_to_beginner(step)
            case ReopenTask(part="mark"):
                return await self.task_writes.clear_running(step, mark)
            case AssignTask():
                return await self.task_writes.assign(step)
            case TaskWrite():
                return await self.task_writes.set_state(step)
        raise Unsupported(self.name, step.op.value)

    async def reconcile(self, step: Write, mark: WriteMarker, known: Baseline) -> Reconciliation:
        match step:
            case StartRun(part=""):
                return await self.starts.reconcile_case(step, mark)
            case StartRun(part=part):
                return await (self.starts.reconcile_buttons if part == BUTTONS else self.starts.reconcile_batch)(
                    step
                )
            case SetStatus(part="colour"):
                return await self.case_writes.reconcile_colour(step)
            case EndRun(part=""):
                return await self.case_writes.reconcile_close(step)
            case AddTask():
                return await self.task_writes.reconcile_add(step, mark)
            case PerformAction():
                return await self.case_actions.reconcile(step)
            case _ if step.part == NOTE or isinstance(step, _COMMENTS):
                return await self.comment_writes.reconcile(step, mark)
            case BeginTask(part=""):
                return await self.task_writes.reconcile_begin(step)
            case BeginTask():
                return await self.task_writes.reconcile_assign_to_beginner(step)
            case ReopenTask(part="mark"):
                return await self.task_writes.reconcile_clear_running(step)
            case AssignTask():
                return await self.task_writes.reconcile_assign(step)
            case TaskWrite():
                return await self.task_writes.reconcile_state(step)
        return Indeterminate()

    async def changed_since(self, since: datetime) -> Mapping[str, str]:
        """Tines has no outgoing webhooks for cases."""
        return await self.reads.changed_since(since)

    def parse_link(self, url: str) -> RunKey | TaskKey | RunbookKey | None:
        key = links.parse(url, self.settings.url, self.name)
        if key is not None and self.starts.is_template(key.id):
            return RunbookKey(platform=self.name, id=key.id)
        return key

    async def check(self) -> Sequence[CheckResult]:
        return await HealthCheck(self.name, self.settings, self.api).check()


def connect(name: str, settings: TinesSettings, resources: Resources) -> Tines:
    token = settings.token.get_secret_value().strip()
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    client = resources.http.client(
        name, settings.url, credential=token, headers=headers, map_error=error_mapper(name)
    )
    return Tines(name, settings, client, resources.http, resources.now)
