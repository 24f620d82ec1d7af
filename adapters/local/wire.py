"""A run as stored: one JSON document, which every write rewrites as a whole.

It has everything that the run needs, so changing or deleting the Markdown file changes no run.
"""

from datetime import datetime

from pydantic import Field

from adapters.models import Health, Model, Person, RunState, Stage, TaskState


class StoredTask(Model):
    """``state`` is never WAITING: that follows from ``after``, the ids of the tasks it waits for."""

    id: str
    title: str
    stage: str | None = None
    instructions: str = ""
    command: str = ""
    assignees: tuple[Person, ...] = ()
    after: tuple[str, ...] = ()
    state: TaskState = TaskState.READY
    started_at: datetime | None = None
    started_by: str | None = None
    finished_at: datetime | None = None
    finished_by: str | None = None
    reason: str = ""


class StoredComment(Model):
    id: str
    text: str
    by: str
    at: datetime
    task: str | None = None


class AppliedStep(Model):
    """A step that this document holds. ``created`` is the id of the task or comment that it added.

    Receipt codes are short, so a busy run will see one twice. ``at`` and ``digest`` (of the whole write) tell a
    step that was sent again from another person's write that happens to have the same code.
    """

    code: str
    step: str
    who: str
    at: datetime
    digest: str
    created: str = Field("", alias="made")


class Document(Model):
    """``platform`` is the ``[platforms.NAME]``: several local folders share one store."""

    version: int = 1
    platform: str
    id: str
    title: str
    runbook: str
    runbook_id: str
    state: RunState = RunState.ACTIVE
    health: Health = Health.UNSET
    health_text: str = ""
    health_by: str = ""
    health_at: datetime | None = None
    update_due: datetime | None = None
    owner: Person | None = None
    rehearsal: bool = False
    started_at: datetime
    started_by: str
    ended_at: datetime | None = None
    ended_by: str = ""
    stages: tuple[Stage, ...] = ()
    tasks: tuple[StoredTask, ...] = ()
    comments: tuple[StoredComment, ...] = ()
    applied: tuple[AppliedStep, ...] = ()
    missing: tuple[str, ...] = Field((), exclude_if=lambda missing: not missing)
    """The names of values that its runbook asks for and nobody gave."""
    source: str = Field("", exclude_if=lambda source: not source)
    """The commit that the file was of: "runbooks@1a2b3c4"."""
    source_text: str | None = Field(None, exclude_if=lambda text: text is None)
    """The file as it was; runs of earlier versions have none."""

    def task(self, id: str) -> StoredTask | None:
        return next((task for task in self.tasks if task.id == id), None)

    def with_task(self, changed: StoredTask) -> "Document":
        tasks = tuple(changed if task.id == changed.id else task for task in self.tasks)
        return self.model_copy(update={"tasks": tasks})

    def open_before(self, task: StoredTask) -> tuple[StoredTask, ...]:
        """The unfinished tasks that ``task`` waits for, in the order of the run."""
        return tuple(other for other in self.tasks if other.id in task.after and not other.state.is_over)
