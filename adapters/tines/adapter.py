"""The Tines adapter: reads, the steps of each write, and who carries and settles them."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from adapters.errors import Unsupported
from adapters.http.client import HttpClient, HttpClients
from adapters.http.responses import ListResult
from adapters.models import Comment, Health, PlatformAction, Run, Runbook, RunbookKey, RunKey, RunSummary, TaskKey
from adapters.protocol import Capability, CheckResult, Resources, require_supported
from adapters.tines import links, mapping, wire
from adapters.tines.actions import Offers
from adapters.tines.capabilities import CAPABILITIES
from adapters.tines.cases import COLOUR, Cases
from adapters.tines.comments import NOTE, Comments
from adapters.tines.errors import explaining
from adapters.tines.extras import Extras
from adapters.tines.health import check
from adapters.tines.people import People
from adapters.tines.reads import Reads
from adapters.tines.settings import TinesSettings
from adapters.tines.start import Starting
from adapters.tines.stories import Stories
from adapters.tines.tasks import ASSIGN, MARK, Tasks
from adapters.tines.webhooks import Webhooks
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

_SAID = (AddComment, HoldTask, SetStatus)


@dataclass
class Tines:
    name: str
    settings: TinesSettings
    caller: HttpClient
    http: HttpClients
    now: Callable[[], datetime]
    capabilities: Mapping[Op, Capability] = field(default_factory=lambda: CAPABILITIES)

    def __post_init__(self) -> None:
        settings = self.settings
        colours = {Health.GREEN: settings.green, Health.AMBER: settings.amber, Health.RED: settings.red}
        self.colours = {health: status.strip() for health, status in colours.items() if status.strip()}
        self.reading = Reads(self.caller, settings.team_id)
        people = People(self.reading, self.now)
        self.starting = Starting(self.reading, people, settings)
        self.tasks = Tasks(self.reading, people)
        self.said = Comments(self.reading, people, self.tasks, self.colours)
        self.cases = Cases(self.reading, people, self.colours)
        self.extras = Extras(self.reading, people)
        webhooks, stories = Webhooks(self.caller, self.http), Stories(self.reading, self.now)
        self.pressing = Offers(self.reading, webhooks, self.extras, stories, settings.stories)

    async def runbooks(self, words: str) -> Sequence[Runbook]:
        """Cases with the template tag, open or closed; callers match the titles themselves."""
        listing = await self._tagged({"tags": [self.settings.template_tag]}, "runbooks")
        found = [case for case in listing.items if mapping.has_tag(case, self.settings.template_tag)]
        for case in found:
            self.starting.learn(case)
        return [mapping.runbook(self.name, case) for case in found]

    async def runbook(self, id: str) -> Runbook:
        case, tasks = await self._whole(id)
        if mapping.has_tag(case, self.settings.template_tag):
            self.starting.learn(case, tasks)
        return mapping.runbook(self.name, case, tasks)

    async def runs(self, words: str) -> Sequence[RunSummary]:
        tag = self.settings.run_tag
        listing = await self._tagged({"status": "OPEN", "tags": [tag]}, "runs")
        found = [case for case in listing.items if mapping.has_tag(case, tag) and mapping.is_open(case)]
        return [mapping.run_head(self.name, case) for case in found]

    async def read(self, id: str) -> Run:
        (case, tasks), coloured = await asyncio.gather(self._whole(id), self.cases.coloured(id))
        run = mapping.run(self.name, case, tasks, mapping.health_of(case, self.colours), self.now(), coloured)
        self.tasks.learn(run)
        return run.model_copy(update={"own_buttons": self.pressing.names(case.actions)})

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        return await self.said.last(id, task)

    async def actions(self, run: Run) -> Sequence[PlatformAction]:
        return await self.pressing.of(run)

    def steps(self, write: Write, run: Run | None) -> Sequence[Write]:
        """What changes a task is followed by a comment that says who did it: those calls name no author."""
        require_supported(self.name, self.capabilities, write.op)
        match write:
            case StartRun():
                return self.starting.steps(write)
            case BeginTask():
                task = run.task(write.task) if run else None
                taken = task is not None and bool(task.assignees)
                return [write, *(write.as_part(part) for part in ([NOTE] if taken else [ASSIGN, NOTE]))]
            case ReopenTask():
                task = run.task(write.task) if run else None
                begun = task is None or task.started_at is not None
                return [write, *(write.as_part(part) for part in ([MARK, NOTE] if begun else [NOTE]))]
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
                return self.starting.recovery(step)
            case SetStatus(part="colour"):
                return Recovery.IDEMPOTENT
            case PerformAction():
                return self.pressing.recovery(step)
        return Recovery.LOOKUP if step.part == NOTE or isinstance(step, (*_SAID, AddTask)) else Recovery.IDEMPOTENT

    async def execute(self, step: Write, mark: WriteMarker) -> WriteResult:
        match step:
            case StartRun():
                return await self.starting.execute(step, mark)
            case SetStatus(part="colour"):
                return await self.cases.colour(step)
            case EndRun(part=""):
                return await self.cases.end(step)
            case AddTask():
                return await self.tasks.add(step, mark)
            case PerformAction():
                return await self.pressing.execute(step, mark)
            case _ if step.part == NOTE or isinstance(step, _SAID):
                return await self.said.say(step, mark)
            case TaskWrite():
                return await self.tasks.execute(step, mark)
        raise Unsupported(self.name, step.op.value)

    async def reconcile(self, step: Write, mark: WriteMarker, known: Baseline) -> Reconciliation:
        match step:
            case StartRun():
                return await self.starting.reconcile(step, mark)
            case SetStatus(part="colour"):
                return await self.cases.settle_colour(step)
            case EndRun(part=""):
                return await self.cases.settle_end(step)
            case AddTask():
                return await self.tasks.settle_add(step, mark)
            case PerformAction():
                return await self.pressing.reconcile(step)
            case _ if step.part == NOTE or isinstance(step, _SAID):
                return await self.said.reconcile(step, mark)
            case TaskWrite():
                return await self.tasks.reconcile(step)
        return Indeterminate()

    async def changed_since(self, since: datetime) -> Mapping[str, str]:
        """There are no outgoing webhooks (sheet 1, "Outbound webhooks"); closed cases are edited too."""
        filters = {"tags": [self.settings.run_tag], "updated_at_start_date": f"{since:%Y-%m-%dT%H:%M:%SZ}"}
        listing = await self.reading.cases(filters, "show", "RECENTLY_EDITED")
        return {
            case.case_id: hashlib.sha256(case.model_dump_json().encode()).hexdigest() for case in listing.items
        }

    def parse_link(self, url: str) -> RunKey | TaskKey | RunbookKey | None:
        found = links.parse(url, self.settings.url, self.name)
        if found is not None and self.starting.is_template(found.id):
            return RunbookKey(platform=self.name, id=found.id)
        return found

    async def check(self) -> Sequence[CheckResult]:
        return await check(self.name, self.settings, self.reading)

    async def _whole(self, id: str) -> tuple[wire.Case, Sequence[wire.Task]]:
        """The case's own list of tasks is not promised to be whole, nor to say who is who."""
        case, tasks = await asyncio.gather(self.reading.case(id, "show"), self.reading.tasks(id, "show"))
        self.cases.learn(case)
        self.extras.learn(case)
        return case, tasks

    async def _tagged(self, filters: Mapping[str, object], operation: str) -> ListResult[wire.Case]:
        listing = await self.reading.cases(filters, operation)
        for case in listing.items:
            self.cases.learn(case)
        return listing


def connect(name: str, settings: TinesSettings, resources: Resources) -> Tines:
    token = settings.token.get_secret_value().strip()
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    caller = resources.http.client(
        name, settings.url, credential=token, headers=headers, map_error=explaining(name)
    )
    return Tines(name, settings, caller, resources.http, resources.now)
