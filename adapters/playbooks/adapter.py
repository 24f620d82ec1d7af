"""The adapter: which steps a write has, what carries each, and how an unknown outcome is found out."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from adapters.errors import AdapterError, NotFound, Rejected, Unsupported
from adapters.http.client import HttpClient
from adapters.http.responses import json_object
from adapters.models import Comment, PlatformAction, Run, Runbook, RunbookKey, RunKey, RunSummary, TaskKey
from adapters.playbooks import mapping
from adapters.playbooks.actions import Offers
from adapters.playbooks.api import Api
from adapters.playbooks.capabilities import capabilities
from adapters.playbooks.errors import explain_for
from adapters.playbooks.health import Doctor
from adapters.playbooks.joining import JOIN, NOT_IN_IT, Joining
from adapters.playbooks.people import People
from adapters.playbooks.posts import Posts
from adapters.playbooks.runs import Runs
from adapters.playbooks.settings import PlaybooksSettings
from adapters.playbooks.tasks import ASSIGN, Tasks
from adapters.playbooks.teams import Teams
from adapters.playbooks.wire import WireRun
from adapters.protocol import Capability, CheckResult, Resources, require_supported
from adapters.writes import (
    AddComment,
    AddTask,
    Applied,
    Baseline,
    BeginTask,
    EndRun,
    FinishTask,
    HoldTask,
    Indeterminate,
    NotApplied,
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

NOTE = "note"  # the step that writes what was said along with another write
_FIND = (StartRun, AddTask, AddComment, HoldTask, SetStatus)


class Playbooks:
    """One Mattermost site with its Playbooks plugin. ``site`` has no slash at its end."""

    def __init__(self, name: str, caller: HttpClient, site: str, team: str, now: Callable[[], datetime]) -> None:
        self._name, self._site, self._now = name, site, now
        self._api = Api(name, caller)
        self._people = People(self._api)
        self._teams = Teams(self._api, team)
        self._posts = Posts(self._api, self._people, site)
        self._tasks = Tasks(self._api, self._people, site, self._show)
        self._runs = Runs(self._api, self._people, self._teams, self._posts, site, self._show, now)
        self._offers = Offers(self._api, self._people, self._tasks, self._show, now)
        self._joining = Joining(self._api, self._people, site)
        self._titles: dict[str, str] = {}

    @property
    def name(self) -> str:
        return self._name

    @property
    def capabilities(self) -> Mapping[Op, Capability]:
        return capabilities(self._api.features.skip)

    async def runbooks(self, words: str) -> Sequence[Runbook]:
        found = await self._teams.playbooks()
        self._titles.update((wire.id, wire.title) for wire in found)
        shown = [wire for wire in found if wire.delete_at == 0]
        return [mapping.to_runbook(wire, self._name, self._site, self._people) for wire in shown]

    async def runbook(self, id: str) -> Runbook:
        wire = await self._teams.playbook(id, "runbooks")
        self._titles[wire.id] = wire.title
        return mapping.to_runbook(wire, self._name, self._site, self._people)

    async def runs(self, words: str) -> Sequence[RunSummary]:
        found = [wire for team in await self._teams.ids() for wire in await self._api.runs(team, ("InProgress",))]
        listed = {wire.id: wire for wire in found if mapping.is_listed(wire)}
        return [
            mapping.to_head(wire, self._name, self._site, self._titles.get(wire.playbook_id, ""))
            for wire in sorted(listed.values(), key=lambda wire: wire.create_at, reverse=True)
        ]

    async def read(self, id: str) -> Run:
        return await self._show(await self._api.run(id))

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        return await self._posts.comments(await self._api.run(id, "comments"), task)

    async def actions(self, run: Run) -> Sequence[PlatformAction]:
        return await self._offers.of(run)

    def steps(self, write: Write, run: Run | None) -> Sequence[Write]:
        """Words said along with a write are a post of their own; they go first where the write ends the run.

        A skip that may end as a closed task always says in words that it was skipped.
        """
        require_supported(self._name, self.capabilities, write.op)
        match write:
            case SkipTask() if self._api.features.skip is not True:
                return [write, write.as_part(NOTE)]
            case FinishTask(note=said) | SkipTask(reason=said):
                return [write, write.as_part(NOTE)] if said.strip() else [write]
            case BeginTask():
                task = run.task(write.task) if run else None
                return [write] if task and task.assignees else [write, write.as_part(ASSIGN)]
            case EndRun(text=said):
                return [write.as_part(NOTE), write] if said.strip() else [write]
        return [write]

    def recovery(self, step: Write) -> Recovery:
        if isinstance(step, PerformAction):
            return self._offers.recovery(step)
        return Recovery.LOOKUP if step.part == NOTE or isinstance(step, _FIND) else Recovery.IDEMPOTENT

    async def execute(self, step: Write, mark: WriteMarker) -> WriteResult:
        """In a run that the bot is not in nothing is done; once a person let it in, the same is sent again."""
        self._api.caller.require_not_limited(step.op)
        try:
            return await self._carry(step, mark)
        except Rejected as refused:
            if refused.key != NOT_IN_IT:
                raise
            if JOIN not in step.options:
                raise await self._joining.explained(step, refused) from refused
        await self._joining.join(step)
        return await self._carry(step, mark)

    async def _carry(self, step: Write, mark: WriteMarker) -> WriteResult:
        said = _said(step)
        if said is not None:
            return await self._say(step, said, mark)
        match step:
            case StartRun():
                return await self._runs.start(step, mark)
            case SetStatus():
                return await self._runs.status(step, mark)
            case EndRun():
                return await self._runs.end(step)
            case AddTask():
                return await self._tasks.add(step, mark)
            case PerformAction():
                return await self._offers.execute(step)
            case TaskWrite():
                return await self._tasks.execute(step)
        raise Unsupported(self._name, step.op)

    async def reconcile(self, step: Write, mark: WriteMarker, known: Baseline) -> Reconciliation:
        if _said(step) is not None:
            return await self._settle_saying(step, mark, known)
        match step:
            case StartRun():
                return await self._runs.settle_start(step, mark, known)
            case SetStatus():
                return await self._runs.settle_status(step, mark, known)
            case EndRun():
                return await self._runs.settle_end(step)
            case AddTask():
                return await self._tasks.settle_add(step, mark, known)
            case TaskWrite():
                return await self._tasks.reconcile(step)
            case PerformAction():
                return await self._offers.reconcile(step, known)
        return Indeterminate()

    def parse_link(self, url: str) -> RunKey | TaskKey | RunbookKey | None:
        return mapping.from_link(url, self._name, self._site)

    def affected_ids(self, said: bytes) -> Collection[str] | None:
        """The body is the run itself, on both generations (sheet 1.2)."""
        run = json_object(said)
        return (str(run["id"]),) if run.get("id") and "playbook_id" in run else None

    async def check(self) -> Sequence[CheckResult]:
        return await Doctor(self._api, self._teams, self._site).check()

    async def _say(self, step: Write, said: str, mark: WriteMarker) -> WriteResult:
        """Posts it in the run's channel, with the task named where it is about one."""
        run = await self._api.run(step.run_id, step.op)
        task = self._about(step, run)
        kind = f"{step.op}:{NOTE}" if step.part == NOTE else step.op.value
        comment = await self._posts.add(run, said, mark, kind=kind, task=task)
        return WriteResult(id=comment.id, comment=comment)

    async def _settle_saying(self, step: Write, mark: WriteMarker, known: Baseline) -> Reconciliation:
        run = await self._api.run(step.run_id, step.op)
        try:
            post = await self._posts.find(run, mark, known, step.op)
        except NotFound:
            return Indeterminate()
        if post is None:
            return NotApplied()
        task = step.target or None
        return Applied(WriteResult(id=post.id, comment=mapping.to_comment(post, self._people, task)))

    def _about(self, step: Write, run: WireRun) -> tuple[str, str] | None:
        """(id, title) of the task that the words are about."""
        if not step.target:
            return None
        found = mapping.places(run, step.target)
        if not found:
            link = mapping.run_link(self._site, run.id)
            raise NotFound(self._name, step.op, key="playbooks.task_gone", run=run.name, link=link)
        checklist, item = found[0]
        return step.target, run.checklists[checklist].items[item].title

    async def _show(self, wire: WireRun) -> Run:
        await self._people.learn(mapping.user_ids(wire))
        title = await self._title(wire.playbook_id)
        return mapping.to_run(wire, self._name, self._site, self._people, self._now(), title)

    async def _title(self, playbook: str) -> str:
        """Of a playbook, asked once; one that the bot may not see has none."""
        if playbook and playbook not in self._titles:
            try:
                self._titles[playbook] = (await self._api.playbook(playbook, "show")).title
            except NotFound:
                self._titles[playbook] = ""
            except AdapterError:
                return ""
        return self._titles.get(playbook, "")


def _said(step: Write) -> str | None:
    """The text of a step that is a post in the run's channel; None for every other step."""
    match step:
        case AddComment(text=text):
            return text
        case HoldTask(reason=reason):
            return f"On hold: {reason}"
        case FinishTask(part="note", note=note):
            return note
        case SkipTask(part="note", reason=reason):
            return f"Skipped: {reason}" if reason.strip() else "Skipped"
        case EndRun(part="note", text=text):
            return text
    return None


def connect(name: str, settings: PlaybooksSettings, resources: Resources) -> Playbooks:
    token = settings.token.get_secret_value()
    caller = resources.http.client(
        name,
        settings.url,
        credential=token,
        headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
        map_error=explain_for(name),
    )
    return Playbooks(name, caller, settings.url, settings.team, resources.now)
