"""The Playbooks adapter: which steps a write has, and what executes and reconciles each."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from adapters.errors import Rejected, Unsupported
from adapters.http.client import HttpClient
from adapters.http.responses import json_object
from adapters.models import Comment, PlatformAction, Run, Runbook, RunbookKey, RunKey, RunSummary, TaskKey
from adapters.playbooks import links
from adapters.playbooks.actions import Actions
from adapters.playbooks.api import Api
from adapters.playbooks.capabilities import capabilities
from adapters.playbooks.errors import NOT_PARTICIPANT, error_mapper
from adapters.playbooks.health import HealthCheck
from adapters.playbooks.people import People
from adapters.playbooks.reads import Reads
from adapters.playbooks.settings import PlaybooksSettings
from adapters.playbooks.start import StartWrites
from adapters.playbooks.teams import Teams
from adapters.playbooks.writes.comments import NOTE, CommentWrites, comment_text
from adapters.playbooks.writes.join import JOIN, RunJoiner
from adapters.playbooks.writes.run import RunWrites
from adapters.playbooks.writes.tasks import ASSIGN, TaskWrites
from adapters.protocol import Capability, CheckResult, Resources, require_supported
from adapters.writes import (
    AddComment,
    AddTask,
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
    SetStatus,
    SkipTask,
    StartRun,
    TaskWrite,
    Write,
    WriteMarker,
    WriteResult,
)

_LOOKUP = (StartRun, AddTask, AddComment, HoldTask, SetStatus)


class Playbooks:
    """One Mattermost site with its Playbooks plugin. ``site`` has no trailing slash."""

    def __init__(self, name: str, http: HttpClient, site: str, team: str, now: Callable[[], datetime]) -> None:
        self._name, self._site = name, site
        self._api = Api(name, http)
        people, self._teams = People(self._api), Teams(self._api, team)
        self._reads = Reads(self._api, people, self._teams, site, now)
        self._starts = StartWrites(self._api, people, self._teams, self._reads)
        self._comments = CommentWrites(self._api, people, site)
        self._tasks = TaskWrites(self._api, people, self._reads)
        self._runs = RunWrites(self._api, self._comments, self._reads, now)
        self._actions = Actions(self._api, people, self._tasks, self._reads, now)
        self._joiner = RunJoiner(self._api, people, site)

    @property
    def name(self) -> str:
        return self._name

    @property
    def capabilities(self) -> Mapping[Op, Capability]:
        return capabilities(self._api.features.can_skip)

    async def runbooks(self, words: str) -> Sequence[Runbook]:
        return await self._reads.runbooks()

    async def runbook(self, id: str) -> Runbook:
        return await self._reads.runbook(id)

    async def runs(self, words: str) -> Sequence[RunSummary]:
        return await self._reads.runs()

    async def read(self, id: str) -> Run:
        return await self._reads.run(id)

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        return await self._comments.recent(await self._api.run(id, "comments"), task)

    async def actions(self, run: Run) -> Sequence[PlatformAction]:
        return self._actions.list(run)

    def steps(self, write: Write, run: Run | None) -> Sequence[Write]:
        """Text typed along with a write is a post of its own. It comes first if the write ends the run.

        A skip that may be emulated by closing the task always has a post that says so.
        """
        require_supported(self._name, self.capabilities, write.op)
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

    def recovery(self, step: Write) -> Recovery:
        if isinstance(step, PerformAction):
            return self._actions.recovery(step)
        return Recovery.LOOKUP if step.part == NOTE or isinstance(step, _LOOKUP) else Recovery.IDEMPOTENT

    async def execute(self, step: Write, mark: WriteMarker) -> WriteResult:
        """If the bot is not in the run, nothing is done. Once a person lets it join, the step is sent again."""
        self._api.http.require_not_limited(step.op)
        try:
            return await self._execute(step, mark)
        except Rejected as refusal:
            if refusal.key != NOT_PARTICIPANT:
                raise
            if JOIN not in step.options:
                raise await self._joiner.explain_refusal(step, refusal) from refusal
        await self._joiner.join(step)
        return await self._execute(step, mark)

    async def _execute(self, step: Write, marker: WriteMarker) -> WriteResult:
        text = comment_text(step)
        if text is not None:
            return await self._comments.write(step, text, marker)
        match step:
            case StartRun():
                return await self._starts.start(step, marker)
            case SetStatus():
                return await self._runs.post_status(step, marker)
            case EndRun():
                return await self._runs.finish(step)
            case AddTask():
                return await self._tasks.add(step, marker)
            case PerformAction():
                return await self._actions.execute(step)
            case TaskWrite():
                return await self._tasks.change(step)
        raise Unsupported(self._name, step.op)

    async def reconcile(self, step: Write, mark: WriteMarker, known: Baseline) -> Reconciliation:
        if comment_text(step) is not None:
            return await self._comments.reconcile(step, mark, known)
        match step:
            case StartRun():
                return await self._starts.reconcile(step, mark, known)
            case SetStatus():
                return await self._runs.reconcile_status(step, mark, known)
            case EndRun():
                return await self._runs.reconcile_finish(step)
            case AddTask():
                return await self._tasks.reconcile_add(step, mark, known)
            case TaskWrite():
                return await self._tasks.reconcile(step)
            case PerformAction():
                return await self._actions.reconcile(step, known)
        return Indeterminate()

    def parse_link(self, url: str) -> RunKey | TaskKey | RunbookKey | None:
        return links.parse(url, self._name, self._site)

    def affected_ids(self, said: bytes) -> Collection[str] | None:
        """The body of a webhook is the run itself, on both generations."""
        run = json_object(said)
        return (str(run["id"]),) if run.get("id") and "playbook_id" in run else None

    async def check(self) -> Sequence[CheckResult]:
        return await HealthCheck(self._api, self._teams, self._site).check()


def connect(name: str, settings: PlaybooksSettings, resources: Resources) -> Playbooks:
    token = settings.token.get_secret_value()
    http = resources.http.client(
        name,
        settings.url,
        credential=token,
        headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
        map_error=error_mapper(name),
    )
    return Playbooks(name, http, settings.url, settings.team, resources.now)
