"""The state of the fake tenant: cases with tasks and comments, people, and the rules for closing a case."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.testing.harness import RUNBOOK, TASKS
from tests.adapters.edit_times import EditTimes

TEAM, TEAM_NAME = 276, "Operations"
PRIORITIES = ("critical", "high", "medium", "low", "info")


class Refusal(Exception):
    """An error response. Its shape is a guess, because the API gives no schema."""

    def __init__(self, message: str, status: int = 422) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


@dataclass(frozen=True)
class FakeUser:
    id: int
    first: str
    last: str
    email: str
    service: bool = False


BOT = FakeUser(900, "Liaison", "Key", "liaison@tenant.example.com", service=True)


@dataclass
class FakeTask:
    id: int
    description: str
    assignees: list[FakeUser] = field(default_factory=list)
    completed: bool = False
    created_at: str = ""
    updated_at: str = ""


@dataclass
class FakeComment:
    """A comment or, with another ``kind``, any other activity of the timeline."""

    id: int
    value: str
    by: FakeUser
    at: str
    kind: str = "COMMENTED"
    filename: str = ""


@dataclass
class FakeCase:
    """``unmet`` refuses any close. Of the conditions, only those about assignees are evaluated."""

    id: int
    name: str
    description: str | None = None
    status: str = "OPEN"
    sub_status: int = 1
    priority: str = "LOW"
    metadata: dict[str, str] = field(default_factory=dict)
    author: FakeUser = BOT
    assignees: list[FakeUser] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    fields: dict[int, str] = field(default_factory=dict)
    conditions: list[dict[str, str]] = field(default_factory=list)
    actions: list[dict[str, Any]] = field(default_factory=list)
    tasks: dict[int, FakeTask] = field(default_factory=dict)
    comments: list[FakeComment] = field(default_factory=list)
    activities: list[FakeComment] = field(default_factory=list)  # all but the comments
    slas: dict[str, tuple[int, bool]] = field(default_factory=dict)  # type -> (seconds left, exceeded)
    followers: list[FakeUser] = field(default_factory=list)
    linked: list[int] = field(default_factory=list)
    unmet: bool = False
    at: str = ""
    resolved_at: str | None = None

    def task(self, text: str) -> FakeTask:
        """The task with ``text`` in its description."""
        return next(task for task in self.tasks.values() if text in task.description)


@dataclass(frozen=True)
class FakeInput:
    id: int
    key: str
    name: str
    options: tuple[str, ...] = ()


@dataclass
class FakeStory:
    """``broken`` None: the response omits that count, as the samples do."""

    id: int
    name: str
    waiting: int = 0
    running: int = 0
    broken: int | None = None
    disabled: bool = False


@dataclass(frozen=True)
class FakeTemplate:
    """A case template, on newer tenants."""

    id: int
    name: str
    tasks: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    priority: str = "low"


class World:
    """``effects``: (name, id) of every change that a request made."""

    def __init__(self) -> None:
        self._ids: Iterator[int] = itertools.count(101)
        self._clock = datetime(2026, 7, 18, 12, 0, tzinfo=UTC)
        self.cases: dict[int, FakeCase] = {}
        self.effects: list[tuple[str, int]] = []
        self.edit_times = EditTimes()
        self.users = [
            FakeUser(11, "Ana", "Reis", "ana@example.com"),
            FakeUser(12, "Ben", "Okoro", "ben@example.com"),
            FakeUser(13, "Cleo", "Marsh", "cleo@example.com"),
        ]
        self.sub_statuses = {1: "To do", 2: "On track", 3: "At risk", 4: "Off track", 9: "Done"}
        self.inputs = [
            FakeInput(1, "operating_system", "Operating system"),
            FakeInput(2, "region", "Region", ("eu-1", "us-1")),
        ]
        self.stories = [FakeStory(7981, "Restart service", 150, 3), FakeStory(7982, "Enrich alert")]
        phishing = FakeTemplate(12, "Phishing investigation", ("Quarantine", "Tell people"), ("phishing",), "high")
        self.templates = {12: phishing}
        self.template = self.add_case(RUNBOOK, tags=["runbook-template", "database"], status="CLOSED")
        for _, title in TASKS:
            self.add_task(self.template, title)

    def id(self) -> int:
        return next(self._ids)

    def now(self) -> str:
        self._clock += timedelta(seconds=1)
        return f"{self._clock:%Y-%m-%dT%H:%M:%SZ}"

    def edited_at(self, case: FakeCase) -> datetime:
        return self.edit_times.of(case.id, case)

    def edited_since(self, case: FakeCase, since: str | None) -> bool:
        return since is None or self.edited_at(case) >= datetime.fromisoformat(since)

    def record(self, effect: str, id: int) -> None:
        self.effects.append((effect, id))

    def user(self, email: str) -> FakeUser | None:
        return next((item for item in self.users if item.email.casefold() == email.casefold()), None)

    def users_with_email(self, emails: list[str]) -> list[FakeUser]:
        """Leaves out people outside the team. The API does not state what happens to them."""
        return [user for email in emails if (user := self.user(email)) is not None]

    def add_case(self, name: str, **fields: Any) -> FakeCase:
        case = FakeCase(self.id(), name, at=self.now(), **fields)
        self.cases[case.id] = case
        return case

    def add_task(self, case: FakeCase, description: str, emails: list[str] | None = None) -> FakeTask:
        at = self.now()
        task = FakeTask(self.id(), description, self.users_with_email(emails or []), created_at=at, updated_at=at)
        case.tasks[task.id] = task
        return task

    def comment(self, case: FakeCase, value: str, author: str | None) -> FakeComment:
        by = self.user(author) if author else None
        comment = FakeComment(self.id(), value, by or BOT, self.now())
        case.comments.append(comment)
        return comment

    def log(
        self, case: FakeCase, kind: str, by: FakeUser = BOT, value: str = "", filename: str = ""
    ) -> FakeComment:
        """The API does not state the values of most activities, so the adapter must not rely on them."""
        item = FakeComment(self.id(), value or str(self.id()), by, self.now(), kind, filename)
        case.activities.append(item)
        return item

    def set_sub_status(self, case: FakeCase, id: int, by: FakeUser = BOT) -> None:
        case.sub_status = id
        self.log(case, "SUB_STATUS_UPDATED", by)

    def complete(self, case: FakeCase, task: FakeTask, completed: bool, by: FakeUser = BOT) -> None:
        if task.completed is not completed:
            task.completed = completed
            item = self.log(case, "TASK_COMPLETED" if completed else "TASK_INCOMPLETE", by)
            task.updated_at = item.at

    def close(self, case: FakeCase) -> None:
        for condition in case.conditions:
            found = re.fullmatch(r"=SIZE\(team_case\.assignees\) > (\d+)", condition["formula"])
            if found and len(case.assignees) <= int(found[1]):
                raise Refusal("Case cannot be closed: closure conditions are not met")
        if case.unmet:
            raise Refusal("Case cannot be closed: closure conditions are not met")
        case.status, case.resolved_at = "CLOSED", self.now()
        self.log(case, "STATUS_UPDATED")
