"""The state of the fake Cutover: runbooks with their tasks and streams, and the rules for changing them."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from adapters.testing.harness import RUNBOOK, TASKS
from tests.adapters.edit_times import EditTimes

WORKSPACE = "3"
NORMAL_RUNBOOK = "21"
RUNBOOK_TYPES = {NORMAL_RUNBOOK: "Normal runbook", "22": "Incident", "23": "Old"}
FOLDERS = {"11": "Default", "12": "Disaster recovery"}
BOT = "900"  # the user that the token acts as
NORMAL, DECISION, AUTOMATIC, MAIL = "1", "2", "3", "4"  # task types


@dataclass(frozen=True)
class FakeUser:
    id: str
    first_name: str
    last_name: str
    email: str


USERS = (
    FakeUser(BOT, "Liaison", "Bot", "liaison@example.com"),
    FakeUser("901", "Ben", "Silva", "ben@example.com"),
    FakeUser("902", "Ana", "Costa", "ana@example.com"),
)


class FakeApiError(Exception):
    """``errors``: (code, detail, pointer), as in Cutover's error responses."""

    def __init__(self, *errors: tuple[str, str, str], status: int = 422) -> None:
        super().__init__(errors)
        self.errors = errors
        self.status = status


@dataclass
class FakeTask:
    id: str
    name: str
    stream: str
    description: str = ""
    stage: str = "default"
    type: str = NORMAL
    before: list[str] = field(default_factory=list)
    start_requirements: str = "any_can_start"
    end_requirements: str = "any_can_end"
    people: list[str] = field(default_factory=lambda: [BOT])
    started_by: list[str] = field(default_factory=list)
    finished_by: list[str] = field(default_factory=list)
    completion_type: str | None = None
    start_actual: str | None = None
    end_actual: str | None = None
    end_planned: str | None = None
    chosen: list[str] | None = None
    duration: int = 600
    fields: dict[str, str | None] = field(default_factory=dict)  # custom fields
    required_fields: list[str] = field(default_factory=list)  # to finish it
    assignees: list[tuple[str, str]] = field(default_factory=list)  # (type, id); newer versions


@dataclass
class FakeComment:
    id: str
    content: str
    task: str | None
    author: str


@dataclass
class FakeRunbook:
    """``checks``: the findings of the pre-start checks, as (code, detail, blocks even at level ``error``)."""

    id: str
    name: str
    is_template: bool = False
    template_status: str | None = None
    stage: str = "planning"
    description: str = ""
    archived: bool = False
    dynamic: bool = True
    status: str = "off"
    status_message: str | None = None
    status_updated_at: str | None = None
    run_type: str | None = None
    run_comms: str | None = None
    created_at: str = ""
    start_actual: str | None = None
    end_actual: str | None = None
    end_forecast: str | None = None
    end_planned: str | None = None
    end_scheduled: str | None = None
    start_planned: str | None = None
    start_scheduled: str | None = None
    stream_status: dict[str, tuple[str, str]] = field(default_factory=dict)  # stream id -> (colour, reason)
    workspace: str = WORKSPACE
    folder: str = "11"
    streams: list[tuple[str, str]] = field(default_factory=list)  # (id, name)
    parent_streams: dict[str, str] = field(default_factory=dict)
    type: str = "22"  # of runbook; a copy gets the default type unless told otherwise
    fields: dict[str, str | None] = field(default_factory=dict)  # custom fields
    required_fields: list[str] = field(default_factory=list)  # to start it
    tasks: dict[str, FakeTask] = field(default_factory=dict)
    comments: list[FakeComment] = field(default_factory=list)
    checks: list[tuple[str, str, bool]] = field(default_factory=list)

    def task(self, name: str) -> FakeTask:
        return next(task for task in self.tasks.values() if task.name == name)


@dataclass
class World:
    """Ids are consecutive numbers, as text. ``effects`` lists every change runbook_copy, as (what, id, who)."""

    runbooks: dict[str, FakeRunbook] = field(default_factory=dict)
    effects: list[tuple[str, str, str]] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(7001))
    clock: datetime | None = None  # None: the real time
    edit_times: EditTimes = field(default_factory=EditTimes)
    dates_runbooks_by_tasks: bool = False  # whether an edit of a task is one of its runbook

    def id(self) -> str:
        return str(next(self.ids))

    def now(self) -> str:
        """In the format of the vendor's samples. Each call moves a set ``clock`` on by a second."""
        at = self.clock or datetime.now(UTC)
        if self.clock is not None:
            self.clock += timedelta(seconds=1)
        return _as_text(at)

    def edited_at(self, runbook: FakeRunbook) -> str:
        """As of its tasks too, with ``dates_runbooks_by_tasks``. The reference does not say."""
        times = [
            self.edit_times.of(runbook.id, (runbook.name, runbook.stage, runbook.status, runbook.status_message))
        ]
        if self.dates_runbooks_by_tasks:
            times += [self.edit_times.of(task.id, task) for task in runbook.tasks.values()]
        return _as_text(max(times))

    def task_edited_at(self, task: FakeTask) -> str:
        return _as_text(self.edit_times.of(task.id, task))

    def record_effect(self, what: str, id: str, who: str = BOT) -> None:
        self.effects.append((what, id, who))

    def template(self, name: str = RUNBOOK, status: str = "approved") -> FakeRunbook:
        """A template with ``TASKS``: the third waits for the first two, the fourth for the third."""
        template = self.planned(name)
        template.is_template, template.template_status = True, status
        return template

    def planned(self, name: str) -> FakeRunbook:
        """A runbook in planning with ``TASKS``."""
        runbook = FakeRunbook(self.id(), name, created_at=self.now(), description=f"What to do: {name}")
        self.runbooks[runbook.id] = runbook
        streams: dict[str, str] = {}
        tasks: list[FakeTask] = []
        for stage, title in TASKS:
            if stage not in streams:
                streams[stage] = self.id()
            tasks.append(FakeTask(self.id(), title, streams[stage], description=f"How to: {title}"))
        tasks[2].before = [tasks[0].id, tasks[1].id]
        tasks[3].before = [tasks[2].id]
        runbook.streams = [(id, stage) for stage, id in streams.items()]
        runbook.tasks = {task.id: task for task in tasks}
        return runbook

    def copy(self, source: FakeRunbook, name: str, *, tasks: bool) -> FakeRunbook:
        copy = FakeRunbook(self.id(), name, created_at=self.now(), description=source.description)
        copy.dynamic, copy.checks, copy.workspace = source.dynamic, list(source.checks), source.workspace
        copy.fields, copy.required_fields = dict(source.fields), list(source.required_fields)
        if tasks:
            new = {old: self.id() for old in [*(id for id, _ in source.streams), *source.tasks]}
            copy.streams = [(new[id], title) for id, title in source.streams]
            for task in source.tasks.values():
                task_copy = FakeTask(new[task.id], task.name, new[task.stream], task.description)
                task_copy.type, task_copy.duration = task.type, task.duration
                task_copy.fields, task_copy.required_fields = dict(task.fields), list(task.required_fields)
                task_copy.start_requirements = task.start_requirements
                task_copy.end_requirements = task.end_requirements
                task_copy.before, task_copy.people = [new[id] for id in task.before], list(task.people)
                copy.tasks[task_copy.id] = task_copy
        self.runbooks[copy.id] = copy
        self.record_effect("copy", copy.id)
        return copy

    def start(self, runbook: FakeRunbook, *, run_type: str, comms: str, strict: bool) -> None:
        if runbook.is_template and run_type == "live":
            raise FakeApiError(
                ("runs.create.cannot_run_template_live", "Unable to start a live run of a template", "/data")
            )
        if runbook.stage != "planning":
            raise FakeApiError(("invalid", "Runbook is not in planning", "/data/attributes/stage"))
        _require_fields(runbook)
        findings = [(code, detail, "/data") for code, detail, blocks in runbook.checks if blocks or strict]
        if findings:
            raise FakeApiError(*findings)
        runbook.stage, runbook.run_type, runbook.run_comms = "active", run_type, comms
        runbook.start_actual = self.now()
        self.record_effect("start", runbook.id)
        self._make_startable(runbook)

    def begin(self, runbook: FakeRunbook, task: FakeTask, *, who: str = BOT, override: bool = False) -> None:
        self._require_actor(task, who, override)
        if task.stage == "in_progress":
            raise FakeApiError(("task.already_started", "Task has already been started.", "/data"))
        if task.stage != "startable" or runbook.stage != "active":
            raise FakeApiError(("task.not_startable", "Task is not startable.", "/data"))
        if who in task.started_by:
            raise FakeApiError(("task.user_already_started", "User has already started the task.", "/data"))
        task.started_by.append(who)
        needs_everyone = task.start_requirements == "all_must_start" and not override
        if not needs_everyone or set(task.people) <= set(task.started_by):
            task.stage, task.start_actual = "in_progress", self.now()
        self.record_effect("begin", task.id, who)

    def finish(
        self,
        runbook: FakeRunbook,
        task: FakeTask,
        chosen: list[str] | None,
        *,
        who: str = BOT,
        override: bool = False,
    ) -> None:
        if task.stage == "complete":
            raise FakeApiError(("already_actioned", "This action has already taken place.", "/data"))
        self._require_actor(task, who, override)
        if task.stage != "in_progress" or runbook.stage != "active":
            raise FakeApiError(("task.not_finishable", "Task is not finishable.", "/data"))
        _require_fields(task)
        if who in task.finished_by:
            raise FakeApiError(("task.user_already_finished", "User has already finished the task.", "/data"))
        if task.end_requirements == "same_must_end" and who not in task.started_by and not override:
            raise FakeApiError(("task.same_must_finish", "The user that started must finish the task.", "/data"))
        successors = [item.id for item in runbook.tasks.values() if task.id in item.before]
        if task.type == DECISION and (not chosen or set(chosen) - set(successors)):
            raise FakeApiError(("blank", "Selected successors can't be blank", "/meta/selected_successor_ids"))
        task.finished_by.append(who)
        task.chosen = chosen if task.type == DECISION else None
        needs_everyone = task.end_requirements == "all_must_end" and not override
        if not needs_everyone or set(task.people) <= set(task.finished_by):
            self._complete(runbook, task, "complete_normal")
        self.record_effect("finish", task.id, who)

    def skip(self, runbook: FakeRunbook, task: FakeTask) -> None:
        if task.stage == "complete":
            raise FakeApiError(("already_actioned", "This action has already taken place.", "/data"))
        self._complete(runbook, task, "complete_skipped")
        self.record_effect("skip", task.id)

    def _require_actor(self, task: FakeTask, who: str, override: bool) -> None:
        if task.type == AUTOMATIC:
            detail = "not possible if auto start and auto finish"
            raise FakeApiError(
                ("task_type.auto_start_auto_finish_constraint", detail, "/data/relationships/task_type")
            )
        if who not in task.people and not override:
            raise FakeApiError(("task.user_not_assigned", "User is not assigned to the task.", "/data"))

    def _complete(self, runbook: FakeRunbook, task: FakeTask, how: str) -> None:
        task.stage, task.completion_type, task.end_actual = "complete", how, self.now()
        for id in [item.id for item in runbook.tasks.values() if task.id in item.before]:
            other = runbook.tasks[id]
            if task.chosen is not None and id not in task.chosen and other.stage == "default":
                other.stage, other.completion_type, other.end_actual = "complete", "complete_skipped", self.now()
        self._make_startable(runbook)
        if all(item.stage == "complete" for item in runbook.tasks.values()):
            runbook.stage, runbook.end_actual = "complete", self.now()

    def _make_startable(self, runbook: FakeRunbook) -> None:
        for task in runbook.tasks.values():
            ready = all(runbook.tasks[id].stage == "complete" for id in task.before)
            if task.stage == "default" and ready:
                task.stage = "startable"


def _require_fields(item: FakeRunbook | FakeTask) -> None:
    missing = [name for name in item.required_fields if not item.fields.get(name)]
    if missing:
        where = "/data/attributes/custom_field_values"
        raise FakeApiError(
            *(("missing_custom_field_value", f"Missing required response for '{name}'", where) for name in missing)
        )


def _as_text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
