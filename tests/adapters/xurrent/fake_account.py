"""The fake account's templates, workflows, tasks, notes and people, and their status transitions.

The documents list the statuses but not the transitions between them: these follow from the fields' descriptions.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from adapters.testing.harness import RUNBOOK, TASKS
from tests.adapters.edit_times import EditTimes

FINAL = ("failed", "rejected", "completed", "approved", "canceled")
UNBLOCKING = ("completed", "approved", "canceled")
TRANSITIONS = {
    "registered": ("canceled",),
    "declined": ("assigned", "canceled"),
    "assigned": ("declined", "accepted", "in_progress", "waiting_for", "failed", "completed", "canceled"),
    "accepted": ("declined", "in_progress", "waiting_for", "failed", "completed", "canceled"),
    "in_progress": ("waiting_for", "failed", "completed", "canceled"),
    "waiting_for": ("assigned", "in_progress", "waiting_for", "failed", "completed", "canceled"),
}
APPROVAL_STATUSES = ("approved", "rejected", "canceled")
BOT = 54  # the person of Liaison's token
TEAM, SERVICE = 14, 33


class ErrorResponse(Exception):
    """``errors``: (field, sentence) pairs of a 422. Without any, the response has only the ``message``."""

    def __init__(self, *errors: tuple[str, str], status: int = 422, message: str = "Validation Failed") -> None:
        super().__init__(message, errors)
        self.errors, self.status, self.message = errors, status, message


NOT_FOUND = ErrorResponse(status=404, message="Not Found")


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
    predecessors: list[int] = field(default_factory=list)
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
    impact: str | None = "none"
    start_at: str | None = None


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
    """``tasks``: (ID, phase, subject, category, predecessor IDs)."""

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
    """``polls_until_created``: how many reads still find it without tasks."""

    id: int
    subject: str
    template: int | None
    status: str = "being_created"
    polls_until_created: int = 0
    manager: int = BOT
    source: str | None = None
    source_id: str | None = None
    completion_reason: str | None = None
    impact: str | None = "none"
    start_at: str | None = None
    phases: dict[int, str] = field(default_factory=dict)
    notes: list[FakeNote] = field(default_factory=list)


@dataclass
class FakeAccount:
    """``effects``: (operation, record ID) of every write. ``polls_until_created``: of each new run."""

    templates: dict[int, FakeTemplate] = field(default_factory=dict)
    runs: dict[int, FakeRun] = field(default_factory=dict)
    tasks: dict[int, FakeTask] = field(default_factory=dict)
    people: dict[int, FakePerson] = field(default_factory=dict)
    team: set[int] = field(default_factory=set)
    effects: list[tuple[str, int]] = field(default_factory=list)
    polls_until_created: int = 0
    itrp: bool = False  # where a decision of several people is a task's status too
    acting_person: int = BOT  # whose token the current request has
    needs_member: bool = False  # whether a task can't be changed while nobody has it
    lists_own_decisions: bool = True  # whether an approval is still listed once the person has decided
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(7001))
    edit_times: EditTimes = field(default_factory=EditTimes)

    def __post_init__(self) -> None:
        for id, name in ((BOT, "Carla Cluster"), (58, "Ana Reis"), (60, "Ben Thomas"), (61, "Rui Dias")):
            self.people[id] = FakePerson(id, name, f"{name.split()[0].lower()}@example.com")
            self.team.add(id)

    def id(self) -> int:
        return next(self.ids)

    def now(self) -> str:
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")

    def edited_at(self, kind: str, id: int, state: object) -> str:
        return self.edit_times.of((kind, id), state).strftime("%Y-%m-%dT%H:%M:%S+00:00")

    def record_effect(self, operation: str, id: int) -> None:
        self.effects.append((operation, id))

    def template(self, subject: str = RUNBOOK) -> FakeTemplate:
        """With ``TASKS``: the third waits for the first two, the fourth for the third."""
        template = FakeTemplate(self.id(), subject)
        for number, (phase, title) in enumerate(TASKS):
            ids = [task[0] for task in template.tasks]
            predecessors = {2: ids[:2], 3: ids[2:3]}.get(number, [])
            template.tasks.append((self.id(), phase, title, "implementation", predecessors))
        self.templates[template.id] = template
        return template

    def start(self, template: FakeTemplate, subject: str) -> FakeRun:
        run = FakeRun(self.id(), subject, template.id, polls_until_created=self.polls_until_created)
        self.runs[run.id] = run
        return run

    def poll(self, run: FakeRun) -> None:
        """Counts a read of the run, and creates its tasks once it was read often enough."""
        if run.status != "being_created":
            return
        if run.polls_until_created > 0:
            run.polls_until_created -= 1
            return
        self.create(run)

    def create(self, run: FakeRun) -> None:
        run.status = "registered"
        created: dict[int, int] = {}  # task ID by template task ID
        phases: dict[str, int] = {}
        for id, phase, subject, category, predecessors in self.templates[run.template or 0].tasks:
            if phase not in phases:
                phases[phase] = self.id()
                run.phases[phases[phase]] = phase
            task = FakeTask(self.id(), run.id, subject, category, phase=phases[phase])
            task.predecessors = [created[predecessor] for predecessor in predecessors]
            created[id] = task.id
            self.tasks[task.id] = task
        self.update_statuses(run)

    def tasks_of(self, run: FakeRun) -> list[FakeTask]:
        return [task for task in self.tasks.values() if task.run == run.id]

    def task(self, run: FakeRun, subject: str) -> FakeTask:
        return next(task for task in self.tasks_of(run) if task.subject == subject)

    def update_statuses(self, run: FakeRun) -> None:
        """Assigns tasks that no longer wait, and derives the run's status from its tasks."""
        tasks = self.tasks_of(run)
        for task in tasks:
            if task.status == "registered" and all(
                self.tasks[id].status in UNBLOCKING for id in task.predecessors
            ):
                task.status = "assigned"
        if tasks and all(task.status in FINAL for task in tasks):
            if run.status != "completed":
                self.record_effect("end", run.id)
            run.status, run.completion_reason = "completed", "complete"
        elif any(task.status in ("failed", "rejected") for task in tasks):
            run.status = "progress_halted"
        else:
            run.status = "in_progress"

    def set_status(self, task: FakeTask, status: str, note: str | None) -> None:
        allowed = TRANSITIONS.get(task.status, ())
        if task.category == "approval" and task.status != "registered":
            allowed = APPROVAL_STATUSES
        if task.status in FINAL or status not in allowed:
            raise ErrorResponse(("status", f"Status cannot be changed from {task.status} to {status}"))
        if self.needs_member and task.member is None and status not in ("canceled", "assigned"):
            raise ErrorResponse(("member", "Member can't be blank"))
        if status == "completed" and task.needs_note and not note:
            raise ErrorResponse(("note", "Note can't be blank"))
        own = next((item for item in task.approvals if item.approver == self.acting_person), None)
        if status in ("approved", "rejected") and own is not None and self.itrp:
            return self._decide(task, own, status)
        by_somebody_else = bool(task.approvals) or task.member not in (None, self.acting_person)
        if status in ("approved", "rejected") and by_somebody_else:
            raise ErrorResponse(("status", "Status can only be changed by the approver"))
        task.status = status
        if status in FINAL:
            task.finished_at = self.now()
        if status != "waiting_for":
            task.waiting_until = None
        self.update_statuses(self.runs[task.run])

    def decide(self, task: FakeTask, approval: FakeApproval, status: str) -> None:
        """The required number of approvals approves the task; one rejection rejects it."""
        if approval.approver != self.acting_person:
            raise ErrorResponse(status=403, message="Forbidden")
        self._decide(task, approval, status)

    def _decide(self, task: FakeTask, approval: FakeApproval, status: str) -> None:
        if status not in ("approved", "rejected") or (task.status, approval.status) != ("assigned", "assigned"):
            raise ErrorResponse(("status", f"Status cannot be changed from {approval.status} to {status}"))
        approval.status = status
        approved = sum(other.status == "approved" for other in task.approvals)
        if status == "rejected" or approved >= (task.required_approvals or 1):
            task.status, task.finished_at = status, self.now()
            self.update_statuses(self.runs[task.run])

    def asks_acting_person(self, task: FakeTask) -> bool:
        if task.category != "approval" or task.status == "registered":
            return False
        own = next((item for item in task.approvals if item.approver == self.acting_person), None)
        is_decided = own is not None and own.status != "assigned"
        return (own is not None or task.member == self.acting_person) and not (
            is_decided and not self.lists_own_decisions
        )

    def assign(self, task: FakeTask, member: int) -> None:
        if member not in self.team or self.people[member].disabled:
            raise ErrorResponse(("member", "Member is not a member of the team"))
        task.member = member

    def write_note(self, run: FakeRun, text: str, task: FakeTask | None = None) -> FakeNote:
        note = FakeNote(self.id(), text, self.acting_person, self.now(), task.id if task else None)
        run.notes.append(note)
        return note
