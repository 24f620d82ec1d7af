"""The Runrun.it adapter: splits each write into steps, and hands reads and writes to the modules that do them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from adapters.errors import AdapterError, Unsupported
from adapters.http.rate_limits import RateLimit
from adapters.http.responses import json_object, nested_value
from adapters.models import Comment, Health, PlatformAction, Run, Runbook, RunbookKey, RunKey, RunSummary, TaskKey
from adapters.protocol import Capability, CheckResult, Resources, require_supported
from adapters.runrunit.actions import Actions
from adapters.runrunit.api import RunrunitApi
from adapters.runrunit.capabilities import CAPABILITIES
from adapters.runrunit.errors import error_mapper
from adapters.runrunit.health import check
from adapters.runrunit.links import Links
from adapters.runrunit.people import People
from adapters.runrunit.reads import Reads
from adapters.runrunit.reconcile import Reconciler
from adapters.runrunit.settings import RunrunitSettings
from adapters.runrunit.start import Starts
from adapters.runrunit.workflows import Workflows
from adapters.runrunit.writes.comments import CommentWrites, comment_text
from adapters.runrunit.writes.runs import RunWrites
from adapters.runrunit.writes.tasks import TaskWrites
from adapters.writes import (
    AddTask,
    AssignTask,
    Baseline,
    BeginTask,
    EndRun,
    FinishTask,
    HoldTask,
    Op,
    PerformAction,
    Reconciliation,
    Recovery,
    ReopenTask,
    SetStatus,
    SkipTask,
    StartRun,
    Write,
    WriteMarker,
    WriteResult,
)

# Runrun.it allows 100 requests a minute and revokes the account's key when it is abused.
RATE_LIMIT = RateLimit(concurrency=4, calls=80, per=60.0, backoff=60.0)
MAX_STAGE_NAME = 60  # characters; a longer status names no stage
TAKE, PAUSE, MOVE, FLAG, NOTE = "take", "pause", "stage", "urgent", "note"


class Runrunit:
    def __init__(
        self, name: str, api: RunrunitApi, links: Links, type_id: int, now: Callable[[], datetime]
    ) -> None:
        self._name, self.api, self._links = name, api, links
        self._people = People(api, now)
        self._reads = Reads(api, self._people, links, now)
        self._starts = Starts(api, self._people, type_id)
        self._tasks = TaskWrites(api, self._people, links, Workflows(api, self._people))
        self._runs = RunWrites(api, self._people, self._tasks, type_id, now)
        self._comments = CommentWrites(api)
        self._actions = Actions(api, self._runs)
        self._reconciler = Reconciler(self._tasks, self._runs, self._comments)

    @property
    def name(self) -> str:
        return self._name

    @property
    def capabilities(self) -> Mapping[Op, Capability]:
        return CAPABILITIES

    async def runbooks(self, query: str) -> Sequence[Runbook]:
        return await self._reads.runbooks()

    async def runbook(self, id: str) -> Runbook:
        return await self._reads.runbook(id)

    async def runs(self, query: str) -> Sequence[RunSummary]:
        return await self._reads.runs()

    async def read(self, id: str) -> Run:
        return await self._reads.run(id)

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        return await self._reads.comments(id, task)

    async def instructions(self, task: str) -> str:
        return await self._reads.instructions(task)

    async def actions(self, run: Run) -> Sequence[PlatformAction]:
        return await self._actions.available(run)

    def steps(self, write: Write, run: Run | None) -> Sequence[Write]:
        """Depends on the write alone, so that a restart finds the same steps."""
        require_supported(self._name, CAPABILITIES, write.op)
        match write:
            case BeginTask():
                return [write.as_part(TAKE), write]
            case HoldTask():
                return [write.as_part(PAUSE), write]
            case SkipTask():
                return [write, write.as_part(NOTE)]
            case FinishTask(note=text) | EndRun(text=text):
                return [write, write.as_part(NOTE)] if text.strip() else [write]
            case SetStatus(health=health, text=text):
                flag = [write.as_part(FLAG)] if health in (Health.RED, Health.GREEN) else []
                has_colour = health not in (None, Health.UNSET)
                move = [write.as_part(MOVE)] if has_colour or len(text) <= MAX_STAGE_NAME else []
                return [*move, *flag, write]
        return [write]

    def recovery(self, step: Write) -> Recovery:
        """A begin may post a comment (for a person without a user), and a take or assign adds an assignment."""
        if step.part in (MOVE, FLAG, PAUSE):
            return Recovery.IDEMPOTENT
        if step.part == NOTE or isinstance(step, SetStatus):
            return Recovery.LOOKUP
        if isinstance(step, FinishTask | SkipTask | ReopenTask | EndRun | PerformAction):
            return Recovery.IDEMPOTENT
        return Recovery.LOOKUP

    async def execute(self, step: Write, marker: WriteMarker) -> WriteResult:
        self.api.http.require_not_limited(step.op)
        text = comment_text(step)
        if text is not None:
            return await self._comments.post(step, text, marker)
        match step:
            case StartRun():
                return await self._with_snapshot(await self._starts.start(step, marker))
            case SetStatus(part="stage"):
                return await self._runs.move(step)
            case SetStatus():
                return await self._runs.flag(step)
            case AddTask():
                self._reads.expect_prerequisites(step.run_id)
                return await self._runs.add(step)
            case EndRun():
                return await self._runs.end(step)
            case PerformAction():
                return await self._actions.perform(step)
        return await self._execute_on_task(step, marker)

    async def _execute_on_task(self, step: Write, marker: WriteMarker) -> WriteResult:
        match step:
            case FinishTask() | SkipTask():
                return await self._tasks.finish(step)
            case BeginTask(part="take"):
                return await self._tasks.take(step)
            case BeginTask():
                user = await self._people.find_by_email(step.by)
                return await (self._begin(step, user) if user else self._begin_without_user(step, marker))
            case HoldTask():
                return await self._tasks.pause(step)
            case ReopenTask():
                return await self._tasks.reopen(step)
            case AssignTask():
                return await self._tasks.assign(step)
        raise Unsupported(self._name, step.op)

    async def reconcile(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        if isinstance(step, PerformAction):
            return await self._actions.reconcile(step)
        return await self._reconciler.reconcile(step, marker, baseline)

    def parse_link(self, url: str) -> RunKey | TaskKey | RunbookKey | None:
        """A page shows a task. Whether it is a step of a run is known once that run has been read."""
        id = self._links.parse(url)
        if id is None:
            return None
        run = self._reads.run_of_task.get(id)
        key = RunKey(platform=self._name, id=run or id)
        return TaskKey(run=key, id=id) if run else key

    def affected_ids(self, payload: bytes) -> Collection[str] | None:
        """The payload names only the task. A new task may belong to any run."""
        event = json_object(payload)
        name, id = event.get("event"), nested_value(event, "data", "task", "id")
        if isinstance(name, str) and not name.startswith("task"):
            return ()
        return (str(id),) if id and name != "task:create" else None

    async def check(self) -> Sequence[CheckResult]:
        return await check(self._name, self.api, self._people)

    async def _with_snapshot(self, result: WriteResult) -> WriteResult:
        """Adds the new run's tasks, which the response to a start lacks. A failed read does not undo the start."""
        try:
            return result.model_copy(update={"snapshot": await self.read(result.run.id)}) if result.run else result
        except AdapterError:
            return result

    async def _begin(self, step: BeginTask, user: str) -> WriteResult:
        """Adds the task's instructions to the result."""
        result = await self._tasks.play(step, user)
        instructions = "" if result.already else await self.instructions(step.task)
        tasks = tuple(task.model_copy(update={"instructions": instructions}) for task in result.tasks)
        return result.model_copy(update={"tasks": tasks})

    async def _begin_without_user(self, step: BeginTask, marker: WriteMarker) -> WriteResult:
        """Without a user there is no timer, so only a comment says that somebody is working on the task."""
        result = await self._comments.post(step, "Being worked on", marker)
        facts = {"person": step.by.shown}
        return result.model_copy(update={"message": "runrunit.no_timer", "facts": facts})


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
