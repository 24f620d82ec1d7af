"""The adapter: steps, execution and recovery of writes, on either generation of the API."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from pydantic import SecretStr

from adapters.errors import Rejected, Unsupported
from adapters.http.client import HttpClient
from adapters.models import Comment, PlatformAction, Run, Runbook, RunbookKey, RunKey, RunSummary, TaskKey
from adapters.protocol import Capability, CheckResult, Resources, require_supported
from adapters.writes import (
    AddComment,
    AddTask,
    ApproveTask,
    Baseline,
    Op,
    PerformAction,
    Reconciliation,
    Recovery,
    RejectTask,
    SetStatus,
    StartRun,
    TaskWrite,
    Write,
    WriteMarker,
    WriteResult,
)
from adapters.xurrent import webhooks
from adapters.xurrent.actions import Actions
from adapters.xurrent.api import PAGE_SIZE, RATE_LIMIT, Api, request_headers
from adapters.xurrent.approvals import Approvals
from adapters.xurrent.capabilities import capabilities
from adapters.xurrent.changes import ChangeReads
from adapters.xurrent.errors import error_mapper
from adapters.xurrent.health import check
from adapters.xurrent.links import Links
from adapters.xurrent.people import People
from adapters.xurrent.reads import WorkflowReads
from adapters.xurrent.reconcile import Reconciler
from adapters.xurrent.settings import XurrentSettings
from adapters.xurrent.start import Starter, start_steps
from adapters.xurrent.writes import Writes


class Xurrent:
    """One account, on the generation of the API that ``settings.flavour`` names."""

    def __init__(
        self,
        name: str,
        settings: XurrentSettings,
        client: HttpClient,
        personal_clients: Mapping[str, HttpClient],
        anonymous_client: Callable[[str], HttpClient],
        now: Callable[[], datetime],
    ) -> None:
        """``personal_clients`` by chat user ID; ``anonymous_client`` makes one without a token for an origin."""
        itrp = settings.flavour == "itrp"
        page_size = 0 if itrp else PAGE_SIZE
        self._name, self._settings, self._itrp = name, settings, itrp
        self._api = Api(client, now, page_size)
        self._personal_apis = {id: Api(own, now, page_size) for id, own in personal_clients.items()}
        self._links = Links(
            name, settings.url, settings.account, settings.site, "changes" if itrp else "workflows"
        )
        self._webhook_sites = [anonymous_client(origin) for origin in self._links.origins()]
        people = People(self._api, searchable=not itrp)
        workflows = WorkflowReads(self._api, self._links, people, now)
        self._reads = ChangeReads(self._api, self._links, now) if itrp else workflows
        self._starter = None if itrp else Starter(self._api, workflows, people, settings)
        self._writes = Writes(self._api, self._reads, people, self._links, settings.team_id, itrp)
        self._approvals = Approvals(name, self._personal_apis.get, self._links, itrp)
        self._actions = Actions(self._api, people, self._writes, itrp)
        self._reconciler = Reconciler(self._api, self._reads, people, self._writes, self._starter)

    @property
    def name(self) -> str:
        return self._name

    @property
    def capabilities(self) -> Mapping[Op, Capability]:
        return capabilities(self._settings.flavour, personal_tokens=bool(self._settings.tokens))

    async def runbooks(self, query: str) -> Sequence[Runbook]:
        return await self._reads.runbooks(query)

    async def runbook(self, id: str) -> Runbook:
        return await self._reads.runbook(id)

    async def runs(self, query: str) -> Sequence[RunSummary]:
        return await self._reads.runs(query)

    async def read(self, id: str) -> Run:
        return await self._reads.read(id)

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        return await self._reads.comments(id, task)

    async def actions(self, run: Run) -> Sequence[PlatformAction]:
        return self._actions.list_for(run)

    def steps(self, write: Write, run: Run | None) -> Sequence[Write]:
        """Refuses what the snapshot forbids, so that a range with an approval in it is refused as a whole."""
        require_supported(self._name, self.capabilities, write.op)
        match write:
            case StartRun():
                return start_steps(write)
            case AddComment(task=None) if self._itrp:
                raise Rejected(self._name, write.op, key="xurrent.itrp_name_a_task")
            case ApproveTask() | RejectTask():
                task = run.task(write.task) if run is not None else None
                single = self._itrp or bool(task and task.assignees)
                return self._approvals.steps(write, single_approver=single)
            case TaskWrite() if run is not None and (task := run.task(write.task)):
                self._writes.require_allowed(write, task)
            case AddTask(stage=None) if run is not None and run.stages:
                return [write.model_copy(update={"stage": run.stages[-1].id})]
        return [write]

    def recovery(self, step: Write) -> Recovery:
        """Statuses are set, not toggled. New records have our ``sourceID`` or code, except old-API notes."""
        match step:
            case ApproveTask() | RejectTask():
                return Recovery.LOOKUP if step.part else Recovery.IDEMPOTENT
            case AddComment() if self._itrp:
                return Recovery.MANUAL
            case StartRun() | AddTask() | AddComment() | SetStatus():
                return Recovery.LOOKUP
        return Recovery.IDEMPOTENT

    async def execute(self, step: Write, marker: WriteMarker) -> WriteResult:
        match step:
            case StartRun() if self._starter:
                return await self._starter.start(step, marker)
            case AddTask():
                return await self._writes.add(step, marker)
            case SetStatus():
                return await self._writes.set_status(step, marker)
            case AddComment():
                return await self._writes.comment(step, marker)
            case ApproveTask() | RejectTask():
                return await self._approvals.execute(step, marker)
            case PerformAction():
                return await self._actions.execute(step, marker)
            case TaskWrite():
                return await self._writes.change_task(step, marker)
        raise Unsupported(self._name, step.op)

    async def reconcile(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        if isinstance(step, ApproveTask | RejectTask):
            return await self._approvals.reconcile(step, marker)
        if isinstance(step, PerformAction):
            return await self._actions.reconcile(step, marker)
        return await self._reconciler.reconcile(step, marker)

    def parse_link(self, url: str) -> RunKey | TaskKey | RunbookKey | None:
        return self._links.parse(url)

    async def check(self) -> Sequence[CheckResult]:
        return await check(self._api, self._settings, self._personal_apis)

    def affected_ids(self, payload: bytes) -> Collection[str] | None:
        return webhooks.affected_ids(payload)

    async def verify_webhook(self, payload: bytes) -> str:
        return await webhooks.verify_webhook(self._name, payload, self._webhook_sites)


def connect(name: str, settings: XurrentSettings, resources: Resources) -> Xurrent:
    def client(secret: SecretStr, *, personal: bool = False) -> HttpClient:
        token = secret.get_secret_value().strip()
        return resources.http.client(
            name,
            settings.url,
            credential=f"{settings.account} {token}",
            headers=request_headers(settings, token),
            pace=RATE_LIMIT,
            explain=error_mapper(name, personal=personal),
        )

    def anonymous_client(origin: str) -> HttpClient:
        return resources.http.client(name, origin, credential="", headers={})

    personal_clients = {id: client(token, personal=True) for id, token in settings.tokens.items()}
    return Xurrent(name, settings, client(settings.token), personal_clients, anonymous_client, resources.now)
