"""The state of the fake Runrun.it: templates, tasks with their assignments, and the rules for changing them."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NoReturn

from adapters.testing.harness import RUNBOOK, TASKS

PROJECT, PROJECT_TEMPLATE, TYPE, BOARD = 7, 3, 1, 11
PROJECTS = (PROJECT, 8)  # that Liaison's user can see
OWNER = "liaison-bot"  # the owner of the token
OPENED, CLOSED = "opened", "closed"


class FakeApiError(Exception):
    """Has only a status: Runrun.it's error bodies are empty."""

    def __init__(self, status: int = 400) -> None:
        super().__init__(status)
        self.status = status


def refuse(status: int = 400) -> NoReturn:
    raise FakeApiError(status)


@dataclass
class FakeUser:
    id: str
    name: str
    email: str


@dataclass
class FakeAssignment:
    """Its id changes whenever the task gets another assignment."""

    id: str
    user: str
    team: int | None = None
    working: bool = False
    closed_at: str | None = None
    started_at: str | None = None


@dataclass
class FakeElement:
    id: int
    user: str
    completed: bool = False


@dataclass
class FakeItem:
    """Of a checklist."""

    id: int
    description: str
    checked_at: str | None = None


@dataclass
class FakeTask:
    id: int
    title: str
    project: int = PROJECT
    parent: int | None = None  # of a subtask
    waits_for: list[int] = field(default_factory=list)
    assignments: list[FakeAssignment] = field(default_factory=list)
    stage: int = 0
    closed_at: str | None = None
    created_at: str = ""
    urgent: bool = False
    reopened: bool = False
    workflow: int | None = None
    checklist: int | None = None
    items: list[FakeItem] = field(default_factory=list)
    elements: list[FakeElement] = field(default_factory=list)

    def assignment_of(self, user: str) -> FakeAssignment:
        return next(assignment for assignment in self.assignments if assignment.user == user)


@dataclass
class FakeComment:
    id: int
    task: int
    text: str
    at: str
    user: str | None = OWNER
    deleted: bool = False


@dataclass
class FakeTemplate:
    """``steps``: (title, slugs of its people)."""

    id: int
    title: str
    steps: list[tuple[str, list[str]]]
    people: list[str] = field(default_factory=list)
    followers: list[str] = field(default_factory=list)
    type_id: int | None = TYPE
    workflow: int | None = None


@dataclass
class World:
    """``effects`` lists every change made, as (what, task id).

    ``last_assignment_closes_task`` is a setting of the account: delivering the last assignment delivers the task.
    """

    tasks: dict[int, FakeTask] = field(default_factory=dict)
    templates: dict[int, FakeTemplate] = field(default_factory=dict)
    comments: list[FakeComment] = field(default_factory=list)
    users: list[FakeUser] = field(default_factory=list)
    stages: list[tuple[int, str, str]] = field(default_factory=list)  # (id, name, group)
    effects: list[tuple[str, int]] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(501))
    last_assignment_closes_task: bool = True
    descriptions: dict[int, str] = field(default_factory=dict)  # of tasks and templates
    lists_prerequisites: bool = False  # whether tasks have ``parent_ids``: in the field table, but in no sample
    ticks_items: bool = True  # whether a change of ``checked`` has an effect, which is not documented

    def __post_init__(self) -> None:
        self.users = [
            FakeUser(OWNER, "Liaison", "liaison@example.com"),
            FakeUser("ana-reis", "Ana Reis", "ana@example.com"),
            FakeUser("ben-costa", "Ben Costa", "Ben@Example.com"),
        ]
        self.stages = [(41, "Doing", OPENED), (42, "Em risco: amarelo", OPENED), (43, "Delivered", CLOSED)]
        self.template()

    def now(self) -> str:
        return datetime.now(UTC).isoformat(timespec="seconds")

    def record_effect(self, what: str, task: int) -> None:
        self.effects.append((what, task))

    def template(self, title: str = RUNBOOK, people: tuple[str, ...] = ()) -> FakeTemplate:
        template = FakeTemplate(next(self.ids), title, [(name, []) for _, name in TASKS], list(people))
        self.templates[template.id] = template
        return template

    def task(self, title: str, *, parent: int | None = None, people: tuple[str, ...] = ()) -> FakeTask:
        task = FakeTask(next(self.ids), title, parent=parent, stage=self.stages[0][0], created_at=self.now())
        self.tasks[task.id] = task
        for user in people:
            self.add_assignment(task, user)
        return task

    def run(self, title: str = "R7 Primary down [S3ED]") -> FakeTask:
        """A run of ``TASKS`` without assignees. Does not add to ``effects``."""
        run = self.task(title)
        for _, name in TASKS:
            self.task(name, parent=run.id)
        return run

    def step(self, run: FakeTask, number: int = 0) -> FakeTask:
        return self.steps(run)[number]

    def steps(self, run: FakeTask) -> list[FakeTask]:
        return [task for task in self.tasks.values() if task.parent == run.id]

    def comment(self, task: int, text: str, user: str | None = OWNER) -> FakeComment:
        comment = FakeComment(next(self.ids), task, text, self.now(), user)
        self.comments.append(comment)
        return comment

    def texts(self, task: int) -> list[str]:
        return [item.text for item in self.comments if item.task == task]

    def add_checklist(self, task: FakeTask, *descriptions: str) -> None:
        task.checklist = next(self.ids)
        task.items = [FakeItem(next(self.ids), description) for description in descriptions]

    def user(self, id: str) -> FakeUser:
        return next((user for user in self.users if user.id == id), None) or refuse()

    def add_assignment(self, task: FakeTask, user: str, team: int | None = None) -> FakeAssignment:
        self.user(user)
        if any(assignment.user == user for assignment in task.assignments):
            refuse()
        assignment = FakeAssignment("", user, team)
        task.assignments.append(assignment)
        for item in task.assignments:  # a new assignment changes all ids
            item.id = f"{next(self.ids) * 2654435761 % 2**36:09x}"
        return assignment

    def add_workflow(self, task: FakeTask, *users: str) -> None:
        """Gives the task a workflow that passes from one user to the next."""
        task.workflow = next(self.ids)
        task.elements = [FakeElement(next(self.ids), user) for user in users]
        task.assignments = []
        self.add_assignment(task, users[0])

    def remove_assignment(self, task: FakeTask, assignment: FakeAssignment) -> None:
        task.assignments.remove(assignment)
        self.record_effect("unassign", task.id)

    def open_prerequisites(self, task: FakeTask) -> list[int]:
        return [id for id in task.waits_for if not self.tasks[id].closed_at]

    def play(self, task: FakeTask, assignment: FakeAssignment) -> None:
        if assignment.working or assignment.closed_at or task.closed_at or self.open_prerequisites(task):
            refuse()
        for another_task in self.tasks.values():
            for other in another_task.assignments:
                other.working = other.working and other.user != assignment.user
        assignment.working, assignment.started_at = True, assignment.started_at or self.now()
        self.record_effect("play", task.id)

    def pause(self, task: FakeTask, assignment: FakeAssignment) -> None:
        if not assignment.working:
            refuse()
        assignment.working = False
        self.record_effect("pause", task.id)

    def deliver(self, task: FakeTask) -> None:
        if task.closed_at or self.open_prerequisites(task):
            refuse()
        task.closed_at = self.now()
        task.stage = next(id for id, _, group in self.stages if group == CLOSED)
        for assignment in task.assignments:
            assignment.working, assignment.closed_at = False, assignment.closed_at or task.closed_at
        self.record_effect("deliver", task.id)

    def deliver_assignment(self, task: FakeTask, assignment: FakeAssignment) -> None:
        if assignment.closed_at or task.closed_at or self.open_prerequisites(task):
            refuse()
        assignment.working, assignment.closed_at = False, self.now()
        self.record_effect("deliver_part", task.id)
        if self.last_assignment_closes_task and all(item.closed_at for item in task.assignments):
            self.deliver(task)

    def reopen(self, task: FakeTask, with_descendants: bool) -> None:
        after = [item for item in self.tasks.values() if task.id in item.waits_for]
        busy = [
            item for item in after if item.closed_at or any(assignment.working for assignment in item.assignments)
        ]
        if not task.closed_at or (busy and not with_descendants):
            refuse()
        for item in [*busy, task]:
            item.reopened, item.closed_at = bool(item.closed_at), None
            item.stage = self.stages[0][0]
            for assignment in item.assignments:
                assignment.working, assignment.closed_at = False, None
        self.record_effect("reopen", task.id)

    def move(self, task: FakeTask, stage: int) -> None:
        """It is not documented whether a task can be moved to a closed stage; here it can't."""
        if task.closed_at or stage not in [id for id, _, group in self.stages if group == OPENED]:
            refuse()
        task.stage = stage
        self.record_effect("move", task.id)

    def complete_step(self, task: FakeTask) -> None:
        current = next((item for item in task.elements if not item.completed), None) or refuse()
        current.completed = True
        task.assignments = []
        following = next((item for item in task.elements if not item.completed), None)
        if following is not None:
            self.add_assignment(task, following.user)
        self.record_effect("complete_step", task.id)
