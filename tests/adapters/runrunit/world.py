"""What lives in the fake Runrun.it: templates, tasks, people's parts in them, and the rules by which they move."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NoReturn

from tests.contract.subject import RUNBOOK, TASKS

PROJECT, PROJECT_TEMPLATE, TYPE, BOARD = 7, 3, 1, 11
OWNER = "liaison-bot"  # whose token it is
OPENED, CLOSED = "opened", "closed"


class Refusal(Exception):
    """Without words: Runrun.it's error bodies are empty."""

    def __init__(self, status: int = 400) -> None:
        super().__init__(status)
        self.status = status


def refuse(status: int = 400) -> NoReturn:
    raise Refusal(status)


@dataclass
class FakeUser:
    id: str
    name: str
    email: str


@dataclass
class FakePart:
    """An assignment. Its id is made anew with each."""

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
class FakeTask:
    id: int
    title: str
    project: int = PROJECT
    parent: int | None = None  # of a subtask
    waits_for: list[int] = field(default_factory=list)
    parts: list[FakePart] = field(default_factory=list)
    stage: int = 0
    closed_at: str | None = None
    created_at: str = ""
    urgent: bool = False
    reopened: bool = False
    workflow: int | None = None
    chain: list[FakeElement] = field(default_factory=list)

    def part(self, user: str) -> FakePart:
        return next(part for part in self.parts if part.user == user)


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


@dataclass
class World:
    """``effects`` lists (what, task id) of all that was really done.

    ``last_part_closes``: whether a task is delivered with its last part, an account's setting.
    """

    tasks: dict[int, FakeTask] = field(default_factory=dict)
    templates: dict[int, FakeTemplate] = field(default_factory=dict)
    comments: list[FakeComment] = field(default_factory=list)
    users: list[FakeUser] = field(default_factory=list)
    stages: list[tuple[int, str, str]] = field(default_factory=list)  # (id, name, group)
    effects: list[tuple[str, int]] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(501))
    last_part_closes: bool = True
    descriptions: dict[int, str] = field(default_factory=dict)  # of tasks and templates

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

    def did(self, what: str, task: int) -> None:
        self.effects.append((what, task))

    def template(self, title: str = RUNBOOK, people: tuple[str, ...] = ()) -> FakeTemplate:
        made = FakeTemplate(next(self.ids), title, [(name, []) for _, name in TASKS], list(people))
        self.templates[made.id] = made
        return made

    def task(self, title: str, *, parent: int | None = None, people: tuple[str, ...] = ()) -> FakeTask:
        made = FakeTask(next(self.ids), title, parent=parent, stage=self.stages[0][0], created_at=self.now())
        self.tasks[made.id] = made
        for user in people:
            self.add_part(made, user)
        return made

    def run(self, title: str = "R7 Primary down [S3ED]") -> FakeTask:
        """A run of ``TASKS``, of nobody; nothing of it is in ``effects``."""
        made = self.task(title)
        for _, name in TASKS:
            self.task(name, parent=made.id)
        return made

    def step(self, run: FakeTask, number: int = 0) -> FakeTask:
        return self.steps(run)[number]

    def steps(self, run: FakeTask) -> list[FakeTask]:
        return [task for task in self.tasks.values() if task.parent == run.id]

    def comment(self, task: int, text: str, user: str | None = OWNER) -> FakeComment:
        made = FakeComment(next(self.ids), task, text, self.now(), user)
        self.comments.append(made)
        return made

    def texts(self, task: int) -> list[str]:
        return [one.text for one in self.comments if one.task == task]

    def user(self, id: str) -> FakeUser:
        return next((user for user in self.users if user.id == id), None) or refuse()

    def add_part(self, task: FakeTask, user: str, team: int | None = None) -> FakePart:
        self.user(user)
        if any(part.user == user for part in task.parts):
            refuse()
        part = FakePart("", user, team)
        task.parts.append(part)
        for one in task.parts:  # a reassignment gives all of them other ids
            one.id = f"{next(self.ids) * 2654435761 % 2**36:09x}"
        return part

    def add_chain(self, task: FakeTask, *users: str) -> None:
        """A workflow: one person after the other."""
        task.workflow = next(self.ids)
        task.chain = [FakeElement(next(self.ids), user) for user in users]
        task.parts = []
        self.add_part(task, users[0])

    # Rules

    def open_before(self, task: FakeTask) -> list[int]:
        return [id for id in task.waits_for if not self.tasks[id].closed_at]

    def play(self, task: FakeTask, part: FakePart) -> None:
        if part.working or part.closed_at or task.closed_at or self.open_before(task):
            refuse()
        for another in self.tasks.values():
            for its in another.parts:
                its.working = its.working and its.user != part.user
        part.working, part.started_at = True, part.started_at or self.now()
        self.did("play", task.id)

    def pause(self, task: FakeTask, part: FakePart) -> None:
        if not part.working:
            refuse()
        part.working = False
        self.did("pause", task.id)

    def deliver(self, task: FakeTask) -> None:
        if task.closed_at or self.open_before(task):
            refuse()
        task.closed_at = self.now()
        task.stage = next(id for id, _, group in self.stages if group == CLOSED)
        for part in task.parts:
            part.working, part.closed_at = False, part.closed_at or task.closed_at
        self.did("deliver", task.id)

    def deliver_part(self, task: FakeTask, part: FakePart) -> None:
        if part.closed_at or task.closed_at or self.open_before(task):
            refuse()
        part.working, part.closed_at = False, self.now()
        self.did("deliver_part", task.id)
        if self.last_part_closes and all(one.closed_at for one in task.parts):
            self.deliver(task)

    def reopen(self, task: FakeTask, with_descendants: bool) -> None:
        after = [one for one in self.tasks.values() if task.id in one.waits_for]
        busy = [one for one in after if one.closed_at or any(part.working for part in one.parts)]
        if not task.closed_at or (busy and not with_descendants):
            refuse()
        for one in [*busy, task]:
            one.reopened, one.closed_at = bool(one.closed_at), None
            one.stage = self.stages[0][0]
            for part in one.parts:
                part.working, part.closed_at = False, None
        self.did("reopen", task.id)

    def move(self, task: FakeTask, stage: int) -> None:
        """Whether a closed stage may be set so is not documented: here it may not."""
        if task.closed_at or stage not in [id for id, _, group in self.stages if group == OPENED]:
            refuse()
        task.stage = stage
        self.did("move", task.id)

    def complete_step(self, task: FakeTask) -> None:
        here = next((one for one in task.chain if not one.completed), None) or refuse()
        here.completed = True
        task.parts = []
        following = next((one for one in task.chain if not one.completed), None)
        if following is not None:
            self.add_part(task, following.user)
        self.did("complete_step", task.id)
