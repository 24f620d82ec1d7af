"""The Runrun.it adapter: reads, the steps of each write, and who carries and settles them."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime

from adapters.errors import AdapterError, Unsupported
from adapters.http.rate_limits import RateLimit
from adapters.http.responses import json_object, nested_value
from adapters.models import Comment, Health, PlatformAction, Run, Runbook, RunbookKey, RunKey, RunSummary, TaskKey
from adapters.protocol import Capability, CheckResult, Resources, require_supported
from adapters.runrunit import mapping
from adapters.runrunit import text as words
from adapters.runrunit.actions import Offers
from adapters.runrunit.api import Api
from adapters.runrunit.capabilities import CAPABILITIES
from adapters.runrunit.errors import explain_for
from adapters.runrunit.health import check
from adapters.runrunit.links import Links
from adapters.runrunit.people import People
from adapters.runrunit.reconcile import settle_task
from adapters.runrunit.runs import Runs
from adapters.runrunit.saying import Saying, text_of
from adapters.runrunit.settings import RunrunitSettings
from adapters.runrunit.tasks import Tasks
from adapters.runrunit.wire import WireTask
from adapters.runrunit.workflows import Workflows
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

PACE = RateLimit(
    concurrency=4, calls=80, per=60.0, backoff=60.0
)  # of 100 a minute; too many, and the account's key is revoked
LAST_COMMENTS = 20
LONGEST_STAGE = 60  # letters; a longer status names no stage
TAKE, PAUSE, MOVE, FLAG, NOTE = "take", "pause", "stage", "urgent", "note"


class Runrunit:
    def __init__(self, name: str, api: Api, links: Links, type_id: int, now: Callable[[], datetime]) -> None:
        self._name, self._api, self._links, self._now = name, api, links, now
        self._people = People(api, now)
        self._tasks = Tasks(api, self._people, links, Workflows(api, self._people))
        self._runs = Runs(api, self._people, self._tasks, type_id, now)
        self._offers = Offers(api, self._runs)
        self._saying = Saying(api)
        self._run_of: dict[str, str] = {}  # task id -> run id, of the runs that were read
        self._without_added: set[str] = set()  # runs that waited for no task when they were read

    @property
    def name(self) -> str:
        return self._name

    @property
    def capabilities(self) -> Mapping[Op, Capability]:
        return CAPABILITIES

    async def runbooks(self, words: str) -> Sequence[Runbook]:
        """There is no search: callers match the titles."""
        listing = await self._api.templates()
        return [mapping.runbook(self._name, one, self._people) for one in listing.items]

    async def runbook(self, id: str) -> Runbook:
        wire, description = await asyncio.gather(
            self._api.template(id, "show"), self._words_of(self._api.description_of_template(id, "show"))
        )
        return mapping.runbook(self._name, wire, self._people, description)

    async def runs(self, words: str) -> Sequence[RunSummary]:
        listing = await self._api.project_tasks("runs")
        return [mapping.run_head(self._name, one, self._links) for one in mapping.runs(listing.items)]

    async def read(self, id: str) -> Run:
        """Two requests, a third where tasks were added to the run, and once in a while the users."""
        wire, steps = await asyncio.gather(self._api.task(id, "show"), self._api.subtasks(id, "show"))
        added: Sequence[WireTask] = ()
        if wire.opened_parent_ids or id not in self._without_added:
            added = await self._api.prerequisites(id, "show")
            self._without_added -= {id}
            self._without_added |= set() if added else {id}
        await self._people.learn()
        run = mapping.run(self._name, wire, steps, added, self._people, self._links, self._now())
        self._run_of |= {task.id: run.key.id for task in run.tasks}
        return run

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        listing = await self._api.comments(task or id, "comments")
        return mapping.comments(listing.items, task, LAST_COMMENTS)

    async def instructions(self, task: str) -> str:
        """One request: a run's read has them of no task."""
        return await self._words_of(self._api.description(task, "show"))

    async def actions(self, run: Run) -> Sequence[PlatformAction]:
        return await self._offers.of(run)

    def steps(self, write: Write, run: Run | None) -> Sequence[Write]:
        """By the write alone, so that a restart finds the same ones."""
        require_supported(self._name, CAPABILITIES, write.op)
        match write:
            case BeginTask():
                return [write.as_part(TAKE), write]
            case HoldTask():
                return [write.as_part(PAUSE), write]
            case SkipTask():
                return [write, write.as_part(NOTE)]
            case FinishTask(note=said) | EndRun(text=said):
                return [write, write.as_part(NOTE)] if said.strip() else [write]
            case SetStatus(health=health, text=text):
                flag = [write.as_part(FLAG)] if health in (Health.RED, Health.GREEN) else []
                coloured = health not in (None, Health.UNSET)
                move = [write.as_part(MOVE)] if coloured or len(text) <= LONGEST_STAGE else []
                return [*move, *flag, write]
        return [write]

    def recovery(self, step: Write) -> Recovery:
        """A begin may be a comment, for a person without a user; what adds an assignment is not sent blindly."""
        if step.part in (MOVE, FLAG, PAUSE):
            return Recovery.IDEMPOTENT
        if step.part == NOTE or isinstance(step, SetStatus):
            return Recovery.LOOKUP
        return (
            Recovery.IDEMPOTENT
            if isinstance(step, FinishTask | SkipTask | ReopenTask | EndRun | PerformAction)
            else Recovery.LOOKUP
        )

    async def execute(self, step: Write, mark: WriteMarker) -> WriteResult:
        self._api.caller.require_not_limited(step.op)
        said = text_of(step)
        if said is not None:
            return await self._saying.say(step, said, mark)
        match step:
            case StartRun():
                return await self._with_tasks(await self._runs.start(step, mark))
            case SetStatus(part="stage"):
                return await self._runs.move(step)
            case SetStatus():
                return await self._runs.flag(step)
            case AddTask():
                self._without_added.discard(step.run_id)
                return await self._runs.add(step)
            case EndRun():
                return await self._runs.end(step)
            case PerformAction():
                return await self._offers.execute(step)
        return await self._carry_task(step, mark)

    async def _carry_task(self, step: Write, mark: WriteMarker) -> WriteResult:
        match step:
            case FinishTask() | SkipTask():
                return await self._tasks.finish(step)
            case BeginTask(part="take"):
                return await self._tasks.take(step)
            case BeginTask():
                user = await self._people.user_of(step.by)
                return await (self._begin(step, user) if user else self._begin_without_user(step, mark))
            case HoldTask():
                return await self._tasks.pause(step)
            case ReopenTask():
                return await self._tasks.reopen(step)
            case AssignTask():
                return await self._tasks.assign(step)
        raise Unsupported(self._name, step.op)

    async def reconcile(self, step: Write, mark: WriteMarker, known: Baseline) -> Reconciliation:
        if text_of(step) is not None:
            return await self._saying.reconcile(step, mark)
        match step:
            case StartRun():
                return await self._runs.settle_start(step, mark)
            case SetStatus(part="stage"):
                return await self._runs.settle_move(step)
            case SetStatus():
                return await self._runs.settle_flag(step)
            case AddTask():
                return await self._runs.settle_add(step, known)
            case EndRun():
                return await self._runs.settle_end(step)
            case PerformAction():
                return await self._offers.reconcile(step)
            case BeginTask(part="") if await self._people.user_of(step.by) is None:
                return await self._saying.reconcile(step, mark)
        return await settle_task(self._tasks, step)

    def parse_link(self, url: str) -> RunKey | TaskKey | RunbookKey | None:
        """A page shows a task; that it is a step of a run is known once that run was read."""
        id = self._links.parse(url)
        if id is None:
            return None
        run = self._run_of.get(id)
        key = RunKey(platform=self._name, id=run or id)
        return TaskKey(run=key, id=id) if run else key

    def affected_ids(self, said: bytes) -> Collection[str] | None:
        """Their payload (L122-140) names the task alone; a new one may belong to any run."""
        event = json_object(said)
        name, id = event.get("event"), nested_value(event, "data", "task", "id")
        if isinstance(name, str) and not name.startswith("task"):
            return ()
        return (str(id),) if id and name != "task:create" else None

    async def check(self) -> Sequence[CheckResult]:
        return await check(self._name, self._api, self._people)

    async def _words_of(self, description: Awaitable[str]) -> str:
        """Beside the matter: what cannot be read is left out."""
        try:
            return words.plain(await description)
        except AdapterError:
            return ""

    async def _with_tasks(self, told: WriteResult) -> WriteResult:
        """A start's answer has no steps. That they cannot be read now does not undo it."""
        try:
            return told.model_copy(update={"snapshot": await self.read(told.run.id)}) if told.run else told
        except AdapterError:
            return told

    async def _begin(self, step: BeginTask, user: str) -> WriteResult:
        """With what is to be done: whoever begins is told it."""
        told = await self._tasks.play(step, user)
        instructions = "" if told.already else await self.instructions(step.task)
        tasks = tuple(task.model_copy(update={"instructions": instructions}) for task in told.tasks)
        return told.model_copy(update={"tasks": tasks})

    async def _begin_without_user(self, step: BeginTask, mark: WriteMarker) -> WriteResult:
        """No timer without a user: that somebody works on it is only said."""
        told = await self._saying.say(step, "Being worked on", mark)
        return told.model_copy(update={"message": "runrunit.no_timer", "facts": {"person": step.by.shown}})


def connect(name: str, settings: RunrunitSettings, resources: Resources) -> Runrunit:
    """One pace for all that use this account's key, whoever's token they have (contract sheet, section 1)."""
    key = settings.app_key.get_secret_value().strip()
    headers = {
        "App-Key": key,
        "User-Token": settings.user_token.get_secret_value().strip(),
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    caller = resources.http.client(
        name, settings.url, credential=key, headers=headers, rate_limit=PACE, map_error=explain_for(name)
    )
    api = Api(name, caller, settings.project_template_id, settings.project_id)
    return Runrunit(name, api, Links(settings.url), settings.type_id, resources.now)
