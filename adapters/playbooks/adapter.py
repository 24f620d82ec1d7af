"""The Playbooks adapter: which steps a write has, and the objects that read and write."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from adapters.change_sources import Edit, EditPages
from adapters.errors import Rejected
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
    TaskKey,
)
from adapters.playbooks import links
from adapters.playbooks.actions import Actions
from adapters.playbooks.api import Api
from adapters.playbooks.capabilities import CAPABILITIES, capabilities
from adapters.playbooks.errors import NOT_PARTICIPANT, error_mapper
from adapters.playbooks.health import HealthCheck
from adapters.playbooks.people import People
from adapters.playbooks.reads import Reads
from adapters.playbooks.settings import PlaybooksSettings
from adapters.playbooks.start import StartWrites
from adapters.playbooks.teams import Teams
from adapters.playbooks.timeline import Timeline
from adapters.playbooks.wire import is_id, to_datetime
from adapters.playbooks.writes.comments import NOTE, CommentWrites
from adapters.playbooks.writes.join import JOIN, RunJoiner
from adapters.playbooks.writes.run import RunWrites
from adapters.playbooks.writes.tasks import ASSIGN, TaskWrites
from adapters.protocol import Capability, CheckResult, Markup, Resources
from adapters.results import WriteResult
from adapters.toolkit.base import PlatformAdapter
from adapters.writes import BeginTask, EndRun, FinishTask, Op, SkipTask, Write, WriteMarker

READS_PER_MINUTE = 30.0  # of runs that are followed, each with one request
EVENTS = "custom_playbooks_"
RUN_EVENTS = "custom_playbooks_playbook_run_"


class Playbooks(PlatformAdapter):
    """One Mattermost site with its Playbooks plugin."""

    markup = Markup.MARKDOWN_WITH_BREAKS

    def __init__(self, name: str, settings: PlaybooksSettings, resources: Resources) -> None:
        token, self._site, now = settings.token.get_secret_value(), settings.url, resources.now
        self._settings = settings
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        http = resources.http.client(
            name, settings.url, credential=token, headers=headers, map_error=error_mapper(name)
        )
        self._api = Api(name, http)
        people, self._teams = People(self._api), Teams(self._api, settings.team)
        self._reads = Reads(self._api, people, self._teams, self._site, now)
        self._comments = CommentWrites(self._api, people, self._reads, Timeline(self._api, people))
        starts = StartWrites(self._api, people, self._teams, self._reads)
        tasks = TaskWrites(self._api, people, self._reads)
        runs = RunWrites(self._api, self._comments, self._reads, now)
        self._actions = Actions(self._api, people, tasks, self._reads, now)
        self._joiner = RunJoiner(self._api, people, self._site)
        super().__init__(name, CAPABILITIES, starts, runs, tasks, self._comments, self._actions, http=http)

    @property
    def capabilities(self) -> Mapping[Op, Capability]:
        return capabilities(self._api.features.can_skip)

    async def runbooks(self, query: str) -> Listing[Runbook]:
        return await self._reads.runbooks()

    async def runbook(self, id: str) -> Runbook:
        return await self._reads.runbook(id)

    async def runs(self, query: str) -> Listing[RunSummary]:
        return await self._reads.runs()

    async def assigned_tasks(self, person: Person) -> Listing[AssignedTask]:
        return await self._reads.assigned_tasks(person)

    async def read(self, id: str) -> Run:
        return await self._reads.run(id)

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        return await self._comments.recent(await self._api.run(id, "comments"), task)

    async def actions(self, run: Run) -> Sequence[PlatformAction]:
        return self._actions.list(run)

    def plan(self, write: Write, run: Run | None) -> Sequence[Write]:
        """Text typed along with a write is a post of its own. It comes first if the write ends the run.

        A skip that may be emulated by closing the task always has a post that says so.
        """
        match write:
            case SkipTask() if self._api.features.can_skip is not True:
                return [write, write.as_part(NOTE)]
            case FinishTask(note=text) | SkipTask(reason=text):
                return [write, write.as_part(NOTE)] if text.strip() else [write]
            case BeginTask():
                task = run.task(write.task) if run else None
                return [write] if task and task.assignees else [write, write.as_part(ASSIGN)]
            case EndRun(text=text):
                return [write.as_part(NOTE), write] if text.strip() else [write]
        return [write]

    async def execute(self, step: Write, marker: WriteMarker) -> WriteResult:
        """If the bot is not in the run, nothing is done. Once a person lets it join, the step is sent again."""
        try:
            return await super().execute(step, marker)
        except Rejected as refusal:
            if refusal.key != NOT_PARTICIPANT:
                raise
            if JOIN not in step.options:
                raise await self._joiner.explain_refusal(step, refusal) from refusal
        await self._joiner.join(step)
        return await super().execute(step, marker)

    def parse_link(self, url: str) -> RunKey | TaskKey | RunbookKey | None:
        return links.parse(url, self.name, self._site)

    def changed_since(self, since: datetime) -> Sequence[EditPages]:
        return [self._edits(since)]

    async def _edits(self, since: datetime) -> EditPages:
        """The list is in no order by edit, so it is one page."""
        team = self._settings.team if is_id(self._settings.team) else ""
        runs = await self._api.edited_runs(team, int(since.timestamp() * 1000))
        yield [Edit(run.id, str(run.update_at), to_datetime(run.update_at)) for run in runs]

    @property
    def reads_per_minute(self) -> float:
        """Half of a tenth of what Mattermost allows by default where it limits its users: 10 requests a second."""
        return 0.0 if self._api.features.can_list_edits else READS_PER_MINUTE

    @property
    def site(self) -> str:
        return self._site

    def changed_runs(self, event: str, payload: str) -> Collection[str]:
        """Of all versions: the payload is the run, holds the run, or holds the run's id and what changed."""
        if not event.startswith(EVENTS):
            return ()
        body = json_object(payload.encode())
        id = body.get("playbook_run_id") or nested_value(body, "playbook_run", "id")
        if not id and event.startswith(RUN_EVENTS):
            id = body.get("id")
        return (id,) if isinstance(id, str) and is_id(id) else ()

    def affected_ids(self, payload: bytes) -> Collection[str] | None:
        """The body of a webhook is the run itself, on both generations."""
        run = json_object(payload)
        return (str(run["id"]),) if run.get("id") and "playbook_id" in run else None

    async def check(self) -> Sequence[CheckResult]:
        return await HealthCheck(self._api, self._teams, self._site).check()
