"""Connects one account, on either generation of the API, to the reads and writes of this folder."""

from collections.abc import Collection, Sequence
from datetime import datetime

from pydantic import SecretStr

from adapters.errors import Rejected
from adapters.models import Comment, Listing, PlatformAction, Run, Runbook, RunbookKey, RunKey, RunSummary, TaskKey
from adapters.protocol import CheckResult, EditPages, Resources
from adapters.toolkit.base import PlatformAdapter
from adapters.writes import AddComment, AddTask, ApproveTask, PerformAction, RejectTask, StartRun, TaskWrite, Write
from adapters.xurrent import health, webhooks
from adapters.xurrent.actions import Actions
from adapters.xurrent.api import PAGE_SIZE, RATE_LIMIT, Api, request_headers
from adapters.xurrent.approvals import Approvals
from adapters.xurrent.capabilities import capabilities
from adapters.xurrent.changes import ChangeReads
from adapters.xurrent.errors import error_mapper
from adapters.xurrent.links import Links
from adapters.xurrent.people import People
from adapters.xurrent.reads import WorkflowReads
from adapters.xurrent.settings import XurrentSettings
from adapters.xurrent.start import Starter, check_options
from adapters.xurrent.writes.notes import ChangeNotes, WorkflowNotes
from adapters.xurrent.writes.tasks import Assignment, TaskWrites


class XurrentAdapter(PlatformAdapter):
    def __init__(self, name: str, settings: XurrentSettings, resources: Resources) -> None:
        self._settings, self._itrp = settings, settings.flavour == "itrp"
        self._api = _connect_api(name, settings, resources, settings.token)
        self._personal_apis = {
            id: _connect_api(name, settings, resources, token, personal=True)
            for id, token in settings.tokens.items()
        }
        run_path = "changes" if self._itrp else "workflows"
        self._links = Links(name, settings.url, settings.account, settings.site, run_path)
        self._webhook_sites = [
            resources.http.client(name, origin, credential="", headers={}) for origin in self._links.origins()
        ]
        people = People(self._api, searchable=not self._itrp)
        workflows = WorkflowReads(self._api, self._links, people, resources.now)
        self._reads = ChangeReads(self._api, self._links, resources.now) if self._itrp else workflows
        notes = self._notes = (ChangeNotes if self._itrp else WorkflowNotes)(lambda step: self._api, self._itrp)
        self._tasks = TaskWrites(self._api, self._reads, people, self._links, notes, settings.team_id, self._itrp)
        self._actions = Actions(self._api, people, self._tasks, self._itrp)
        self._approvals = Approvals(name, self._personal_apis.get, self._links, self._itrp)
        handlers: list[object] = [self._tasks, notes, self._actions]
        if not self._itrp:
            handlers += [Starter(self._api, workflows, people, settings), Assignment(self._tasks, people)]
        if settings.tokens:
            handlers.append(self._approvals)
        super().__init__(name, capabilities(settings.flavour, personal_tokens=bool(settings.tokens)), *handlers)

    async def runbooks(self, query: str) -> Listing[Runbook]:
        return await self._reads.runbooks(query)

    async def runbook(self, id: str) -> Runbook:
        return await self._reads.runbook(id)

    async def runs(self, query: str) -> Listing[RunSummary]:
        return await self._reads.runs(query)

    async def read(self, id: str) -> Run:
        return await self._reads.read(id)

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        return await self._reads.comments(id, task)

    async def actions(self, run: Run) -> Sequence[PlatformAction]:
        return self._actions.list_for(run)

    def plan(self, write: Write, run: Run | None) -> Sequence[Write]:
        """Refuses what the snapshot forbids, so that a range with an approval in it is refused as a whole."""
        match write:
            case StartRun():
                check_options(write)
            case AddComment(task=None) if self._itrp:
                raise Rejected(self.name, write.op, key="xurrent.itrp_name_a_task")
            case ApproveTask() | RejectTask():
                return self._approvals.plan(write)
            case TaskWrite():
                self._tasks.require_allowed(write, run.task(write.task) if run else None)
                return self._notes.plan(write)
            case PerformAction():
                return self._notes.plan(write)
            case AddTask(stage=None) if run is not None and run.stages:
                return [write.model_copy(update={"stage": run.stages[-1].id})]
        return [write]

    def parse_link(self, url: str) -> RunKey | TaskKey | RunbookKey | None:
        return self._links.parse(url)

    async def check(self) -> Sequence[CheckResult]:
        return await health.check(self._api, self._settings, self._personal_apis)

    def changed_since(self, since: datetime) -> Sequence[EditPages]:
        return self._reads.edits(since)

    def affected_ids(self, payload: bytes) -> Collection[str] | None:
        return webhooks.affected_ids(payload)

    async def verify_webhook(self, payload: bytes) -> str:
        return await webhooks.verify_webhook(self.name, payload, self._webhook_sites)


def _connect_api(
    name: str, settings: XurrentSettings, resources: Resources, secret: SecretStr, *, personal: bool = False
) -> Api:
    token = secret.get_secret_value().strip()
    client = resources.http.client(
        name,
        settings.url,
        credential=f"{settings.account} {token}",
        headers=request_headers(settings, token),
        rate_limit=RATE_LIMIT,
        map_error=error_mapper(name, personal=personal),
    )
    return Api(client, resources.now, 0 if settings.flavour == "itrp" else PAGE_SIZE)
