"""The Tines adapter: which steps a write has, and the objects that read and write."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from datetime import datetime

from adapters.change_sources import Edit, EditPages
from adapters.errors import NotFound
from adapters.models import (
    AssignedTask,
    Comment,
    Health,
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
from adapters.protocol import CheckResult, Markup, Resources
from adapters.tines import links, mapping, wire
from adapters.tines.actions import Actions
from adapters.tines.api import Api
from adapters.tines.capabilities import CAPABILITIES
from adapters.tines.case_actions.links import AttachLink, LinkCase, UnlinkCase
from adapters.tines.case_actions.members import Follow, HandOverCase, TakeOffCase, TaskMembers
from adapters.tines.case_actions.state import SetFields, SetPriority, SetSubStatus
from adapters.tines.case_templates import CaseTemplates, template_id
from adapters.tines.errors import error_mapper
from adapters.tines.health import HealthCheck
from adapters.tines.inputs import CaseInputs
from adapters.tines.people import People
from adapters.tines.running import RunningTasks
from adapters.tines.settings import TinesSettings
from adapters.tines.start import StartWrites
from adapters.tines.stories import Stories
from adapters.tines.sub_statuses import SubStatuses
from adapters.tines.webhooks import Webhooks
from adapters.tines.writes.case import COLOUR, SENTENCE, CaseWrites
from adapters.tines.writes.comments import NOTE, CommentWrites
from adapters.tines.writes.tasks import ASSIGN, MARK, TaskWrites
from adapters.tines.writes.views import TaskViews
from adapters.toolkit.base import PlatformAdapter
from adapters.toolkit.timestamps import parse_timestamp
from adapters.writes import (
    AssignTask,
    BeginTask,
    EndRun,
    FinishTask,
    PerformAction,
    ReopenTask,
    SetStatus,
    SkipTask,
    StartRun,
    Write,
)


class Tines(PlatformAdapter):
    """One Tines tenant."""

    markup = Markup.MARKDOWN_WITH_BREAKS

    def __init__(self, name: str, settings: TinesSettings, resources: Resources) -> None:
        token = settings.token.get_secret_value().strip()
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        http, now = resources.http, resources.now
        client = http.client(name, settings.url, credential=token, headers=headers, map_error=error_mapper(name))
        colours = {Health.GREEN: settings.green, Health.AMBER: settings.amber, Health.RED: settings.red}
        self._colours = {health: status.strip() for health, status in colours.items() if status.strip()}
        self._settings, self._now = settings, now
        self._api = Api(client, settings.team_id)
        people, self._views = People(self._api, now), TaskViews(self._api)
        self._people = people
        inputs, self._sub_statuses = CaseInputs(self._api), SubStatuses(self._api)
        self._templates = CaseTemplates(self._api)
        self._starts = StartWrites(self._api, people, settings, inputs, self._templates)
        self._running = RunningTasks(self._api)
        tasks = TaskWrites(self._api, people, self._views, self._running)
        self._comments = CommentWrites(self._api, people, tasks, self._views)
        self._case_writes = CaseWrites(self._api, people, self._colours, self._sub_statuses)
        self.webhooks = Webhooks(client, http)
        stories = Stories(self._api, now)
        changes = (
            SetFields(self._api, people, inputs),
            SetPriority(self._api, people),
            SetSubStatus(self._api, people, self._sub_statuses),
            Follow(self._api, people),
            *(LinkCase(self._api, people), UnlinkCase(self._api, people), AttachLink(self._api, people)),
            *(HandOverCase(self._api, people), TakeOffCase(self._api, people)),
            TaskMembers(self._api, people, tasks),
        )
        self._actions = Actions(self._api, self.webhooks, stories, settings.stories, changes)
        super().__init__(name, CAPABILITIES, self._starts, tasks, self._comments, self._case_writes, self._actions)

    async def runbooks(self, query: str) -> Listing[Runbook]:
        """Open and closed templates. Proxies may drop the filter, so the tag is checked again."""
        tag = self._settings.template_tag
        cases, made = await asyncio.gather(self._cases({"tags": [tag]}, "runbooks"), self._templates.all())
        templates = [case for case in cases if mapping.has_tag(case, tag)]
        for case in templates:
            self._starts.remember_template(case)
        found = [mapping.runbook(self.name, case) for case in templates]
        return Listing([*found, *made], cases.complete and made.complete)

    async def runbook(self, id: str) -> Runbook:
        if (template := template_id(id)) is not None:
            return await self._templates.read(template)
        case, tasks = await self._case_with_tasks(id)
        if mapping.has_tag(case, self._settings.template_tag):
            self._starts.remember_template(case, tasks)
            return mapping.runbook(self.name, case, tasks)
        warning = "tines.is_a_run" if mapping.has_tag(case, self._settings.run_tag) else "tines.not_a_template"
        return mapping.runbook(self.name, case, tasks).model_copy(update={"warning": warning})

    async def runs(self, query: str) -> Listing[RunSummary]:
        tag = self._settings.run_tag
        cases = await self._cases({"status": "OPEN", "tags": [tag]}, "runs")
        runs = [case for case in cases if mapping.has_tag(case, tag) and mapping.is_open(case)]
        return Listing([mapping.run_summary(self.name, case) for case in runs], cases.complete)

    async def assigned_tasks(self, person: Person) -> Listing[AssignedTask]:
        """Picked from the open runs that were edited last: the API filters tasks for the key's own user only.

        Takes two requests, and one for the team.
        """
        user = await self._people.member(person, "runs")
        if user is None:
            return Listing([])
        tag, found, complete = self._settings.run_tag, [], True
        cases = await self._api.last_edited({"status": "OPEN", "tags": [tag]}, "runs", pages=2)
        for case in cases:
            if not (mapping.has_tag(case, tag) and mapping.is_open(case)):
                continue
            complete = complete and len(case.tasks) < mapping.COMPLETE_BELOW
            run = mapping.run_summary(self.name, case)
            found += [
                AssignedTask(run=run, task=mapping.task(task, mapping.running_since(case, task.id)))
                for item in case.tasks
                if not item.completed and user.id in {assignee.id for assignee in item.assignees}
                for task in [item.model_copy(update={"assignees": _named(item.assignees, user)})]
            ]
        return Listing(found, cases.complete and complete)

    async def read(self, id: str) -> Run:
        case, tasks = await self._case_with_tasks(id)
        if mapping.has_tag(case, self._settings.template_tag) and not mapping.has_tag(
            case, self._settings.run_tag
        ):
            raise NotFound(self.name, "show")  # it is a runbook
        case = await self._running.current(case, tasks, "show")
        health = await self._case_writes.read_health(case)
        run = mapping.run(self.name, case, tasks, health, self._now(), self._colours, self._people.own_user)
        self._views.remember(run)
        return run.model_copy(update={"own_buttons": self._actions.button_names(case.actions)})

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        return await self._comments.recent(id, task)

    async def actions(self, run: Run) -> Sequence[PlatformAction]:
        return await self._actions.list(run)

    def plan(self, write: Write, run: Run | None) -> Sequence[Write]:
        """A comment that says who did it follows each change of a task: those requests have no author."""
        match write:
            case StartRun():
                return self._starts.plan(write)
            case BeginTask():
                task = run.task(write.task) if run else None
                is_assigned = task is not None and bool(task.assignees)
                return [write, *(write.as_part(part) for part in ([NOTE] if is_assigned else [ASSIGN, NOTE]))]
            case ReopenTask():
                task = run.task(write.task) if run else None
                may_run = task is None or task.started_at is not None
                return [write, *(write.as_part(part) for part in ([MARK, NOTE] if may_run else [NOTE]))]
            case FinishTask() | SkipTask() | AssignTask():
                return [write, write.as_part(NOTE)]
            case PerformAction():
                return self._actions.plan(write)
            case EndRun(text=text) if text.strip():
                return [write, write.as_part(NOTE)]
            case SetStatus(health=health):
                parts = [COLOUR, SENTENCE] if health in self._colours else [SENTENCE]
                return [*(write.as_part(part) for part in parts), write]
        return [write]

    def changed_since(self, since: datetime) -> Sequence[EditPages]:
        """Closed cases are included: they can be edited too."""
        return [self._edits(since)]

    async def _edits(self, since: datetime) -> EditPages:
        filters = {"tags": [self._settings.run_tag], "updated_at_start_date": f"{since:%Y-%m-%dT%H:%M:%SZ}"}
        async with aclosing(self._api.edited_cases(filters, "show")) as pages:
            async for cases in pages:
                yield [Edit(case.id, _version(case), parse_timestamp(case.updated_at)) for case in cases]

    def parse_link(self, url: str) -> RunKey | TaskKey | RunbookKey | None:
        key = links.parse(url, self._settings.url, self.name)
        if key is not None and self._starts.is_template(key.id):
            return RunbookKey(platform=self.name, id=key.id)
        return key

    async def check(self) -> Sequence[CheckResult]:
        return await HealthCheck(self.name, self._settings, self._api).check()

    async def _case_with_tasks(self, id: str) -> tuple[wire.Case, Sequence[wire.Task]]:
        """The tasks inside a case may be incomplete, and their assignees may have no names."""
        case, tasks = await asyncio.gather(self._api.case(id, "show"), self._api.tasks(id, "show"))
        self._sub_statuses.remember(case)
        return case, tasks

    async def _cases(self, filters: Mapping[str, object], operation: str) -> Listing[wire.Case]:
        result = await self._api.cases(filters, operation)
        for case in result.items:
            self._sub_statuses.remember(case)
        return result


def _named(assignees: Sequence[wire.User], user: wire.User) -> tuple[wire.User, ...]:
    """A list of cases has only the ids of assignees."""
    return tuple(user if assignee.id == user.id else assignee for assignee in assignees)


def _version(case: wire.Case) -> str:
    """Differs after each edit. The seconds that are left of an SLA are no edit."""
    return hashlib.sha256(case.model_dump_json(exclude={"slas"}).encode()).hexdigest()
