"""What lives in the fake account: templates, workflows, tasks, notes and people, and the rules by which they move.

The documents give the statuses and no table of arrows; the ones here are those that their field texts imply.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.contract.subject import RUNBOOK, TASKS

FINAL = ("failed", "rejected", "completed", "approved", "canceled")
PASSED = ("completed", "approved", "canceled")  # what comes after these may begin
ARROWS = {
    "registered": ("canceled",),
    "declined": ("assigned", "canceled"),
    "assigned": ("declined", "accepted", "in_progress", "waiting_for", "failed", "completed", "canceled"),
    "accepted": ("declined", "in_progress", "waiting_for", "failed", "completed", "canceled"),
    "in_progress": ("waiting_for", "failed", "completed", "canceled"),
    "waiting_for": ("assigned", "in_progress", "waiting_for", "failed", "completed", "canceled"),
}
APPROVAL_ARROWS = ("approved", "rejected", "canceled")
BOT = 54  # the person whose token it is
TEAM, SERVICE = 14, 33


class Refusal(Exception):
    """``errors``: (field, sentence) of a 422; without any, ``message`` and ``status`` are the answer."""

    def __init__(self, *errors: tuple[str, str], status: int = 422, message: str = "Validation Failed") -> None:
        super().__init__(message, errors)
        self.errors, self.status, self.message = errors, status, message


NOT_FOUND = Refusal(status=404, message="Not Found")


@dataclass
class FakePerson:
    id: int
    name: str
    email: str
    disabled: bool = False


@dataclass
class FakeApproval:
    id: int
    approver: int
    status: str = "assigned"


@dataclass
class FakeTask:
    id: int
    run: int
    subject: str
    category: str = "implementation"
    status: str = "registered"
    team: int | None = TEAM
    member: int | None = None
    phase: int | None = None
    before: list[int] = field(default_factory=list)
    approvals: list[FakeApproval] = field(default_factory=list)
    required_approvals: int | None = None
    instructions: str | None = None
    needs_note: bool = False
    waiting_until: str | None = None
    source: str | None = None
    source_id: str | None = None
    planned_duration: int = 60
    finished_at: str | None = None
    completion_target_at: str | None = None
    anticipated_assignment_at: str | None = None
    urgent: bool = False


@dataclass
class FakeNote:
    id: int
    text: str
    person: int
    created_at: str
    task: int | None = None
    internal: bool = False
    medium: str = "default"


@dataclass
class FakeTemplate:
    """``tasks``: (id, phase, subject, category, ids before it)."""

    id: int
    subject: str
    tasks: list[tuple[int, str, str, str, list[int]]] = field(default_factory=list)
    disabled: bool = False
    note: str | None = None
    service: int | None = SERVICE
    category: str | None = "standard"
    justification: str | None = "maintenance"
    workflow_type: str | None = "infrastructure_change"


@dataclass
class FakeRun:
    """``looks``: how often it may still be looked at before its tasks are there."""

    id: int
    subject: str
    template: int | None
    status: str = "being_created"
    looks: int = 0
    manager: int = BOT
    source: str | None = None
    source_id: str | None = None
    completion_reason: str | None = None
    phases: dict[int, str] = field(default_factory=dict)
    notes: list[FakeNote] = field(default_factory=list)


@dataclass
class World:
    """``effects`` lists (what, id) of all that was done, whoever asked. ``looks``: of each new run."""

    templates: dict[int, FakeTemplate] = field(default_factory=dict)
    runs: dict[int, FakeRun] = field(default_factory=dict)
    tasks: dict[int, FakeTask] = field(default_factory=dict)
    people: dict[int, FakePerson] = field(default_factory=dict)
    team: set[int] = field(default_factory=set)
    effects: list[tuple[str, int]] = field(default_factory=list)
    looks: int = 0
    acting: int = BOT  # whose token the request at hand bears
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(7001))

    def __post_init__(self) -> None:
        for id, name in ((BOT, "Carla Cluster"), (58, "Ana Reis"), (60, "Ben Thomas"), (61, "Rui Dias")):
            self.people[id] = FakePerson(id, name, f"{name.split()[0].lower()}@example.com")
            self.team.add(id)

    def id(self) -> int:
        return next(self.ids)

    def now(self) -> str:
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")

    def did(self, what: str, id: int) -> None:
        self.effects.append((what, id))

    def template(self, subject: str = RUNBOOK) -> FakeTemplate:
        """With ``TASKS``: the third waits for the first two, the fourth for the third."""
        made = FakeTemplate(self.id(), subject)
        for number, (phase, title) in enumerate(TASKS):
            before = (
                [one[0] for one in made.tasks[:2]] if number == 2 else [made.tasks[2][0]] if number > 2 else []
            )
            made.tasks.append((self.id(), phase, title, "implementation", before))
        self.templates[made.id] = made
        return made

    def start(self, template: FakeTemplate, subject: str) -> FakeRun:
        run = FakeRun(self.id(), subject, template.id, looks=self.looks)
        self.runs[run.id] = run
        return run

    def look(self, run: FakeRun) -> None:
        """A workflow is created in the background: each look at it may be the one that finds it ready."""
        if run.status != "being_created":
            return
        if run.looks > 0:
            run.looks -= 1
            return
        self.create(run)

    def create(self, run: FakeRun) -> None:
        run.status = "registered"
        made: dict[int, int] = {}
        phases: dict[str, int] = {}
        for id, phase, subject, category, before in self.templates[run.template or 0].tasks:
            if phase not in phases:
                phases[phase] = self.id()
                run.phases[phases[phase]] = phase
            task = FakeTask(self.id(), run.id, subject, category, phase=phases[phase])
            task.before = [made[one] for one in before]
            made[id] = task.id
            self.tasks[task.id] = task
        self.advance(run)

    def tasks_of(self, run: FakeRun) -> list[FakeTask]:
        return [task for task in self.tasks.values() if task.run == run.id]

    def task(self, run: FakeRun, subject: str) -> FakeTask:
        return next(task for task in self.tasks_of(run) if task.subject == subject)

    def advance(self, run: FakeRun) -> None:
        """Assigns what no longer waits, and tells the run's own status from its tasks."""
        tasks = self.tasks_of(run)
        for task in tasks:
            if task.status == "registered" and all(self.tasks[id].status in PASSED for id in task.before):
                task.status = "assigned"
        if tasks and all(task.status in FINAL for task in tasks):
            run.status, run.completion_reason = "completed", "complete"
        elif any(task.status in ("failed", "rejected") for task in tasks):
            run.status = "progress_halted"
        else:
            run.status = "in_progress"

    def move(self, task: FakeTask, status: str, note: str | None) -> None:
        arrows = ARROWS.get(task.status, ())
        if task.category == "approval" and task.status != "registered":
            arrows = APPROVAL_ARROWS
        if task.status in FINAL or status not in arrows:
            raise Refusal(("status", f"Status cannot be changed from {task.status} to {status}"))
        if status == "completed" and task.needs_note and not note:
            raise Refusal(("note", "Note can't be blank"))
        if status in ("approved", "rejected") and (task.approvals or task.member not in (None, self.acting)):
            raise Refusal(("status", "Status can only be changed by the approver"))
        task.status = status
        if status in FINAL:
            task.finished_at = self.now()
        if status != "waiting_for":
            task.waiting_until = None
        self.advance(self.runs[task.run])

    def decide(self, task: FakeTask, approval: FakeApproval, status: str) -> None:
        """As many as are required approve the task, one rejects it."""
        if approval.approver != self.acting:
            raise Refusal(status=403, message="Forbidden")
        if status not in ("approved", "rejected") or (task.status, approval.status) != ("assigned", "assigned"):
            raise Refusal(("status", f"Status cannot be changed from {approval.status} to {status}"))
        approval.status = status
        given = sum(one.status == "approved" for one in task.approvals)
        if status == "rejected" or given >= (task.required_approvals or 1):
            task.status, task.finished_at = status, self.now()
            self.advance(self.runs[task.run])

    def assign(self, task: FakeTask, member: int) -> None:
        if member not in self.team or self.people[member].disabled:
            raise Refusal(("member", "Member is not a member of the team"))
        task.member = member

    def write_note(self, run: FakeRun, text: str, task: FakeTask | None = None) -> FakeNote:
        note = FakeNote(self.id(), text, self.acting, self.now(), task.id if task else None)
        run.notes.append(note)
        return note
