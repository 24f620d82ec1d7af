"""Runs, runbooks and tasks, in the form that every adapter maps its platform to.

Frozen values, stored as JSON and shared between tasks. Times are aware and in UTC. Texts are the platform's own,
unescaped: whoever shows them escapes them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeVar, overload

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")


@dataclass(frozen=True)
class Listing(Sequence[T]):
    """What a platform listed. ``complete`` is False if there are, or may be, more items than were read.

    ``gap`` is the key of the adapter's message that says why, where it is not that there were too many to read.
    ``gap_facts`` fill its placeholders.
    """

    items: Sequence[T]
    complete: bool = True
    gap: str = ""
    gap_facts: Mapping[str, str] = field(default_factory=dict)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)


class Model(BaseModel):
    """Frozen. Ignores unknown fields, so that rows written by a newer version stay readable."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )


class Person(Model):
    """Somebody as a platform or a chat knows them. ``id`` is theirs there; empty while unknown."""

    id: str = ""
    name: str = ""
    email: str | None = None
    handle: str | None = None

    @property
    def shown(self) -> str:
        return self.name or self.handle or self.email or self.id or "somebody"


class RunKey(Model):
    """The NAME of the run's ``[platforms.NAME]``, and its id there."""

    platform: str
    id: str

    def __str__(self) -> str:
        return f"{self.platform}:{self.id}"


class RunbookKey(Model):
    platform: str
    id: str

    def __str__(self) -> str:
        return f"{self.platform}:{self.id}"


class TaskKey(Model):
    run: RunKey
    id: str


class TaskState(StrEnum):
    WAITING = "waiting"  # for another task
    READY = "ready"
    RUNNING = "running"
    HELD = "held"  # somebody said why
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        return self in _TASK_OVER


_TASK_OVER = (TaskState.DONE, TaskState.SKIPPED, TaskState.FAILED)


class RunState(StrEnum):
    PLANNED = "planned"
    STARTING = "starting"  # the platform is still creating it
    ACTIVE = "active"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        return self in _RUN_OVER


_RUN_OVER = (RunState.FINISHED, RunState.CANCELLED)


class Health(StrEnum):
    GREEN = "green"
    AMBER = "amber"
    RED = "red"
    UNSET = "unset"


class Stage(Model):
    id: str
    title: str


class Task(Model):
    """``mark`` is a short fact shown beside the state: "2 of 3 done".

    For an open approval it begins with "approval" and says whose: "approval: Ana, Rui, 1 of 2".
    """

    id: str
    title: str
    state: TaskState = TaskState.READY
    stage: str | None = None  # a Stage.id
    instructions: str = ""
    command: str = ""  # something to run by hand, shown as code
    assignees: tuple[Person, ...] = ()
    waits_for: tuple[str, ...] = ()  # ids of unfinished tasks of the same run
    started_at: datetime | None = None
    started_by: str | None = None
    finished_at: datetime | None = None
    finished_by: str | None = None
    due_at: datetime | None = None
    reason: str = ""  # why it is held or was skipped
    mark: str = ""
    branches: tuple[str, ...] = ()  # task ids; whoever finishes this task must choose one
    approval: bool = False  # a person's own decision, which ``finish`` refuses
    approvers: tuple[Person, ...] = ()  # who is asked, while the approval is open
    automatic: bool = False  # the platform does it: nobody begins or finishes it
    urgent: bool = False
    expected_at: datetime | None = None  # when the platform expects a waiting or held task to continue
    link: str | None = None
    self_assigned: bool = Field(False, exclude_if=lambda own: not own)
    """The assignee took it themselves, as far as the platform says."""

    @property
    def is_ours(self) -> bool:
        """Whether people can begin and finish it: it is neither an approval nor automatic."""
        return not (self.approval or self.automatic)


class Comment(Model):
    text: str
    by: str = ""
    at: datetime | None = None
    task: str | None = None  # a Task.id
    id: str = ""


def is_same_site(one: str, other: str) -> bool:
    return bool(one) and one.rstrip("/").casefold() == other.rstrip("/").casefold()


class HomeChannel(Model):
    """The chat channel that a platform created for the run. ``site`` is the URL of the chat."""

    site: str
    channel: str

    def is_of(self, site: str) -> bool:
        return is_same_site(self.site, site)


class RunSummary(Model):
    """A run as a list shows it."""

    key: RunKey
    title: str
    runbook: str = ""
    state: RunState = RunState.ACTIVE
    done: int | None = None
    total: int | None = None
    link: str | None = None


class AssignedTask(Model):
    """A task of one person, and the run that it belongs to."""

    run: RunSummary
    task: Task


class RunNote(Model):
    """One more line on a run's card. ``key`` is a message of the adapter's catalogue.

    ``facts`` and ``times`` fill its placeholders; times are shown in the reader's time zone.
    """

    key: str
    facts: Mapping[str, str] = {}
    times: Mapping[str, datetime] = {}


class Run(Model):
    """A run as read at ``read_at``, with its tasks in the platform's order.

    ``notes`` are more lines for its card. ``own_buttons`` are the labels of buttons that people added to this run
    on the platform (``Adapter.actions`` has them in full).
    """

    key: RunKey
    title: str
    runbook: str = ""
    runbook_id: str = ""
    state: RunState = RunState.ACTIVE
    health: Health = Health.UNSET
    health_text: str = ""
    health_by: str = ""
    health_at: datetime | None = None
    update_due: datetime | None = None
    owner: Person | None = None
    stages: tuple[Stage, ...] = ()
    tasks: tuple[Task, ...] = ()
    comments: tuple[Comment, ...] = ()  # the last few, newest last; empty where they need a request of their own
    link: str | None = None
    home: HomeChannel | None = None
    rehearsal: bool = False
    source: str = Field("", exclude_if=lambda source: not source)
    """Which version of the runbook's text it was made from, where that has versions: "runbooks@1a2b3c4"."""
    notes: tuple[RunNote, ...] = ()
    own_buttons: tuple[str, ...] = ()
    read_at: datetime | None = None

    def task(self, id: str) -> Task | None:
        return next((task for task in self.tasks if task.id == id), None)

    def summary(self) -> RunSummary:
        return RunSummary(
            key=self.key,
            title=self.title,
            runbook=self.runbook,
            state=self.state,
            done=sum(task.state.is_over for task in self.tasks),
            total=len(self.tasks),
            link=self.link,
        )

    def merge(self, changed: Iterable[Task]) -> "Run":
        """The run with these tasks replaced by id, and new ones added at the end."""
        by_id = {task.id: task for task in changed}
        tasks = tuple(by_id.pop(task.id, task) for task in self.tasks) + tuple(by_id.values())
        return self.model_copy(update={"tasks": tasks})


class StartOption(Model):
    """One way to start a runbook, as a button. ``label`` is a message of the adapter's catalogue.

    ``values`` are as for ``--set``. ``confirms`` are options that say that the person was asked and confirmed it.
    """

    label: str
    values: Mapping[str, str] = {}
    confirms: Mapping[str, str] = {}
    rehearsal: bool = False


class Passage(Model):
    """Text of a runbook that is not a task, in the stage and before the task with these ids; None at the end."""

    text: str
    stage: str | None = None
    before: str | None = None


class RunbookInput(Model):
    """A value that a start gives (``--set NAME=value``). ``pattern`` is a regular expression for all of it."""

    name: str
    title: str = ""
    default: str = ""
    options: tuple[str, ...] = ()
    pattern: str = ""


class Runbook(Model):
    """A procedure that can be started. ``runbooks()`` may leave ``tasks`` empty; ``runbook()`` fills them in.

    ``alerts`` says whom a start notifies on the platform ("e-mail and SMS to 12 people"). Starting such a runbook,
    or an ``irreversible`` one (which can be run live only once), asks first: which of its ``start_options`` (four
    at most, the usual one first), or live or rehearsal if it has none.

    ``warning`` is the message key of a sentence that says why it should not be started as it is (a draft, an
    open incident, a run): a start asks first. ``folder`` (a workspace, team or project) and ``created_at`` tell
    runbooks of one title apart. ``notice`` is the key of a message, with {count} tasks, about how it was read.
    ``passages`` is the text between the tasks; ``description`` comes first.
    """

    key: RunbookKey
    title: str
    description: str = ""
    stages: tuple[Stage, ...] = ()
    tasks: tuple[Task, ...] = ()
    task_count: int | None = None
    alerts: str = ""
    irreversible: bool = False
    rehearsable: bool = False
    start_options: tuple[StartOption, ...] = ()
    link: str | None = None
    folder: str = ""
    warning: str = ""
    created_at: datetime | None = None
    inputs: tuple[RunbookInput, ...] = ()
    notice: str = ""
    passages: tuple[Passage, ...] = ()


class PlatformAction(Model):
    """Something else that a platform can do with a run: a button of its own, the command of a task, a flag.

    ``label``, ``warning`` and ``note`` are message keys, which share ``facts``. ``warning`` says what it does;
    ``note`` is its present state, shown in lists only because it changes. ``task`` is the Task.id it is about.
    With ``link`` it only opens that page and writes nothing.
    ``inputs`` are names of values that it takes ("do NAME --set key=value"), of which one at least must be given;
    the adapter refuses other names. They are passed as ``Write.options``. ``takes_note``: people may add words of
    their own ("do NAME --note TEXT"), which are passed as the option "note".
    """

    id: str
    label: str
    warning: str = ""
    note: str = ""
    facts: Mapping[str, str] = {}
    task: str | None = None
    link: str = ""
    inputs: tuple[str, ...] = ()
    takes_note: bool = False


class RunHealth(Model):
    """A status update as the platform has it after a write."""

    health: Health = Health.UNSET
    text: str = ""
    by: str = ""
    at: datetime | None = None
    due: datetime | None = None
