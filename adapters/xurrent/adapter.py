"""Connects one account, on either generation of the API, to the reads and writes of this folder."""

from collections.abc import Collection, Sequence
from datetime import datetime

from pydantic import SecretStr

from adapters.change_sources import EditPages
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
    TaskKey,
)
from adapters.protocol import CheckResult, Resources
from adapters.toolkit.base import PlatformAdapter
from adapters.writes import (
    AddComment,
    AddTask,
    ApproveTask,
    EndRun,
    PerformAction,
    RejectTask,
    SetStatus,
    StartRun,
    TaskWrite,
    Write,
)
from adapters.xurrent import health, webhooks
from adapters.xurrent.actions import Actions
from adapters.xurrent.api import PAGE_SIZE, RATE_LIMIT, Api, request_headers
from adapters.xurrent.approvals import Approvals
from adapters.xurrent.capabilities import capabilities
from adapters.xurrent.changes import ChangeReads
from adapters.xurrent.errors import error_mapper
from adapters.xurrent.inbox import Inbox
from adapters.xurrent.links import Links
from adapters.xurrent.people import People
from adapters.xurrent.reads import WorkflowReads
from adapters.xurrent.settings import XurrentSettings
from adapters.xurrent.start import Starter, check_options
from adapters.xurrent.writes.additions import Additions
from adapters.xurrent.writes.assignment import Assignment
from adapters.xurrent.writes.change_notes import ChangeNotes
from adapters.xurrent.writes.ending import Ending
from adapters.xurrent.writes.notes import WorkflowNotes
from adapters.xurrent.writes.tasks import TaskWrites


class XurrentAdapter(PlatformAdapter):
    supports_insertion = True

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
        people = People(self._api, not self._itrp, self._personal_apis.get)
        workflows = WorkflowReads(self._api, self._links, people, resources.now)
        changes = ChangeReads(self._api, self._links, people, resources.now)
        self._reads = changes if self._itrp else workflows
        self._notes: WorkflowNotes | ChangeNotes = WorkflowNotes(self._liaisons_api)
        if self._itrp:
            self._notes = ChangeNotes(self._liaisons_api, True, reads=changes)
        self._tasks = TaskWrites(self._api, self._reads, people, self._links, self._notes, self._itrp)
        self._ending = Ending(self._tasks, self._notes)
        additions = Additions(self._tasks, settings.team_id, self._itrp)
        self._actions = Actions(self._api, people, self._tasks)
        self._approvals = Approvals(name, self._personal_apis.get, self._links, self._itrp)
        changes_if_old = changes if self._itrp else None
        self._inbox = Inbox(self._api, self._personal_apis.get, self._links, people, changes_if_old)
        handlers: list[object] = [
            self._tasks,
            Assignment(self._tasks),
            additions,
            self._ending,
            self._notes,
            self._actions,
        ]
        if not self._itrp:
            handlers.append(Starter(self._api, workflows, people, settings))
        if settings.tokens:
            handlers.append(self._approvals)
        super().__init__(name, capabilities(settings.flavour, personal_tokens=bool(settings.tokens)), *handlers)

    def _liaisons_api(self, step: Write) -> Api:
        return self._api

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

    async def assigned_tasks(self, person: Person) -> Listing[AssignedTask]:
        return await self._inbox.tasks_of(person)

    async def actions(self, run: Run) -> Sequence[PlatformAction]:
        return self._actions.list_for(run)

    def plan(self, write: Write, run: Run | None) -> Sequence[Write]:
        """Refuses what the snapshot forbids, so that a range with an approval in it is refused as a whole."""
        task = run.task(write.target) if run and isinstance(write, TaskWrite) else None
        if isinstance(write, TaskWrite) and not isinstance(write, ApproveTask | RejectTask):
            self._tasks.require_allowed(write, task)
        match write:
            case StartRun():
                check_options(write)
            case ApproveTask() | RejectTask():
                return self._approvals.plan(write)
            case EndRun():
                return self._ending.plan(write, run)
            case AddComment() | SetStatus() if isinstance(self._notes, ChangeNotes):
                return [self._notes.with_task(write, run)]
            case TaskWrite() | PerformAction():
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
