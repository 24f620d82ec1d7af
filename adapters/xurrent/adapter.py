"""The adapter: which steps a write has, who carries and settles them, on either generation of the API."""

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
from adapters.xurrent import start as starting
from adapters.xurrent.actions import Offers
from adapters.xurrent.api import PACE, PER_PAGE, Api, headers
from adapters.xurrent.approvals import Approving
from adapters.xurrent.capabilities import capabilities
from adapters.xurrent.changes import Changes
from adapters.xurrent.errors import explaining
from adapters.xurrent.health import check
from adapters.xurrent.links import Links
from adapters.xurrent.people import People
from adapters.xurrent.reads import Workflows
from adapters.xurrent.reconcile import Reconciler
from adapters.xurrent.settings import XurrentSettings
from adapters.xurrent.start import Starting
from adapters.xurrent.webhooks import Confirmation, about
from adapters.xurrent.writes import Writes


class Xurrent:
    """One account. ``settings.flavour`` says which generation answers, and by which header it knows us."""

    def __init__(
        self,
        name: str,
        settings: XurrentSettings,
        caller: HttpClient,
        own: Mapping[str, Api],
        nobody: Callable[[str], HttpClient],
        now: Callable[[], datetime],
    ) -> None:
        """``own``: the API with people's own tokens, by chat id. ``nobody``: calls to an origin with no token."""
        old = settings.flavour == "itrp"
        noun = "changes" if old else "workflows"
        self._name, self._settings, self._old, self._own = name, settings, old, own
        self._api = Api(caller, now, per_page=0 if old else PER_PAGE)
        self._links = Links(name, settings.url, settings.account, settings.site, noun)
        self._people = People(self._api, searchable=not old)
        workflows = Workflows(self._api, self._links, self._people, now)
        self._reads = Changes(self._api, self._links, now) if old else workflows
        self._starting = None if old else Starting(self._api, workflows, self._people, settings)
        self._writing = Writes(self._api, self._reads, self._people, self._links, settings.team_id, old)
        self._approving = Approving(name, own.get, self._links, old)
        self._confirmation = Confirmation(name, [nobody(origin) for origin in self._links.origins()])
        self._offers = Offers(self._api, self._people, self._writing, old)
        self._settlement = Reconciler(
            self._api, self._reads, self._people, self._links, self._writing, self._starting
        )

    @property
    def name(self) -> str:
        return self._name

    @property
    def capabilities(self) -> Mapping[Op, Capability]:
        return capabilities(self._settings.flavour, own_tokens=bool(self._settings.tokens))

    async def runbooks(self, words: str) -> Sequence[Runbook]:
        return await self._reads.runbooks(words)

    async def runbook(self, id: str) -> Runbook:
        return await self._reads.runbook(id)

    async def runs(self, words: str) -> Sequence[RunSummary]:
        return await self._reads.runs(words)

    async def read(self, id: str) -> Run:
        return await self._reads.read(id)

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        return await self._reads.comments(id, task)

    async def actions(self, run: Run) -> Sequence[PlatformAction]:
        return self._offers.of(run)

    def steps(self, write: Write, run: Run | None) -> Sequence[Write]:
        """One request each. An approval is refused here already, so a range that names one says so first."""
        require_supported(self._name, self.capabilities, write.op)
        match write:
            case StartRun():
                return starting.steps(write)
            case AddComment(task=None) if self._old:
                raise Rejected(self._name, write.op, key="xurrent.itrp_name_a_task")
            case ApproveTask() | RejectTask():
                task = run.task(write.task) if run is not None else None
                return self._approving.steps(write, self._old or bool(task and task.assignees))
            case TaskWrite() if run is not None and (task := run.task(write.task)):
                self._writing.refuse(write, task)
            case AddTask(stage=None) if run is not None and run.stages:
                return [write.model_copy(update={"stage": run.stages[-1].id})]
        return [write]

    def recovery(self, step: Write) -> Recovery:
        """Statuses are set, never toggled. What is created bears our key or mark, except the old API's notes."""
        match step:
            case ApproveTask() | RejectTask():
                return Recovery.LOOKUP if step.part else Recovery.IDEMPOTENT
            case AddComment() if self._old:
                return Recovery.MANUAL
            case StartRun() | AddTask() | AddComment() | SetStatus():
                return Recovery.LOOKUP
        return Recovery.IDEMPOTENT

    async def execute(self, step: Write, mark: WriteMarker) -> WriteResult:
        match step:
            case StartRun() if self._starting:
                return await self._starting.start(step, mark)
            case AddTask():
                return await self._writing.add(step, mark)
            case SetStatus():
                return await self._writing.status(step, mark)
            case AddComment():
                return await self._writing.comment(step, mark)
            case ApproveTask() | RejectTask():
                return await self._approving.execute(step, mark)
            case PerformAction():
                return await self._offers.execute(step, mark)
            case TaskWrite():
                return await self._writing.task(step, mark)
        raise Unsupported(self._name, step.op)

    async def reconcile(self, step: Write, mark: WriteMarker, known: Baseline) -> Reconciliation:
        if isinstance(step, ApproveTask | RejectTask):
            return await self._approving.reconcile(step, mark)
        if isinstance(step, PerformAction):
            return await self._offers.reconcile(step, mark)
        return await self._settlement.reconcile(step, mark)

    def parse_link(self, url: str) -> RunKey | TaskKey | RunbookKey | None:
        return self._links.parse(url)

    async def check(self) -> Sequence[CheckResult]:
        return await check(self._api, self._settings, self._own)

    def affected_ids(self, said: bytes) -> Collection[str] | None:
        return about(said)

    async def verify_webhook(self, said: bytes) -> str:
        return await self._confirmation.verify_webhook(said)


def connect(name: str, settings: XurrentSettings, resources: Resources) -> Xurrent:
    def caller(secret: SecretStr, *, own: bool = False) -> HttpClient:
        token = secret.get_secret_value().strip()
        return resources.http.client(
            name,
            settings.url,
            credential=f"{settings.account} {token}",
            headers=headers(settings, token),
            rate_limit=PACE,
            map_error=explaining(name, own=own),
        )

    def nobody(origin: str) -> HttpClient:
        return resources.http.client(name, origin, credential="", headers={})

    pages = 0 if settings.flavour == "itrp" else PER_PAGE
    own = {
        id: Api(caller(token, own=True), resources.now, per_page=pages) for id, token in settings.tokens.items()
    }
    return Xurrent(name, settings, caller(settings.token), own, nobody, resources.now)
