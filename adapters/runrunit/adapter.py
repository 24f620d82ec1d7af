"""The Runrun.it adapter: connects the reads and the handlers of the writes, and plans each write's steps."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from adapters.errors import Rejected
from adapters.http.rate_limits import RateLimit
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
)
from adapters.protocol import CheckResult, Resources
from adapters.runrunit.actions import Actions
from adapters.runrunit.api import RunrunitApi
from adapters.runrunit.capabilities import CAPABILITIES
from adapters.runrunit.checklists import Checklists
from adapters.runrunit.errors import error_mapper
from adapters.runrunit.health import check
from adapters.runrunit.links import Links
from adapters.runrunit.people import People
from adapters.runrunit.reads import Reads
from adapters.runrunit.settings import RunrunitSettings
from adapters.runrunit.start import Starts
from adapters.runrunit.workflows import Workflows
from adapters.runrunit.writes.comments import NOTE, Comments, status_parts
from adapters.runrunit.writes.runs import RunWrites
from adapters.runrunit.writes.tasks import TaskWrites
from adapters.runrunit.writes.timers import PAUSE, TAKE, Timers
from adapters.toolkit.base import PlatformAdapter
from adapters.writes import BeginTask, EndRun, FinishTask, HoldTask, SetStatus, SkipTask, StartRun, Write

# Runrun.it allows 100 requests a minute and revokes the account's key when it is abused.
RATE_LIMIT = RateLimit(concurrency=4, calls=80, per=60.0, backoff=60.0)


class Runrunit(PlatformAdapter):
    supports_insertion = True

    def __init__(
        self, name: str, api: RunrunitApi, links: Links, type_id: int, now: Callable[[], datetime]
    ) -> None:
        self._api, self._links = api, links
        self._people = people = People(api, now)
        checklists, workflows = Checklists(api), Workflows(api, people)
        self._reads = reads = Reads(api, people, links, now, checklists)
        comments = Comments(api, reads)
        tasks = TaskWrites(api, people, links, reads, workflows)
        timers = Timers(api, people, links, reads, comments)
        runs = RunWrites(api, people, tasks, reads, workflows, type_id, now)
        self._actions = Actions(api, runs, checklists)
        starts = Starts(api, people, reads, type_id)
        super().__init__(name, CAPABILITIES, starts, tasks, timers, runs, comments, self._actions, http=api.http)

    async def runbooks(self, query: str) -> Listing[Runbook]:
        return await self._reads.runbooks()

    async def runbook(self, id: str) -> Runbook:
        return await self._reads.runbook(id)

    async def runs(self, query: str) -> Listing[RunSummary]:
        return await self._reads.runs()

    async def read(self, id: str) -> Run:
        return await self._reads.run(id)

    async def read_tasks(self, run: str, tasks: Sequence[str]) -> Sequence[Task]:
        return await self._reads.tasks(tasks)

    async def assigned_tasks(self, person: Person) -> Listing[AssignedTask]:
        return await self._reads.assigned_tasks(person)

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        return await self._reads.comments(id, task)

    async def instructions(self, task: str) -> str:
        return await self._reads.instructions(task)

    async def actions(self, run: Run) -> Sequence[PlatformAction]:
        return await self._actions.available(run)

    async def check(self) -> Sequence[CheckResult]:
        return await check(self.name, self._api, self._people)

    def parse_link(self, url: str) -> RunKey | TaskKey | RunbookKey | None:
        """A page shows a task. Whether it is a step of a run is known once that run has been read."""
        id = self._links.parse(url)
        if id is None:
            return None
        run = self._reads.run_of_task.get(id)
        key = RunKey(platform=self.name, id=run or id)
        return TaskKey(run=key, id=id) if run else key

    async def check_changes(self, runs: Sequence[Run]) -> Mapping[str, bool]:
        """Runrun.it has no list of edits, and tasks have no time of their last edit."""
        return await self._reads.check_changes(runs)

    def affected_ids(self, payload: bytes) -> Collection[str] | None:
        """The payload names only the task. A new task may belong to any run."""
        event = json_object(payload)
        name, id = event.get("event"), nested_value(event, "data", "task", "id")
        if isinstance(name, str) and not name.startswith("task"):
            return ()
        return (str(id),) if id and name != "task:create" else None

    def plan(self, write: Write, run: Run | None) -> Sequence[Write]:
        """Depends on the write alone, so that a restart finds the same steps."""
        match write:
            case StartRun(rehearsal=True):
                raise Rejected(self.name, write.op, key="runrunit.no_rehearsal")
            case BeginTask():
                return [write.as_part(TAKE), write]
            case HoldTask():
                return [write.as_part(PAUSE), write]
            case SkipTask():
                return [write, write.as_part(NOTE)]
            case FinishTask(note=text) | EndRun(text=text):
                return [write, write.as_part(NOTE)] if text.strip() else [write]
            case SetStatus():
                return [*(write.as_part(part) for part in status_parts(write)), write]
        return [write]


def connect(name: str, settings: RunrunitSettings, resources: Resources) -> Runrunit:
    """All platforms with this account's app key share one rate limit, whatever their user token."""
    key = settings.app_key.get_secret_value().strip()
    headers = {
        "App-Key": key,
        "User-Token": settings.user_token.get_secret_value().strip(),
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    http = resources.http.client(
        name, settings.url, credential=key, headers=headers, rate_limit=RATE_LIMIT, map_error=error_mapper(name)
    )
    api = RunrunitApi(name, http, settings.project_template_id, settings.project_id)
    return Runrunit(name, api, Links(settings.url), settings.type_id, resources.now)
